package command

import (
	"errors"
	"fmt"
	"strconv"
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

// Add invites people. Somebody of another domain in an open conversation is
// asked about first: the addresses of all would be shown.
func (c *Call) Add() (string, error) {
	th, people, rest, err := c.named()
	if err != nil {
		return "", err
	}
	if len(people) == 0 {
		return "", Usage("Name at least one address: %s", c.TypedAs("add ann@example.com"))
	}
	box := c.Env.Boxes[th.Mailbox]
	if box == nil {
		return "", Usage("The mailbox of this conversation is no longer in the configuration.")
	}
	if err := c.NotOurselves(box, people); err != nil {
		return "", err
	}
	choice, history := "", ""
	if n := len(rest); n > 1 && strings.EqualFold(rest[n-2], "history") {
		if len(people) > 1 {
			return "", Usage("What was said before is sent to one person at a time: %s", c.TypedAs("history "+people[0].Address+" "+rest[n-1]))
		}
		rest, history = rest[:n-2], rest[n-1]
	}
	if len(rest) > 0 {
		choice = strings.ToLower(rest[0])
	}
	if err := c.CheckDomains(&th, people, choice); err != nil {
		return "", err
	}
	for _, a := range people {
		if err := c.AddOne(th, a); err != nil {
			return "", err
		}
	}
	if err := tochat.Announce(c.Work, th.ID); err != nil || history == "" {
		return "", err
	}
	p, err := c.Participant(th.ID, mail.CanonicalAddress(people[0].Address))
	if err != nil {
		return "", err
	}
	return c.showHistory(th, p, history)
}

func (c *Call) CheckDomains(th *store.Thread, people []mail.Address, choice string) error {
	if choice != "" && choice != store.ModeOpen && choice != store.ModeHidden {
		return Usage("I do not understand %q: open or hidden?", choice)
	}
	if th.Mode != store.ModeOpen {
		return nil
	}
	now, err := c.Participants(th.ID)
	if err != nil {
		return err
	}
	all := people
	for _, p := range now {
		if p.Takes() {
			all = append(all, mail.Address{Address: p.Address})
		}
	}
	if len(all) < 2 || core.CountDomains(all) < 2 || choice == store.ModeOpen {
		return nil
	}
	if choice == store.ModeHidden {
		th.Mode = store.ModeHidden
		return c.SetThread(*th)
	}
	return Usage("These people are of different domains and would see each other's addresses. %s lets them, %s gives each a mail of their own.",
		c.TypedAs("add "+people[0].Address+" open"), c.TypedAs("add "+people[0].Address+" hidden"))
}

func (c *Call) AddOne(th store.Thread, a mail.Address) error {
	p, err := c.Participant(th.ID, mail.CanonicalAddress(a.Address))
	switch {
	case errors.Is(err, store.ErrNone):
		p = c.Env.NewParticipant(th, a, c.Now)
		return c.AddParticipant(&p)
	case err != nil:
		return err
	case p.State == store.Gone:
		return Usage("%s left on %s. Only they can come back, by answering /join to any mail of the conversation.", p.Name, p.Changed.Format("2 January"))
	case p.Takes():
		return Usage("%s takes part already.", p.Address)
	}
	p.State, p.Changed, p.Joined, p.Bounces, p.Address = store.Invited, c.Now, c.Now, 0, a.Address
	return c.SetParticipant(p)
}

func (c *Call) Remove() (string, error) {
	th, _, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	people, rest, err := c.people()
	if err != nil {
		return "", err
	}
	if len(rest) > 0 {
		return "", Usage("Nobody here is called %q. %s lists who takes part; a name of several words stands in quotation marks.", rest[0], c.TypedAs("who"))
	}
	if len(people) == 0 {
		return "", Usage("Name at least one person: %s", c.TypedAs("remove ann@example.com"))
	}
	for _, a := range people {
		p, err := c.Participant(th.ID, mail.CanonicalAddress(a.Address))
		if errors.Is(err, store.ErrNone) || (err == nil && !p.Takes() && p.State != store.Bounced) {
			return "", Usage("%s takes no part. %s lists who does.", a.Address, c.TypedAs("who"))
		}
		if err != nil {
			return "", err
		}
		if err := c.EndMail(p, store.Removed); err != nil {
			return "", err
		}
	}
	return "", tochat.Announce(c.Work, th.ID)
}

func (c *Call) Who() (string, error) {
	th, _, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	text, err := whoText(c.Work, th, c.Level >= core.Link)
	return text, err
}

// whoText lists who takes part; addresses only for those who may link.
func whoText(w *core.Work, th store.Thread, addresses bool) (string, error) {
	people, err := w.Participants(th.ID)
	if err != nil {
		return "", err
	}
	rooms, err := w.RoomsOf(th.ID)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "“%s” (%s), read in %s. By email:", th.Title, th.Mode, core.Quantity(len(rooms), "room", "rooms"))
	if len(people) == 0 {
		b.WriteString(" nobody.")
	}
	for _, p := range people {
		b.WriteString("\n" + p.Name)
		if addresses {
			b.WriteString(" <" + p.Address + ">")
		}
		switch p.State {
		case store.Invited:
			b.WriteString(" – gets an invitation with the next message")
		case store.Gone:
			b.WriteString(" – left on " + p.Changed.Format("2 January"))
		case store.Bounced:
			b.WriteString(" – gets no mail since " + p.Changed.Format("2 January") + ": it does not arrive there")
		case store.Removed:
			b.WriteString(" – taken out on " + p.Changed.Format("2 January"))
		}
		if p.Takes() && p.Muted.After(w.Now) {
			b.WriteString(" – muted until " + p.Muted.Format("2 January 15:04"))
		}
		if p.Takes() && p.Mode != store.Burst {
			b.WriteString(" – gets " + core.ModeText(p.Mode, w.Env.DigestTime))
		}
	}
	return b.String(), nil
}

func (c *Call) FlushNow() (string, error) {
	th, _, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	if th.HoldFirst.IsZero() {
		return "", Usage("Nothing is being held.")
	}
	return "", c.SetHold(th.ID, th.HoldFirst, tomail.EndedByHand(th.HoldFirst))
}

// heldMail is the held mail that the first word names, if it may be decided here.
func (c *Call) heldMail() (store.HeldMail, error) {
	if len(c.Args) == 0 {
		return store.HeldMail{}, Usage("Name the number of the held mail; %s lists them.", c.TypedAs("status"))
	}
	id, err := strconv.ParseInt(strings.TrimPrefix(c.Args[0], "#"), 10, 64)
	if err != nil {
		return store.HeldMail{}, Usage("%q is not the number of a held mail; %s lists them.", c.Args[0], c.TypedAs("status"))
	}
	h, err := c.HeldMail(id)
	if errors.Is(err, store.ErrNone) {
		return h, Usage("There is no held mail %d.", id)
	}
	if err != nil {
		return h, err
	}
	if h.State != "held" {
		return h, Usage("That mail was decided about already: %s.", h.State)
	}
	atHome := c.Network == c.Env.Home.Network && c.Place.Room == c.Env.Home.Room
	if c.Level >= core.Administer || atHome {
		return h, nil
	}
	r, err := c.LinkedRoom(c.Network, c.Place)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return h, err
	}
	if err != nil || r.Thread != h.Thread {
		return h, Usage("That mail does not belong to this room.")
	}
	return h, nil
}

func (c *Call) Approve() (string, error) {
	h, err := c.heldMail()
	if err != nil {
		return "", err
	}
	j := frommail.AdmitJob{Held: h.ID, Add: len(c.Args) > 1 && c.Args[1] == "add"}
	if h.Thread == 0 {
		// It begins a conversation: in a thread of this room.
		r, err := c.Room(c.Network, string(c.Place.Room), "")
		if errors.Is(err, store.ErrNone) && c.Place.Room != "" {
			r = store.Room{Network: c.Network, Place: string(c.Place.Room)}
			err = c.PutRoom(&r)
		}
		if err == nil {
			j.Room = r.ID
		} else if !errors.Is(err, store.ErrNone) {
			return "", err
		}
	}
	// One approval settles the way of a sender whom nothing proves, never that of
	// one whom something disproves.
	if canon := mail.CanonicalAddress(h.Sender); !strings.Contains(h.Reason, "forged") {
		if err := c.SetSender(canon, store.SenderApproved, c.Now); err != nil {
			return "", err
		}
	}
	if err := c.SetHeld(h.ID, "approved"); err != nil {
		return "", err
	}
	return "", outbox.Enqueue(c.Work, frommail.JobAdmit, "admit", c.Key("q", h.ID), j, nil, time.Time{})
}

func (c *Call) Deny() (string, error) {
	if len(c.Args) > 0 && strings.Contains(c.Args[0], "@") {
		return c.denyPeople()
	}
	h, err := c.heldMail()
	if err != nil {
		return "", err
	}
	return "", c.drop(h)
}

// drop forgets a held mail. Its file goes first: without it, nothing is left to
// be decided, and the command can be given again.
func (c *Call) drop(h store.HeldMail) error {
	if err := c.Env.Store.DropFile(h.File); err != nil {
		return err
	}
	return c.SetHeld(h.ID, "denied")
}

func (c *Call) Block() (string, error) {
	h, err := c.heldMail()
	if err != nil {
		return "", err
	}
	if err := c.SetSender(mail.CanonicalAddress(h.Sender), store.SenderBlocked, c.Now); err != nil {
		return "", err
	}
	return "", c.drop(h)
}
