package everyday

import (
	"os"
	"path/filepath"
	"strings"

	"maunium.net/go/mautrix/event"

	"hashsend/cmd/hashsend/e2e/lab"
)

// file writes a file that somebody attaches.
func (s *scene) file(name, text string) (path string) {
	s.t.Helper()
	path = filepath.Join(s.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// seesFile waits for a file in the room.
func (s *scene) seesFile(name string) (found *event.Event) {
	s.t.Helper()
	lab.Wait(s.t, name+" in the room", soon, func() bool {
		for _, e := range s.alice.Files(s.room) {
			if e.Content.AsMessage().GetFileName() == name {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

// holds makes sure what is in a file of the room, and who has sent it.
func (s *scene) holds(name, text, by string) *event.Event {
	s.t.Helper()
	e := s.seesFile(name)
	got := string(s.alice.Download(e))
	if kind := e.Content.AsMessage().Info.MimeType; strings.HasPrefix(kind, "text/") { // it travels with line ends of its own
		got = strings.ReplaceAll(got, "\r\n", "\n")
	}
	if got != text {
		s.t.Errorf("%s holds %q, want %q", name, got, text)
	}
	if who, err := s.alice.GetDisplayName(s.t.Context(), e.Sender); err != nil || who.DisplayName != by {
		s.t.Errorf("%s is from %v (%v), want %s", name, who, err, by)
	}
	return e
}

// programs has mail programs answer to all, with somebody more in Cc and a file (C1,
// C5, C6, C30).
func programs(s *scene) {
	t := s.t
	s.link("Programs", "bob", "carol")
	s.alice.Say(s.room, "Shall we meet on Monday?")
	s.alice.Say(s.room, "Or on Tuesday?")
	s.gets("bob", "Or on Tuesday?")
	m := s.gets("carol", "Or on Tuesday?")
	check := func(who, text string) {
		t.Helper()
		e := s.sees(text)
		if body := e.Content.AsMessage().Body; strings.TrimSpace(body) != text {
			t.Errorf("the room shows %q, want %q", body, text)
		}
		if name, err := s.alice.GetDisplayName(t.Context(), e.Sender); err != nil || name.DisplayName != who {
			t.Errorf("%q is from %v (%v)", text, name, err)
		}
	}
	s.mail.Snail(t, "bob", lab.Letter{Text: "Monday, says s-nail: größer & <b>besser</b>.", Cc: s.mail.Address("dave"), Attach: []string{s.file("plan.txt", "Monday: soup\n")}})
	check("bob (email)", "Monday, says s-nail: größer & <b>besser</b>.")
	s.holds("plan.txt", "Monday: soup\n", "bob (email)")
	s.sees("bob copied " + s.mail.Address("dave"))

	s.mail.Mblaze(t, "carol", m, lab.Letter{Text: "Tuesday, says mblaze: schöner.", Cc: s.mail.Address("alice"), Attach: []string{s.file("table.csv", "Tuesday;salad\n")}})
	check("carol (email)", "Tuesday, says mblaze: schöner.")
	s.holds("table.csv", "Tuesday;salad\n", "carol (email)")
	s.sees("carol copied " + s.mail.Address("alice"))

	// s-nail answers where Reply-To says; mblaze answers all, who get it from Carol and
	// not from the bridge as well.
	s.gets("carol", "says s-nail")
	s.mail.Gets("bob", "INBOX", soon, hasText("says mblaze"))
	s.has("bob", "says mblaze", 0)
}
