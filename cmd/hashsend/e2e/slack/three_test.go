package slack

import (
	"slices"
	"strings"
	"testing"

	"maunium.net/go/mautrix/id"

	"hashsend/cmd/hashsend/e2e/lab"
	"hashsend/connectors/slack/slacktest"
)

// three is one conversation in a Slack channel, in a Matrix room, and by email.
type three struct {
	*scene
	home  *lab.Homeserver
	maria *lab.Person
	room  id.RoomID
}

func openThree(t *testing.T) *three {
	t.Helper()
	s := &scene{t: t, slack: lab.Slack(t, true), mail: lab.Dovecot(t), bridge: lab.NewBridge(t, true)}
	x := &three{scene: s, home: lab.Dendrite(t, s.bridge.Registration)}
	x.maria = x.home.Person("alice")
	s.bridge.Slack = s.slack.Settings()
	s.bridge.Configure(x.home.URL, s.mail.Mailbox(""), "hold: {quiet: 300ms, max: 2s, live: 100ms}\n")
	s.bridge.Run()
	s.bridge.Running()
	s.link("bob@example.test carol@example.test title Lunch")
	x.room = x.maria.Room("Lunch", s.bridge.Bot)
	lab.Wait(t, "the bridge in the room", soon, func() bool { return x.maria.Joined(x.room, s.bridge.Bot) })
	s.bridge.Admin("--room", "matrix/"+string(x.room), "link", "1")
	return x
}

// inRoom waits for a text in the Matrix room and makes sure that it stands there once.
func (x *three) inRoom(text string) id.EventID {
	x.t.Helper()
	e := x.maria.Sees(x.room, soon, func(body string) bool { return strings.Contains(body, text) })
	n := 0
	for _, other := range x.maria.Messages(x.room) {
		m := other.Content.AsMessage()
		if strings.Contains(m.Body, text) && m.RelatesTo.GetReplaceID() == "" {
			n++
		}
	}
	if n != 1 {
		x.t.Errorf("%q stands in the Matrix room %d times", text, n)
	}
	return e.ID
}

// TestThreeSides has Slack, Matrix and two people by email in one conversation:
// each sees everything once, in its place.
func TestThreeSides(t *testing.T) {
	x := openThree(t)
	s := x.scene

	// What is said in Slack is in the room and in both mailboxes.
	root := s.say("Lunch at twelve?")
	x.inRoom("Lunch at twelve?")
	bobs, carols := s.gets("bob", "Lunch at twelve?"), s.gets("carol", "Lunch at twelve?")
	if bobs.ID != carols.ID || len(bobs.To) != 2 {
		t.Errorf("an open conversation is one mail to both; got %v and %v", bobs.To, carols.To)
	}

	// What is said in Matrix is in the channel, by its author's name, and in both mailboxes.
	said := x.maria.Say(x.room, "Twelve is fine.")
	if m := s.once("Twelve is fine."); m.Username != "alice" {
		t.Errorf("in Slack it was said by %q", m.Username)
	}
	s.gets("bob", "Twelve is fine.")
	s.gets("carol", "Twelve is fine.")

	// An edit in Slack changes the copy in Matrix, and one in Matrix that in Slack.
	typo := s.say("In the gadren")
	x.inRoom("In the gadren")
	s.slack.Edit(s.slack.Channel, typo, "In the garden")
	x.maria.Sees(x.room, soon, func(body string) bool { return body == "* In the garden" })
	x.maria.Edit(x.room, said, "Twelve is perfect.")
	s.once("Twelve is perfect.")

	// An answer by email to the first message stands under it in Slack and answers it in Matrix.
	s.answers("bob", bobs, "I bring salad.")
	answer := s.once("I bring salad.")
	if answer.Thread != root || answer.Username != "bob (email)" {
		t.Errorf("in Slack the answer stands under %q by %q, want under %q", answer.Thread, answer.Username, root)
	}
	inRoom := x.inRoom("I bring salad.")
	if e, err := x.maria.GetEvent(t.Context(), x.room, inRoom); err != nil || e.Content.ParseRaw(e.Type) != nil || e.Content.AsMessage().RelatesTo.GetReplyTo() == "" {
		t.Errorf("in Matrix the answer answers nothing (%v)", err)
	}
	s.gets("carol", "I bring salad.") // Bob named nobody: it is meant for all
	s.never("bob", "I bring salad.")

	// What is said in that Slack thread goes on from Bob's mail, in the branch that the
	// root began (B3, A6).
	s.slack.Say(s.slack.Alice, s.slack.Channel, "Splendid!", slacktest.Said{Thread: root})
	got := s.gets("bob", "Splendid!")
	his := s.mail.Gets("bridge", "INBOX", soon, func(m lab.Mail) bool { return strings.Contains(m.Text, "I bring salad.") })
	if len(got.InReplyTo) != 1 || !slices.Contains(got.References, got.InReplyTo[0]) || !slices.Contains(got.References, bobs.ID) || !slices.Contains(got.References, his.ID) {
		t.Errorf("the answer to Bob answers %v with %v, want %s as well, under %s", got.InReplyTo, got.References, his.ID, bobs.ID)
	}
	// His answer to that stands in the thread, too (C40).
	s.answers("bob", got, "With radishes.")
	if m := s.once("With radishes."); m.Thread != root {
		t.Errorf("in Slack the next answer stands under %q, want %q", m.Thread, root)
	}
	s.gets("carol", "Splendid!")
	x.inRoom("Splendid!")

	// Reply to all: Carol's answer reaches Bob by mail already; nobody gets it twice.
	m := s.gets("carol", "Twelve is fine.")
	x.replyAll("carol", m, "bob", "I come too.")
	s.once("I come too.")
	x.inRoom("I come too.")
	s.gets("bob", "I come too.")
	s.never("carol", "I come too.")

	// A deletion in the hold costs nothing, and is gone on the other side.
	gone := s.say("never mind this")
	s.slack.Remove(s.slack.Channel, gone)
	s.say("the end")
	s.gets("bob", "the end")
	x.inRoom("the end")
	for _, user := range []string{"bob", "carol"} {
		s.never(user, "never mind this")
	}
}

// never makes sure that somebody has not got a text by mail from the bridge.
func (s *scene) never(user, text string) {
	s.t.Helper()
	for _, m := range s.mail.Folder(user, "INBOX") {
		if strings.Contains(m.Text, text) && m.From[0].Address == "bridge@example.test" && !strings.Contains(m.Text, "> ") {
			s.t.Errorf("%s got %q from the bridge", user, text)
		}
	}
}
