package slack

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hashsend/cmd/hashsend/e2e/lab"
	"hashsend/connectors/slack/slacktest"
)

// lacks makes sure that nothing with a text has come to somebody.
func (s *scene) lacks(user, text string) {
	s.t.Helper()
	for _, m := range s.mail.Folder(user, "INBOX") {
		if strings.Contains(m.Text, text) {
			s.t.Errorf("%s has got %q", user, m.Text)
		}
	}
}

// bounces reports that a mail has not reached somebody.
func (s *scene) bounces(user string, m lab.Mail, status, said string) {
	s.t.Helper()
	trace := ""
	for line := range strings.Lines(string(m.Raw)) {
		if v, is := strings.CutPrefix(line, "X-Hashsend-ID: "); is {
			trace = strings.TrimSpace(v)
		}
	}
	raw := fmt.Sprintf(`From: Mail Delivery System <MAILER-DAEMON@mx.example.test>
To: bridge@example.test
Date: %s
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce%d@mx.example.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.test

Final-Recipient: rfc822; %s
Action: failed
Status: %s
Diagnostic-Code: smtp; %s

--b
Content-Type: text/rfc822-headers

Message-ID: <%s>
X-Hashsend-ID: %s
Subject: x
--b--
`, time.Now().Format(time.RFC1123Z), time.Now().UnixNano(), s.mail.Address(user), status, said, m.ID, trace)
	s.mail.Send(s.t, user, []string{"bridge@example.test"}, []byte(strings.ReplaceAll(raw, "\n", "\r\n")))
}

// An answer under an old message quotes it in one line, and names, long texts and
// failures cross as people expect (B1, B3, B20, B38, C7, C40, C41, D5, D20), with the bridge
// killed in between.
func TestThreadsNamesAndFailures(t *testing.T) {
	s := open(t, true)
	old := s.say("said long before")
	time.Sleep(1100 * time.Millisecond) // moments are compared with a second to spare
	s.link("bob@example.test title Lunch")
	s.slack.Say(s.slack.Alice, s.slack.Channel, "still true", slacktest.Said{Thread: old})
	m := s.gets("bob", "still true")
	if !strings.Contains(m.Text, "> a message posted before this room was linked") || m.From[0].Name != "alice (Acme)" {
		t.Errorf("the mail of %v says %q, want it to say what it answers", m.From, m.Text)
	}
	s.bridge.Kill()
	older := s.say("a second thing, said while the bridge was away")
	s.slack.Say(s.slack.Alice, s.slack.Channel, "and its answer", slacktest.Said{Thread: older})
	s.bridge.Run()
	if m := s.gets("bob", "and its answer"); !strings.Contains(m.Text, "> alice: a second thing") {
		t.Errorf("the mail says %q, want the quote of the root", m.Text)
	}
	s.gets("bob", "a second thing, said while the bridge was away")

	s.answers("bob", m, "@Alice and @nobody: yes. @channel")
	got := s.once("and @nobody: yes.")
	if !strings.HasPrefix(got.Text, "<@"+s.slack.Alice+"> and @nobody") || strings.Contains(got.Text, "<!") || got.Thread != old {
		t.Errorf("under %q there stands %q, want Alice mentioned, and nobody else, under %q", got.Thread, got.Text, old)
	}
	s.answers("bob", m, strings.Repeat("A long text. ", 500)+"The end.")
	if got := s.once("A long text. A long text."); !strings.Contains(lab.Shown(got.Text, got.Blocks), "full text.txt") {
		t.Errorf("a long text is shown as %q", lab.Shown(got.Text, got.Blocks))
	}
	lab.Wait(t, "the whole text as a file", soon, func() bool {
		for _, m := range s.slack.Messages(s.slack.Channel) {
			for _, f := range m.Files {
				if f.Name == "full text.txt" && m.Thread == old {
					return strings.Contains(string(f.Body), "The end.")
				}
			}
		}
		return false
	})

	// Bob is in the workspace, too, and goes by another name there.
	bobby := s.slack.Person(slacktest.User{Name: "bobby", Email: s.mail.Address("bob")})
	s.say("<@" + bobby + ">: you are meant")
	if m := s.gets("bob", "you are meant"); !strings.Contains(m.Text, "@bob: you are meant") || !strings.Contains(m.HTML, "@<strong>bob</strong>") && !strings.Contains(m.HTML, "<strong>@bob</strong>") {
		t.Errorf("Bob is mentioned as %q, %q", m.Text, m.HTML)
	}

	said := s.say("this one bounces")
	m = s.gets("bob", "this one bounces")
	s.bounces("bob", m, "5.2.2", "552 5.2.2 mailbox is full")
	told := s.slack.Told(s.slack.Alice, "didn't receive this message", soon)
	sign := func() bool {
		return len(s.slack.Sees(s.slack.Channel, "this one bounces", soon).Reactions["warning"]) == 1
	}
	lab.Wait(t, "the sign at the message", soon, sign)
	if !s.slack.Press(s.slack.Alice, s.slack.Channel, told.Blocks, "Retry") {
		t.Fatalf("there is no button to retry: %s", told.Blocks)
	}
	s.mail.Gets("bob", "INBOX", soon, func(again lab.Mail) bool { return again.ID != m.ID && strings.Contains(again.Text, "this one bounces") })
	lab.Wait(t, "the end of the sign", soon, func() bool { return !sign() })
	s.slack.Menu(s.slack.Alice, s.slack.Channel, said, "hs_msg_details")
	s.slack.Told(s.slack.Alice, "sent again", soon)
	for _, m := range s.mail.Folder("bob", "INBOX") {
		if strings.Contains(m.Text, "said long before") {
			t.Errorf("what was said before the link was mailed: %q", m.Text)
		}
	}
}

// A channel is shared, left, closed, and gets another id; the app is taken away: what is
// linked waits, the admin gets a mail, and all goes on afterwards (B27, B28, B29, B35).
func TestWhatHappensToChannels(t *testing.T) {
	s := open(t, true)
	channel := s.slack.Channel
	s.link("bob@example.test title Lunch")
	s.say("first")
	m := s.gets("bob", "first")

	s.slack.Share(channel, true)
	s.once("shared with another organization")
	s.say("said while nobody has agreed")
	s.slack.Say(s.slack.Alice, channel, "<@"+slacktest.BotUser+"> who")
	s.slack.Told(s.slack.Alice, "connected to 1 room", soon) // what was said before it is taken in
	s.slash("ok shared")
	s.slack.Told(s.slack.Alice, "Done.", soon)
	s.say("after the consent")
	s.gets("bob", "after the consent")
	s.lacks("bob", "while nobody has agreed")

	s.slack.Kick(channel, slacktest.BotUser)
	s.mail.Gets("bridge", "INBOX", soon, func(m lab.Mail) bool { return strings.Contains(m.Text, "I was removed from the room of “Lunch”") })
	s.slack.Invite(s.slack.Alice, channel, slacktest.BotUser)
	s.say("let in again")
	s.gets("bob", "let in again")

	s.slack.Archive(channel, true)
	s.mail.Gets("bridge", "INBOX", soon, func(m lab.Mail) bool { return strings.Contains(m.Text, "the channel was archived") })
	s.slack.Archive(channel, false)
	s.slack.Channel = s.slack.Renumber(channel)
	s.say("under another id")
	s.gets("bob", "under another id")
	s.answers("bob", m, "That arrives there.")
	s.once("That arrives there.")

	s.slack.Revoke("token_revoked")
	s.slack.Event([]byte(`{"type":"tokens_revoked","tokens":{"oauth":[],"bot":["` + slacktest.BotUser + `"]},"event_ts":"17.1"}`))
	s.mail.Gets("bridge", "INBOX", soon, func(m lab.Mail) bool { return strings.Contains(m.Text, "revoked hashsend's access") })
	s.answers("bob", m, "This waits.")
	s.slack.Revoke("")
	s.once("This waits.")
	s.say("and on it goes")
	s.gets("bob", "and on it goes")
}
