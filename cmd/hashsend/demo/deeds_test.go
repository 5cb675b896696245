package demo

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"
)

// get reads a file of the page.
func (o *opened) get(address string) (data []byte, h http.Header) {
	o.t.Helper()
	answer, err := http.Get(strings.TrimSuffix(o.address, "/") + address)
	if err != nil {
		o.t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end
	data, err = io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		o.t.Fatalf("GET %s: %d, %v", address, answer.StatusCode, err)
	}
	return data, answer.Header
}

// file returns a file that an event brings.
func (e event) file(t *testing.T, n int) map[string]any {
	t.Helper()
	files, _ := e.data["files"].([]any)
	if n >= len(files) {
		t.Fatalf("%v has %d files", e.data, len(files))
	}
	return files[n].(map[string]any)
}

func TestFilesBothWays(t *testing.T) {
	o := start(t, t.TempDir())
	defer o.stop()
	var photo bytes.Buffer
	if err := png.Encode(&photo, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	list := []byte("lemons;3\r\n\xff\xfe\x00")
	if code := o.post("room", map[string]any{"author": "Alice", "text": "Our garden"}, enclosed{"garden.png", "image/png", photo.Bytes()}); code != http.StatusNoContent {
		t.Fatalf("POST room: %d", code)
	}
	m, _ := o.next("mail", "text", "Our garden")
	f := m.file(t, 0)
	if data, _ := o.get(f["address"].(string)); f["name"] != "garden.png" || !bytes.Equal(data, photo.Bytes()) {
		t.Errorf("Ann has %v with %d bytes, wanted garden.png with %d", f, len(data), photo.Len())
	}
	shown, _ := o.get("/mail/1")
	if !bytes.Contains(shown, []byte("data:image/png;base64,")) || bytes.Contains(shown, []byte("cid:")) {
		t.Errorf("the mail does not show the picture: %.600s", shown)
	}
	o.post("mail", map[string]any{"answers": m.data["number"], "text": "And this is what I buy."}, enclosed{"the list.bin", "application/octet-stream", list})
	said, _ := o.next("room", "files", "the list.bin")
	f = said.file(t, 0)
	data, h := o.get(f["address"].(string))
	if !bytes.Equal(data, list) || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
		t.Errorf("the room has %d bytes as %q, wanted %d to be saved", len(data), h.Get("Content-Disposition"), len(list))
	}
}

func TestChangesAndReactions(t *testing.T) {
	o := start(t, t.TempDir())
	defer o.stop()
	o.post("room", map[string]any{"author": "Alice", "text": "At fiv"})
	e, _ := o.next("room", "text", "At fiv")
	for name, fields := range map[string]map[string]any{
		"somebody else's message": {"author": "Bob", "kind": "edit", "of": e.data["id"], "text": "x"},
		"no such message":         {"author": "Alice", "kind": "delete", "of": "e999"},
		"no such change":          {"author": "Alice", "kind": "pin", "of": e.data["id"], "text": "x"},
	} {
		if code := o.post("change", fields); code != http.StatusBadRequest {
			t.Errorf("%s: %d, wanted 400", name, code)
		}
	}
	o.post("change", map[string]any{"author": "Alice", "kind": "edit", "of": e.data["id"], "text": "At five"})
	m, all := o.next("mail", "text", "At five") // the edit came within the hold
	if count(all, "mail", "text", "At fiv") != 1 {
		t.Error("there is more than one mail of the message")
	}
	o.post("react", map[string]any{"answers": m.data["number"], "emoji": "👍"})
	if r, _ := o.next("room", "kind", "react"); r.data["of"] != e.data["id"] || r.data["text"] != "👍" || r.data["name"] != "Ann Example (email)" {
		t.Errorf("Ann's reaction is %v", r.data)
	}
	o.post("room", map[string]any{"author": "Bob", "text": "I am late.", "reply_to": e.data["id"]})
	answer, _ := o.next("mail", "text", "I am late")
	if !strings.Contains(answer.data["text"].(string), "> Alice: At five") {
		t.Errorf("the answer does not say what it answers: %q", answer.data["text"])
	}
}
