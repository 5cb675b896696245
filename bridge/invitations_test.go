package bridge

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"hashsend/bridge/mail"
)

// invitationMail is how mail programs send an invitation: as an alternative of the
// text, and once more as a file.
func invitationMail(s *stage, method, event, said string) string {
	s.uid++
	ics := "BEGIN:VCALENDAR\nMETHOD:" + method + "\nBEGIN:VEVENT\nUID:1\nSUMMARY:Lunch @room\nORGANIZER;CN=Bob:mailto:bob@example.com\nDTSTART;TZID=Romance Standard Time:20250610T120000\nDTEND;TZID=Romance Standard Time:20250610T130000\nLOCATION:https://meet.jit.si/lunch\n" +
		event + "END:VEVENT\nEND:VCALENDAR\n"
	raw := fmt.Sprintf(`From: Ann Lee <ann@example.com>
To: %s
Subject: Lunch
Message-ID: <invitation%d@example.com>
In-Reply-To: <%s>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain

%s
--b
Content-Type: text/html

<b>%[4]s</b>
--b
Content-Type: text/calendar; charset=utf-8; method=%s

%s
--b--
--a
Content-Type: application/ics; name=invite.ics
Content-Disposition: attachment; filename=invite.ics

%[6]s
--a--
`, s.sent[0].ReplyTo[0].Address, s.uid, s.sent[0].ID, said, method, ics)
	return strings.ReplaceAll(raw, "\n", "\r\n")
}

// googleText is what Google writes with an invitation.
const googleText = `Lunch
Tuesday Jun 10, 2025 ⋅ 12pm – 1pm
Central European Time - Paris

Organizer
Ann Lee
ann@example.com

View all guest info
https://calendar.google.com/calendar/event?action=VIEW&eid=abc

~~//~~
Invitation from Google Calendar: https://calendar.google.com/calendar/

Forwarding this invitation could allow any recipient to send a response to the organizer.`

// TestCalendarFiles shows how rooms see calendars that are only files, and Google's text beside
// its calendars.
func TestCalendarFiles(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		defer s.end()
		s.withAnn()
		event := func(method, organiser string) string {
			return "BEGIN:VCALENDAR\n" + method + "BEGIN:VEVENT\nSUMMARY:Lunch\nORGANIZER;CN=Ann:mailto:" + organiser + "\nDTSTART:20250610T100000Z\nEND:VEVENT\nEND:VCALENDAR\n"
		}
		file := func(kind, content string) string {
			return "Content-Type: " + kind + "; name=lunch.ics\nContent-Disposition: attachment; filename=lunch.ics\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte(content)) + "\n"
		}
		const text, when = "Content-Type: text/plain\n\nCome!\n", "\n    When: Tuesday, 10 June 2025, 11:00 CET"
		for _, c := range []struct{ name, part, want string }{
			{"application/ics", file("application/ics", event("METHOD:REQUEST\n", "ann@example.com")), "📅 Ann Lee invites to: Lunch" + when + "\n    \n    Come!"},
			{"octet-stream", file("application/octet-stream", event("METHOD:CANCEL\n", "ann@example.com")), "📅 Ann Lee cancelled: Lunch" + when + "\n    \n    Come!"},
			{"another's", file("application/ics", event("METHOD:REQUEST\n", "bob@example.org")), "📅 Ann Lee sent an event: Lunch" + when + "\n    Organiser: Ann\n    \n    Come!"},
			{"no method", file("text/calendar", event("", "ann@example.com")), "📅 Ann Lee sent an event: Lunch" + when + "\n    \n    Come!"},
			{"nothing to read", file("application/octet-stream", "?"), "Come!"},
		} {
			got := s.plays(func() { s.deliver(mail.Inbox, partsMail(s, "Re: #Send Lunch", text, c.part)) })
			if !strings.Contains(got, c.want) || strings.Count(got, "lunch.ics") != 1 || strings.Count(got, "📅") != strings.Count(c.want, "📅") {
				t.Errorf("%s:\n%q\nand not\n%q", c.name, got, c.want)
			}
		}
		got := s.plays(func() {
			s.deliver(mail.Inbox, invitationMail(s, "REQUEST", "DESCRIPTION:Bring <b>biscuits</b>\\, please.\\n\\n-::~:~::~:~\\nJoin with Google Meet\n", googleText))
		})
		if !strings.Contains(got, "Join: https://meet.jit.si/lunch\n    \n    Bring biscuits, please. (") || strings.Contains(got, "Google") || strings.Contains(got, "guest info") {
			t.Errorf("Google's words:\n%s", got)
		}
		title := "Lunch @room" // as invitationMail has it
		body := strings.Replace(googleText, "Lunch", title, 1)
		for _, c := range []struct{ method, event, said, want string }{
			{"CANCEL", "DESCRIPTION:Old words\n", "This event has been canceled with a note:\n\"I am ill.\"\n\n" + body, "Organiser: Bob\n    \n    This event has been canceled with a note:\n    \"I am ill.\" ("},
			{"REQUEST", "", "This event has been updated\nChanged: time\n\n" + body, "Join: https://meet.jit.si/lunch\n    \n    This event has been updated\n    Changed: time ("},
			{"REPLY", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@example.com\nDESCRIPTION:Old words\n", "Ann Lee has accepted this invitation.\n\n" + body, "12:00 CET ("},
		} {
			got := s.plays(func() { s.deliver(mail.Inbox, invitationMail(s, c.method, c.event, c.said)) })
			if !strings.Contains(got, c.want) || strings.Contains(got, "Google") || strings.Contains(got, "Old words") {
				t.Errorf("%s by Google:\n%q\nand not\n%q", c.method, got, c.want)
			}
		}
	})
}

// TestInvitationCards shows how rooms see invitations and responses to them.
func TestInvitationCards(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		defer s.end()
		s.withAnn()
		const when = "\n    When: Tuesday, 10 June 2025, 11:00–12:00 CET" // the room's zone is an hour behind
		for i, c := range []struct{ method, event, said, want string }{
			{"REQUEST", "RRULE:FREQ=WEEKLY\n", "Bring biscuits.", "📅 Ann Lee invites to: Lunch @\u2060room" + when + "\n    Repeats: every week\n    Organiser: Bob\n    Join: https://meet.jit.si/lunch\n    \n    Bring biscuits."},
			{"REQUEST", "", "Lunch\nReply for ann@example.com\nhttps://calendar.google.com/calendar/event?action=VIEW&eid=abc&tok=def", "📅 Ann Lee invites to: Lunch @\u2060room" + when + "\n    Organiser: Bob\n    Join: https://meet.jit.si/lunch (lunch6)"},
			{"CANCEL", "", "", "📅 Ann Lee cancelled: Lunch @\u2060room" + when + "\n    Organiser: Bob"},
			{"REPLY", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@example.com\nCOMMENT:Gladly\n", "", "📅 Ann Lee accepted: Lunch @\u2060room" + when + "\n    Gladly"},
			{"REPLY", "ATTENDEE;PARTSTAT=DECLINED:mailto:ann@example.com\n", "", "📅 Ann Lee declined: Lunch @\u2060room" + when},
			{"COUNTER", "", "", "📅 Ann Lee proposes another time for: Lunch @\u2060room" + when + "\n    Organiser: Bob\n    Join: https://meet.jit.si/lunch"},
		} {
			got := s.plays(func() { s.deliver(mail.Inbox, invitationMail(s, c.method, c.event, c.said)) })
			t.Log(got)
			if n := strings.Count(got, "📅"); n != 1 || !strings.Contains(got, c.want) {
				t.Errorf("%d: %d cards:\n%q\nand not\n%q", i, n, got, c.want)
			}
			if n := strings.Count(got, "invite.ics"); n != 1 {
				t.Errorf("%d: the calendar is there %d times:\n%s", i, n, got)
			}
		}
		// The alternative alone: it is the file.
		raw := invitationMail(s, "REQUEST", "", "")
		raw, _, _ = strings.Cut(raw, "\r\n--a\r\nContent-Type: application/ics")
		if got := s.plays(func() { s.deliver(mail.Inbox, raw+"\r\n--a--\r\n") }); strings.Count(got, "invite.ics") != 1 || strings.Count(got, "📅") != 1 {
			t.Error(got)
		}
	})
}
