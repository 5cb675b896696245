package bridge

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"hashsend/bridge/mail"
)

// withAnn links a room with Ann and emails one message to her.
func (s *stage) withAnn() {
	s.plays(
		func() { s.step("Alice in lunch: !send link ann@example.com title Lunch") },
		func() { s.step("Alice in lunch: !send ok") },
		func() { s.step("Alice in lunch: Hi") },
		func() { s.step("wait 6s") },
	)
}

// partsMail makes an email of parts, each a header, an empty line and a content.
func partsMail(s *stage, subject string, parts ...string) string {
	s.uid++
	raw := fmt.Sprintf("From: Ann Lee <ann@example.com>\nTo: %s\nSubject: %s\nMessage-ID: <parts%d@example.com>\nIn-Reply-To: <%s>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n", s.sent[0].ReplyTo[0].Address, subject, s.uid, s.sent[0].ID)
	for _, p := range parts {
		raw += "\n--a\n" + p
	}
	return strings.ReplaceAll(raw+"\n--a--\n", "\n", "\r\n")
}

// TestCards shows how rooms see contacts and forwarded emails.
func TestCards(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		defer s.end()
		s.withAnn()
		const text = "Content-Type: text/plain\n\n"
		alone := regexp.MustCompile(`(?m)^In-Reply-To: .*\n`)
		bob := "Content-Type: text/vcard; name=bob.vcf\nContent-Disposition: attachment; filename=bob.vcf\n\nBEGIN:VCARD\nFN:Bob Lee\nORG:Boats\nTEL:1\nEMAIL:bob@example.org\nEND:VCARD\n"
		for _, c := range []struct{ row, raw, want string }{
			{"contact", partsMail(s, "Re: Lunch", text+"His number:", bob), "👤 Bob Lee, Boats\n    Phone: 1\n    Email: bob@example.org\n    \n    His number: (lunch4)\n  matrix lunch: Ann Lee (email): [file bob.vcf, text/vcard"},
			{"the sender's own contact", partsMail(s, "Re: Lunch", text+"Mine.", strings.ReplaceAll(bob, "bob@example.org", "ann@example.com")), "Mine. (lunch6)\n  matrix lunch: Ann Lee (email): [file bob.vcf, text/vcard"},
			{
				"forwarded, attached", partsMail(s, "Re: Lunch", text+"What do you think?", "Content-Type: message/rfc822\n\nFrom: Bob <bob@example.org>\nSubject: Boat\nDate: Mon, 6 Jan 2025 10:00:00 +0000\n\nIt is for sale.\n"),
				"What do you think?\n    \n    ↪ Ann Lee forwarded: Boat, from Bob, 6 January 2025, 10:00 UTC\n    It is for sale.",
			},
			{
				"forwarded, attached to a new email", alone.ReplaceAllString(partsMail(s, "Fwd: #Send Lunch", text+"See what Bob writes.", "Content-Type: message/rfc822\n\nFrom: Bob <bob@example.org>\nSubject: Boat\nDate: Mon, 6 Jan 2025 10:00:00 +0000\n\nIt is for sale.\n"), ""),
				"matrix lunch: Ann Lee (email): See what Bob writes.\n    \n    ↪ Ann Lee forwarded: Boat, from Bob, 6 January 2025, 10:00 UTC\n    It is for sale.",
			},
			{
				"forwarded, inline", partsMail(s, "Fwd: Boat", text+"See below.\n\n---------- Forwarded message ---------\nFrom: Bob <bob@example.org>\nDate: Mon, Jan 6, 2025 at 10:00 AM\nSubject: Boat\nTo: <ann@example.com>\n\nIt is for sale.\n"),
				"↪ Ann Lee forwarded: Boat, from Bob, Mon, Jan 6, 2025 at 10:00 AM\n    \n    See below.",
			},
		} {
			got := s.plays(func() { s.deliver(mail.Inbox, c.raw) })
			t.Log(got)
			if !strings.Contains(got, c.want) || c.row == "the sender's own contact" && strings.Contains(got, "👤") || strings.Contains(got, "📎 mail") || strings.HasPrefix(c.row, "forwarded") && !strings.Contains(got, "It is for sale.") {
				t.Errorf("%s:\n%s\nand not\n%s", c.row, got, c.want)
			}
		}
	})
}
