package everyday

import (
	"slices"
	"strings"
)

// held changes its mind before the mail is out, on a bridge that mails when it is
// told to: nobody sees anything of it (A7, A12, A11).
func held(s *scene) {
	t := s.t
	s.link("Held", "bob")
	first := s.alice.Say(s.room, "Lunch at twelf?")
	gone := s.alice.Say(s.room, "I hate the soup.")
	s.alice.Say(s.room, "In the garden.")
	s.alice.Edit(s.room, first, "Lunch at one?")
	s.alice.Edit(s.room, first, "Lunch at twelve?")
	s.alice.Remove(s.room, gone)
	like := s.alice.React(s.room, first, "👍")
	s.alice.React(s.room, first, "🎉")
	s.alice.Remove(s.room, like)
	s.asks("now", "")
	m := s.gets("bob", "Lunch at twelve?")
	if !strings.Contains(m.Text, "Lunch at twelve?\n\nIn the garden.\n") || !strings.Contains(m.Text, "🎉 alice: “Lunch at twelve?”") {
		t.Errorf("the mail says %q", m.Text)
	}
	for _, never := range []string{"twelf", "Lunch at one", "soup", "👍", "✏️"} {
		if strings.Contains(m.Text+m.HTML, never) {
			t.Errorf("the mail says %q: %q", never, m.Text)
		}
	}

	// Taken back too late: the one who does it is told, and nobody else (A13).
	s.alice.Remove(s.room, first)
	s.sees("already emailed and can't be unsent")
	s.alice.Say(s.room, "That is all.")
	s.asks("now", "")
	s.gets("bob", "That is all.")
	if all := s.mail.Folder("bob", "INBOX"); len(all) != 2 {
		t.Errorf("Bob has %d mails, want 2", len(all))
	}
	// What was deleted is no part of the history that newcomers get.
	if shown := s.asks("add "+s.mail.Address("carol")+" history 10", "would get these messages"); strings.Contains(shown, "Lunch at") || !strings.Contains(shown, "In the garden.") {
		t.Errorf("the preview says %q", shown)
	}
}

// changes corrects and deletes what is mailed (A8, A13 with deletes: notice).
func changes(s *scene) {
	t := s.t
	s.link("Changes", "bob")
	said := s.alice.Say(s.room, "The boat leaves at nine.")
	m := s.gets("bob", "The boat leaves at nine.")
	gone := s.alice.Say(s.room, "The password is swordfish.")
	secret := s.gets("bob", "swordfish")
	s.alice.Edit(s.room, said, "The boat leaves at noon.")
	s.alice.Edit(s.room, said, "The boat leaves at ten.")
	s.alice.Remove(s.room, gone)
	s.sees("Its recipients will be told that it was deleted.")

	got := s.gets("bob", "✏️ Edited:")
	if want := "✏️ Edited: The boat leaves at ten.\n(was: The boat leaves at nine.)"; !strings.Contains(got.Text, want) || strings.Contains(got.Text, "noon") {
		t.Errorf("the correction says %q", got.Text)
	}
	if !strings.Contains(got.HTML, "<del>nine.</del> <strong>ten.</strong>") || got.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("the correction shows %q, Auto-Submitted %q", got.HTML, got.Header.Get("Auto-Submitted"))
	}
	note := s.gets("bob", "was deleted in the room")
	if strings.Contains(note.Text, "swordfish") {
		t.Errorf("the deletion repeats it: %q", note.Text)
	}
	// Each answers the mail that it is about.
	if !slices.Contains(got.InReplyTo, m.ID) && !slices.Contains(got.InReplyTo, secret.ID) || !slices.Contains(note.References, secret.ID) {
		t.Errorf("they answer %v and %v, want %v and %v", got.InReplyTo, note.References, m.ID, secret.ID)
	}
}
