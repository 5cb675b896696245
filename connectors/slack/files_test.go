package slack

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/slacktest"
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
	for at, want := range map[string]bool{
		"https://files.slack.com/files-pri/x": true, "https://lab.slack.com/x": true, "http://files.slack.com/x": false, "https://files.slack.com.example.org/x": false,
		"https://notslack.com/x": false, "https://docs.example.org/x": false, l.API(): true,
	} {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.mayHaveToken(u); got != want {
			t.Errorf("%s may have the token: %v, want %v", at, got, want)
		}
	}
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
			c.patience = 2 * time.Second
			m := l.outgoing("k1", "see <here> & *there*")
			m.ReplyTo = messageID(l.lounge, l.Say(l.alice, l.lounge, "root"))
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
					c.uploads = map[string]upload{}
				}
			}
			all := l.Messages(l.lounge)
			if err != nil || len(all) != 2 || id != messageID(l.lounge, all[1].TS) || all[1].Thread != all[0].TS {
				t.Fatalf("%s, %v; the channel holds %+v", id, err, all)
			}
			f := all[1].Attached()
			if got := seen(all[1]); got != "Ann (email)\n\nsee <here> & *there*" || len(f) != 1 || f[0].Name != "a.txt" || string(f[0].Body) != "hello" {
				t.Errorf("it says %q with %+v", got, f)
			}
			p := chat.Place{Room: m.Place.Room, Thread: chat.ThreadID(all[0].TS)}
			defer func() {
				if err := c.Delete(t.Context(), id, chat.Outgoing{Place: p}); err != nil || len(l.Messages(l.lounge)) != 1 || l.Calls("files.delete") == 0 {
					t.Errorf("taking it back: %v; the channel holds %+v", err, l.Messages(l.lounge))
				}
			}()
			if found, is, err := l.connect(t).Find(t.Context(), p, "k1", time.Now().Add(-time.Minute)); err != nil || !is || found != id {
				t.Errorf("after a restart it is found as %q, %v, %v", found, is, err)
			}
		})
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

// B13, B15: what each sort of file becomes.
func TestFilesOfMessages(t *testing.T) {
	for _, x := range []struct{ name, file, want string }{
		{"B13 tombstone", `{"id":"F1","mode":"tombstone"}`, ""},
		{"B13 hidden", `{"id":"F1","mode":"hidden_by_limit"}`, "posted by Ann: (a file that is not available)"},
		{"B13 external", `{"id":"F1","mode":"external","is_external":true,"title":"Plan","url_private":"https://docs.example.org/1","permalink_public":"https://slack-files.com/p"}`, "posted by Ann: Plan (https://docs.example.org/1)"},
		{"B13 canvas", `{"id":"F1","mode":"canvas","title":"Notes","permalink":"https://lab.slack.com/docs/1","permalink_public":"https://slack-files.com/p"}`, "posted by Ann: Notes (https://lab.slack.com/docs/1)"},
		{"B13 post", `{"id":"F1","mode":"post","title":"T","preview":"a < b"}`, "posted by Ann: T\n\na < b"},
		{"B13 snippet", `{"id":"F1","mode":"snippet","name":"a.go"}`, "posted by Ann:  [a.go]"},
		{"B15 audio", `{"id":"F1","mode":"hosted","name":"audio.webm","mimetype":"audio/webm","subtype":"slack_audio","duration_ms":7000,"transcription":{"status":"complete","preview":{"content":"hello there"}}}`, "posted by Ann: “hello there” [audio.m4a]"},
	} {
		event := `{"type":"message","subtype":"file_share","channel":"C1","user":"U1","ts":"17.1","text":"","files":[` + x.file + `]}`
		got := summed(offline(t, nil).convert(t.Context(), callback{Event: []byte(event)}))
		if got != x.want || strings.Contains(got, "slack-files.com") {
			t.Errorf("%s became %q, want %q", x.name, got, x.want)
		}
	}
	voice := rawFile{Name: "a.webm", Type: "audio/webm", Subtype: "slack_audio", Duration: 7000}.file()
	if voice.Sort != chat.Voice || voice.Duration != 7*time.Second || voice.Type != "audio/mp4" {
		t.Errorf("a clip is %+v", voice)
	}
	if p := (rawFile{Name: "a.png", Type: "image/png", Width: 3, Height: 2}).file(); p.Sort != chat.Picture || p.Width != 3 || p.Height != 2 {
		t.Errorf("a picture is %+v", p)
	}
}

// Slack says at times that a file is shared, and never shows it. It is uploaded
// again only after Slack has had its time.
func TestFileNeverShown(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	c.patience = 300 * time.Millisecond
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
	c.uploads["k1"] = upload{c.uploads["k1"].file, time.Now().Add(-fresh)}
	if _, err := c.SendFile(t.Context(), m, attachment("a.txt", "hello")); err != nil || len(l.Messages(l.lounge)) != 1 {
		t.Errorf("after that: %v, and %d messages", err, len(l.Messages(l.lounge)))
	}
}

// A transfer that stands still ends.
func TestTransferStandsStill(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	c.stall = 200 * time.Millisecond
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
