package bridge

import (
	"errors"
	"fmt"
	"strings"

	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tomail"
)

// digestMode shows or changes when mail goes to people.
func (c *call) digestMode() (string, error) {
	th, _, err := c.linkedThread()
	if err != nil {
		return "", err
	}
	if len(c.args) == 0 {
		return c.modesText(th)
	}
	people, rest, err := c.people()
	if err != nil {
		return "", err
	}
	mode := core.ModeOf(rest)
	if len(people) == 0 || mode == "" {
		return "", Usage("Name the person and when they get mail: %s. It may be %s.", c.typedAs("digest ann@example.com daily"), core.Modes)
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
	return "", c.tell("%s changed when mail goes out from here to a person.")
}

// modesText lists when each person gets mail.
func (c *call) modesText(th store.Thread) (string, error) {
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
	return strings.Join(append(lines, c.typedAs("digest PERSON MODE")+" changes it: "+core.Modes+"."), "\n"), nil
}

// taking finds a person who takes part.
func (c *call) taking(th store.Thread, a mail.Address) (store.Participant, error) {
	p, err := c.Participant(th.ID, mail.CanonicalAddress(a.Address))
	if errors.Is(err, store.ErrNone) || (err == nil && !p.Takes()) {
		return p, Usage("%s takes no part. %s lists who does.", a.Address, c.typedAs("who"))
	}
	return p, err
}

// mutePerson lets mail to a person rest for a while.
func (c *call) mutePerson() (string, error) {
	th, people, rest, err := c.named()
	if err != nil {
		return "", err
	}
	until, ok := muteUntil(append([]string{"mute"}, rest...), c.Now)
	if len(people) != 1 || !ok {
		return "", Usage("Name the person and for how long: %s (m, h or d), or off.", c.typedAs("mute ann@example.com 2h"))
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
