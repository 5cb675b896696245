package mail

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// calendarOf makes a calendar of the lines of an event.
func calendarOf(method, event string, zones ...string) string {
	s := "BEGIN:VCALENDAR\nMETHOD:" + method + "\n" + strings.Join(zones, "") + "BEGIN:VEVENT\n" + event + "\nBEGIN:VALARM\nDESCRIPTION:Reminder\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n"
	return strings.ReplaceAll(s, "\n", "\r\n")
}

// berlin is how Exchange defines a zone.
func berlin(id string) string {
	return "BEGIN:VTIMEZONE\nTZID:" + id + "\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n" +
		"BEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n"
}

func TestInvitation(t *testing.T) { // C8
	ics := calendarOf("request", `SUMMARY;LANGUAGE=en:Lunch\, at last\; 🍕
LOCATION:Room
  7
ORGANIZER;CN="Lee, Ann":MAILTO:ann@example.com
DTSTART:20250610T100000Z
DURATION:PT1H30M
RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=4
DESCRIPTION:See https://example.org/agenda and <https://us02web.zoom.us/j/123?pwd=a>.
ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.org`)
	v, ok := ReadInvitation(ics)
	want := Invitation{
		Method: "REQUEST", Title: "Lunch, at last; 🍕", Place: "Room 7", Link: "https://us02web.zoom.us/j/123?pwd=a", Organiser: Address{Name: "Lee, Ann", Address: "ann@example.com"},
		Answer: "NEEDS-ACTION", Start: time.Date(2025, 6, 10, 10, 0, 0, 0, time.UTC), End: time.Date(2025, 6, 10, 11, 30, 0, 0, time.UTC), Repeats: "every week on Tuesday, 4 times",
		About: "See https://example.org/agenda and <https://us02web.zoom.us/j/123?pwd=a>.",
	}
	if !ok || v != want {
		t.Errorf("%+v", v)
	}
	for _, none := range []string{"", "hello", "BEGIN:VCALENDAR\nEND:VCALENDAR", "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:x\nEND:VTODO\nEND:VCALENDAR"} {
		if v, ok := ReadInvitation(none); ok {
			t.Errorf("%q: %+v", none, v)
		}
	}
}

func TestInvitationTimes(t *testing.T) { // C8: TZID names of Outlook
	const layout = "2006-01-02 15:04 Z07:00"
	for _, c := range []struct{ name, event, zones, start, end string }{
		{"universal", "DTSTART:20250610T100000Z\nDTEND:20250610T110000Z", "", "2025-06-10 10:00 Z", "2025-06-10 11:00 Z"},
		{"tz database", "DTSTART;TZID=America/New_York:20250610T100000", "", "2025-06-10 10:00 -04:00", ""},
		{"in quotes, with a path", `DTSTART;TZID="/example.org/Tzfile/Europe/Berlin":20250110T100000`, "", "2025-01-10 10:00 +01:00", ""},
		{"Windows", "DTSTART;TZID=Pacific Standard Time:20250610T100000", "", "2025-06-10 10:00 -07:00", ""},
		{"Windows, defined, in winter", "DTSTART;TZID=W. Europe Standard Time:20250226T080000\nDTEND;TZID=W. Europe Standard Time:20250226T083000", berlin("W. Europe Standard Time"), "2025-02-26 08:00 +01:00", "2025-02-26 08:30 +01:00"},
		{"a name of one's own, in summer", "DTSTART;TZID=Customized Time Zone:20250701T080000", berlin("Customized Time Zone"), "2025-07-01 08:00 +02:00", ""},
		{"in the night of the change", "DTSTART;TZID=x:20251026T040000", berlin("x"), "2025-10-26 04:00 +01:00", ""},
		{"before it", "DTSTART;TZID=x:20251026T010000", berlin("x"), "2025-10-26 01:00 +02:00", ""},
		{"another is defined", "DTSTART;TZID=Tokyo Standard Time:20250610T100000", berlin("x"), "2025-06-10 10:00 +09:00", ""},
		{"day", "DTSTART;VALUE=DATE:20250610\nDTEND;VALUE=DATE:20250613", "", "2025-06-10 00:00 Z", "2025-06-12 00:00 Z"},
		{"one day", "DTSTART;VALUE=DATE:20250610\nDTEND;VALUE=DATE:20250611", "", "2025-06-10 00:00 Z", ""},
		{"end before the start", "DTSTART:20250610T100000Z\nDTEND:20250610T090000Z", "", "2025-06-10 10:00 Z", ""},
		{"nonsense", "DTSTART:tomorrow", "", "", ""},
	} {
		v, ok := ReadInvitation(calendarOf("REQUEST", "SUMMARY:x\n"+c.event, c.zones))
		show := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return at.Format(layout)
		}
		if !ok || show(v.Start) != c.start || show(v.End) != c.end || v.Floating || v.Zone != "" {
			t.Errorf("%s: %s to %s, floating %t, zone %q", c.name, show(v.Start), show(v.End), v.Floating, v.Zone)
		}
	}
	for zone, want := range map[string]string{"": "", ";TZID=Home": "Home"} {
		v, _ := ReadInvitation(calendarOf("REQUEST", "DTSTART"+zone+":20250610T100000"))
		if !v.Floating || v.Zone != want {
			t.Errorf("%q: floating %t, zone %q", zone, v.Floating, v.Zone)
		}
	}
}

func TestInvitationLink(t *testing.T) { // C8
	for event, want := range map[string]string{
		"LOCATION:https://meet.jit.si/lunch":                             "https://meet.jit.si/lunch",
		"LOCATION:Room 7; https://meet.example.org/a":                    "https://meet.example.org/a",
		"X-GOOGLE-CONFERENCE:https://meet.google.com/abc":                "https://meet.google.com/abc",
		"URL:https://example.org/event":                                  "https://example.org/event",
		`DESCRIPTION:Join:\nhttps://teams.microsoft.com/l/meetup/1\nBye`: "https://teams.microsoft.com/l/meetup/1",
		"DESCRIPTION:https://example.org/pizza":                          "",
		"DESCRIPTION:https://zoom.us.evil.example/j/1":                   "",
		"URL:javascript:alert(1)":                                        "",
		"URL:https://zoom.us@evil.example/":                              "",
		"LOCATION:Room 7":                                                "",
	} {
		if v, _ := ReadInvitation(calendarOf("REQUEST", event)); v.Link != want {
			t.Errorf("%s: %q, want %q", event, v.Link, want)
		}
	}
}

func TestRepeats(t *testing.T) { // C8
	start := time.Date(2025, 6, 10, 10, 0, 0, 0, time.UTC)
	for rule, want := range map[string]string{
		"FREQ=DAILY":                                        "every day",
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR":             "every 2 weeks on Monday, Wednesday and Friday",
		"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;WKST=MO":          "every week on working days",
		"FREQ=MONTHLY;BYMONTHDAY=10;UNTIL=20251231T235959Z": "every month, until 31 December 2025",
		"FREQ=MONTHLY;BYDAY=2TU":                            "every month, as the calendar file says",
		"FREQ=YEARLY":                                       "every year",
		"FREQ=SECONDLY":                                     "as the calendar file says",
	} {
		if got := repeats(rule, start); got != want {
			t.Errorf("%s: %q, want %q", rule, got, want)
		}
	}
}

func TestWindowsZonesExist(t *testing.T) {
	n := 0
	for line := range strings.Lines(windowsZones) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), "=")
		if zoneNamed(name) == nil {
			t.Errorf("%s is no zone", strings.TrimSpace(line))
		}
		n++
	}
	if n < 100 {
		t.Errorf("only %d zones", n)
	}
}

func FuzzInvitation(f *testing.F) {
	f.Add(calendarOf("REQUEST", "SUMMARY:x\nDTSTART;TZID=x:20251026T040000\nRRULE:FREQ=WEEKLY;BYDAY=MO\nLOCATION:https://zoom.us/j/1", berlin("x")))
	f.Add("BEGIN:VEVENT\nDTSTART;X=\"a:20250101\nDURATION:P1W\n ORGANIZER;CN=\":\n")
	f.Fuzz(func(t *testing.T, s string) {
		v, ok := ReadInvitation(s)
		if !ok && v != (Invitation{}) {
			t.Errorf("nothing has %+v", v)
		}
		for _, text := range []string{v.Method, v.Title, v.Place, v.Link, v.Organiser.Name, v.Organiser.Address, v.Answer, v.Comment, v.Zone, v.Repeats} {
			if strings.ContainsAny(text, "\r\n") || !utf8.ValidString(text) {
				t.Errorf("%q is no line of text", text)
			}
		}
		if v.Link != "" && webLink(v.Link) == "" {
			t.Errorf("%q is no link", v.Link)
		}
		if !v.End.IsZero() && !v.End.After(v.Start) {
			t.Errorf("it ends at %s, before %s", v.End, v.Start)
		}
	})
}
