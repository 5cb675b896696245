package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hashsend/bridge/core"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
)

// Status makes the command that shows the queue, held emails and errors; more adds lines
// about the room.
func Status(more func(w *core.Work, b *strings.Builder, r store.Room) error) func(*Call) (string, error) {
	return func(c *Call) (string, error) { return c.status(more) }
}

func (c *Call) status(more func(*core.Work, *strings.Builder, store.Room) error) (string, error) {
	var b strings.Builder
	th, r, err := c.LinkedThread()
	var notLinked UsageError
	switch {
	case errors.As(err, &notLinked) && c.CLI && c.Place.Room == "":
		b.WriteString(c.wholeStatus())
	case errors.As(err, &notLinked):
		b.WriteString(notLinked.Error())
	case err != nil:
		return "", err
	default:
		if err := c.threadStatus(&b, th); err != nil {
			return "", err
		}
		if err := more(c.Work, &b, r); err != nil {
			return "", err
		}
	}
	if e := c.Env.Network(c.Network).Encrypter; e != nil {
		b.WriteString("\nEncryption: " + e.Encryption())
	}
	for _, h := range c.Env.HealthList() {
		if !h.OK {
			fmt.Fprintf(&b, "\n⚠️ %s: %s", h.Name, core.OneLine(h.Error, 200))
		}
	}
	if err := c.heldStatus(&b, th); err != nil {
		return "", err
	}
	return b.String(), nil
}

// heldStatus adds the emails held for review that the author of the command may see.
func (c *Call) heldStatus(b *strings.Builder, th store.Thread) error {
	if c.Level < core.Link {
		return nil
	}
	held, err := c.HeldMails(20)
	if err != nil {
		return err
	}
	for _, h := range held {
		if h.Thread == th.ID || c.Level >= core.Administer {
			fmt.Fprintf(b, "\nHeld for review: email %d from %s, “%s”: %s", h.ID, h.Sender, h.Subject, h.Reason)
		}
	}
	return nil
}

// wholeStatus begins the status of all rooms together.
func (c *Call) wholeStatus() string {
	text := "All connections work."
	all := c.Env.HealthList()
	if len(all) == 0 {
		text = "No connections have been used yet."
	} else if slices.ContainsFunc(all, func(h core.Health) bool { return !h.OK }) {
		text = "Some connections have errors:"
	}
	return text + " For one room: hashsend admin --room NETWORK/ROOM status"
}

func (c *Call) threadStatus(b *strings.Builder, th store.Thread) error {
	fmt.Fprintf(b, "Conversation %d “%s”, %s", th.ID, th.Title, th.Mode)
	if th.Paused {
		b.WriteString(", paused")
	}
	n, err := c.queued(b, th)
	if err != nil {
		return err
	}
	held, err := c.HeldMessages(th.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n%s waiting, %s queued.", core.Quantity(len(held), "message", "messages"), core.Quantity(n, "email", "emails"))
	if box := c.Env.Boxes[th.Mailbox]; box != nil {
		if text := box.Pace.Budget(box.Name, c.Now); text != "" {
			b.WriteString("\n" + strings.TrimSpace(text))
		}
	}
	if l := c.Env.Network(c.Network).Limitations; l != nil {
		for _, lack := range l.Limitations() {
			b.WriteString("\nNote: " + lack + ".")
		}
	}
	return c.lastStatus(b, th)
}

// queued counts the queued emails of a conversation, and adds the errors of their attempts.
func (c *Call) queued(b *strings.Builder, th store.Thread) (n int, err error) {
	waiting, err := c.Waiting(1000)
	if err != nil {
		return 0, err
	}
	for _, d := range waiting {
		if base, _, _ := strings.Cut(d.Lane, "/later/"); base == outbox.MailLane(th.ID) {
			n++
			if d.Error != "" {
				fmt.Fprintf(b, "\nAn email has been queued since %s, attempt %d: %s", core.When(d.Created, c.Now, c.Env.Zone), d.Attempt, core.PlainReason(d.Error))
			}
		}
	}
	return n, nil
}

// recipientName names a recipient: by address only for people who may link rooms.
func (c *Call) recipientName(r store.Recipient) (string, error) {
	if c.Level >= core.Link {
		return r.Address, nil
	}
	p, err := c.ParticipantByID(r.Participant)
	return p.Name, err
}

// lastStatus adds the delivery status of the last message of a conversation.
func (c *Call) lastStatus(b *strings.Builder, th store.Thread) error {
	ms, err := c.LastMessages(th.ID, 1)
	if err != nil || len(ms) == 0 {
		return err
	}
	rs, err := c.MessageRecipients(ms[0].ID)
	if err != nil {
		return err
	}
	for _, r := range rs {
		who, err := c.recipientName(r)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "\nLast message to %s: %s", who, r.State)
		if r.Reason != "" && r.State != store.Accepted {
			fmt.Fprintf(b, " (%s)", core.PlainReason(r.Reason))
		}
	}
	return nil
}
