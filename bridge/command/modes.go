package command

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tomail"
)

// readZone reads a time zone; the empty name is that of the installation.
func readZone(words []string) (name string, ok bool) {
	if len(words) != 1 {
		return "", false
	}
	switch word := words[0]; strings.ToLower(word) {
	case "off", "no", "false", "default":
		return "", true
	case "local": // that of this machine, which others do not know
		return "", false
	case "utc", "gmt":
		return "UTC", true
	default:
		z, err := time.LoadLocation(word)
		if err != nil || !strings.Contains(word, "/") {
			return "", false
		}
		return z.String(), true
	}
}

// ZonePerson sets the time zone of people for digests and dates in their email.
func (c *Call) ZonePerson() (string, error) {
	th, people, rest, err := c.named()
	if err != nil {
		return "", err
	}
	name, ok := readZone(rest)
	if len(people) == 0 || !ok {
		return "", c.badArgument(people, rest, "a person and a time zone, such as Europe/Berlin", "zone", "PERSON ZONE|off")
	}
	for _, a := range people {
		p, err := c.taking(th, a)
		if err != nil {
			return "", err
		}
		if err := setZone(c.Work, p, name); err != nil {
			return "", err
		}
	}
	return "", nil
}

// setZone stores the time zone of a person. Messages that wait for a daily digest are sent
// at the hour of that zone.
func setZone(w *core.Work, p store.Participant, name string) error {
	p.Zone = name
	if err := w.SetParticipant(p); err != nil {
		return err
	}
	if p.Mode != store.Daily {
		return nil
	}
	w.Lanes[outbox.DigestLane(p.ID)] = true
	_, err := w.Wake(w.Key("w", p.ID), tomail.DigestDue(w, p))
	return err
}

// zoneByMail sets the time zone of a person at their request by email.
func zoneByMail(w *core.Work, th store.Thread, p store.Participant, l frommail.Mail, words []string) error {
	name, ok := readZone(words[min(1, len(words)):])
	if !ok {
		return tomail.Note(w, th, p, "", fmt.Sprintf("Your time zone is %s. To change it, reply with /zone and a zone, such as /zone Europe/Berlin.", zoneText(w.Env.ZoneNamed(p.Zone), w.Now)), l.Msg.ID)
	}
	if err := setZone(w, p, name); err != nil {
		return err
	}
	return tomail.Note(w, th, p, "", fmt.Sprintf("Your time zone is now %s, where it is %s. It is used in digests and other emails to you alone.", zoneText(w.Env.ZoneNamed(name), w.Now), w.Now.In(w.Env.ZoneNamed(name)).Format("15:04")), l.Msg.ID)
}

// zoneText names a time zone; that of the machine by its abbreviation.
func zoneText(z *time.Location, now time.Time) string {
	if z == time.Local {
		return now.In(z).Format("MST")
	}
	return z.String()
}

// DigestMode shows or changes when people get email.
func (c *Call) DigestMode() (string, error) {
	th, _, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	if len(c.Args) == 0 {
		return c.modesText(th)
	}
	people, rest, err := c.people()
	if err != nil {
		return "", err
	}
	mode := core.ModeOf(rest)
	if len(people) == 0 || mode == "" {
		return "", c.badArgument(people, rest, "a person and a mode ("+core.Modes+")", "digest", "PERSON… "+strings.NewReplacer(", ", "|", " or ", "|").Replace(core.Modes))
	}
	for _, a := range people {
		p, err := c.taking(th, a)
		if err != nil {
			return "", err
		}
		if err := tomail.SetMode(c.Work, p, mode); err != nil {
			return "", err
		}
	}
	return "", c.Tell("%s changed when a participant gets email from this room.")
}

// modesText lists when each person gets email.
func (c *Call) modesText(th store.Thread) (string, error) {
	people, err := c.Participants(th.ID)
	if err != nil {
		return "", err
	}
	var lines []string
	for _, p := range people {
		if p.Takes() {
			lines = append(lines, fmt.Sprintf("%s <%s> gets %s", p.Name, p.Address, core.ModeText(p.Mode, c.Env.DigestTime)))
		}
	}
	return strings.Join(append(lines, "To change it: "+c.TypedAs("digest PERSON MODE")+". MODE is "+core.Modes+"."), "\n"), nil
}

// badArgument reports the first argument that is neither a person nor understood, or what
// is missing.
func (c *Call) badArgument(people []mail.Address, rest []string, required, name, args string) error {
	if len(rest) > 0 {
		if len(people) == 0 && !core.IsArgument(rest[0]) {
			return Usage("Nobody in this conversation matches %q. Put names of several words in quotation marks; %s lists the participants.", rest[0], c.TypedAs("who"))
		}
		if len(people) > 0 {
			return c.Unknown(strings.Join(rest, " "), name, args)
		}
	}
	return Usage("Required: %s; usage: %s", required, c.TypedAs(name+" "+args))
}

// taking finds a current participant.
func (c *Call) taking(th store.Thread, a mail.Address) (store.Participant, error) {
	p, err := c.Participant(th.ID, mail.CanonicalAddress(a.Address))
	if errors.Is(err, store.ErrNone) || (err == nil && !p.Takes()) {
		return p, Usage("%s isn't in this conversation. %s lists the participants.", a.Address, c.TypedAs("who"))
	}
	return p, err
}

// MutePerson stops email to a person for a while.
func (c *Call) MutePerson() (string, error) {
	th, people, rest, err := c.named()
	if err != nil {
		return "", err
	}
	until, ok := muteUntil(append([]string{"mute"}, rest...), c.Now)
	if len(people) != 1 || len(rest) > 1 || !ok {
		return "", c.badArgument(people, rest, "one person, and a duration such as 30m, 2h or 3d", "mute", "PERSON [2h|off]")
	}
	p, err := c.taking(th, people[0])
	if err != nil {
		return "", err
	}
	p.Muted = until
	if err := c.SetParticipant(p); err != nil {
		return "", err
	}
	if until.IsZero() {
		return fmt.Sprintf("%s gets email again.", p.Name), nil
	}
	return fmt.Sprintf("%s gets no email until %s. Messages until then are not sent later.", p.Name, core.When(until, c.Now, c.Env.Zone)), nil
}

// digestByMail changes when a person gets email, at their request by email.
func digestByMail(w *core.Work, th store.Thread, p store.Participant, l frommail.Mail, words []string) error {
	mode := core.ModeOf(words[min(1, len(words)):])
	if mode == "" {
		return tomail.Note(w, th, p, "", fmt.Sprintf("You get %s. To change it, reply with /digest and one of %s.", forReader(core.ModeText(p.Mode, w.Env.DigestTime)), core.Modes), l.Msg.ID)
	}
	if err := tomail.SetMode(w, p, mode); err != nil {
		return err
	}
	text := "You now get " + forReader(core.ModeText(mode, w.Env.DigestTime)) + "."
	if mode == store.Paused {
		text += " Messages until you reply with /digest burst are not sent later."
	}
	return tomail.Note(w, th, p, "", text, l.Msg.ID)
}

// forReader turns the words of core.ModeText about a person into words to that person.
func forReader(s string) string { return strings.ReplaceAll(s, "them", "you") }
