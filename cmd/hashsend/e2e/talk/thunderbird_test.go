package talk

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maunium.net/go/mautrix/event"

	"hashsend/cmd/hashsend/e2e/lab"
)

// TestThunderbird has Bob write with a real Thunderbird: in HTML with a file, as a
// new mail with a picture in its text, and forwarding both ways (EVENTS C2, C3, C4,
// C6, C11, C39).
func TestThunderbird(t *testing.T) {
	s := open(t, true, lab.Dendrite, lab.Dovecot(t), "")
	s.link("link bob@example.test title Lunch")
	bird := s.mail.Thunderbird(t, "bob")
	s.alice.Say(s.room, "Lunch at twelve?")
	m := s.gets("bob", "Lunch at twelve?")

	list := filepath.Join(t.TempDir(), "Einkauf für Samstag.ods")
	sheet, drawing := noise(t, 40_000), photo(t, 200, 120)
	if err := os.WriteFile(list, sheet, 0o600); err != nil {
		t.Fatal(err)
	}
	bird.Writes(lab.Draft{
		About: m.ID, Kind: "ReplyToSender", Shows: "Lunch at twelve?", Files: []string{list},
		HTML: `<p>Yes, <b>gladly</b>. See <a href="https://example.org/menu">the menu</a>.</p><ul><li>soup</li><li>cake</li></ul>`,
	})
	e := s.alice.Sees(s.room, soon, func(body string) bool { return strings.Contains(body, "gladly") })
	c := e.Content.AsMessage()
	if strings.Contains(c.Body, "twelve") || !strings.Contains(c.FormattedBody, "<strong>gladly</strong>") || !strings.Contains(c.FormattedBody, `<a href="https://example.org/menu">`) || !strings.Contains(c.FormattedBody, "<li>soup</li>") {
		t.Errorf("the answer came as %q, %q", c.Body, c.FormattedBody)
	}
	s.hasFile("Einkauf für Samstag.ods", event.MsgFile, sheet)

	// Forwarded, as an attachment and in the text.
	for _, kind := range []string{"ForwardAsAttachment", "ForwardInline"} {
		shows := ""
		if kind == "ForwardInline" {
			shows = "Lunch at twelve?"
		}
		bird.Writes(lab.Draft{About: m.ID, Kind: kind, Shows: shows, To: m.AnswerTo(), Text: "For those who missed it, " + kind})
		e := s.alice.Sees(s.room, soon, func(body string) bool { return strings.Contains(body, "missed it, "+kind) })
		if body := e.Content.AsMessage().Body; !strings.Contains(body, "forwarded") || !strings.Contains(body, "Lunch at twelve?") {
			t.Errorf("%s came as %q", kind, body)
		}
	}

	// A picture in the text stands there in the room.
	bird.Writes(lab.Draft{About: m.ID, Kind: "ReplyToSender", Shows: "Lunch at twelve?", HTML: `<p>We sit here:</p><p><img src="data:image/png;filename=sketch.png;base64,` + base64.StdEncoding.EncodeToString(drawing) + `" alt="sketch"></p>`})
	e = s.alice.Sees(s.room, soon, func(body string) bool { return strings.Contains(body, "We sit here:") })
	if body := e.Content.AsMessage().Body; strings.Contains(body, "sketch") {
		t.Errorf("the picture is said in words, too: %q", body)
	}
	s.hasFile("sketch.png", event.MsgImage, drawing)
}

// hasFile waits for a file of somebody else's in the room and compares it.
func (s *scene) hasFile(name string, kind event.MessageType, data []byte) {
	s.t.Helper()
	lab.Wait(s.t, name+" in the room", soon, func() bool {
		for _, e := range s.alice.Files(s.room) {
			c := e.Content.AsMessage()
			if c.GetFileName() != name {
				continue
			}
			if c.MsgType != kind || e.Sender == s.alice.UserID || !bytes.Equal(s.alice.Download(e), data) {
				s.t.Fatalf("%s came as %s of %s, or it has changed on its way", name, c.MsgType, e.Sender)
			}
			return true
		}
		return false
	})
}
