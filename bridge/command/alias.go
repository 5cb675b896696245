package command

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"hashsend/bridge/admit"
	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// Alias asks a participant, at their known address, whether a held email from another
// address is theirs. Neither the name in the email nor the room alone decides that.
func (c *Call) Alias() (string, error) {
	if on, is := firstSwitch(c.Args); is && !on {
		return c.aliasOff()
	}
	h, known, err := c.aliasArgs()
	if err != nil {
		return "", err
	}
	p, err := c.recipient(h.Thread, known)
	if err != nil {
		return "", err
	}
	canon := mail.CanonicalAddress(h.Sender)
	if other, err := c.Participant(h.Thread, canon); err == nil && other.Takes() {
		return "", Usage("%s is already in this conversation.", h.Sender)
	} else if err != nil && !errors.Is(err, store.ErrNone) {
		return "", err
	}
	if err := c.AskAlias(store.Alias{Canon: canon, Known: p.Canon, Held: h.ID}); err != nil {
		return "", err
	}
	th, err := c.Thread(h.Thread)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("This conversation received an email from %s. A member of the room thinks it is yours. If it is, reply with only this line:\n/alias %[1]s\nIf it isn't, do nothing.", h.Sender)
	if box := c.Env.Boxes[th.Mailbox]; box != nil && box.PlusWorks {
		token := th.Token
		if th.Mode == store.ModeHidden {
			token = p.Token
		}
		text += "\n\nOr use this link: mailto:" + core.PlusAddress(box.Address.Address, token) + "?body=" + url.PathEscape("/alias "+h.Sender)
	}
	return fmt.Sprintf("%s was asked at %s. The email is held until they confirm.", p.Name, p.Address), tomail.Note(c.Work, th, p, "", text, "")
}

// aliasArgs reads the arguments of alias: the number of a held email and the known address
// of a participant. An email whose sender can't be added is a UsageError.
func (c *Call) aliasArgs() (h store.HeldMail, known mail.Address, err error) {
	if h, err = c.heldMail(); err != nil {
		return h, known, err
	}
	c.Args = c.Args[1:]
	people, rest, err := c.Addresses()
	if err != nil {
		return h, known, err
	}
	switch {
	case len(people) != 1 || len(rest) > 0:
		return h, known, Usage("A number and one address are required; usage: %s", c.TypedAs("alias NUMBER ADDRESS"))
	case h.Thread == 0:
		return h, known, Usage("Email %d doesn't belong to a conversation.", h.ID)
	case admit.WhyHeld(h).MayBeForged():
		return h, known, Usage("Email %d may be forged, so its address can't be added to a participant.", h.ID)
	}
	return h, people[0], nil
}

// aliasOff removes another address of a participant: email from there is held for review
// again.
func (c *Call) aliasOff() (string, error) {
	c.Args = c.Args[1:]
	th, _, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	addresses, rest, err := c.Addresses()
	if err != nil {
		return "", err
	}
	if len(addresses) != 1 || len(rest) > 0 {
		return "", Usage("One address is required; usage: %s", c.TypedAs("alias off ADDRESS"))
	}
	p, err := dropAlias(c.Work, th, addresses[0].Address, "")
	if errors.Is(err, store.ErrNone) {
		return "", Usage("%s isn't another address of a participant here.", addresses[0].Address)
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Email from %s no longer counts as from %s.", addresses[0].Address, p.Name), nil
}

// dropAlias removes another address of a participant. If known is given, it must be that
// participant's address. store.ErrNone: there is no such alias.
func dropAlias(w *core.Work, th store.Thread, address, known string) (p store.Participant, err error) {
	is, err := w.Alias(mail.CanonicalAddress(address))
	if err != nil {
		return p, err
	}
	if known != "" && is.Known != known {
		return p, store.ErrNone
	}
	if p, err = w.Participant(th.ID, is.Known); err != nil {
		return p, err
	}
	_, err = w.DropAlias(is.Canon, is.Known)
	return p, err
}

// aliasByMail answers "/alias ADDRESS" and "/alias off ADDRESS".
func aliasByMail(w *core.Work, th store.Thread, p store.Participant, l frommail.Mail, words []string) error {
	if len(words) != 3 || !isOff(words[1]) {
		return confirmAlias(w, th, p, l, words)
	}
	_, err := dropAlias(w, th, words[2], p.Canon)
	if errors.Is(err, store.ErrNone) {
		return tomail.Note(w, th, p, "", "That isn't another address of yours in this conversation.", l.Msg.ID)
	}
	if err != nil {
		return err
	}
	if err := tochat.NoticeThread(w, th.ID, fmt.Sprintf("%s no longer uses %s. Email from there is held for review again.", p.Name, core.ShortAddress(words[2]))); err != nil {
		return err
	}
	return tomail.Note(w, th, p, "", "Email from "+words[2]+" no longer counts as yours.", l.Msg.ID)
}

// confirmAlias adds another address to a participant, who confirms it from the known
// address, and approves the email that was held for it.
func confirmAlias(w *core.Work, th store.Thread, p store.Participant, l frommail.Mail, words []string) error {
	refuse := func() error {
		return tomail.Note(w, th, p, "", "There is no open question about that address, so nothing was changed.", l.Msg.ID)
	}
	if len(words) < 2 || l.Verdict.Trust != mail.Proven {
		return refuse()
	}
	is, err := w.Alias(mail.CanonicalAddress(words[1]))
	if errors.Is(err, store.ErrNone) || (err == nil && (is.Known != p.Canon || is.Confirmed)) {
		return refuse()
	}
	if err != nil {
		return err
	}
	if err := w.ConfirmAlias(is.Canon); err != nil {
		return err
	}
	h, err := w.HeldMail(is.Held)
	if err != nil {
		return err
	}
	if h.State == "held" && !admit.WhyHeld(h).MayBeForged() {
		if err := w.SetHeld(h.ID, "approved"); err != nil {
			return err
		}
		if err := outbox.Enqueue(w, frommail.JobAdmit, "admit", w.Key("q", h.ID), frommail.AdmitJob{Held: h.ID}, nil, time.Time{}); err != nil {
			return err
		}
	}
	if err := tochat.NoticeThread(w, th.ID, fmt.Sprintf("%s confirmed that %s is theirs. Email from there now counts as from %s.", p.Name, core.ShortAddress(h.Sender), p.Name)); err != nil {
		return err
	}
	return tomail.Note(w, th, p, "", "Email you send from "+h.Sender+" now counts as yours. Emails of this conversation still go to this address. To undo this, reply with /alias off "+h.Sender, l.Msg.ID)
}
