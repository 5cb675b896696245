package talk

import (
	"strings"
	"testing"

	"hashsend/cmd/hashsend/e2e/lab"
)

// TestFolders has answers that lie in the folder of junk, that rules have filed into
// that of all mail, that people move about, and a server that numbers its mails anew:
// nothing is lost, and nothing comes twice (EVENTS C44, C45, C46).
func TestFolders(t *testing.T) {
	mail := lab.Dovecot(t)
	mail.Make("bridge", "Verdacht")
	mail.Make("bridge", "Alles")
	s := open(t, true, lab.Dendrite, mail, "")
	s.bridge.Kill()
	s.bridge.Configure(s.home.URL, strings.Replace(mail.Mailbox(""), "imap: {", "imap: {junk_poll: 500ms, ", 1), "hold: {quiet: 300ms, max: 2s, live: 100ms}\n")
	s.bridge.Run()
	s.bridge.Running()
	s.link("link bob@example.test title Lunch")
	s.alice.Say(s.room, "Lunch at twelve?")
	m := s.gets("bob", "Lunch at twelve?")

	// What the provider took for junk is said, with a mark, and moving it into the
	// inbox says it no second time. What else lies there is left alone.
	mail.Put("bridge", "Verdacht", []byte("From: bob@example.test\r\nTo: bridge@example.test\r\nSubject: #Send offer\r\nMessage-ID: <offer@example.test>\r\n\r\nno answer of ours\r\n"))
	mail.Put("bridge", "Verdacht", answer(m, "taken for junk"))
	s.once("taken for junk")
	s.sees("it was in the spam folder")
	mail.Move("bridge", "Verdacht", "INBOX")

	// Two ways to the same mail.
	both := answer(m, "in both folders")
	mail.Put("bridge", "Alles", answer(m, "filed by a rule"))
	mail.Put("bridge", "Alles", both)
	mail.Put("bridge", "INBOX", both)
	s.once("filed by a rule")
	s.once("in both folders")

	// The numbers change while the bridge runs, and while it is away.
	before := mail.Numbering("bridge", "INBOX")
	mail.Renumber("bridge")
	if mail.Numbering("bridge", "INBOX") == before {
		t.Fatal("the folders have the numbers that they had")
	}
	mail.Send(t, "bob", m.AnswerTo(), answer(m, "after the first renumbering"))
	s.once("after the first renumbering")
	s.bridge.Kill()
	mail.Put("bridge", "INBOX", answer(m, "while the bridge was away"))
	mail.Renumber("bridge")
	mail.Put("bridge", "INBOX", answer(m, "in the new numbers"))
	s.bridge.Run()
	s.once("while the bridge was away")
	s.once("in the new numbers")

	mail.Send(t, "bob", m.AnswerTo(), answer(m, "the last word"))
	s.once("the last word")
	for _, text := range []string{"taken for junk", "filed by a rule", "in both folders", "after the first renumbering", "while the bridge was away", "in the new numbers"} {
		s.once(text)
	}
	for _, e := range s.alice.Messages(s.room) {
		if body := e.Content.AsMessage().Body; strings.Contains(body, "offer") || strings.Contains(body, "is held for review") {
			t.Errorf("junk was taken in: %q", body)
		}
	}
}
