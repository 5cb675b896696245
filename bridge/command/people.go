package command

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
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

// addArgs are the arguments of add.
const addArgs = "ADDRESS… [open|hidden] [history COUNT]"

// Add invites people. In an open conversation, people of another domain need an explicit
// open or hidden, because everybody sees all addresses there.
func (c *Call) Add() (string, error) {
	th, people, rest, err := c.named()
	if err != nil {
		return "", err
	}
	if len(people) == 0 {
		return "", c.Needs("add", addArgs)
	}
	box := c.Env.Boxes[th.Mailbox]
	if box == nil {
		return "", Usage("The mailbox of this conversation is no longer in the configuration. Ask the admin to restore it.")
	}
	if err := c.NotOurselves(box, people); err != nil {
		return "", err
	}
	choice, history, err := c.addArguments(people, rest)
	if err != nil {
		return "", err
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

// addArguments reads the arguments of add after the addresses.
func (c *Call) addArguments(people []mail.Address, rest []string) (choice, history string, err error) {
	if n := len(rest); n > 1 && strings.EqualFold(rest[n-2], "history") {
		if len(people) > 1 {
			return "", "", Usage("Earlier messages are sent to one person at a time: %s", c.TypedAs("history "+people[0].Address+" "+rest[n-1]))
		}
		rest, history = rest[:n-2], rest[n-1]
	}
	if len(rest) > 1 {
		return "", "", c.Unknown(rest[1], "add", addArgs)
	}
	if len(rest) > 0 {
		choice = strings.ToLower(rest[0])
	}
	return choice, history, nil
}

// CheckDomains returns a UsageError if people of several domains would come to see each
// other's addresses and choice is neither open nor hidden. hidden changes the mode of the
// conversation.
func (c *Call) CheckDomains(th *store.Thread, people []mail.Address, choice string) error {
	if choice != "" && choice != store.ModeOpen && choice != store.ModeHidden {
		return Usage("Unknown argument %q; it must be open or hidden.", choice)
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
	return Usage("These people use different domains and would see each other's addresses. Type %s to allow that, or %s to send separate emails.",
		c.TypedAs("add "+people[0].Address+" open"), c.TypedAs("add "+people[0].Address+" hidden"))
}

// AddOne invites one person, who receives the messages written from now on. Somebody who
// left is a UsageError: only they can come back.
func (c *Call) AddOne(th store.Thread, a mail.Address) error {
	p, err := c.Participant(th.ID, mail.CanonicalAddress(a.Address))
	switch {
	case errors.Is(err, store.ErrNone):
		p = c.Env.NewParticipant(th, a, c.Now)
		return c.AddParticipant(&p)
	case err != nil:
		return err
	case p.State == store.Gone:
		return Usage("%s left on %s. Only they can come back, by replying /join to an email of this conversation.", p.Name, core.Day(p.Changed, c.Now, c.Env.Zone))
	case p.Takes():
		return Usage("%s is already in this conversation.", p.Address)
	}
	p.State, p.Changed, p.Joined, p.Bounces, p.Address = store.Invited, c.Now, c.Now, 0, a.Address
	return c.SetParticipant(p)
}

// Remove ends the email to people, including those whose email bounces.
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
		return "", Usage("Nobody in this conversation matches %q. Put names of several words in quotation marks; %s lists the participants.", rest[0], c.TypedAs("who"))
	}
	if len(people) == 0 {
		return "", Usage("At least one person is required; usage: %s", c.TypedAs("remove PERSON…"))
	}
	for _, a := range people {
		p, err := c.Participant(th.ID, mail.CanonicalAddress(a.Address))
		if errors.Is(err, store.ErrNone) || (err == nil && !p.Takes() && p.State != store.Bounced) {
			return "", Usage("%s isn't in this conversation. %s lists the participants.", a.Address, c.TypedAs("who"))
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

// recipient returns the participant with this address if they currently get email. Anybody
// else is a UsageError.
func (c *Call) recipient(thread int64, a mail.Address) (store.Participant, error) {
	p, err := c.Participant(thread, mail.CanonicalAddress(a.Address))
	if errors.Is(err, store.ErrNone) || (err == nil && !p.Takes()) {
		return p, Usage("%s isn't in this conversation. %s lists the participants.", a.Address, c.TypedAs("who"))
	}
	return p, err
}

// Who lists the email participants.
func (c *Call) Who() (string, error) {
	th, _, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	text, err := whoText(c.Work, th, c.Level >= core.Link, c.Env.Zone)
	return text, err
}

// whoText lists the email participants of a conversation, with their addresses if asked.
// Dates are those of the time zone.
func whoText(w *core.Work, th store.Thread, addresses bool, zone *time.Location) (string, error) {
	people, err := w.Participants(th.ID)
	if err != nil {
		return "", err
	}
	rooms, err := w.RoomsOf(th.ID)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "“%s” (%s) is connected to %s. By email:", th.Title, th.Mode, core.Quantity(len(rooms), "room", "rooms"))
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
			b.WriteString(" – will be invited with the next message")
		case store.Gone:
			b.WriteString(" – left on " + core.Day(p.Changed, w.Now, zone))
		case store.Bounced:
			b.WriteString(" – email has bounced since " + core.Day(p.Changed, w.Now, zone))
		case store.Removed:
			b.WriteString(" – removed on " + core.Day(p.Changed, w.Now, zone))
		}
		if p.Takes() && p.Muted.After(w.Now) {
			b.WriteString(" – muted until " + core.When(p.Muted, w.Now, zone))
		}
		if p.Takes() && p.Mode != store.Burst {
			b.WriteString(" – gets " + core.ModeText(p.Mode, w.Env.DigestTime))
		}
	}
	return b.String(), nil
}

// FlushNow ends the hold of the conversation: its waiting messages are sent.
func (c *Call) FlushNow() (string, error) {
	th, _, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	if th.HoldFirst.IsZero() {
		return "", Usage("No messages are waiting to be sent.")
	}
	return "", c.SetHold(th.ID, th.HoldFirst, tomail.EndedByHand(th.HoldFirst))
}

// heldMail returns the email held for review that the first argument numbers. Emails of
// other rooms are for admins and the home room only.
func (c *Call) heldMail() (store.HeldMail, error) {
	if len(c.Args) == 0 {
		return store.HeldMail{}, Usage("The number of an email held for review is required; %s lists them.", c.TypedAs("status"))
	}
	id, err := strconv.ParseInt(strings.TrimPrefix(c.Args[0], "#"), 10, 64)
	if err != nil {
		return store.HeldMail{}, Usage("%q is not the number of an email held for review; %s lists them.", c.Args[0], c.TypedAs("status"))
	}
	h, err := c.HeldMail(id)
	if errors.Is(err, store.ErrNone) {
		return h, Usage("There is no email %d held for review.", id)
	}
	if err != nil {
		return h, err
	}
	if h.State != "held" {
		return h, Usage("Email %d is already %s.", id, decided(h.State))
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
		return h, Usage("Email %d belongs to another room.", id)
	}
	return h, nil
}

// decided words the state of an email that is no longer held for review.
func decided(state string) string {
	if state == "denied" {
		return "rejected"
	}
	return state
}

// Approve has a held email posted; with "add", its sender joins the conversation.
func (c *Call) Approve() (string, error) {
	h, err := c.heldMail()
	if err != nil {
		return "", err
	}
	j := frommail.AdmitJob{Held: h.ID}
	if len(c.Args) > 1 {
		if j.Add = strings.EqualFold(c.Args[1], "add"); !j.Add || len(c.Args) > 2 {
			return "", c.Unknown(c.Args[len(c.Args)-1], "approve", "NUMBER [add]")
		}
	}
	if h.Thread == 0 {
		// It starts a conversation, in a thread of this room.
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
	// One approval is enough for an unverified sender, never for a possibly forged one.
	// One approval is enough for an unverified sender, never for a possibly forged one.
	if admit.WhyHeld(h).SettlesSender() {
		if err := c.SetSender(mail.CanonicalAddress(h.Sender), store.SenderApproved, c.Now); err != nil {
			return "", err
		}
	}
	if err := c.SetHeld(h.ID, "approved"); err != nil {
		return "", err
	}
	return "", outbox.Enqueue(c.Work, frommail.JobAdmit, "admit", c.Key("q", h.ID), j, nil, time.Time{})
}

// Deny rejects a held email, or people that an email added.
func (c *Call) Deny() (string, error) {
	if len(c.Args) > 0 && strings.Contains(c.Args[0], "@") {
		return c.denyPeople()
	}
	h, err := c.heldMail()
	if err != nil {
		return "", err
	}
	if len(c.Args) > 1 {
		return "", c.Unknown(c.Args[1], "deny", "NUMBER|ADDRESS…")
	}
	return "", c.drop(h)
}

// drop deletes a held email. Its file goes first, so that the command can be repeated
// after an error.
func (c *Call) drop(h store.HeldMail) error {
	if err := c.Env.Store.DropFile(h.File); err != nil {
		return err
	}
	return c.SetHeld(h.ID, "denied")
}

// Block rejects a held email and all later email from its sender.
func (c *Call) Block() (string, error) {
	h, err := c.heldMail()
	if err != nil {
		return "", err
	}
	if len(c.Args) > 1 {
		return "", c.Unknown(c.Args[1], "block", "NUMBER")
	}
	if err := c.SetSender(mail.CanonicalAddress(h.Sender), store.SenderBlocked, c.Now); err != nil {
		return "", err
	}
	return "", c.drop(h)
}
