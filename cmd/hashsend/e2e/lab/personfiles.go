package lab

import (
	"bytes"
	"context"
	"io"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// Share posts a file, with a caption or without.
func (p *Person) Share(room id.RoomID, kind event.MessageType, name, mediaType, caption string, data []byte) id.EventID {
	p.t.Helper()
	up, err := p.UploadMedia(context.Background(), mautrix.ReqUploadMedia{
		Content: bytes.NewReader(data), ContentLength: int64(len(data)), ContentType: mediaType, FileName: name,
	})
	if err != nil {
		p.t.Fatalf("upload %s: %v", name, err)
	}
	c := &event.MessageEventContent{MsgType: kind, Body: name, URL: up.ContentURI.CUString(), Info: &event.FileInfo{Size: len(data), MimeType: mediaType}}
	if caption != "" {
		c.Body, c.FileName = caption, name
	}
	sent, err := p.SendMessageEvent(context.Background(), room, event.EventMessage, c)
	if err != nil {
		p.t.Fatalf("share %s: %v", name, err)
	}
	return sent.EventID
}

// Files returns the messages with files in a room, in order.
func (p *Person) Files(room id.RoomID) (all []*event.Event) {
	p.t.Helper()
	for _, e := range p.Messages(room) {
		if m := e.Content.AsMessage(); m.MsgType.IsMedia() {
			all = append(all, e)
		}
	}
	return all
}

// Download reads the file of a message.
func (p *Person) Download(e *event.Event) []byte {
	p.t.Helper()
	uri, err := e.Content.AsMessage().URL.Parse()
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := p.Client.Download(context.Background(), uri)
	if err != nil {
		p.t.Fatalf("download a file: %v", err)
	}
	b, err := io.ReadAll(r.Body)
	r.Body.Close() //nolint:errcheck // it was only read
	if err != nil {
		p.t.Fatalf("download a file: %v", err)
	}
	return b
}
