package files

import (
	"testing"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// TestSticker: a sticker is a small picture in the text, whatever its size.
func TestSticker(t *testing.T) {
	f := store.File{Name: "Cat.png", Type: "image/png", Size: 73602, Width: 512, Height: 512, Sort: int64(chat.Sticker), State: store.FileHere, Blob: "0123456789abcdef0123456789abcdef"}
	var w mail.Words
	InMail(&w, []store.File{f}, "example.org", func(store.File) string { return "" }, 1<<20)
	if len(w.Pictures) != 1 || w.Pictures[0].Width != 128 || len(w.Attached) != 0 || len(w.Files) != 0 {
		t.Errorf("a sticker stands in a mail as %+v", w)
	}
}
