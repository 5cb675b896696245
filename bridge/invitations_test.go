package bridge

import (
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

// TestInvitationCards shows what a room sees of invitations and answers to them (C8).
func TestInvitationCards(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		defer s.end()
		s.plays(
			func() { s.step("Alice in lunch: !send link ann@example.com title Lunch") },
			func() { s.step("Alice in lunch: !send ok") },
			func() { s.step("Alice in lunch: Hi") },
			func() { s.step("wait 6s") },
		)
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

// TestSenderName names the writer of an invitation, a forwarded mail or a notice, for
// a room: never by address (EVENTS C8, C11).
func TestSenderName(t *testing.T) {
	for want, from := range map[string][]mail.Address{
		"Ann Lee": {{Name: "Ann Lee", Address: "ann@example.com"}}, "ann": {{Address: "ann@example.com"}}, "somebody": nil,
	} {
		if got := senderName(&mail.Message{From: from}); got != want {
			t.Errorf("%v is called %q, want %q", from, got, want)
		}
	}
}
