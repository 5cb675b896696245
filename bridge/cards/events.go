package cards

import (
	"strings"
	"time"

	"hashsend/bridge/mail"
)

// Invitation is the card of the event that a mail is about, with its times in a zone;
// nil: in the one that it was written in.
func Invitation(m *mail.Message, v mail.Invitation, zone *time.Location) string {
	return event(m, v, v.Verb(), zone)
}

// event is the card of an event. verb is what the sender does with it.
func event(m *mail.Message, v mail.Invitation, verb string, zone *time.Location) string {
	title := v.Title
	if title == "" {
		title = mail.CleanSubject(m.Subject)
	}
	lines := []string{"📅 " + m.AuthorName() + " " + verb + ": " + title}
	add := func(label, text string) {
		if text != "" {
			lines = append(lines, label+": "+text)
		}
	}
	add("When", eventTime(v, zone))
	if v.Method == "REPLY" {
		if v.Comment != "" {
			lines = append(lines, v.Comment)
		}
		return strings.Join(lines, "\n")
	}
	add("Repeats", v.Repeats)
	add("Where", v.Place)
	if o := v.Organiser; !m.IsFrom(o.Address) {
		if o.Name == "" {
			o.Name = o.Address
		}
		add("Organiser", o.Name)
	}
	if v.Method != "CANCEL" {
		add("Join", v.Link)
	}
	return strings.Join(lines, "\n")
}

// eventTime says when an event is: "Friday, 10 January 2025, 14:00–15:30 CET".
func eventTime(v mail.Invitation, zone *time.Location) string {
	const day, clock = "Monday, 2 January 2006", "15:04"
	start, end := v.Start, v.End
	if start.IsZero() {
		return ""
	}
	if v.AllDay {
		if end.IsZero() {
			return start.Format(day)
		}
		return start.Format(day) + " – " + end.Format(day)
	}
	behind := ""
	switch {
	case v.Zone != "":
		behind = " (" + v.Zone + ")"
	case !v.Floating && zone != nil:
		start, end = start.In(zone), inZone(end, zone)
		fallthrough
	case !v.Floating:
		behind = " " + start.Format("MST")
	}
	text := start.Format(day + ", " + clock)
	switch {
	case end.IsZero():
	case end.Format(day) == start.Format(day):
		text += "–" + end.Format(clock)
	default:
		text += " – " + end.Format(day+", "+clock)
	}
	return text + behind
}

func inZone(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(zone)
}

// Events words the events of the calendar files that a mail brings along, where the
// mail as a whole is no invitation; empty: there are none. Only who has called it
// invites to an event. Times are as in Invitation.
func Events(m *mail.Message, zone *time.Location) string {
	const most = 3
	var cards []string
	for _, p := range m.ShownParts() {
		if !mail.IsCalendar(p) || len(cards) == most {
			continue
		}
		v, ok := mail.ReadInvitation(p.Content)
		if !ok {
			continue
		}
		verb := v.Verb()
		switch v.Method {
		case "REQUEST", "ADD", "CANCEL":
			if !m.IsFrom(v.Organiser.Address) {
				verb = ""
			}
		}
		if verb == "" {
			verb, v.Method = "sent an event", "PUBLISH"
		}
		cards = append(cards, event(m, v, verb, zone))
	}
	return strings.Join(cards, "\n\n")
}

// ByGoogle reports whether the words of an invitation are those that Google writes:
// they say once more what stands in the calendar.
func ByGoogle(m *mail.Message) bool {
	const page = "calendar.google.com/calendar/event?action="
	return strings.Contains(m.Text, page) || strings.Contains(m.HTML, page)
}

// WithoutGoogle is what is left of the words of such a mail: what stands above the
// title, where Google tells of changes and notes, and what the one who invites has
// written into the calendar.
func WithoutGoogle(m *mail.Message, v mail.Invitation) string {
	var above []string
	found, title := false, words(v.Title)
	for line := range strings.Lines(m.PlainText()) {
		if found = words(line) == title; found {
			break
		}
		above = append(above, strings.TrimSpace(line))
	}
	said := strings.TrimSpace(strings.Join(above, "\n"))
	if !found || (v.Method == "REPLY" && !strings.Contains(said, "\n")) { // "Ann has accepted this invitation."
		said = ""
	}
	if v.Method == "REQUEST" || v.Method == "ADD" {
		said = strings.TrimSpace(said + "\n\n" + v.About)
	}
	return said
}
