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

// readZone reads how people name a time zone. Empty: that of the installation.
func readZone(words []string) (name string, ok bool) {
	if len(words) != 1 {
		return "", false
	}
	switch word := words[0]; strings.ToLower(word) {
	case "off", "default":
		return "", true
	case "local": // of this machine: it says nothing to others
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

// ZonePerson sets the zone in which mail to people tells times.
func (c *Call) ZonePerson() (string, error) {
	th, people, rest, err := c.named()
	if err != nil {
		return "", err
	}
	name, ok := readZone(rest)
	if len(people) == 0 || !ok {
		return "", Usage("Name the person and the time zone: %s. off ends that.", c.TypedAs("zone ann@example.com Europe/Berlin"))
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

// setZone stores the zone of a person. What waits for a daily digest leaves at the hour
// there.
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

// zoneByMail sets the zone of the person who asks for it by mail.
func zoneByMail(w *core.Work, th store.Thread, p store.Participant, l frommail.Mail, words []string) error {
	name, ok := readZone(words[min(1, len(words)):])
	if !ok {
		return tomail.Note(w, th, p, "", fmt.Sprintf("Times in your mails are those of %s. To change it, write /zone and the zone, as /zone Europe/Berlin.", zoneText(w.Env.ZoneNamed(p.Zone), w.Now)), l.Msg.ID)
	}
	if err := setZone(w, p, name); err != nil {
		return err
	}
	return tomail.Note(w, th, p, "", fmt.Sprintf("From now on times in mails to you alone are those of %s. It is %s there.", zoneText(w.Env.ZoneNamed(name), w.Now), w.Now.In(w.Env.ZoneNamed(name)).Format("15:04")), l.Msg.ID)
}

// zoneText names a zone; that of the machine has no name of its own.
func zoneText(z *time.Location, now time.Time) string {
	if z == time.Local {
		return now.In(z).Format("MST")
	}
	return z.String()
}

// DigestMode shows or changes when mail goes to people.
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
		return "", Usage("Name the person and when they get mail: %s. It may be %s.", c.TypedAs("digest ann@example.com daily"), core.Modes)
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
	return "", c.Tell("%s changed when mail goes out from here to a person.")
}

// modesText lists when each person gets mail.
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
	return strings.Join(append(lines, c.TypedAs("digest PERSON MODE")+" changes it: "+core.Modes+"."), "\n"), nil
}

// taking finds a person who takes part.
func (c *Call) taking(th store.Thread, a mail.Address) (store.Participant, error) {
	p, err := c.Participant(th.ID, mail.CanonicalAddress(a.Address))
	if errors.Is(err, store.ErrNone) || (err == nil && !p.Takes()) {
		return p, Usage("%s takes no part. %s lists who does.", a.Address, c.TypedAs("who"))
	}
	return p, err
}

// MutePerson lets mail to a person rest for a while.
func (c *Call) MutePerson() (string, error) {
	th, people, rest, err := c.named()
	if err != nil {
		return "", err
	}
	until, ok := muteUntil(append([]string{"mute"}, rest...), c.Now)
	if len(people) != 1 || !ok {
		return "", Usage("Name the person and for how long: %s (m, h or d), or off.", c.TypedAs("mute ann@example.com 2h"))
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
		return fmt.Sprintf("%s gets mail again.", p.Name), nil
	}
	return fmt.Sprintf("%s gets no mail until %s. What is said until then is not sent later.", p.Name, until.Format("2 January 15:04 MST")), nil
}

// digestByMail changes when mail goes to the person who asks for it by mail.
func digestByMail(w *core.Work, th store.Thread, p store.Participant, l frommail.Mail, words []string) error {
	mode := core.ModeOf(words[min(1, len(words)):])
	if mode == "" {
		return tomail.Note(w, th, p, "", fmt.Sprintf("You get %s. To change it, write /digest and one of %s.", forReader(core.ModeText(p.Mode, w.Env.DigestTime)), core.Modes), l.Msg.ID)
	}
	if err := tomail.SetMode(w, p, mode); err != nil {
		return err
	}
	text := "From now on you get " + forReader(core.ModeText(mode, w.Env.DigestTime)) + "."
	if mode == store.Paused {
		text += " What is said until you write /digest burst is not sent later."
	}
	return tomail.Note(w, th, p, "", text, l.Msg.ID)
}

// forReader turns words about a person to that person.
func forReader(s string) string { return strings.ReplaceAll(s, "them", "you") }
