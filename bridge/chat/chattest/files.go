package chattest

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"hashsend/bridge/chat"
)

// filesBothWays tries files as far as the connector has the abilities and the
// fixture a person who can use them.
func filesBothWays(t *testing.T, f Fixture) {
	files, can := f.(Files)
	if !can {
		return
	}
	c := f.Connect(t)
	data := bytes.Repeat([]byte{0, 1, 254, 255, '\r', '\n'}, 40_000)
	if opener, can := c.(chat.Opener); can {
		r := receive(t, f, c, "", nil)
		settle(t, f, r)
		id := files.SayFile(t, "a b.bin", data)
		p := r.file(t, id)
		if p.Body.Text != "" || p.Body.Files[0].Name != "a b.bin" {
			t.Errorf("it arrived as %+v, want the file a b.bin and no text", p.Body)
		}
		body, err := opener.OpenFile(t.Context(), p.Body.Files[0])
		if err != nil {
			t.Fatalf("OpenFile: %v", err)
		}
		if back, err := io.ReadAll(body); err != nil || !bytes.Equal(back, data) || body.Close() != nil {
			t.Errorf("the file reads %d bytes, %v; want the %d that were posted", len(back), err, len(data))
		}
	}
	if filer, can := c.(chat.Filer); can {
		open := func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		m := chat.Outgoing{Key: key(t, 1), Place: f.Place(), As: ann, Body: chat.Body{Text: "as we said"}, At: time.Now()}
		id, err := filer.SendFile(t.Context(), m, chat.Attachment{File: chat.File{Name: "minutes.bin", Type: "application/octet-stream", Size: int64(len(data))}, Open: open})
		if err != nil {
			t.Fatalf("SendFile: %v", err)
		}
		if name, back := files.ReadFile(t, id); name != "minutes.bin" || !bytes.Equal(back, data) {
			t.Errorf("the person has %q of %d bytes, want minutes.bin of %d", name, len(back), len(data))
		}
		sees(t, f, "the caption once", func(lines []Line) bool { return count(lines, "as we said") == 1 })
		if finder, can := c.(chat.Finder); can {
			finds(t, finder, m.Place, m.Key, m.At, id)
		}
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
