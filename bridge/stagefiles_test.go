package bridge

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
)

// content of a file of the stage, by its name.
func stageFile(name string) []byte {
	switch {
	case strings.HasSuffix(name, ".png"):
		side := 64
		if strings.HasPrefix(name, "wide") {
			side = 3000
		}
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side/2))); err != nil {
			panic(err)
		}
		return b.Bytes()
	case name == "voice.ogg":
		return []byte("OggS" + strings.Repeat("\x00", 24) + "OpusHead and what was said")
	case strings.HasPrefix(name, "big"):
		return make([]byte, 24_000_000)
	case strings.HasPrefix(name, "heavy"):
		return make([]byte, 300_000)
	case strings.HasPrefix(name, "lies"):
		return make([]byte, 101e6)
	}
	return []byte("the content of " + name)
}

// shared is a file that a person shares in a room of the stage.
func shared(name string) chat.File {
	f := chat.File{ID: chat.FileID(name), Name: name, Type: "application/octet-stream"}
	switch {
	case strings.HasPrefix(name, "sticker"):
		f.Kind, f.Width = chat.Sticker, 512
	case strings.HasSuffix(name, ".png"):
		f.Kind = chat.Picture
	case strings.HasPrefix(name, "voice"):
		f.Kind, f.Duration = chat.Voice, 67*1e9
	case strings.HasPrefix(name, "huge"):
		f.Size = 5 << 30
	}
	return f
}

func (n *net) OpenFile(_ context.Context, f chat.File) (io.ReadCloser, error) {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	switch {
	case n.down:
		return nil, errDown
	case strings.HasPrefix(string(f.ID), "gone"):
		return nil, retry.Never(errors.New("it was removed from the server"))
	case strings.HasPrefix(string(f.ID), "slow") && n.asked[f.ID] < 2:
		n.asked[f.ID]++
		return nil, errDown
	}
	return io.NopCloser(bytes.NewReader(stageFile(string(f.ID)))), nil
}

func (n *net) SendFile(ctx context.Context, m chat.Outgoing, f chat.Attachment) (chat.MessageID, error) {
	r, err := f.Open(ctx)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return "", err
	}
	m.Body.Text = strings.TrimSpace(fmt.Sprintf("[file %s, %s, %d bytes, %dx%d] %s", f.Name, f.Type, len(content), f.Width, f.Height, m.Body.Text))
	return n.Send(ctx, m)
}

// withFiles is the end of a header and the body of a mail, with files. One whose
// name begins with "logo" stands in the HTML.
func withFiles(text string, files []string) string {
	if len(files) == 0 {
		return "\r\n" + text + "\r\n"
	}
	var b strings.Builder
	b.WriteString("Content-Type: multipart/related; boundary=bb\r\n\r\n--bb\r\nContent-Type: text/html\r\n\r\n<p>" + text + "</p>")
	for _, f := range files {
		if strings.HasPrefix(f, "logo") {
			b.WriteString(`<img src="cid:` + f + `@x">`)
		}
	}
	for _, f := range files {
		fmt.Fprintf(&b, "\r\n--bb\r\nContent-Type: application/octet-stream; name=%q\r\nContent-ID: <%s@x>\r\nContent-Transfer-Encoding: base64\r\n", f, f)
		if strings.HasPrefix(f, "logo") {
			b.WriteString("Content-Disposition: inline\r\n")
		} else {
			b.WriteString("Content-Disposition: attachment\r\n")
		}
		b.WriteString("\r\n" + base64.StdEncoding.EncodeToString(stageFile(f)))
	}
	return b.String() + "\r\n--bb--\r\n"
}

// filesText lists the files of a mail that was submitted.
func filesText(m *mail.Message) string {
	var b strings.Builder
	for _, p := range m.Attachments() {
		how := "attached"
		if p.ContentID != "" {
			how = "picture"
		}
		fmt.Fprintf(&b, "\n(%s %s, %s, %d bytes)", how, p.Name, p.Type, p.Size)
	}
	return b.String()
}
