package slack

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/slacktest"
	"hashsend/connectors/slack/wire"
)

func attachment(name, body string) chat.Attachment {
	return chat.Attachment{File: chat.File{Name: name, Size: int64(len(body))}, Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(body)), nil
	}}
}

// B12, B14: a file is read with the token, also one that the message only names.
func TestOpenFile(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	page := "<!DOCTYPE html><html>a page of somebody's own</html>"
	for id, f := range map[string]slacktest.File{
		"F1": {Name: "a.bin", Body: bytes.Repeat([]byte("0123456789"), 100000)}, "F2": {Name: "far.txt", Body: []byte("far"), Stub: true},
		"F3": {Name: "own.html", Type: "text/html", Body: []byte(page)},
	} {
		f.ID = id
		l.Say(l.alice, l.lounge, "", slacktest.Said{Files: []slacktest.File{f}})
		body, err := c.OpenFile(t.Context(), chat.File{ID: chat.FileID(id)})
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		got, err := io.ReadAll(body)
		if err != nil || !bytes.Equal(got, f.Body) || body.Close() != nil {
			t.Errorf("%s reads %d bytes, %v; want %d", f.Name, len(got), err, len(f.Body))
		}
	}
	l.Say(l.alice, l.lounge, "", slacktest.Said{Files: []slacktest.File{{ID: "F4", Name: "new.png", Type: "image/png", Unready: time.Hour}}})
	if _, err := c.OpenFile(t.Context(), chat.File{ID: "F4"}); err == nil || retry.IsNever(err) {
		t.Errorf("a file that is not ready: %v, want that it is tried again", err)
	}
	l.Say(l.alice, l.lounge, "", slacktest.Said{Files: []slacktest.File{{ID: "F5", Name: "old.png", Type: "image/png", Unready: time.Hour, Fields: map[string]any{"created": 1}}}})
	if _, err := c.OpenFile(t.Context(), chat.File{ID: "F5"}); !retry.IsNever(err) || !strings.Contains(err.Error(), "files:read") {
		t.Errorf("a page to sign in instead of an old file: %v, want a final error that names the scope", err)
	}
	if _, err := c.OpenFile(t.Context(), chat.File{ID: "F404"}); !retry.IsNever(err) {
		t.Errorf("a file that is not there: %v, want a final error", err)
	}
	l.Allow("users:read")
	if _, err := c.OpenFile(t.Context(), chat.File{ID: "F1"}); !retry.IsNever(err) || !strings.Contains(err.Error(), "files:read") {
		t.Errorf("without the scope: %v, want a final error that names it", err)
	}
}

// B12: the token goes to Slack and to the server of the settings, and nowhere
// else, also when a redirect leads there.
func TestTokenGoesNowhereElse(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("another server was shown the token")
		}
		io.WriteString(w, "bytes") //nolint:errcheck // the client may have gone
	}))
	defer other.Close()
	l.Say(l.alice, l.lounge, "", slacktest.Said{Files: []slacktest.File{{ID: "F1", Name: "a.txt", Fields: map[string]any{"url_private_download": other.URL}}}})
	body, err := c.OpenFile(t.Context(), chat.File{ID: "F1"})
	if err != nil {
		t.Fatal(err)
	}
	body.Close() //nolint:errcheck // read only
}

// A file stands once in its channel or thread, with its author's name, however
// the steps fail, and is found again by its key after a restart.
func TestSendFile(t *testing.T) {
	for name, x := range map[string]struct {
		method string
		fault  slacktest.Fault
	}{
		"all is well":               {},
		"no address":                {"files.getUploadURLExternal", slacktest.Fault{Status: 502, After: true}},
		"the bytes break off":       {"upload", slacktest.Fault{Cut: true}},
		"shared, and a break after": {"files.completeUploadExternal", slacktest.Fault{Cut: true, After: true}},
		"a break before":            {"files.completeUploadExternal", slacktest.Fault{Cut: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, true)
			c := l.connect(t)
			c.sender.Patience = 2 * time.Second
			m := l.outgoing("k1", "see <here> & *there*")
			m.ReplyTo = wire.MessageID(l.lounge, l.Say(l.alice, l.lounge, "root"))
			if x.method != "" {
				l.Break(x.method, x.fault)
			}
			var id chat.MessageID
			var err error
			for range 4 {
				if id, err = c.SendFile(t.Context(), m, attachment("a.txt", "hello")); err == nil {
					break
				}
				if name == "a break before" { // Slack may still be looking it through; ten minutes later it is not
					c.sender.Fresh = 0
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			l.checkFile(t, c, id, m)
		})
	}
}

// checkFile checks a file under the only other message of the lounge, and takes it
// back.
func (l *lab) checkFile(t *testing.T, c *Connector, id chat.MessageID, m chat.Outgoing) {
	t.Helper()
	all := l.Messages(l.lounge)
	if len(all) != 2 || id != wire.MessageID(l.lounge, all[1].TS) || all[1].Thread != all[0].TS {
		t.Fatalf("%s; the channel holds %+v", id, all)
	}
	f := all[1].Attached()
	if got := seen(all[1]); got != "Ann (email)\n\nsee <here> & *there*" || len(f) != 1 || f[0].Name != "a.txt" || string(f[0].Body) != "hello" {
		t.Errorf("it says %q with %+v", got, f)
	}
	p := chat.Place{Room: m.Place.Room, Thread: chat.ThreadID(all[0].TS)}
	if found, is, err := l.connect(t).Find(t.Context(), p, "k1", time.Now().Add(-time.Minute)); err != nil || !is || found != id {
		t.Errorf("after a restart it is found as %q, %v, %v", found, is, err)
	}
	if err := c.Delete(t.Context(), id, chat.Outgoing{Place: p}); err != nil || len(l.Messages(l.lounge)) != 1 || l.Calls("files.delete") == 0 {
		t.Errorf("taking it back: %v; the channel holds %+v", err, l.Messages(l.lounge))
	}
}

// What Slack takes no file for is final.
func TestSendFileRefused(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	if _, err := c.SendFile(t.Context(), l.outgoing("k1", ""), attachment("a", "")); !retry.IsNever(err) {
		t.Errorf("an empty file: %v", err)
	}
	big := attachment("a", "x")
	big.Size = c.Limits().File + 1
	if _, err := c.SendFile(t.Context(), l.outgoing("k2", ""), big); !retry.IsNever(err) {
		t.Errorf("a file that is too large: %v", err)
	}
	l.Allow("files:read")
	if _, err := c.SendFile(t.Context(), l.outgoing("k3", ""), attachment("a", "x")); !retry.IsNever(err) || !strings.Contains(err.Error(), "files:write") {
		t.Errorf("without the scope: %v", err)
	}
}

// Slack says at times that a file is shared, and never shows it. It is uploaded
// again only after Slack has had its time.
func TestFileNeverShown(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	c.sender.Patience = 300 * time.Millisecond
	l.DropShares(1)
	m := l.outgoing("k1", "")
	for range 2 {
		if _, err := c.SendFile(t.Context(), m, attachment("a.txt", "hello")); !retry.IsUnclear(err) {
			t.Fatalf("SendFile: %v, want that it is unclear", err)
		}
	}
	if got := l.Calls("files.completeUploadExternal"); got != 1 {
		t.Errorf("it was shared %d times within the time that Slack may take", got)
	}
	c.sender.Fresh = 0
	if _, err := c.SendFile(t.Context(), m, attachment("a.txt", "hello")); err != nil || len(l.Messages(l.lounge)) != 1 {
		t.Errorf("after that: %v, and %d messages", err, len(l.Messages(l.lounge)))
	}
}

// A file that was shared in the last moment of a run, and that Slack still looks through
// when the next run looks for it, is not shared again.
func TestFileSharedBeforeARestart(t *testing.T) {
	l := newLab(t, true)
	l.Processing = 400 * time.Millisecond
	m := l.outgoing("k1", "")
	before := l.connect(t)
	before.sender.Patience = 0 // it ends at once
	if _, err := before.SendFile(t.Context(), m, attachment("a.txt", "hello")); !retry.IsUnclear(err) {
		t.Fatalf("SendFile: %v, want that it is unclear", err)
	}
	after := l.connect(t)
	if id, found, err := after.Find(t.Context(), m.Place, m.Key, time.Now().Add(-time.Minute)); err != nil || found {
		t.Fatalf("Find: %q, %v, %v, want that it is not there yet", id, found, err)
	}
	id, err := after.SendFile(t.Context(), m, attachment("a.txt", "hello"))
	all := l.Messages(l.lounge)
	if err != nil || len(all) != 1 || id != wire.MessageID(l.lounge, all[0].TS) {
		t.Errorf("SendFile: %q, %v; the channel holds %d messages", id, err, len(all))
	}
}

// A transfer that stands still ends.
func TestTransferStandsStill(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	c.web.Stall = 200 * time.Millisecond
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Repeat("x", 5000)) //nolint:errcheck // the client may have gone
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer other.Close()
	l.Say(l.alice, l.lounge, "", slacktest.Said{Files: []slacktest.File{{ID: "F1", Name: "a.txt", Fields: map[string]any{"url_private_download": other.URL}}}})
	body, err := c.OpenFile(t.Context(), chat.File{ID: "F1"})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if n, err := io.Copy(io.Discard, body); err == nil || n != 5000 {
		t.Errorf("%d bytes were read, %v; want an error after 5,000", n, err)
	}
}
