package bridge

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

// add invites people. Somebody of another domain in an open conversation is
// asked about first: the addresses of all would be shown.
func (c *call) add() (string, error) {
	th, people, rest, err := c.named()
	if err != nil {
		return "", err
	}
	if len(people) == 0 {
		return "", Usage("Name at least one address: %s", c.typedAs("add ann@example.com"))
	}
	box := c.Env.Boxes[th.Mailbox]
	if box == nil {
		return "", Usage("The mailbox of this conversation is no longer in the configuration.")
	}
	if err := c.notOurselves(box, people); err != nil {
		return "", err
	}
	choice, history := "", ""
	if n := len(rest); n > 1 && strings.EqualFold(rest[n-2], "history") {
		if len(people) > 1 {
			return "", Usage("What was said before is sent to one person at a time: %s", c.typedAs("history "+people[0].Address+" "+rest[n-1]))
		}
		rest, history = rest[:n-2], rest[n-1]
	}
	if len(rest) > 0 {
		choice = strings.ToLower(rest[0])
	}
	if err := c.checkDomains(&th, people, choice); err != nil {
		return "", err
	}
	for _, a := range people {
		if err := c.addOne(th, a); err != nil {
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

func (c *call) checkDomains(th *store.Thread, people []mail.Address, choice string) error {
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
		c.typedAs("add "+people[0].Address+" open"), c.typedAs("add "+people[0].Address+" hidden"))
}

func (c *call) addOne(th store.Thread, a mail.Address) error {
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

func (c *call) remove() (string, error) {
	th, _, err := c.linkedThread()
	if err != nil {
		return "", err
	}
	people, rest, err := c.people()
	if err != nil {
		return "", err
	}
	if len(rest) > 0 {
		return "", Usage("Nobody here is called %q. %s lists who takes part; a name of several words stands in quotation marks.", rest[0], c.typedAs("who"))
	}
	if len(people) == 0 {
		return "", Usage("Name at least one person: %s", c.typedAs("remove ann@example.com"))
	}
	for _, a := range people {
		p, err := c.Participant(th.ID, mail.CanonicalAddress(a.Address))
		if errors.Is(err, store.ErrNone) || (err == nil && !p.Takes() && p.State != store.Bounced) {
			return "", Usage("%s takes no part. %s lists who does.", a.Address, c.typedAs("who"))
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

func (c *call) who() (string, error) {
	th, _, err := c.linkedThread()
	if err != nil {
		return "", err
	}
	text, err := whoText(c.Work, th, c.level >= core.Link)
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

func (c *call) unlink() (string, error) {
	th, r, err := c.linkedThread()
	if err != nil {
		return "", err
	}
	if err := c.DropLines(th.ID); err != nil {
		return "", err
	}
	r.Thread, r.Linked, r.Shared = 0, time.Time{}, ""
	if r.Encrypted != "" {
		r.Encrypted = store.EncryptedAsked
	}
	if err := c.PutRoom(&r); err != nil {
		return "", err
	}
	if err := tochat.Sign(c.Work, r, ""); err != nil {
		return "", err
	}
	if err := c.tell("%s ended the link between this room and email."); err != nil {
		return "", err
	}
	rooms, err := c.RoomsOf(th.ID)
	if err != nil {
		return "", err
	}
	if len(rooms) == 0 {
		return "Unlinked. What people still answer comes to the home room.", nil
	}
	return "", nil
}

func (c *call) name() (string, error) {
	title := strings.Join(c.args, " ")
	if title == "" {
		return "", Usage("Which title? %s", c.typedAs("name Lunch"))
	}
	if p, there, err := c.getPending(); err != nil {
		return "", err
	} else if there {
		p.Title = title
		if err := c.setPending(p); err != nil {
			return "", err
		}
		return c.preview(p)
	}
	th, _, err := c.linkedThread()
	if err != nil {
		return "", err
	}
	return "", retitle(c.Work, th, title)
}

func (c *call) mode() (string, error) {
	if len(c.args) != 1 || (c.args[0] != store.ModeOpen && c.args[0] != store.ModeHidden) {
		return "", Usage("It goes: %s or %s", c.typedAs("mode open"), c.typedAs("mode hidden"))
	}
	if p, there, err := c.getPending(); err != nil {
		return "", err
	} else if there {
		p.Mode = c.args[0]
		if err := c.setPending(p); err != nil {
			return "", err
		}
		return c.preview(p)
	}
	th, _, err := c.linkedThread()
	if err != nil {
		return "", err
	}
	th.Mode = c.args[0]
	return "", c.SetThread(th)
}

func (c *call) flushNow() (string, error) {
	th, _, err := c.linkedThread()
	if err != nil {
		return "", err
	}
	if th.HoldFirst.IsZero() {
		return "", Usage("Nothing is being held.")
	}
	c.FlushDue = true
	return "", c.SetHold(th.ID, th.HoldFirst, tomail.EndedByHand(th.HoldFirst))
}

func (c *call) pause() (string, error) {
	th, r, err := c.linkedThread()
	if err != nil {
		return "", err
	}
	th.Paused = len(c.args) == 0 || c.args[0] != "off"
	if err := c.SetThread(th); err != nil {
		return "", err
	}
	said := "%s let messages be mailed from here again."
	if th.Paused {
		said = "%s paused the mail from here: what is written stays in this room. Mail still comes in."
	}
	if err := c.tell(said); err != nil {
		return "", err
	}
	if th.Paused {
		return "Paused: what you write stays in this room until " + c.typedAs("pause off") + ". Mail still comes in.", tochat.Sign(c.Work, r, "Paused: nothing is mailed.")
	}
	return "", tochat.Announce(c.Work, th.ID)
}

// heldMail is the held mail that the first word names, if it may be decided here.
func (c *call) heldMail() (store.HeldMail, error) {
	if len(c.args) == 0 {
		return store.HeldMail{}, Usage("Name the number of the held mail; %s lists them.", c.typedAs("status"))
	}
	id, err := strconv.ParseInt(strings.TrimPrefix(c.args[0], "#"), 10, 64)
	if err != nil {
		return store.HeldMail{}, Usage("%q is not the number of a held mail; %s lists them.", c.args[0], c.typedAs("status"))
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
	atHome := c.network == c.Env.Home.Network && c.place.Room == c.Env.Home.Room
	if c.level >= core.Administer || atHome {
		return h, nil
	}
	r, err := c.LinkedRoom(c.network, c.place)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return h, err
	}
	if err != nil || r.Thread != h.Thread {
		return h, Usage("That mail does not belong to this room.")
	}
	return h, nil
}

func (c *call) approve() (string, error) {
	h, err := c.heldMail()
	if err != nil {
		return "", err
	}
	j := frommail.AdmitJob{Held: h.ID, Add: len(c.args) > 1 && c.args[1] == "add"}
	if h.Thread == 0 {
		// It begins a conversation: in a thread of this room.
		r, err := c.Room(c.network, string(c.place.Room), "")
		if errors.Is(err, store.ErrNone) && c.place.Room != "" {
			r = store.Room{Network: c.network, Place: string(c.place.Room)}
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

func (c *call) deny() (string, error) {
	if len(c.args) > 0 && strings.Contains(c.args[0], "@") {
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
func (c *call) drop(h store.HeldMail) error {
	if err := c.Env.Store.DropFile(h.File); err != nil {
		return err
	}
	return c.SetHeld(h.ID, "denied")
}

func (c *call) block() (string, error) {
	h, err := c.heldMail()
	if err != nil {
		return "", err
	}
	if err := c.SetSender(mail.CanonicalAddress(h.Sender), store.SenderBlocked, c.Now); err != nil {
		return "", err
	}
	return "", c.drop(h)
}

// noEncryption is what somebody is told who wants to link an encrypted room.
const noEncryption = "✗ This room is encrypted, and this hashsend was built without encryption. Install one that was built with it, or use a room without encryption for conversations by email."
