package chattest

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// content is what the files of the contract hold.
var content = bytes.Repeat([]byte{0, 1, 254, 255, '\r', '\n'}, 40_000)

func opensFiles(t *testing.T, f Fixture) {
	files := side[Files](t, f, "Opener")
	c := f.Connect(t)
	opener := c.(chat.Opener)
	r := receive(t, f, c, "", nil)
	settle(t, f, r)
	id := files.SayFile(t, "a b.bin", content)
	p := r.file(t, id)
	if p.Body.Text != "" || p.Body.Files[0].Name != "a b.bin" {
		t.Errorf("it arrived as %+v, want the file a b.bin and no text", p.Body)
	}
	body, err := opener.OpenFile(t.Context(), p.Body.Files[0])
	if err != nil {
		t.Fatalf("OpenFile: %v", err)
	}
	if back, err := io.ReadAll(body); err != nil || !bytes.Equal(back, content) || body.Close() != nil {
		t.Errorf("the file reads %d bytes, %v; want the %d that were posted", len(back), err, len(content))
	}
	if body, err := opener.OpenFile(t.Context(), chat.File{ID: "no-such-file", Name: "a.bin"}); err == nil || !retry.IsNever(err) {
		t.Errorf("OpenFile of a file that is not there = %v, %v; want an error that is final", body, err)
	}
}

func sendsFiles(t *testing.T, f Fixture) {
	files := side[Files](t, f, "Filer")
	c := f.Connect(t)
	if l, can := c.(chat.Limiter); can && l.Limits().NoFiles {
		t.Skip("it may post no files here, so it is not asked to (Limits.NoFiles)")
	}
	open := func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	m := chat.Outgoing{Key: key(t, 1), Place: f.Place(), As: ann, Body: chat.Body{Text: "as we said"}, At: time.Now()}
	a := chat.Attachment{File: chat.File{Name: "minutes.bin", Type: "application/octet-stream", Size: int64(len(content))}, Open: open}
	var first chat.MessageID
	for range 2 {
		var id chat.MessageID
		patiently(t, "SendFile", func() (err error) { id, err = c.(chat.Filer).SendFile(t.Context(), m, a); return err })
		if first == "" {
			first = id
		}
		if id != first || id == "" {
			t.Errorf("the second attempt returned %q, want %q", id, first)
		}
	}
	if name, back := files.ReadFile(t, first); name != "minutes.bin" || !bytes.Equal(back, content) {
		t.Errorf("the person has %q of %d bytes, want minutes.bin of %d", name, len(back), len(content))
	}
	sees(t, f, "the caption once", func(lines []Line) bool { return count(lines, "as we said") == 1 })
	if finder, can := c.(chat.Finder); can {
		finds(t, finder, m.Place, m.Key, m.At, first)
	}
	m.Place.Room = ""
	if _, err := c.(chat.Filer).SendFile(t.Context(), m, a); err == nil || !retry.IsNever(err) {
		t.Errorf("SendFile into no room: %v; want an error that is final", err)
	}
}

// file waits for a message with one file.
func (r *running) file(t *testing.T, id chat.MessageID) chat.Posted {
	t.Helper()
	limit := time.After(Patience)
	for {
		select {
		case e := <-r.events:
			if p, is := e.(chat.Posted); is && p.Message == id {
				if len(p.Body.Files) != 1 {
					t.Fatalf("the message arrived with %d files, want 1", len(p.Body.Files))
				}
				return p
			}
		case <-limit:
			t.Fatal("the file did not arrive")
		}
	}
}
