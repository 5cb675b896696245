package everyday

import (
	"context"
	"strings"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/cmd/hashsend/e2e/lab"
)

// mentions says something to a person by email, as clients do.
func (s *scene) mentions(ghost id.UserID, name, text string) {
	s.t.Helper()
	c := &event.MessageEventContent{
		MsgType: event.MsgText, Body: name + ": " + text, Mentions: &event.Mentions{UserIDs: []id.UserID{ghost}},
		Format: event.FormatHTML, FormattedBody: `<a href="https://matrix.to/#/` + string(ghost) + `">` + name + `</a>: ` + text,
	}
	if _, err := s.alice.SendMessageEvent(context.Background(), s.room, event.EventMessage, c); err != nil {
		s.t.Fatalf("mention %s: %v", name, err)
	}
}

// modes has Bob get mail in another way than Carol, whose mails say that a message
// has been through (D19, D16, D12, A25, A7, A12).
func modes(s *scene) {
	t, bob := s.t, s.mail.Address("bob")
	s.link("Modes", "bob", "carol")
	s.alice.Say(s.room, "Welcome, both of you.")
	s.gets("bob", "Welcome, both of you.")
	s.gets("carol", "Welcome, both of you.")
	s.answers("bob", "Bob is here.")
	his := s.sees("Bob is here.")
	ghost := his.Sender
	s.gets("carol", "Bob is here.")

	// Mentions alone, and answers to what Bob said.
	s.asks("digest "+bob+" mentions", "")
	s.asks("digest", bob+"> gets only messages that mention or reply to them")
	s.alice.Say(s.room, "Nothing for Bob.")
	s.gets("carol", "Nothing for Bob.")
	s.alice.Answer(s.room, his.ID, "Good that you are.")
	s.gets("bob", "Good that you are.")
	s.mentions(ghost, "bob", "can you bring bread?")
	if m := s.gets("bob", "can you bring bread?"); !strings.Contains(m.HTML, "<strong>bob</strong>") && !strings.Contains(m.HTML, "<b>bob</b>") || strings.Contains(m.Text, "matrix.to") {
		t.Errorf("Bob is mentioned as %q, %q", m.Text, m.HTML)
	}

	// A digest a day: only what mentions Bob comes at once.
	s.asks("digest "+bob+" daily", "")
	first := s.alice.Say(s.room, "Lunch is at twelf.")
	s.gets("carol", "Lunch is at twelf.")
	s.alice.Edit(s.room, first, "Lunch is at twelve.")
	gone := s.alice.Say(s.room, "To be taken back.")
	s.gets("carol", "To be taken back.")
	s.alice.Remove(s.room, gone)
	s.answers("carol", "Carol brings a salad.")
	second := s.sees("Carol brings a salad.").ID
	s.mentions(ghost, "bob", "do not be late!")
	s.gets("bob", "do not be late!")
	s.gets("carol", "do not be late!")
	s.has("bob", "Lunch is at", 0)

	// Bob wants everything soon again, and gets what waited as one mail.
	s.answers("bob", "/digest burst")
	s.gets("bob", "You now get each burst of messages as one email.")
	m := s.gets("bob", "Lunch is at twelve.")
	if a, p := m.Header.Get("Auto-Submitted"), m.Header.Get("Precedence"); a != "auto-generated" || p != "bulk" {
		t.Errorf("the digest says Auto-Submitted %q, Precedence %q", a, p)
	}
	at := strings.Index(m.Text, "alice: Lunch is at twelve.")
	if then := strings.Index(m.Text, "carol: Carol brings a salad."); at < 0 || then < at || strings.Contains(m.Text, "taken back") || strings.Contains(m.Text, "late") {
		t.Errorf("the digest is %q", m.Text)
	}

	// An answer to each paragraph of it is an answer to that message (D18).
	s.mail.Neomutt(t, "bob", "Twelve is fine.\nSalad is good.", lab.Each, "", lab.Only(m)+"<reply><send-message><quit>")
	for text, of := range map[string]id.EventID{"Twelve is fine.": first, "Salad is good.": second} {
		if c := s.sees(text).Content.AsMessage(); c.RelatesTo.GetReplyTo() != of || strings.Contains(c.Body, "alice:") || strings.Contains(c.Body, "carol:") {
			t.Errorf("%q answers %q, want %q", c.Body, c.RelatesTo.GetReplyTo(), of)
		}
	}

	// Every 15 minutes, then in the room: everything soon.
	s.asks("digest "+bob+" 15min", "")
	s.alice.Say(s.room, "This waits a while.")
	s.gets("carol", "This waits a while.")
	s.has("bob", "This waits a while.", 0)
	s.asks("digest "+bob+" burst", "")
	s.gets("bob", "This waits a while.")

	// Paused: what is said is never sent.
	s.asks("digest "+bob+" paused", "")
	s.alice.Say(s.room, "Nobody waits for this.")
	s.gets("carol", "Nobody waits for this.")
	s.asks("digest "+bob+" instant", "")
	s.alice.Say(s.room, "Good night.")
	s.gets("bob", "Good night.")
	for text, want := range map[string]int{"Nobody waits for this.": 0, "Nothing for Bob.": 0, "Lunch is at": 1, "Carol brings a salad.": 1, "can you bring bread?": 1, "do not be late!": 1} {
		s.has("bob", text, want)
	}
}

// clock has the hour of the daily digest come: what was said since leaves as one mail, by
// itself, and what is said afterwards waits for the next day (D19).
func clock(s *scene) {
	t, bob := s.t, s.mail.Address("bob")
	s.link("Clock", "bob", "carol")
	s.alice.Say(s.room, "Welcome, both of you.")
	s.gets("bob", "Welcome, both of you.")
	s.asks("digest "+bob+" daily", "")
	s.alice.Say(s.room, "Breakfast is at eight.")
	s.alice.Say(s.room, "Supper is at six.")
	s.gets("carol", "Supper is at six.")
	s.has("bob", "Breakfast", 0)
	if time.Now().After(s.digest) {
		t.Fatalf("the machine came so far only at %s; digests left at %s", time.Now().Format(time.TimeOnly), s.digest.Format(time.TimeOnly))
	}
	m := s.mail.Gets("bob", "INBOX", time.Until(s.digest)+soon, hasText("Breakfast is at eight."))
	if m.Date.Before(s.digest) || !strings.Contains(m.Text, "Supper is at six.") || m.Header.Get("Precedence") != "bulk" {
		t.Errorf("at %s, for the digest of %s, Bob gets %q", m.Date.Format(time.TimeOnly), s.digest.Format(time.TimeOnly), m.Text)
	}
	s.alice.Say(s.room, "That is for tomorrow.")
	s.gets("carol", "That is for tomorrow.")
	for text, want := range map[string]int{"That is for tomorrow.": 0, "Breakfast": 1, "Supper": 1} {
		s.has("bob", text, want)
	}
}

// commands has everything done by mail that can be (C47): each is answered to the
// writer alone, and none of it is shown in the room.
func commands(s *scene) {
	t := s.t
	s.link("Commands", "bob", "carol")
	s.alice.Say(s.room, "Welcome, both of you.")
	s.gets("bob", "Welcome, both of you.")
	s.gets("carol", "Welcome, both of you.")
	does := func(line, answer string) {
		t.Helper()
		s.answers("bob", line)
		m := s.gets("bob", answer)
		if m.Header.Get("Auto-Submitted") != "auto-replied" || len(m.To) != 1 {
			t.Errorf("%s is answered to %v, Auto-Submitted %q", line, m.To, m.Header.Get("Auto-Submitted"))
		}
		s.has("carol", answer, 0)
	}
	does("/who", "carol <"+s.mail.Address("carol")+">")
	does("/digest daily", "You now get one email a day at "+s.digest.Format("15:04")+".")
	s.alice.Say(s.room, "For the digest.")
	s.gets("carol", "For the digest.")
	s.has("bob", "For the digest.", 0)
	does("/digest burst", "You now get each burst of messages as one email.")
	s.gets("bob", "For the digest.")

	does("/mute 1h", "You get no email from this conversation until")
	s.alice.Say(s.room, "While Bob rests.")
	s.gets("carol", "While Bob rests.")
	does("/mute off", "You get email from this conversation again.")
	s.alice.Say(s.room, "Back to work.")
	s.gets("bob", "Back to work.")
	s.has("bob", "While Bob rests.", 0)

	does("/leave", "You left this conversation")
	s.sees("bob left and gets no more email")
	s.alice.Say(s.room, "Without Bob.")
	s.gets("carol", "Without Bob.")
	does("/join", "Welcome back")
	s.sees("bob is back")
	s.alice.Say(s.room, "With Bob again.")
	s.gets("bob", "With Bob again.")
	s.has("bob", "Without Bob.", 0)
	does("/help", "/mute 2h – get no email for a while")
	s.never("/who", "/digest", "/mute", "/leave", "/join", "/help")
}
