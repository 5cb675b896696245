package command

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tomail"
)

// Resend mails messages to people who were left out of them, or whom they have not
// reached. The latter may be done by their author, too.
func (c *Call) Resend() (string, error) {
	th, err := c.mailing()
	if err != nil {
		return "", err
	}
	var messages []store.Message
	for len(c.Args) > 0 {
		id, err := strconv.ParseInt(c.Args[0], 10, 64)
		if err != nil {
			break
		}
		m, err := c.Message(id)
		if err != nil && !errors.Is(err, store.ErrNone) {
			return "", err
		}
		if err != nil || m.Thread != th.ID {
			return "", Usage("There is no message %d in this conversation.", id)
		}
		messages, c.Args = append(messages, m), c.Args[1:]
	}
	if own, err := c.allMine(messages); err != nil {
		return "", err
	} else if c.Level < core.Link && !own {
		return "", MayNotUse("resend")
	}
	if len(messages) > 0 && len(c.Args) == 1 && strings.EqualFold(c.Args[0], "no") {
		return "It stays unsent.", nil
	}
	people, rest, err := c.people()
	if err != nil {
		return "", err
	}
	if len(messages) == 0 || len(people) == 0 || len(rest) > 0 {
		return "", Usage("It goes: %s", c.TypedAs("resend NUMBER PERSON…"))
	}
	var again []string
	for _, a := range people {
		p, err := c.Participant(th.ID, mail.CanonicalAddress(a.Address))
		if errors.Is(err, store.ErrNone) || (err == nil && !p.Takes()) {
			return "", Usage("%s takes no part. %s lists who does.", a.Address, c.TypedAs("who"))
		}
		if err != nil {
			return "", err
		}
		failed, err := c.resendTo(th, p, messages)
		if err != nil {
			return "", err
		}
		if failed {
			again = append(again, p.Name)
		}
	}
	if len(again) > 0 {
		return fmt.Sprintf("It is mailed to %s again.", core.ListNames(again)), nil
	}
	return "", nil
}

// allMine reports whether the one who typed wrote all of these messages.
func (c *Call) allMine(ms []store.Message) (bool, error) {
	for _, m := range ms {
		if m.Origin != store.FromChat || m.Author == 0 {
			return false, nil
		}
		if network, person, err := c.AuthorByID(m.Author); err != nil || network != c.Network || person != string(c.By.ID) {
			return false, err
		}
	}
	return len(ms) > 0, nil
}

// resendTo mails messages to one person who was left out of them, or whom they have
// not reached; again: one of them has failed.
func (c *Call) resendTo(th store.Thread, p store.Participant, messages []store.Message) (again bool, _ error) {
	var gets []store.Message
	var lost []store.Recipient
	for _, m := range messages {
		out := false
		if c.Level >= core.Link {
			var err error
			if out, err = c.DropLeftOut(m.ID, p.ID); err != nil {
				return false, err
			}
		}
		failed, err := failuresOf(c.Work, m.ID, p.ID)
		if err != nil {
			return false, err
		}
		if (out || len(failed) > 0) && m.State != store.Deleted && m.State != store.Inside {
			gets, lost = append(gets, m), append(lost, failed...)
		}
	}
	if len(gets) == 0 {
		return false, Usage("%s was not left out, or has got it by now, or it is on its way.", p.Name)
	}
	for _, r := range lost {
		r.State = store.Resent
		if err := c.SetRecipient(r); err != nil {
			return false, err
		}
	}
	plan, err := tomail.PlanFor(c.Work, th.ID, gets)
	if err != nil {
		return false, err
	}
	reached, err := c.Reached(p.ID)
	if err != nil {
		return false, err
	}
	plan.Reactions = nil
	again = len(lost) > 0
	g := tomail.Planned{Messages: gets, To: []store.Participant{p}, First: p.State == store.Invited || (again && !reached), Again: again}
	for _, m := range gets {
		g.Late = g.Late || tomail.Speaker(m) != tomail.Speaker(gets[0]) // one mail of several: it says who and when
	}
	g.Shown = tomail.Shown(plan, g)
	return again, tomail.MakeMail(c.Work, plan, g)
}

// failuresOf are the mails with a message that have not reached a person. None: the
// newest is on its way, or was never mailed there.
func failuresOf(w *core.Work, message, person int64) (failed []store.Recipient, err error) {
	rs, err := w.MessageRecipients(message)
	for _, r := range rs {
		if r.Participant == person && r.State == store.Failed {
			failed = append(failed, r)
		}
	}
	return failed, err
}
