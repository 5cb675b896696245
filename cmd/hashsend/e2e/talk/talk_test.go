// Package talk has whole conversations between a Matrix room and mailboxes, on
// real homeservers and real mail servers, with answers written in a real mail
// program and everything restarted in between.
package talk

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"

	"hashsend/cmd/hashsend/e2e/lab"
)

func TestMain(m *testing.M) {
	code := m.Run()
	lab.Clean()
	os.Exit(code)
}

const soon = 40 * time.Second

// scene is a room that is linked with people who have mailboxes.
type scene struct {
	t      *testing.T
	home   *lab.Homeserver
	mail   *lab.MailSystem
	bridge *lab.Bridge
	alice  *lab.Person
	room   id.RoomID
}

func open(t *testing.T, appService bool, homeserver func(testing.TB, ...string) *lab.Homeserver, mail *lab.MailSystem, more string) *scene {
	s := &scene{t: t, mail: mail, bridge: lab.NewBridge(t, appService)}
	if appService {
		s.home = homeserver(t, s.bridge.Registration)
	} else {
		s.home = homeserver(t)
		s.home.Person("bridge")
	}
	s.alice = s.home.Person("alice")
	s.bridge.Configure(s.home.URL, mail.Mailbox(""), "hold: {quiet: 300ms, max: 2s, live: 100ms}\n"+more)
	s.bridge.Run()
	s.bridge.Running()
	return s
}

// link makes a room, lets the bridge in, and links the room as a person does.
func (s *scene) link(command string) {
	s.t.Helper()
	s.room = s.alice.Room("Lunch", s.bridge.Bot)
	lab.Wait(s.t, "the bridge in the room", soon, func() bool { return s.alice.Joined(s.room, s.bridge.Bot) })
	s.alice.Say(s.room, "!send "+command)
	s.sees("They will see")
	s.alice.Say(s.room, "!send ok")
	s.sees("Linked.")
}

func (s *scene) sees(part string) {
	s.t.Helper()
	s.alice.Sees(s.room, soon, func(body string) bool { return strings.Contains(body, part) })
}

// once waits for a message and makes sure that it stands in the room once.
func (s *scene) once(text string) {
	s.t.Helper()
	s.sees(text)
	n := 0
	for _, e := range s.alice.Messages(s.room) {
		if strings.Contains(e.Content.AsMessage().Body, text) {
			n++
		}
	}
	if n != 1 {
		s.t.Errorf("%q stands in the room %d times", text, n)
	}
}

func (s *scene) gets(user, text string) lab.Mail {
	s.t.Helper()
	m := s.mail.Gets(user, "INBOX", soon, func(m lab.Mail) bool { return strings.Contains(m.Text, text) })
	n := 0
	for _, other := range s.mail.Folder(user, "INBOX") {
		if strings.Contains(other.Text, text) && !strings.Contains(other.Text, "> "+text) {
			n++
		}
	}
	if n != 1 {
		s.t.Errorf("%s has %q in %d mails", user, text, n)
	}
	return m
}

// conversation goes back and forth, with each server restarted and the bridge
// killed in between.
func (s *scene) conversation() {
	t := s.t
	s.link("link bob@example.test title Lunch")
	s.alice.Say(s.room, "Lunch at twelve?")
	m := s.gets("bob", "Lunch at twelve?")
	if m.Subject != "#Send Lunch" || m.From[0].Name != "alice (Acme)" || m.From[0].Address != "bridge@example.test" {
		t.Errorf("the mail says %q from %v", m.Subject, m.From)
	}
	s.mail.NeomuttReply(t, "bob", "Yes, in the garden.", lab.Top, false)
	s.once("Yes, in the garden.")
	for _, e := range s.alice.Messages(s.room) {
		if body := e.Content.AsMessage().Body; strings.Contains(body, "garden") && strings.Contains(body, "Lunch at twelve") {
			t.Errorf("the quote came along: %q", body)
		}
	}

	s.bridge.Kill()
	s.alice.Say(s.room, "said while the bridge was away")
	s.mail.Send(t, "bob", m.AnswerTo(), answer(m, "mailed while the bridge was away"))
	s.bridge.Run()
	s.gets("bob", "said while the bridge was away")
	s.once("mailed while the bridge was away")

	s.mail.RestartIMAP()
	s.mail.RestartSMTP()
	s.alice.Say(s.room, "after the mail server's restart")
	s.gets("bob", "after the mail server's restart")
	s.mail.Send(t, "bob", m.AnswerTo(), answer(m, "answered after the restart"))
	s.once("answered after the restart")

	s.home.Restart()
	s.alice.Say(s.room, "after the homeserver's restart")
	s.gets("bob", "after the homeserver's restart")
	s.mail.Send(t, "bob", m.AnswerTo(), answer(m, "and the answer to that"))
	s.once("and the answer to that")

	// A copy of each mail is in the Sent folder, once, and none stays in INBOX (EVENTS 6.8).
	for _, text := range []string{"Lunch at twelve?", "after the homeserver's restart"} {
		s.mail.Gets("bridge", "Sent", soon, func(m lab.Mail) bool { return strings.Contains(m.Text, text) })
		n := 0
		for _, f := range []string{"INBOX", "Sent"} {
			for _, m := range s.mail.Folder("bridge", f) {
				if strings.Contains(m.Text, text) && len(m.From) == 1 && m.From[0].Address == "bridge@example.test" {
					n++
				}
			}
		}
		if n != 1 {
			t.Errorf("%q is kept %d times in the owner's folders", text, n)
		}
	}
	if log := s.bridge.Output(); strings.Contains(log, "bridge-password") {
		t.Error("a password stands in the log")
	}
}

func answer(m lab.Mail, text string) []byte { return answerAs("bob@example.test", m, text) }

func answerAs(from string, m lab.Mail, text string) []byte {
	return fmt.Appendf(nil, "From: %s\r\nTo: %s\r\nDate: %s\r\nSubject: Re: %s\r\nMessage-ID: <%d@example.test>\r\nIn-Reply-To: <%s>\r\nReferences: <%s>\r\n\r\n%s\r\n",
		from, m.AnswerTo()[0], time.Now().Format(time.RFC1123Z), m.Subject, time.Now().UnixNano(), m.ID, strings.Join(append(m.References, m.ID), "> <"), text)
}

func TestApplicationServiceOnDendrite(t *testing.T) {
	open(t, true, lab.Dendrite, lab.Dovecot(t), "").conversation()
}

func TestPlainAccountOnDendrite(t *testing.T) {
	open(t, false, lab.Dendrite, lab.Dovecot(t), "").conversation()
}

func TestApplicationServiceOnSynapse(t *testing.T) {
	open(t, true, lab.Synapse, lab.Dovecot(t), "").conversation()
}

func TestPlainAccountOnSynapse(t *testing.T) {
	open(t, false, lab.Synapse, lab.Dovecot(t), "").conversation()
}

// The owner answers and writes from a mail program; the room sees it once, as
// the owner's words.
func TestOwnerGoesOn(t *testing.T) {
	for _, mode := range []string{"open", "hidden"} {
		t.Run(mode, func(t *testing.T) {
			s := open(t, true, lab.Dendrite, lab.Dovecot(t), "")
			s.link("link bob@example.test carol@example.test " + mode + " title Lunch")
			s.alice.Say(s.room, "Who is coming?")
			m := s.gets("bob", "Who is coming?")
			s.gets("carol", "Who is coming?")
			s.mail.Send(t, "bob", m.AnswerTo(), answer(m, "I am."))
			s.once("I am.")
			// The owner answers Bob's mail from the bridge's own mailbox, with a copy in Sent.
			s.mail.NeomuttReply(t, "bridge", "Olga here: splendid!", lab.Top, true)
			s.once("Olga here: splendid!")
			s.gets("bob", "Olga here: splendid!")
			if mode == "hidden" {
				s.gets("carol", "Olga here: splendid!")
			}
		})
	}
}

// Answers between the quoted lines of a burst become answers to its messages, and
// the rest of the mail can be asked for.
func TestAnswersBetweenTheLines(t *testing.T) {
	s := open(t, true, lab.Dendrite, lab.Dovecot(t), "")
	s.link("link bob@example.test title Lunch")
	s.alice.Say(s.room, "Hello Bob!")
	s.gets("bob", "Hello Bob!")
	room := s.alice.Say(s.room, "Shall we take the small room or the large one?")
	bread := s.alice.Say(s.room, "And who of us brings the bread and the cheese?")
	if m := s.gets("bob", "bread and the cheese"); !strings.Contains(m.Text, "small room") {
		t.Fatalf("the burst came in several mails: %q", m.Text)
	}
	s.mail.NeomuttReply(t, "bob", "The large one, please.\nI will see to that.", lab.Each, false)
	for text, of := range map[string]id.EventID{"The large one, please.": room, "I will see to that.": bread} {
		e := s.alice.Sees(s.room, soon, func(body string) bool { return strings.Contains(body, text) })
		c := e.Content.AsMessage()
		if got := c.RelatesTo.GetReplyTo(); got != of || strings.Contains(c.Body, "bread") || strings.Contains(c.Body, "small room") {
			t.Errorf("%q answers %q, want %q", c.Body, got, of)
		}
	}

	// Written above a quote of one of them, with a signature.
	m := s.gets("bob", "bread and the cheese")
	s.mail.Send(t, "bob", m.AnswerTo(), answer(m, "Or rather the small one.\r\n\r\nalice (Acme) wrote:\r\n> Shall we take the small room or the large one?\r\n\r\n-- \r\nBob of Example Ltd"))
	e := s.alice.Sees(s.room, soon, func(body string) bool { return strings.Contains(body, "rather the small one") })
	if got := e.Content.AsMessage().RelatesTo.GetReplyTo(); got != room {
		t.Errorf("it answers %q, want %q", got, room)
	}
	s.alice.Answer(s.room, e.ID, "!send rest")
	s.sees("Bob of Example Ltd")

	// What is corrected late is told in the thread, once.
	s.alice.Edit(s.room, bread, "And who of us brings the bread, the cheese?")
	s.alice.Edit(s.room, bread, "And who of us brings the bread and the butter?")
	got := s.mail.Gets("bob", "INBOX", 2*time.Minute, func(m lab.Mail) bool { return strings.Contains(m.Text, "Edited:") })
	if want := "✏️ Edited: And who of us brings the bread and the butter?\n(was: And who of us brings the bread and the cheese?)"; !strings.Contains(got.Text, want) {
		t.Errorf("the correction says %q", got.Text)
	}
	if got.InReplyTo[0] != m.ID || !strings.Contains(got.HTML, "<del>cheese?</del> <strong>butter?</strong>") {
		t.Errorf("the correction answers %q and shows %q", got.InReplyTo, got.HTML)
	}
}

// A reaction by mail is one in the room, of the person who made it; one in the room
// stands in the next mail.
func TestReactions(t *testing.T) {
	s := open(t, true, lab.Dendrite, lab.Dovecot(t), "")
	s.link("link bob@example.test title Lunch")
	s.alice.Say(s.room, "Hello Bob!")
	m := s.gets("bob", "Hello Bob!")
	// Carol has read it over Bob's shoulder; she is let in, and trusted from then on.
	s.mail.Send(t, "carol", m.AnswerTo(), answerAs("carol@example.test", m, "May I come too?"))
	s.sees("is held for review")
	s.alice.Say(s.room, "!send approve 1 add")
	s.once("May I come too?")
	said := s.alice.Say(s.room, "Lunch at twelve?")
	m = s.gets("bob", "Lunch at twelve?")
	react := func(user, emoji string) {
		raw := string(answerAs(user+"@example.test", m, emoji))
		raw = strings.Replace(raw, "\r\n\r\n", "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: reaction\r\n\r\n", 1)
		s.mail.Send(t, user, m.AnswerTo(), []byte(raw))
	}
	react("carol", "👍")
	lab.Wait(t, "the reaction in the room", soon, func() bool { return slices.Contains(s.alice.Reactions(s.room, said), "👍 carol (email)") })
	react("bob", "😀") // nothing proves that it is his
	s.once("reacted with 😀\n— ⚠ not verified")
	s.alice.React(s.room, said, "🎉")
	s.alice.Say(s.room, "With cake.")
	got := s.gets("bob", "With cake.")
	for _, line := range []string{"👍 carol: “Lunch at twelve?”", "🎉 alice: “Lunch at twelve?”"} {
		if !strings.Contains(got.Text, line) {
			t.Errorf("the next mail does not say %q: %q", line, got.Text)
		}
	}
}

// A conversation begins by mail: it is asked about in the home room, and opened
// there when it is approved. What is refused is said where it was written.
func TestConversationByMail(t *testing.T) {
	mail := lab.Dovecot(t)
	s := open(t, true, lab.Dendrite, mail, "")
	s.room = s.alice.Room("Home", s.bridge.Bot)
	lab.Wait(t, "the bridge in the room", soon, func() bool { return s.alice.Joined(s.room, s.bridge.Bot) })
	s.bridge.Configure(s.home.URL, mail.Mailbox(""), fmt.Sprintf("hold: {quiet: 0, max: 0, live: 0}\nhome: {network: matrix, room: %q}\n", s.room))
	s.bridge.Stop()
	s.bridge.Run()
	s.bridge.Running()
	mail.Send(t, "dave", []string{"bridge@example.test"}, []byte("From: Dave <dave@example.test>\r\nTo: bridge@example.test\r\nSubject: #Send Boat trip\r\nMessage-ID: <boat@example.test>\r\n\r\nWho comes along?\r\n"))
	mail.Send(t, "dave", []string{"bridge@example.test"}, []byte("From: Dave <dave@example.test>\r\nTo: bridge@example.test\r\nSubject: Invoice\r\nMessage-ID: <invoice@example.test>\r\n\r\nNothing for the room.\r\n"))
	s.sees("is held for review")
	s.alice.Say(s.room, "!send approve 1")
	s.once("Who comes along?")
	root := s.alice.Sees(s.room, soon, func(b string) bool { return strings.Contains(b, "Boat trip (Dave)") })
	s.alice.SayIn(s.room, root.ID, "We all do.")
	got := s.gets("dave", "We all do.")
	if got.Subject != "#Send Boat trip" || len(got.InReplyTo) == 0 || got.InReplyTo[0] != "boat@example.test" {
		t.Errorf("the answer is %q and answers %v", got.Subject, got.InReplyTo)
	}
	for _, e := range s.alice.Messages(s.room) {
		if strings.Contains(e.Content.AsMessage().Body, "Nothing for the room") {
			t.Error("a mail that is not ours was shown")
		}
	}
	for _, m := range mail.Folder("bridge", "INBOX") {
		if m.Subject == "Invoice" && len(m.Flags) > 0 {
			t.Errorf("a mail that is not ours was marked %v", m.Flags)
		}
	}

	// An address that does not exist: the bounce comes back to the message.
	s.room = s.alice.Room("Other", s.bridge.Bot)
	lab.Wait(t, "the bridge in the room", soon, func() bool { return s.alice.Joined(s.room, s.bridge.Bot) })
	s.bridge.Admin("--room", "matrix/"+string(s.room), "link", "gone@bounce.test", "bob@example.test", "open", "title", "Other", "yes")
	s.alice.Say(s.room, "Is anybody there?")
	s.gets("bob", "Is anybody there?")
	s.sees("didn't receive this message")

	// Leaving works at once, without a proof, and is confirmed.
	m := s.gets("bob", "Is anybody there?")
	s.mail.Send(t, "bob", m.AnswerTo(), answer(m, "/leave"))
	s.sees("left and gets no more email")
	s.gets("bob", "You left this conversation")
	s.alice.Say(s.room, "Now nobody is.")
	s.alice.Say(s.room, "!send who")
	s.sees("left on")
}

// playsError is the end of an address at which mox, as it is run for tests, plays an error.
// One token in 455 ends so.
var playsError = regexp.MustCompile(`[45][0-9][0-9]@`)

// The same on mox, another IMAP and SMTP server altogether.
func TestMox(t *testing.T) {
	mail := lab.Mox(t)
	s := &scene{t: t, mail: mail, bridge: lab.NewBridge(t, true)}
	s.home = lab.Dendrite(t, s.bridge.Registration)
	s.alice = s.home.Person("alice")
	s.bridge.Configure(s.home.URL, mail.Mailbox(""), "hold: {quiet: 0, max: 0, live: 0}\n")
	s.bridge.Run()
	s.bridge.Running()
	s.link("link " + mail.Address("bob") + " title Lunch")
	s.alice.Say(s.room, "Lunch at twelve?")
	m := s.gets("bob", "Lunch at twelve?")
	to := m.AnswerTo()
	if playsError.MatchString(to[0]) {
		to = []string{mail.Address("bridge")} // the thread is found by In-Reply-To, too
	}
	s.mail.Send(t, "bob", to, answerAs(mail.Address("bob"), m, "Signed and delivered."))
	s.once("Signed and delivered.")
}
