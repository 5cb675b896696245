// Package everyday has what people do day by day, each as a conversation of its
// own: on one homeserver all go through one bridge process, at the same time.
package everyday

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/cmd/hashsend/e2e/lab"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// They wait for servers, and not for the processor.
	if err := flag.Set("test.parallel", "64"); err != nil {
		panic(err)
	}
	code := m.Run()
	lab.Clean()
	os.Exit(code)
}

// soon is long: all conversations share the machine. later is for what is collected
// for a while before it is mailed.
const (
	soon  = time.Minute
	later = 3 * time.Minute
)

// untilDigest is when, after the start of the servers, daily digests leave: a slow machine
// has to have come so far by then.
const untilDigest = 200 * time.Second

// tests are the conversations, each with people in a domain of its own: NAME.test.
var tests = []struct {
	name    string
	run     func(*scene)
	synapse bool // on Synapse, too
}{
	{"held", held, true},
	{"changes", changes, true},
	{"modes", modes, false},
	{"clock", clock, false},
	{"commands", commands, false},
	{"programs", programs, false},
	{"files", files, true},
	{"reactions", reactions, false},
	{"people", people, false},
	{"threads", threads, false},
}

func domains() (all []string) {
	all = append(all, private)
	for _, c := range tests {
		all = append(all, c.name+".test")
	}
	return all
}

// scene is a room that is linked with people who have mailboxes.
type scene struct {
	t      *testing.T
	mail   *lab.MailSystem // bob, carol and dave have mailboxes
	own    *lab.MailSystem // the bridge's mailbox is here
	bridge *lab.Bridge
	home   *lab.Homeserver
	alice  *lab.Person
	room   id.RoomID
	digest time.Time // when daily digests leave
}

func TestDendrite(t *testing.T) {
	t.Parallel()
	all(t, lab.Dendrite, func(int) bool { return true })
}

func TestSynapse(t *testing.T) {
	t.Parallel()
	all(t, lab.Synapse, func(n int) bool { return tests[n].synapse })
}

// all starts the servers and has the conversations.
func all(t *testing.T, homeserver func(testing.TB, ...string) *lab.Homeserver, wanted func(int) bool) {
	mail := lab.Dovecot(t, domains()...)
	bridge, slow := lab.NewBridge(t, true), lab.NewBridge(t, false)
	home := homeserver(t, bridge.Registration)
	alice := home.Person("alice")
	home.Person("bridge")
	digest := time.Now().Add(untilDigest).Truncate(time.Minute)
	bridge.Configure(home.URL, mail.Mailbox(""), "hold: {quiet: 300ms, max: 2s, live: 100ms}\ndeletes: notice\ndigest_at: \""+digest.Format("15:04")+"\"\n")
	bridge.Run()
	// The other one, a plain account, mails only when it is told to.
	slow.Configure(home.URL, mail.At(t, "held.test").Mailbox(""), "hold: {quiet: 1h, max: 2h, live: 1h}\n")
	slow.Run()
	bridge.Running()
	slow.Running()
	for n, c := range tests {
		if !wanted(n) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &scene{t: t, mail: mail.At(t, c.name+".test"), own: mail.At(t, mail.Domain), bridge: bridge, home: home, alice: alice.For(t), digest: digest}
			if c.name == "held" {
				s.bridge = slow
			}
			c.run(s)
		})
	}
}

// link makes a room, lets the bridge in, and links the room with some of the people.
func (s *scene) link(title string, users ...string) {
	s.t.Helper()
	s.room = s.alice.Room(title, s.bridge.Bot)
	lab.Wait(s.t, "the bridge in the room", soon, func() bool { return s.alice.Joined(s.room, s.bridge.Bot) })
	line := "link"
	for _, u := range users {
		line += " " + s.mail.Address(u)
	}
	s.asks(line+" open title "+title, "They will see")
	s.asks("ok", "Linked.")
}

// asks types a command and returns the answer, in which these words must be; none:
// a sign of success is enough.
func (s *scene) asks(line, words string) (answer string) {
	s.t.Helper()
	asked := s.alice.Say(s.room, "!send "+line)
	var last []string
	defer func() {
		if s.t.Failed() {
			s.t.Logf("in the room since then: %q", last)
		}
	}()
	lab.Wait(s.t, "the answer to "+line, soon, func() bool {
		all := s.alice.Messages(s.room)
		at := slices.IndexFunc(all, func(e *event.Event) bool { return e.ID == asked })
		last = nil
		for _, e := range all[at+1:] {
			last = append(last, e.Content.AsMessage().Body)
			if answer = e.Content.AsMessage().Body; e.Sender == s.bridge.Bot && strings.HasPrefix(answer, "✗") {
				s.t.Fatalf("%q is answered by %q", line, answer)
			}
			if words != "" && e.Sender == s.bridge.Bot && strings.Contains(answer, words) {
				return true
			}
		}
		return words == "" && slices.ContainsFunc(s.alice.Reactions(s.room, asked), func(r string) bool { return strings.HasPrefix(r, "✅") })
	})
	return answer
}

// sees waits for a text in the room and makes sure that it stands there once.
func (s *scene) sees(text string) *event.Event {
	s.t.Helper()
	found := s.alice.Sees(s.room, soon, func(body string) bool { return strings.Contains(body, text) })
	n := 0
	for _, e := range s.alice.Messages(s.room) {
		if strings.Contains(e.Content.AsMessage().Body, text) {
			n++
		}
	}
	if n != 1 {
		s.t.Errorf("%q stands in the room %d times", text, n)
	}
	return found
}

// gets waits for a mail of the bridge with a text, and makes sure that it is the only
// one.
func (s *scene) gets(user, text string) lab.Mail {
	s.t.Helper()
	m := s.mail.Gets(user, "INBOX", later, func(m lab.Mail) bool { return strings.Contains(m.Text, text) && fromBridge(m) })
	s.has(user, text, 1)
	return m
}

// has makes sure that somebody has as many mails of the bridge with a text.
func (s *scene) has(user, text string, want int) {
	s.t.Helper()
	var in []string
	for _, m := range s.mail.Folder(user, "INBOX") {
		if strings.Contains(m.Text, text) && fromBridge(m) {
			in = append(in, m.Text)
		}
	}
	if len(in) != want {
		s.t.Errorf("%s has %q in %d mails, want %d: %q", user, text, len(in), want, in)
	}
}

func fromBridge(m lab.Mail) bool { return strings.HasPrefix(m.From[0].Address, "bridge@") }

// never makes sure that the room shows none of these words.
func (s *scene) never(words ...string) {
	s.t.Helper()
	for _, e := range s.alice.Messages(s.room) {
		body := e.Content.AsMessage().Body
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(body, w) }) && e.Sender != s.alice.UserID {
			s.t.Errorf("the room shows %q", body)
		}
	}
}

// answers writes an answer to the newest mail, in neomutt.
func (s *scene) answers(user, text string) {
	s.t.Helper()
	s.mail.NeomuttReply(s.t, user, text, lab.Top, false)
}

// header returns the header of an answer to a mail, without what says how the body
// is written.
func (s *scene) header(user string, to lab.Mail) string {
	return fmt.Sprintf("From: %s\r\nTo: %s\r\nDate: %s\r\nSubject: Re: %s\r\nIn-Reply-To: <%s>\r\nReferences: <%s>\r\n",
		s.mail.Address(user), to.AnswerTo()[0], time.Now().Format(time.RFC1123Z), to.Subject, to.ID, strings.Join(append(to.References, to.ID), "> <"))
}

// sends answers a mail with a body as it is given, with its own header fields.
func (s *scene) sends(user string, to lab.Mail, rest string) {
	s.t.Helper()
	s.mail.Send(s.t, user, to.AnswerTo(), []byte(s.header(user, to)+fmt.Sprintf("Message-ID: <%d@%s>\r\n", time.Now().UnixNano(), s.mail.Domain)+rest))
}

func hasText(text string) func(lab.Mail) bool {
	return func(m lab.Mail) bool { return strings.Contains(m.Text, text) }
}
