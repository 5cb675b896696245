package everyday

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"strings"

	"maunium.net/go/mautrix/event"

	"hashsend/cmd/hashsend/e2e/lab"
)

// picture is one of its own; it is no small one, which would be taken for a signature's.
func (s *scene) picture(seed uint64) string {
	s.t.Helper()
	m, r := image.NewGray(image.Rect(0, 0, 300, 200)), rand.New(rand.NewPCG(seed, 0))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32())
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		s.t.Fatal(err)
	}
	return b.String()
}

// files has invitations, contacts, pictures, files and other people's mails come by
// mail.
func files(s *scene) {
	s.link("Files", "bob")
	s.alice.Say(s.room, "Send me everything.")
	m := s.gets("bob", "Send me everything.")
	s.invitations(m)
	s.attached()
	s.forwarded(m)
}

// invitations are cards with the calendar's file (C8).
func (s *scene) invitations(m lab.Mail) {
	for _, c := range []struct {
		mail []string
		card string
	}{
		{[]string{"mail", "malformed", "mail__imip_request_outlook_com.eml"}, "Imip Testing\nWhen: Wednesday, 26 February 2025, 07:00–07:30 UTC\nOrganiser: alice example.org"},
		{[]string{"mail", "malformed", "postal-mime__fixtures_calendar-event.eml"}, "Test event ⏰\nWhen: Thursday, 11 April 2024, 08:00–09:00 UTC\nOrganiser: Andris Reinman\nJoin: https://meet.google.com/yew-afgi-ynf"},
	} {
		before := len(s.alice.Files(s.room))
		s.sends("bob", m, s.fixture(c.mail...))
		title, _, _ := strings.Cut(c.card, "\n")
		if body := s.sees(title).Content.AsMessage().Body; body != "📅 bob invites to: "+c.card {
			s.t.Errorf("the card is %q, want %q", body, c.card)
		}
		lab.Wait(s.t, "the calendar's file", soon, func() bool { return len(s.alice.Files(s.room)) > before })
		file := s.alice.Files(s.room)[before]
		if name := file.Content.AsMessage().GetFileName(); !strings.HasSuffix(name, ".ics") || !strings.HasPrefix(string(s.alice.Download(file)), "BEGIN:VCALENDAR") {
			s.t.Errorf("the calendar's file is %s: %q", name, s.alice.Download(file))
		}
	}
}

// attached has neomutt attach a contact (C10), files (C6), a picture with a short
// text (C6), and a mail with a picture in its text (C4).
func (s *scene) attached() {
	t := s.t
	const carl = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Carl Example\r\nORG:Acme\r\nTEL;TYPE=cell:+49 30 1234567\r\nEMAIL:carl@example.net\r\nEND:VCARD\r\n"
	attach := func(text, more string, files ...string) {
		t.Helper()
		keys := "<last-entry><reply>"
		for _, f := range files {
			keys += "<attach-file>" + f + "<enter>"
		}
		s.mail.Neomutt(t, "bob", text, lab.Top, "", keys+more+"<send-message><quit>")
	}
	attach("This is Carl.", "", s.file("carl.vcf", carl))
	card := s.sees("👤 Carl Example, Acme").Content.AsMessage().Body
	if !strings.HasSuffix(card, "This is Carl.") || !strings.Contains(card, "Phone: +49 30 1234567") || !strings.Contains(card, "Email: carl@example.net") {
		t.Errorf("the contact is %q", card)
	}
	s.holds("carl.vcf", strings.ReplaceAll(carl, "\r\n", "\n"), "bob (email)")

	data := string([]byte{0, 1, 2, 0xff, '\r', '\n', 0x80}) + s.picture(1)
	attach("Two files for you, one of them with a name of its own.", "", s.file("größe.bin", data), s.file("liste.csv", "a;ü\n"))
	s.sees("Two files for you")
	s.holds("größe.bin", data, "bob (email)")
	s.holds("liste.csv", "a;ü\n", "bob (email)")

	// One that stands in the text has no name in neomutt's mails.
	for text, c := range map[string]struct{ more, name, data string }{
		"The way there.": {"", "map.png", s.picture(2)}, "Seen from above.": {"<toggle-disposition>", "file.png", s.picture(4)},
	} {
		attach(text, c.more, s.file("map.png", c.data))
		if m := s.holds(c.name, c.data, "bob (email)").Content.AsMessage(); m.MsgType != event.MsgImage || m.Body != text {
			t.Errorf("the picture is %s with the words %q, want %q", m.MsgType, m.Body, text)
		}
	}

	inside := s.picture(3)
	m := s.gets("bob", "Send me everything.")
	s.sends("bob", m, "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=rr\r\n\r\n--rr\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"+
		"<p>Before it.</p><p><img src=\"cid:photo@bob\" alt=\"photo\"></p><p>Behind it.</p>\r\n"+
		"--rr\r\nContent-Type: image/png; name=photo.png\r\nContent-ID: <photo@bob>\r\nContent-Disposition: inline; filename=photo.png\r\nContent-Transfer-Encoding: base64\r\n\r\n"+lines(inside)+"\r\n--rr--\r\n")
	if c := s.holds("photo.png", inside, "bob (email)").Content.AsMessage(); c.MsgType != event.MsgImage {
		t.Errorf("the picture is %s", c.MsgType)
	}
	s.sees("Behind it.")
}

// lines is data in lines of base64.
func lines(data string) string {
	var b strings.Builder
	text := base64.StdEncoding.EncodeToString([]byte(data))
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	return b.String() + text
}

// forwarded has neomutt pass on a mail of Dave's, as a file and in the text (C11). It
// answers nothing, so it is asked about.
func (s *scene) forwarded(m lab.Mail) {
	t := s.t
	s.mail.Send(t, "dave", []string{s.mail.Address("bob")}, fmt.Appendf(nil,
		"From: Dave Example <%s>\r\nTo: %s\r\nDate: Tue, 08 Jul 2025 09:38:10 +0000\r\nSubject: Boat trip\r\nMessage-ID: <boat@files.test>\r\n\r\nThe boat leaves at nine.\r\n> Who said so?\r\n", s.mail.Address("dave"), s.mail.Address("bob")))
	boat := s.mail.Gets("bob", "INBOX", soon, hasText("The boat leaves at nine."))
	for _, c := range []struct{ settings, subject, text, want string }{
		{"set mime_forward=yes forward_format='Fwd: %s'", "Fwd: Boat trip", "See what Dave writes.", "See what Dave writes.\n\n↪ bob forwarded: Boat trip, from Dave Example, 8 July 2025, 09:38 UTC\nThe boat leaves at nine.\n> Who said so?"},
		{"set mime_forward=no forward_format='Fw: %s'", "Fw: Boat trip", "And once more, in the text.", "↪ bob forwarded: Boat trip, from Dave Example, Tue, 08 Jul 2025 09:38:10 +0000\n\nAnd once more, in the text.\n\n----- Forwarded message from Dave Example"},
	} {
		s.mail.Neomutt(t, "bob", c.text, lab.Top, c.settings, lab.Only(boat)+"<forward-message>"+m.AnswerTo()[0]+"<enter><send-message><quit>")
		s.asks(s.command("subject “"+c.subject+"”, is held for review", `approve \d+`), "")
		if body := s.sees(c.text).Content.AsMessage().Body; !strings.HasPrefix(body, c.want) || !strings.Contains(body, "The boat leaves at nine.\n> Who said so?") {
			t.Errorf("passed on is %q, want %q", body, c.want)
		}
	}
}
