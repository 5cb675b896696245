// Package slack has whole conversations between a Slack workspace, a Matrix room
// and mailboxes: the real program, real mail servers, a real homeserver, and a
// stand-in where there is no Slack to run.
package slack

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"hashsend/cmd/hashsend/e2e/lab"
	"hashsend/connectors/slack/slacktest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	lab.Clean()
	os.Exit(code)
}

const soon = 40 * time.Second

// scene is a channel that is linked with people who have mailboxes.
type scene struct {
	t      *testing.T
	slack  *lab.Workspace
	mail   *lab.MailSystem
	bridge *lab.Bridge
}

func open(t *testing.T, socket bool) *scene {
	t.Helper()
	s := &scene{t: t, slack: lab.Slack(t, socket), mail: lab.Dovecot(t), bridge: lab.NewBridge(t, false)}
	s.bridge.Slack = s.slack.Settings()
	s.bridge.Configure("", s.mail.Mailbox(""), "hold: {quiet: 300ms, max: 2s, live: 100ms}\n")
	s.bridge.Run()
	s.bridge.Running()
	return s
}

// slash types a slash command, as soon as the app takes it.
func (s *scene) slash(text string) {
	s.t.Helper()
	lab.Wait(s.t, "the app to take /send "+text, soon, func() bool { return s.slack.Slash(s.slack.Alice, s.slack.Channel, "/send", text) })
}

func (s *scene) say(text string) string { return s.slack.Say(s.slack.Alice, s.slack.Channel, text) }

func (s *scene) once(text string) slacktest.Message {
	s.t.Helper()
	return s.slack.Sees(s.slack.Channel, text, soon)
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

func (s *scene) answers(user string, m lab.Mail, text string) {
	s.t.Helper()
	from := s.mail.Address(user)
	kind := "text/plain"
	if strings.Contains(text, "\r\n--bb") { // with files
		kind, text = "multipart/mixed; boundary=bb", "--bb\r\nContent-Type: text/plain\r\n\r\n"+text
	}
	raw := fmt.Appendf(nil, "From: %s\r\nTo: %s\r\nDate: %s\r\nSubject: Re: %s\r\nMessage-ID: <%d@example.test>\r\nIn-Reply-To: <%s>\r\nReferences: <%s>\r\nMIME-Version: 1.0\r\nContent-Type: %s\r\n\r\n%s\r\n",
		from, m.AnswerTo()[0], time.Now().Format(time.RFC1123Z), m.Subject, time.Now().UnixNano(), m.ID, strings.Join(append(m.References, m.ID), "> <"), kind, text)
	s.mail.Send(s.t, user, m.AnswerTo(), raw)
}

// link links the channel as a person does.
func (s *scene) link(what string) {
	s.t.Helper()
	s.slash("link " + what)
	s.slack.Told(s.slack.Alice, "They will see", soon)
	s.slash("ok")
	s.slack.Told(s.slack.Alice, "Linked.", soon)
	s.once("linked this room")
}

// conversation goes back and forth, with each server restarted and the bridge
// killed in between.
func (s *scene) conversation() {
	t := s.t
	s.link("bob@example.test title Lunch")
	s.say("Lunch at twelve?")
	m := s.gets("bob", "Lunch at twelve?")
	if m.Subject != "#Send Lunch" || m.From[0].Name != "alice (Acme)" || m.From[0].Address != "bridge@example.test" {
		t.Errorf("the mail says %q from %v", m.Subject, m.From)
	}
	s.mail.NeomuttReply(t, "bob", "Yes, in the garden.", lab.Top, false)
	if got := s.once("Yes, in the garden."); got.Username != "bob (email)" || strings.Contains(got.Text, "Lunch at twelve") {
		t.Errorf("the answer is shown as %q, %q", got.Username, got.Text)
	}

	s.bridge.Kill()
	s.say("said while the bridge was away")
	s.slack.LoseBacklog() // Slack forgets what it could not deliver
	s.answers("bob", m, "mailed while the bridge was away")
	s.bridge.Run()
	s.gets("bob", "said while the bridge was away")
	s.once("mailed while the bridge was away")

	s.mail.RestartIMAP()
	s.mail.RestartSMTP()
	s.say("after the mail server's restart")
	s.gets("bob", "after the mail server's restart")
	s.answers("bob", m, "answered after the restart")
	s.once("answered after the restart")

	s.slack.Stop()
	s.say("said while Slack was away")
	if err := s.slack.Resume(""); err != nil {
		t.Fatal(err)
	}
	s.say("after Slack's return")
	s.gets("bob", "said while Slack was away")
	s.gets("bob", "after Slack's return")
	s.answers("bob", m, "and the answer to that")
	s.once("and the answer to that")

	for _, text := range []string{"Lunch at twelve?", "after Slack's return"} {
		s.mail.Gets("bridge", "Sent", soon, func(m lab.Mail) bool { return strings.Contains(m.Text, text) })
	}
	for _, secret := range []string{slacktest.BotToken, slacktest.AppToken, slacktest.SigningSecret} {
		if strings.Contains(s.bridge.Output(), secret) {
			t.Error("a secret stands in the log")
		}
	}
}

func TestSocketMode(t *testing.T) { open(t, true).conversation() }

func TestEventsAPI(t *testing.T) { open(t, false).conversation() }
