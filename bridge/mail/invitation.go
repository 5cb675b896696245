package mail

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"hashsend/bridge/markup"
)

// Invitation is what a calendar says of its first event (RFC 5545, RFC 5546).
type Invitation struct {
	Method    string // REQUEST, CANCEL, REPLY …, upper case; empty: none
	Title     string // one line, as all texts here
	Place     string
	Link      string // where to join by a browser; http or https; empty: none
	Organiser Address
	Answer    string    // PARTSTAT of the first attendee, upper case: ACCEPTED, DECLINED, TENTATIVE …
	Comment   string    // what somebody added to an answer
	About     string    // its description, with its lines
	Start     time.Time // in the zone it was written in; zero: none that can be read
	End       time.Time // the end of the last day where AllDay; zero: none
	AllDay    bool      // days, without hours: the same everywhere
	Floating  bool      // the hours have no known zone
	Zone      string    // name of a zone that is not known, with Floating
	Repeats   string    // in words: "every week on Monday"; empty: it does not
}

// Verb says what the sender of a calendar does, by its method (RFC 5546): "invites to".
// Empty: nothing that is done to an event, as publishing, which sends a file along.
func (v Invitation) Verb() string {
	switch v.Method {
	case "REQUEST", "ADD":
		return "invites to"
	case "CANCEL":
		return "cancelled"
	case "COUNTER":
		return "proposes another time for"
	case "DECLINECOUNTER":
		return "keeps to the time of"
	case "REFRESH":
		return "asks for the newest version of"
	case "REPLY":
		switch v.Answer {
		case "ACCEPTED":
			return "accepted"
		case "DECLINED":
			return "declined"
		case "TENTATIVE":
			return "may come to"
		case "DELEGATED":
			return "sends somebody else to"
		}
		return "answers about"
	}
	return ""
}

// IsCalendar reports whether a part is a calendar, by its type or its name.
func IsCalendar(p Part) bool {
	switch p.Type {
	case "text/calendar", "application/ics":
		return true
	case "application/octet-stream", "application/calendar", "application/x-ics":
		return strings.HasSuffix(strings.ToLower(p.Name), ".ics")
	}
	return false
}

// maxCalendar is how many bytes of a calendar are read.
const maxCalendar = 256 << 10

// ReadInvitation reads a calendar. false: it has no event. What is wrong in it is
// left out.
func ReadInvitation(ics string) (v Invitation, ok bool) {
	c := readCalendar(ics[:min(len(ics), maxCalendar)])
	if c.event == nil {
		return v, false
	}
	v = Invitation{Method: upperWord(c.method), Title: c.text("SUMMARY"), Place: c.text("LOCATION"), Comment: c.text("COMMENT")}
	if p, has := c.event["ORGANIZER"]; has {
		v.Organiser = Address{Name: CleanName(oneLine(p.params["CN"])), Address: oneLine(withoutMailto(p.value))}
	}
	if p, has := c.event["ATTENDEE"]; has {
		v.Answer = upperWord(p.params["PARTSTAT"])
	}
	v.About = c.about()
	v.Link = c.link()
	if v.Link != "" && strings.TrimSpace(v.Place) == v.Link {
		v.Place = ""
	}
	c.times(&v)
	if p, has := c.event["RRULE"]; has {
		v.Repeats = repeats(p.value, v.Start)
	}
	return v, true
}

// upperWord is a name of RFC 5545 in upper case; empty: it is none.
func upperWord(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) > 40 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return ""
	}
	return s
}

func withoutMailto(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		return s[7:]
	}
	return s
}

// property is a content line of a calendar (RFC 5545, 3.1).
type property struct {
	value  string
	params map[string]string // names in upper case
}

type properties map[string]property // the first of each name, in upper case

// calendar is what is read of one: its first event, and how its zones are defined.
type calendar struct {
	method string
	event  properties
	zones  map[string][]properties // by TZID: STANDARD and DAYLIGHT
}

// readCalendar goes through the lines once. Whatever is nested in an event, an
// alarm say, is left out.
func readCalendar(s string) calendar {
	c := calendar{zones: map[string][]properties{}}
	var open []string
	var zone string
	var rules []properties
	s = strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "").Replace(s)
	for line := range strings.Lines(s) {
		name, p, ok := readProperty(strings.TrimRight(line, "\r\n"))
		if !ok {
			continue
		}
		inside := ""
		if len(open) > 0 {
			inside = open[len(open)-1]
		}
		switch {
		case name == "BEGIN":
			const deepest = 10
			if len(open) == deepest {
				return c
			}
			open = append(open, upperWord(p.value))
			switch open[len(open)-1] {
			case "VEVENT":
				if c.event == nil {
					c.event = properties{}
				}
			case "VTIMEZONE":
				zone, rules = "", nil
			case "STANDARD", "DAYLIGHT":
				rules = append(rules, properties{})
			}
		case name == "END" && len(open) > 0:
			open = open[:len(open)-1]
			if inside == "VTIMEZONE" && zone != "" {
				c.zones[zone] = rules
			}
			if inside == "VEVENT" && len(c.event) > 0 {
				return c
			}
		case inside == "VEVENT":
			keepFirst(c.event, name, p)
		case inside == "VTIMEZONE" && name == "TZID":
			zone = strings.TrimSpace(p.value)
		case (inside == "STANDARD" || inside == "DAYLIGHT") && len(rules) > 0:
			keepFirst(rules[len(rules)-1], name, p)
		case inside == "VCALENDAR" && name == "METHOD" && c.method == "":
			c.method = p.value
		}
	}
	return c
}

func keepFirst(to properties, name string, p property) {
	if _, has := to[name]; !has {
		to[name] = p
	}
}

// readProperty reads NAME;PARAM="value":value.
func readProperty(line string) (name string, p property, ok bool) {
	end := strings.IndexAny(line, ";:")
	if end <= 0 {
		return "", p, false
	}
	name, line = strings.ToUpper(strings.TrimSpace(line[:end])), line[end:]
	for strings.HasPrefix(line, ";") {
		quoted, i := false, 1
		for ; i < len(line) && (quoted || line[i] != ';' && line[i] != ':'); i++ {
			quoted = quoted != (line[i] == '"')
		}
		k, v, _ := strings.Cut(line[1:i], "=")
		if p.params == nil {
			p.params = map[string]string{}
		}
		p.params[strings.ToUpper(strings.TrimSpace(k))] = strings.Trim(v, `"`)
		line = line[i:]
	}
	if !strings.HasPrefix(line, ":") {
		return "", p, false
	}
	p.value = line[1:]
	return name, p, true
}

// text is the value of a property as one line.
func (c *calendar) text(name string) string {
	const longest = 500
	s := []rune(oneLine(unescape(c.event[name].value)))
	if len(s) > longest {
		return string(s[:longest]) + "…"
	}
	return string(s)
}

// about is the description, without the block that Google writes below it.
func (c *calendar) about() string {
	const longest = 2000
	text := cleanLines(unescape(c.event["DESCRIPTION"].value))
	if strings.Contains(text, "<br>") || strings.Contains(text, "</") { // Google's is HTML where somebody has formatted it
		text = markup.ToText(text)
	}
	text, _, _ = strings.Cut(text, "-::~")
	s := []rune(strings.TrimSpace(text))
	if len(s) > longest {
		return string(s[:longest]) + "…"
	}
	return string(s)
}

func unescape(s string) string {
	return strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(s)
}

// link finds where to join: what is there for it, then an address that stands as the
// place or as the event's page, then one of a known service in the description.
func (c *calendar) link() string {
	for _, name := range []string{"CONFERENCE", "X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL", "X-MICROSOFT-ONLINEMEETINGCONFLINK", "LOCATION", "URL"} {
		for word := range strings.FieldsFuncSeq(unescape(c.event[name].value), betweenLinks) {
			if u := webLink(word); u != "" {
				return u
			}
		}
	}
	for word := range strings.FieldsFuncSeq(unescape(c.event["DESCRIPTION"].value), betweenLinks) {
		u, err := url.Parse(webLink(word))
		if err == nil && isMeeting(u.Hostname()) {
			return u.String()
		}
	}
	return ""
}

func betweenLinks(r rune) bool { return r <= ' ' || strings.ContainsRune(`<>"`+"`,;|", r) }

// webLink returns a word if it is a web address.
func webLink(word string) string {
	const longest = 2000
	word = strings.TrimRight(strings.TrimLeft(word, "(["), ".)]")
	u, err := url.Parse(word)
	if err != nil || len(word) > longest || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}

func isMeeting(host string) bool {
	host = strings.ToLower(host)
	for _, of := range []string{"zoom.us", "zoom.com", "zoomgov.com", "teams.microsoft.com", "teams.live.com", "meet.google.com", "webex.com", "meet.jit.si", "whereby.com", "gotomeeting.com", "goto.com", "bluejeans.com", "chime.aws", "meet.element.io", "call.element.io"} {
		if host == of || strings.HasSuffix(host, "."+of) {
			return true
		}
	}
	return false
}

// times reads when the event is.
func (c *calendar) times(v *Invitation) {
	start, has := c.event["DTSTART"]
	if !has {
		return
	}
	v.Start, v.AllDay, v.Zone, v.Floating = c.time(start)
	if v.Start.IsZero() {
		return
	}
	if end, has := c.event["DTEND"]; has {
		t, _, _, floating := c.time(end)
		if floating == v.Floating {
			v.End = t
		}
		if v.AllDay && !v.End.IsZero() {
			v.End = v.End.AddDate(0, 0, -1) // it says the day behind
		}
	} else if d, has := c.event["DURATION"]; has && !v.AllDay {
		v.End = v.Start.Add(duration(d.value))
	}
	if !v.End.After(v.Start) {
		v.End = time.Time{}
	}
}

func (c *calendar) time(p property) (t time.Time, day bool, zone string, floating bool) {
	value := strings.TrimSpace(p.value)
	if t, err := time.Parse("20060102", value); err == nil {
		return t, true, "", false
	}
	if t, err := time.Parse("20060102T150405Z", value); err == nil {
		return t, false, "", false
	}
	t, err := time.Parse("20060102T150405", value)
	if err != nil {
		return time.Time{}, false, "", false
	}
	id := strings.TrimSpace(p.params["TZID"])
	if id == "" {
		return t, false, "", true
	}
	loc := zoneNamed(id)
	// Where only half of a zone's year is told, its name says more.
	if at, ok := definedZone(c.zones[id], t); ok && !(len(c.zones[id]) == 1 && loc != nil) {
		return at, false, "", false
	}
	if loc != nil {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, loc), false, "", false
	}
	return t, false, oneLine(id), true
}

// duration reads P1DT2H30M (RFC 5545, 3.3.6); 0: it cannot be read.
func duration(s string) (d time.Duration) {
	s, ok := strings.CutPrefix(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "+"), "P")
	if !ok || len(s) > 40 {
		return 0
	}
	units := map[byte]time.Duration{'W': 7 * 24 * time.Hour, 'D': 24 * time.Hour, 'H': time.Hour, 'M': time.Minute, 'S': time.Second}
	digits := ""
	for i := range len(s) {
		switch {
		case s[i] == 'T':
		case s[i] >= '0' && s[i] <= '9':
			digits += s[i : i+1]
		default:
			n, err := strconv.Atoi(digits)
			if err != nil || units[s[i]] == 0 || n > 100000 {
				return 0
			}
			d, digits = d+time.Duration(n)*units[s[i]], ""
		}
	}
	return d
}
