package command

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// Alias asks somebody who takes part, at the known address, whether a held mail
// is theirs. Never the name in a mail decides, nor the room alone.
func (c *Call) Alias() (string, error) {
	if len(c.Args) > 0 && strings.EqualFold(c.Args[0], "off") {
		return c.aliasOff()
	}
	h, err := c.heldMail()
	if err != nil {
		return "", err
	}
	c.Args = c.Args[1:]
	people, rest, err := c.Addresses()
	if err != nil {
		return "", err
	}
	if len(people) != 1 || len(rest) > 0 {
		return "", Usage("It goes: %s, and %s takes it back", c.TypedAs("alias NUMBER ADDRESS"), c.TypedAs("alias off ADDRESS"))
	}
	switch {
	case h.Thread == 0:
		return "", Usage("That mail belongs to no conversation.")
	case strings.Contains(h.Reason, "forged"):
		return "", Usage("That mail may be forged: it says nothing about who has which address.")
	}
	p, err := c.Participant(h.Thread, mail.CanonicalAddress(people[0].Address))
	if errors.Is(err, store.ErrNone) || (err == nil && !p.Takes()) {
		return "", Usage("%s takes no part. %s lists who does.", people[0].Address, c.TypedAs("who"))
	}
	if err != nil {
		return "", err
	}
	canon := mail.CanonicalAddress(h.Sender)
	if other, err := c.Participant(h.Thread, canon); err == nil && other.Takes() {
		return "", Usage("%s takes part already.", h.Sender)
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
	text := fmt.Sprintf("A mail from %s has come to this conversation, and somebody in the room takes it for yours. If that is your address, answer with this line alone:\n/alias %[1]s\nIf it is not, do nothing.", h.Sender)
	if box := c.Env.Boxes[th.Mailbox]; box != nil && box.PlusWorks {
		token := th.Token
		if th.Mode == store.ModeHidden {
			token = p.Token
		}
		text += "\n\nOr send the mail that this link prepares: mailto:" + core.PlusAddress(box.Address.Address, token) + "?body=" + url.PathEscape("/alias "+h.Sender)
	}
	return fmt.Sprintf("%s is asked at %s; the mail waits for the answer.", p.Name, p.Address), tomail.Note(c.Work, th, p, "", text, "")
}

// aliasOff takes back that an address is another one of somebody who takes part: what
// comes from there is held again.
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
		return "", Usage("It goes: %s", c.TypedAs("alias off ADDRESS"))
	}
	p, err := dropAlias(c.Work, th, addresses[0].Address, "")
	if errors.Is(err, store.ErrNone) {
		return "", Usage("%s is no other address of anybody who takes part here.", addresses[0].Address)
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("What comes from %s is no longer taken as from %s.", addresses[0].Address, p.Name), nil
}

// dropAlias takes an alias of somebody in a conversation back; where known is given,
// that person's alone. ErrNone: there is no such.
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
	if len(words) != 3 || !strings.EqualFold(words[1], "off") {
		return confirmAlias(w, th, p, l, words)
	}
	_, err := dropAlias(w, th, words[2], p.Canon)
	if errors.Is(err, store.ErrNone) {
		return tomail.Note(w, th, p, "", "That is no other address of yours here.", l.Msg.ID)
	}
	if err != nil {
		return err
	}
	if err := tochat.NoticeThread(w, th.ID, fmt.Sprintf("%s says that %s is no longer an address of theirs: what comes from there is asked about again.", p.Name, core.ShortAddress(words[2]))); err != nil {
		return err
	}
	return tomail.Note(w, th, p, "", "What comes from "+words[2]+" is no longer taken as yours.", l.Msg.ID)
}

// confirmAlias notes that an address is that of a person, who says so from the
// known address, and takes in the mail that waits for it.
func confirmAlias(w *core.Work, th store.Thread, p store.Participant, l frommail.Mail, words []string) error {
	refuse := func() error {
		return tomail.Note(w, th, p, "", "Nobody has asked whether that address is yours.", l.Msg.ID)
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
	if h.State == "held" {
		if err := w.SetHeld(h.ID, "approved"); err != nil {
			return err
		}
		if err := outbox.Enqueue(w, frommail.JobAdmit, "admit", w.Key("q", h.ID), frommail.AdmitJob{Held: h.ID}, nil, time.Time{}); err != nil {
			return err
		}
	}
	if err := tochat.NoticeThread(w, th.ID, fmt.Sprintf("%s says that %s is another address of theirs: what comes from there is taken as from %s.", p.Name, core.ShortAddress(h.Sender), p.Name)); err != nil {
		return err
	}
	return tomail.Note(w, th, p, "", "What you send from "+h.Sender+" is taken as yours from now on. Mail from here still goes to this address. To take that back, answer /alias off "+h.Sender, l.Msg.ID)
}
