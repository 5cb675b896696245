package everyday

import (
	"slices"

	"maunium.net/go/mautrix/event"

	"hashsend/cmd/hashsend/e2e/lab"
)

// threads has older mails answered, and a thread of the room go on by mail (C40, A5,
// A6).
func threads(s *scene) {
	t := s.t
	s.link("Threads", "bob")
	old := s.alice.Say(s.room, "Shall we meet on Monday?")
	m := s.gets("bob", "Shall we meet on Monday?")
	s.alice.Say(s.room, "Bring a cake.")
	s.gets("bob", "Bring a cake.")

	// The newest: no mark of an answer. An older one: an answer to it.
	s.answers("bob", "A cake, fine.")
	if r := s.sees("A cake, fine.").Content.AsMessage().RelatesTo; r.GetReplyTo() != "" {
		t.Errorf("the answer to the newest message is marked as one to %s", r.GetReplyTo())
	}
	s.mail.Neomutt(t, "bob", "Monday is good.", lab.Top, "", lab.Only(m)+"<reply><send-message><quit>")
	if r := s.sees("Monday is good.").Content.AsMessage().RelatesTo; r.GetReplyTo() != old || r.GetThreadParent() != "" {
		t.Errorf("the answer to an older mail answers %q, want %q", r.GetReplyTo(), old)
	}

	// An answer of the room to Bob's goes to his mail, with a line of it.
	cake := s.sees("A cake, fine.").ID
	s.alice.Answer(s.room, cake, "With cherries, please.")
	his := s.own.Gets("bridge", "INBOX", soon, hasText("A cake, fine."))
	got := s.gets("bob", "With cherries, please.")
	if len(got.InReplyTo) != 1 || got.InReplyTo[0] != his.ID || !hasText("> bob: A cake, fine.")(got) {
		t.Errorf("it answers %v, want %s, and says %q", got.InReplyTo, his.ID, got.Text)
	}

	// A thread: its mails answer each other, and an answer by mail stays in it.
	root := s.alice.Say(s.room, "Now for the music.")
	rootMail := s.gets("bob", "Now for the music.")
	s.alice.SayIn(s.room, root, "I bring a guitar.")
	in := s.gets("bob", "I bring a guitar.")
	if len(in.InReplyTo) != 1 || in.InReplyTo[0] != rootMail.ID || !slices.Contains(in.References, rootMail.ID) {
		t.Errorf("the first of the thread answers %v with %v, want %s", in.InReplyTo, in.References, rootMail.ID)
	}
	if rootMail.Subject != in.Subject || in.References[0] != m.References[0] {
		t.Errorf("the thread is another conversation: %q, %v", in.Subject, in.References)
	}
	s.alice.Say(s.room, "Meanwhile, the weather.")
	s.gets("bob", "Meanwhile, the weather.")
	s.mail.Neomutt(t, "bob", "And I a drum.", lab.Top, "", lab.Only(in)+"<reply><send-message><quit>")
	inThread := func(text string) *event.Event {
		t.Helper()
		e := s.sees(text)
		if r := e.Content.AsMessage().RelatesTo; r.GetThreadParent() != root {
			t.Errorf("%q stands in the thread %q, want %q", text, r.GetThreadParent(), root)
		}
		return e
	}
	inThread("And I a drum.")
	drum := s.own.Gets("bridge", "INBOX", soon, hasText("And I a drum."))
	s.alice.SayIn(s.room, root, "Splendid, a band!")
	if got := s.gets("bob", "Splendid, a band!"); len(got.InReplyTo) != 1 || got.InReplyTo[0] != drum.ID || !slices.Contains(got.References, rootMail.ID) {
		t.Errorf("the last of the thread answers %v with %v, want %s", got.InReplyTo, got.References, drum.ID)
	}
	// Outside of it, the conversation goes on.
	s.answers("bob", "A band, then.")
	inThread("A band, then.")
	s.mail.Neomutt(t, "bob", "It will rain.", lab.Top, "", lab.Only(s.gets("bob", "Meanwhile, the weather."))+"<reply><send-message><quit>")
	if r := s.sees("It will rain.").Content.AsMessage().RelatesTo; r.GetThreadParent() != "" {
		t.Errorf("the answer to the room stands in the thread %q", r.GetThreadParent())
	}
}
