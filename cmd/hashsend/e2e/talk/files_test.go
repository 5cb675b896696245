package talk

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"maunium.net/go/mautrix/event"

	"hashsend/bridge/mail"
	"hashsend/cmd/hashsend/e2e/lab"
)

// kept is a sink that keeps the files of a mail.
type kept struct {
	bytes.Buffer
	into map[string][]byte
	name string
}

func (k *kept) Close() (string, error) {
	k.into[k.name] = bytes.Clone(k.Bytes())
	return k.name, nil
}

// filesOf reads the files of a mail, by their names.
func filesOf(t *testing.T, m lab.Mail) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	lim := mail.DefaultLimits
	lim.Files = func(p mail.Part) (mail.Sink, error) { return &kept{into: files, name: p.Name}, nil }
	if _, err := mail.Parse(bytes.NewReader(m.Raw), lim); err != nil {
		t.Fatal(err)
	}
	return files
}

func noise(t *testing.T, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// photo is a picture that does not get small by compression.
func photo(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, b := range noise(t, len(m.Pix)) {
		m.Pix[i] = 0x80 | b&7
		if i%4 == 3 {
			m.Pix[i] = 0xff // not transparent
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFiles sends files both ways between a room and a mailbox (EVENTS A14 to A16,
// A18, C4, C6, C7, D22, D23).
func TestFiles(t *testing.T) {
	port := lab.Port(t)
	s := open(t, true, lab.Dendrite, lab.Dovecot(t), "")
	s.bridge.Stop()
	s.bridge.Configure(s.home.URL, s.mail.Mailbox(", largest_mail_mb: 8"),
		fmt.Sprintf("hold: {quiet: 300ms, max: 2s, live: 100ms}\nfiles: {public_url: 'http://127.0.0.1:%d', listen: '127.0.0.1:%d'}\n", port, port))
	s.bridge.Run()
	s.bridge.Running()
	s.link("link bob@example.test title Lunch")

	// A large photo is shown smaller, with the original attached; the bridge dies
	// while it is at it.
	large := photo(t, 1800, 1400)
	s.alice.Share(s.room, event.MsgImage, "größe.png", "image/png", "the garden", large)
	s.bridge.Kill()
	s.bridge.Run()
	m := s.gets("bob", "the garden")
	files := filesOf(t, m)
	if !bytes.Equal(files["größe.png"], large) || len(files["größe.jpg"]) == 0 || len(files["größe.jpg"]) >= len(large) {
		t.Errorf("the mail has the files %v; the photo has %d bytes", sizes(files), len(large))
	}
	if !strings.Contains(m.HTML, `<img src="cid:`) || !strings.Contains(m.Text, "[file: größe.png") {
		t.Errorf("the picture does not stand in the mail: %q", m.Text)
	}

	// A voice message, and what is too large for a mail.
	s.alice.Share(s.room, event.MsgAudio, "talk.ogg", "audio/ogg", "", append([]byte("OggS"), noise(t, 5000)...))
	m = s.mail.Gets("bob", "INBOX", soon, func(m lab.Mail) bool { return len(filesOf(t, m)["talk.ogg"]) == 5004 })
	video := noise(t, 9_000_000)
	s.alice.Share(s.room, event.MsgVideo, "trip.mp4", "video/mp4", "the video", video)
	m = s.gets("bob", "the video")
	link := regexp.MustCompile(`http://127\.0\.0\.1:\d+/f/\S+`).FindString(m.Text)
	if link == "" || len(filesOf(t, m)) != 0 {
		t.Fatalf("the mail has no link: %q, files %v", m.Text, sizes(filesOf(t, m)))
	}
	resp, err := http.Get(strings.TrimRight(link, "]"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	resp.Body.Close() //nolint:errcheck // it was only read
	if err != nil || !bytes.Equal(got, video) || !strings.Contains(resp.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the link gives %d bytes, %v, %s", len(got), err, resp.Header)
	}

	// A mail with two files, one of them a picture under a text.
	report := noise(t, 300_000)
	small := photo(t, 60, 40)
	s.mail.Send(t, "bob", m.AnswerTo(), withFiles(m, "Here they are.", map[string][]byte{"report.pdf": report, "map.png": small}))
	s.once("Here they are.")
	lab.Wait(t, "the files in the room", soon, func() bool {
		found := 0
		for _, e := range s.alice.Files(s.room) {
			switch c := e.Content.AsMessage(); c.GetFileName() {
			case "report.pdf", "map.png":
				if e.Sender == s.alice.UserID || (c.GetFileName() == "map.png") != (c.MsgType == event.MsgImage) {
					t.Fatalf("%s came as %s of %s", c.GetFileName(), c.MsgType, e.Sender)
				}
				if want := map[string][]byte{"report.pdf": report, "map.png": small}[c.GetFileName()]; !bytes.Equal(s.alice.Download(e), want) {
					t.Fatalf("%s has changed on its way", c.GetFileName())
				}
				found++
			}
		}
		return found == 2
	})
}

func sizes(files map[string][]byte) map[string]int {
	n := map[string]int{}
	for name, b := range files {
		n[name] = len(b)
	}
	return n
}

// withFiles is an answer of Bob's with files.
func withFiles(m lab.Mail, text string, files map[string][]byte) []byte {
	head, body, _ := strings.Cut(string(answer(m, text)), "\r\n\r\n")
	var b strings.Builder
	b.WriteString(head + "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + body)
	for name, data := range files {
		b.WriteString("\r\n--bb\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=" + name + "\r\nContent-Transfer-Encoding: base64\r\n\r\n")
		for line := range strings.Lines(base64.StdEncoding.EncodeToString(data)) {
			for len(line) > 76 {
				b.WriteString(line[:76] + "\r\n")
				line = line[76:]
			}
			b.WriteString(line)
		}
	}
	return []byte(b.String() + "\r\n--bb--\r\n")
}
