package bridge

import (
	"fmt"
	"strings"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
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

// zonePerson sets the zone in which mail to people tells times.
func (c *call) zonePerson() (string, error) {
	th, people, rest, err := c.named()
	if err != nil {
		return "", err
	}
	name, ok := readZone(rest)
	if len(people) == 0 || !ok {
		return "", Usage("Name the person and the time zone: %s. off ends that.", c.typedAs("zone ann@example.com Europe/Berlin"))
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
