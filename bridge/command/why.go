package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hashsend/bridge/core"
	"hashsend/bridge/markup"
	"hashsend/bridge/store"
)

// Why shows what happened to a message: its emails, their recipients, and the answers of
// the mail servers.
func (c *Call) Why() (string, error) {
	m, err := c.aboutMessage("why")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	switch m.State {
	case store.Held:
		if m.Origin == store.FromChat {
			return "It will be sent by email shortly.", nil
		}
	case store.Inside:
		return "It stayed in the room and was not sent by email.", nil
	case store.Awaited, store.Earlier:
		return "It was posted before this room was linked, so it was not sent by email.", nil
	case store.Deleted:
		b.WriteString("It was deleted. ")
	}
	if m.Origin != store.FromChat {
		fmt.Fprintf(&b, "It came by email from %s. ", m.Name)
	}
	mails, err := c.MailsOfMessage(m.ID)
	if err != nil {
		return "", err
	}
	if len(mails) == 0 {
		b.WriteString("It was not sent by email.")
	}
	for _, in := range mails {
		if err := c.mailDetails(&b, in); err != nil {
			return "", err
		}
	}
	if err := c.leftOut(&b, m.ID); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}

// aboutMessage returns the message that a command replies to.
func (c *Call) aboutMessage(command string) (store.Message, error) {
	if c.About == "" {
		return store.Message{}, Usage("A message is required: reply to it with %s", c.TypedAs(command))
	}
	m, err := c.MessageByCopy(c.Network, string(c.About))
	if errors.Is(err, store.ErrNone) {
		err = Usage("This message isn't part of an email conversation.")
	}
	return m, err
}

// leftOut names in one line the parts of an email that are not shown, and the confidence.
func (c *Call) leftOut(b *strings.Builder, message int64) error {
	r, err := c.Reading(message)
	if errors.Is(err, store.ErrNone) || len(r.Cuts) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	var kinds []string
	for _, cut := range r.Cuts {
		if k := kindOfCut(cut.Kind); !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	fmt.Fprintf(b, "\nNot shown: %s (%d%% confidence). To see it, reply to the message with %s", strings.Join(kinds, ", "), r.Sure, c.TypedAs("rest"))
	return nil
}

// kindOfCut words the kind of a part that was left out.
func kindOfCut(kind string) string {
	switch kind {
	case "quote":
		return "quoted email"
	case "attribution", "header":
		return "the lines that introduce the quote"
	case "device":
		return "a line of the email app"
	case "banner":
		return "a warning of the mail system"
	}
	return "a " + kind
}

// maxRest limits the characters that Rest shows.
const maxRest = 3000

// Rest shows the parts of an email that were left out.
func (c *Call) Rest() (string, error) {
	m, err := c.aboutMessage("rest")
	if err != nil {
		return "", err
	}
	r, err := c.Reading(m.ID)
	switch {
	case errors.Is(err, store.ErrNone) && m.Origin == store.FromChat:
		return "It was written in the room, so nothing was left out.", nil
	case err == nil && len(r.Cuts) == 0:
		return "Nothing was left out.", nil
	case errors.Is(err, store.ErrNone):
		return "The parts left out were not kept.", nil
	case err != nil:
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Not shown (%d%% confidence):", r.Sure)
	for i, cut := range r.Cuts {
		if k := kindOfCut(cut.Kind); i == 0 || k != kindOfCut(r.Cuts[i-1].Kind) {
			fmt.Fprintf(&b, "\n— %s:", k)
		}
		b.WriteString("\n" + markup.Neutral(cut.Text))
	}
	all := []rune(b.String())
	if len(all) > maxRest {
		return fmt.Sprintf("%s…\n(%d more characters are in the email itself)", string(all[:maxRest]), len(all)-maxRest), nil
	}
	return string(all), nil
}

func (c *Call) mailDetails(b *strings.Builder, in store.Mail) error {
	ids, err := c.MailIDs(in.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\nEmail of %s", core.When(in.At, c.Now, c.Env.Zone))
	if !in.Dated.IsZero() {
		fmt.Fprintf(b, " (dated %s)", in.Dated.UTC().Format("2 Jan 2006, 15:04 MST"))
	}
	for i, id := range ids {
		if i == 0 {
			b.WriteString(", Message-ID")
		} else {
			b.WriteString(", also known as")
		}
		fmt.Fprintf(b, " <%s>", id)
	}
	rs, err := c.Recipients(in.ID)
	for _, r := range rs {
		who, err := c.recipientName(r)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "\n%s: %s", who, r.State)
		if r.Reason != "" {
			fmt.Fprintf(b, " (%s)", core.OneLine(r.Reason, 300))
		}
	}
	return err
}
