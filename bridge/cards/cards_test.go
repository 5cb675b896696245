package cards

import (
	"strings"
	"testing"
	"time"

	"hashsend/bridge/mail"
)

// read parses a mail from Ann.
func read(t *testing.T, raw string) *mail.Message {
	t.Helper()
	m, err := mail.Parse(strings.NewReader("From: Ann Lee <ann@example.com>\n"+raw), mail.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return &m
}

// with makes a mail with a text and files, each a type, an empty line and a content.
func with(files ...string) string {
	raw := "Subject: Boat\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nLook.\n"
	for _, f := range files {
		raw += "--a\nContent-Type: " + f + "\n"
	}
	return raw + "--a--\n"
}

func TestContacts(t *testing.T) { // C10
	const bob, ann = "text/vcard; name=bob.vcf\n\nBEGIN:VCARD\nFN:Bob Lee\nORG:Boats\nTEL:1\nTEL:2\nEMAIL:bob@example.org\nEND:VCARD\n", "text/x-vcard; name=ann.vcf\n\nBEGIN:VCARD\nFN:Ann\nEMAIL:ANN@example.com\nEND:VCARD\n"
	for _, c := range []struct{ raw, want string }{
		{with(bob), "👤 Bob Lee, Boats\nPhone: 1, 2\nEmail: bob@example.org"},
		{with(ann), ""}, // the sender's own
		{with(ann, "text/vcard\n\nBEGIN:VCARD\nORG:Boats\nTEL:1\nEND:VCARD\nBEGIN:VCARD\nFN:Bob\nEND:VCARD\n"), "👤 Boats\nPhone: 1\nand 1 more in the file"},
		{with(bob, bob, bob, bob), strings.TrimSpace(strings.Repeat("👤 Bob Lee, Boats\nPhone: 1, 2\nEmail: bob@example.org\n", 3))},
		{with("text/vcard\n\nno card\n"), ""},
		{"\nHi", ""},
	} {
		if got := Contacts(read(t, c.raw)); got != c.want {
			t.Errorf("%s\nis worded\n%s\nand not\n%s", c.raw, got, c.want)
		}
	}
}

func TestForwards(t *testing.T) { // C11
	m := read(t, with("message/rfc822\n\nFrom: bob@example.org\nSubject: For sale\nDate: Mon, 6 Jan 2025 10:00:00 +0000\n\nA boat.\n", "message/rfc822\n\nX-Empty: yes\n\nx\n", "text/rfc822-headers\n\nSubject: returned\n\n"))
	var lines []string
	for _, passed := range Forwards(m) {
		lines = append(lines, Forward(m, passed))
	}
	if got, want := strings.Join(lines, "\n"), "↪ Ann Lee forwarded: For sale, from bob@example.org, 6 January 2025, 10:00 UTC\n↪ Ann Lee forwarded: a mail"; got != want {
		t.Errorf("%s\nand not\n%s", got, want)
	}
	for _, c := range []struct{ subject, text, want string }{
		{"Fwd: #Send Boat", "From: Bob <bob@example.org>\nDate: Mon, Jan 6, 2025\nSubject: Boat\n\nA boat.", "Boat, from Bob, Mon, Jan 6, 2025"},
		{"WG: Boot", "> *Von:* bob@example.org\n> *Gesendet:* Montag, 6. Januar 2025", "Boot, from bob@example.org, Montag, 6. Januar 2025"},
		{"Fwd:", "Date: " + strings.Repeat("x", 100), "a mail, " + strings.Repeat("x", 79) + "…"},
	} {
		m := read(t, "Subject: "+c.subject+"\n\nx")
		if got, want := ForwardInText(m, c.text, "#Send"), "↪ Ann Lee forwarded: "+c.want; got != want {
			t.Errorf("%s\nand not\n%s", got, want)
		}
	}
}

func TestEvents(t *testing.T) { // C8
	zone := time.FixedZone("EET", 2*3600)
	calendar := func(method, organiser, event string) string {
		return "text/calendar; name=boat.ics\nContent-Disposition: attachment\n\nBEGIN:VCALENDAR\n" + method + "BEGIN:VEVENT\nSUMMARY:Boat\nORGANIZER;CN=Bob:mailto:" + organiser + "\n" + event + "END:VEVENT\nEND:VCALENDAR\n"
	}
	for _, c := range []struct{ raw, want string }{
		{with(calendar("METHOD:REQUEST\n", "ann@example.com", "DTSTART:20250610T100000Z\nDTEND:20250610T113000Z\nLOCATION:Harbour\n")), "📅 Ann Lee invites to: Boat\nWhen: Tuesday, 10 June 2025, 12:00–13:30 EET\nWhere: Harbour"},
		{with(calendar("METHOD:REQUEST\n", "bob@example.org", "DTSTART:20250610T210000Z\nDTEND:20250610T230000Z\n")), "📅 Ann Lee sent an event: Boat\nWhen: Tuesday, 10 June 2025, 23:00 – Wednesday, 11 June 2025, 01:00 EET\nOrganiser: Bob"},
		{with(calendar("", "ann@example.com", "DTSTART;VALUE=DATE:20250610\nDTEND;VALUE=DATE:20250612\n")), "📅 Ann Lee sent an event: Boat\nWhen: Tuesday, 10 June 2025 – Wednesday, 11 June 2025"},
		{with("text/calendar; name=boat.ics\n\nno calendar\n"), ""},
		{"\nHi", ""},
	} {
		if got := Events(read(t, c.raw), zone); got != c.want {
			t.Errorf("%s\nis worded\n%s\nand not\n%s", c.raw, got, c.want)
		}
	}
	m := read(t, "Subject: Re: Boat\n\nx")
	v := mail.Invitation{Method: "REPLY", Answer: "ACCEPTED", Comment: "Gladly", Place: "Harbour", Start: time.Date(2025, 6, 10, 10, 0, 0, 0, time.UTC)}
	if got, want := Invitation(m, v, nil), "📅 Ann Lee accepted: Boat\nWhen: Tuesday, 10 June 2025, 10:00 UTC\nGladly"; got != want {
		t.Errorf("%s\nand not\n%s", got, want)
	}
}

func TestWithoutGoogle(t *testing.T) { // C8
	const body = "Boat\nTuesday\n\nhttps://calendar.google.com/calendar/event?action=VIEW&eid=abc\n"
	for _, c := range []struct{ text, method, want string }{
		{body, "REQUEST", "Bring biscuits."},
		{"This event has been updated\n\n" + body, "REQUEST", "This event has been updated\n\nBring biscuits."},
		{"This event has been canceled with a note:\nI am ill.\n\n" + body, "CANCEL", "This event has been canceled with a note:\nI am ill."},
		{"Ann has accepted this invitation.\n\n" + body, "REPLY", ""},
		{"https://calendar.google.com/calendar/event?action=VIEW", "CANCEL", ""},
	} {
		m := read(t, "\n"+c.text)
		v := mail.Invitation{Method: c.method, Title: " Boat", About: "Bring biscuits."}
		if got := WithoutGoogle(m, v); got != c.want || !ByGoogle(m) {
			t.Errorf("%q by %s: %q, want %q", c.text, c.method, got, c.want)
		}
	}
	if ByGoogle(read(t, "\nSee calendar.google.com")) {
		t.Error("somebody writes of Google's calendar")
	}
}
