package command

import (
	"errors"
	"fmt"
	"strconv"

	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tomail"
)

// Resend sends messages to people who were left out of them, or to whom they failed. The
// author of the messages may do the latter, too.
func (c *Call) Resend() (string, error) {
	th, err := c.mailing()
	if err != nil {
		return "", err
	}
	messages, err := c.numberedIn(th)
	if err != nil {
		return "", err
	}
	if own, err := c.allMine(messages); err != nil {
		return "", err
	} else if c.Level < core.Link && !own {
		return "", c.MayNotUse("resend", core.Link)
	}
	if len(messages) > 0 && len(c.Args) == 1 && isOff(c.Args[0]) {
		return "The message was not sent.", nil
	}
	people, rest, err := c.people()
	if err != nil {
		return "", err
	}
	if len(messages) == 0 || len(people) == 0 || len(rest) > 0 {
		return "", c.badResend(messages, rest)
	}
	again, err := c.resendAll(th, people, messages)
	if err != nil {
		return "", err
	}
	if len(again) > 0 {
		return fmt.Sprintf("The message is being sent to %s again.", core.ListNames(again)), nil
	}
	return "", nil
}

// resendAll sends messages to people who missed them. It returns the names of those for whom
// a message had failed.
func (c *Call) resendAll(th store.Thread, people []mail.Address, messages []store.Message) (again []string, err error) {
	for _, a := range people {
		p, err := c.recipient(th.ID, a)
		if err != nil {
			return nil, err
		}
		failed, err := c.resendTo(th, p, messages)
		if err != nil {
			return nil, err
		}
		if failed {
			again = append(again, p.Name)
		}
	}
	return again, nil
}

// numberedIn removes the leading message numbers from the arguments and returns those
// messages. The number of a message of another conversation is a UsageError.
func (c *Call) numberedIn(th store.Thread) (messages []store.Message, err error) {
	for len(c.Args) > 0 {
		id, err := strconv.ParseInt(c.Args[0], 10, 64)
		if err != nil {
			break
		}
		m, err := c.Message(id)
		if err != nil && !errors.Is(err, store.ErrNone) {
			return nil, err
		}
		if err != nil || m.Thread != th.ID {
			return nil, Usage("There is no message %d in this conversation.", id)
		}
		messages, c.Args = append(messages, m), c.Args[1:]
	}
	return messages, nil
}

// badResend reports the first argument that is neither a message nor a person, or what is
// missing.
func (c *Call) badResend(messages []store.Message, rest []string) error {
	switch {
	case len(messages) == 0:
		return Usage("The number of a message is required; usage: %s", c.TypedAs("resend NUMBER PERSON…"))
	case len(rest) > 0:
		return Usage("Nobody in this conversation matches %q. Put names of several words in quotation marks; %s lists the participants.", rest[0], c.TypedAs("who"))
	}
	return Usage("At least one person is required; usage: %s", c.TypedAs("resend NUMBER PERSON…"))
}

// allMine reports whether the author of the command wrote all of these messages.
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

// resendTo sends messages to a person who was left out of them, or to whom they failed;
// again: at least one had failed.
func (c *Call) resendTo(th store.Thread, p store.Participant, messages []store.Message) (again bool, _ error) {
	gets, lost, err := c.missed(p, messages)
	if err != nil {
		return false, err
	}
	if len(gets) == 0 {
		return false, Usage("%s already received this message, or it is still being sent.", p.Name)
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
		g.Late = g.Late || tomail.Speaker(m) != tomail.Speaker(gets[0]) // one email with messages of several authors names each author and time
	}
	g.Shown = tomail.Shown(plan, g)
	return again, tomail.MakeMail(c.Work, plan, g)
}

// missed returns the messages that a person was left out of or that failed for them, and
// the failed emails. If the author of the command may link rooms, the person no longer
// counts as left out.
func (c *Call) missed(p store.Participant, messages []store.Message) (gets []store.Message, lost []store.Recipient, err error) {
	for _, m := range messages {
		out := false
		if c.Level >= core.Link {
			if out, err = c.DropLeftOut(m.ID, p.ID); err != nil {
				return nil, nil, err
			}
		}
		failed, err := failuresOf(c.Work, m.ID, p.ID)
		if err != nil {
			return nil, nil, err
		}
		if (out || len(failed) > 0) && m.State != store.Deleted && m.State != store.Inside {
			gets, lost = append(gets, m), append(lost, failed...)
		}
	}
	return gets, lost, nil
}

// failuresOf returns the emails with a message that failed for a person.
func failuresOf(w *core.Work, message, person int64) (failed []store.Recipient, err error) {
	rs, err := w.MessageRecipients(message)
	for _, r := range rs {
		if r.Participant == person && r.State == store.Failed {
			failed = append(failed, r)
		}
	}
	return failed, err
}
