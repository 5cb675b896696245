package bridge

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// readership is who has, gets, and must not get a mail that came in.
type readership struct {
	Skip    store.IDs           // who has it, or was left out of it
	LeftOut []store.Participant // on purpose: the mail names others, and not them
	Relay   bool                // somebody remains to whom it must be relayed
}

// reached finds out who reads a mail. In an open thread a mail that names other
// participants is for those alone (C31); one to us alone is for all.
func reached(th store.Thread, people []store.Participant, l letter, author int64) (r readership) {
	named := namedIn(l)
	namesOthers := false
	for _, p := range people {
		namesOthers = namesOthers || (p.ID != author && named[p.Canon])
	}
	for _, p := range people {
		switch {
		case p.ID == author || named[p.Canon]:
			r.Skip = append(r.Skip, p.ID)
		case namesOthers && th.Mode == store.ModeOpen && !isUTF8(p.Address): // whom others see in To
			r.Skip = append(r.Skip, p.ID)
			if p.Takes() {
				r.LeftOut = append(r.LeftOut, p)
			}
		case p.Takes():
			r.Relay = true
		}
	}
	return r
}

// namedIn returns the canonical addresses in To, Cc and Bcc of a mail.
func namedIn(l letter) map[string]bool {
	named := map[string]bool{}
	for _, list := range [][]mail.Address{l.msg.To, l.msg.Cc} {
		for _, a := range list {
			named[mail.CanonicalAddress(a.Address)] = true
		}
	}
	for _, a := range l.in.Header.Values("Bcc") {
		for part := range strings.SplitSeq(a, ",") {
			if b, err := mail.ParseAddress(part); err == nil {
				named[mail.CanonicalAddress(b.Address)] = true
			}
		}
	}
	return named
}

// askLeftOut asks the rooms whether those who were left out of the messages of a
// mail are to get them all the same.
func (w *work) askLeftOut(m store.Message, out []store.Participant, messages []int64) error {
	if len(out) == 0 {
		return nil
	}
	var names, addresses []string
	for _, p := range out {
		names = append(names, mail.CleanName(p.Name))
		addresses = append(addresses, p.Address)
	}
	to := several(names)
	var numbers []string
	for _, id := range messages {
		numbers = append(numbers, fmt.Sprint(id))
	}
	send := "resend " + strings.Join(append(numbers, addresses...), " ")
	text := fmt.Sprintf("%s wrote to others of this conversation and not to %s, so it was not sent there. %s%s mails it to %s too.", m.Name, to, typed, send, to)
	return w.noticeTo(m.Thread, text, choosing(
		chat.Choice{Label: "Send it to " + oneLine(to, 50), Command: send},
		chat.Choice{Label: "No", Command: "resend " + strings.Join(append(numbers, "no"), " ")},
	))
}

// notSentTo puts the names of those who were left out behind the text of a
// message, for a room alone: what is mailed or quoted later does not repeat it.
func (w *work) notSentTo(m store.Message) (store.Message, error) {
	out, err := w.LeftOut(m.ID)
	if err != nil || len(out) == 0 {
		return m, err
	}
	var names []string
	for _, id := range out {
		p, err := w.ParticipantByID(id)
		if err != nil {
			return m, err
		}
		names = append(names, mail.CleanName(p.Name))
	}
	m.Text, m.HTML = marked(m.Text, m.HTML, "not sent to: "+several(names))
	return m, nil
}

// resend mails a message to people who were left out of it.
func (c *call) resend() (string, error) {
	th, err := c.mailing()
	if err != nil {
		return "", err
	}
	var messages []store.Message
	for len(c.args) > 0 {
		id, err := strconv.ParseInt(c.args[0], 10, 64)
		if err != nil {
			break
		}
		m, err := c.Message(id)
		if err != nil && !errors.Is(err, store.ErrNone) {
			return "", err
		}
		if err != nil || m.Thread != th.ID {
			return "", usage("There is no message %d in this conversation.", id)
		}
		messages, c.args = append(messages, m), c.args[1:]
	}
	if len(messages) > 0 && len(c.args) == 1 && strings.EqualFold(c.args[0], "no") {
		return "It stays unsent.", nil
	}
	people, rest, err := c.addresses()
	if err != nil {
		return "", err
	}
	if len(messages) == 0 || len(people) == 0 || len(rest) > 0 {
		return "", usage("It goes: %s", c.say("resend NUMBER ADDRESS…"))
	}
	for _, a := range people {
		p, err := c.Participant(th.ID, mail.CanonicalAddress(a.Address))
		if errors.Is(err, store.ErrNone) || (err == nil && !p.Takes()) {
			return "", usage("%s takes no part. %s lists who does.", a.Address, c.say("who"))
		}
		if err != nil {
			return "", err
		}
		if err := c.resendTo(th, p, messages); err != nil {
			return "", err
		}
	}
	return "", nil
}

// resendTo mails messages to one person who was left out of them.
func (c *call) resendTo(th store.Thread, p store.Participant, messages []store.Message) error {
	var gets []store.Message
	for _, m := range messages {
		was, err := c.DropLeftOut(m.ID, p.ID)
		if err != nil {
			return err
		}
		if was && m.State != store.Deleted && m.State != store.Inside {
			gets = append(gets, m)
		}
	}
	if len(gets) == 0 {
		return usage("%s was not left out, or has got it by now.", p.Name)
	}
	plan, err := c.planFor(th.ID, gets)
	if err != nil {
		return err
	}
	plan.Reactions = nil
	g := plannedMail{Messages: gets, To: []store.Participant{p}, First: p.State == store.Invited}
	g.Shown = shown(plan, g)
	return c.makeMail(plan, g)
}

// noteLeftOut keeps who must not be quoted a message.
func (w *work) noteLeftOut(message int64, people []store.Participant) error {
	for _, p := range people {
		if err := w.AddLeftOut(message, p.ID); err != nil {
			return err
		}
	}
	return nil
}
