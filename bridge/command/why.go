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

// Why tells what became of a message: the mails that hold it, who got them, what
// the mail servers said.
func (c *Call) Why() (string, error) {
	m, err := c.aboutMessage("why")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	switch m.State {
	case store.Held:
		if m.Origin == store.FromChat {
			return "It is about to be mailed.", nil
		}
	case store.Inside:
		return "It stayed in the room: it was not mailed.", nil
	case store.Awaited, store.Earlier:
		return "It was said before this room was linked: it was not mailed.", nil
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
		b.WriteString("It is in no mail.")
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

// aboutMessage is the message that a command answers.
func (c *Call) aboutMessage(command string) (store.Message, error) {
	if c.About == "" {
		return store.Message{}, Usage("Of which message? Answer it with: %s", c.TypedAs(command))
	}
	m, err := c.MessageByCopy(c.Network, string(c.About))
	if errors.Is(err, store.ErrNone) {
		err = Usage("This message is no part of a conversation by email.")
	}
	return m, err
}

// leftOut tells in a line what of a mail is not shown, and how sure that is.
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
	fmt.Fprintf(b, "\nNot shown of it: %s (%d %% sure). %s, as an answer to it, shows that.", strings.Join(kinds, ", "), r.Sure, c.TypedAs("rest"))
	return nil
}

// kindOfCut words the kind of what was left out.
func kindOfCut(kind string) string {
	switch kind {
	case "quote":
		return "quoted mail"
	case "attribution", "header":
		return "the lines that say whose it is"
	case "device":
		return "a line of the mail program"
	case "banner":
		return "a warning of the mail system"
	}
	return "a " + kind
}

// maxRest is how many characters of what was left out are shown.
const maxRest = 3000

// Rest shows what was left out of a mail.
func (c *Call) Rest() (string, error) {
	m, err := c.aboutMessage("rest")
	if err != nil {
		return "", err
	}
	r, err := c.Reading(m.ID)
	switch {
	case errors.Is(err, store.ErrNone) && m.Origin == store.FromChat:
		return "It was written in the chat: nothing was left out.", nil
	case err == nil && len(r.Cuts) == 0:
		return "Nothing was left out of it.", nil
	case errors.Is(err, store.ErrNone):
		return "What was left out of it was not kept.", nil
	case err != nil:
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Not shown of this mail (%d %% sure):", r.Sure)
	for i, cut := range r.Cuts {
		if k := kindOfCut(cut.Kind); i == 0 || k != kindOfCut(r.Cuts[i-1].Kind) {
			fmt.Fprintf(&b, "\n— %s:", k)
		}
		b.WriteString("\n" + markup.Neutral(cut.Text))
	}
	all := []rune(b.String())
	if len(all) > maxRest {
		return fmt.Sprintf("%s…\n(%d more characters: see the mail itself)", string(all[:maxRest]), len(all)-maxRest), nil
	}
	return string(all), nil
}

func (c *Call) mailDetails(b *strings.Builder, in store.Mail) error {
	ids, err := c.MailIDs(in.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\nMail of %s", in.At.Format("2 January 15:04 MST"))
	if !in.Dated.IsZero() {
		fmt.Fprintf(b, " (it says %s)", in.Dated.UTC().Format("2 January 2006 15:04 MST"))
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
		who := r.Address
		if c.Level < core.Link {
			p, err := c.ParticipantByID(r.Participant)
			if err != nil {
				return err
			}
			who = p.Name
		}
		fmt.Fprintf(b, "\n%s: %s", who, r.State)
		if r.Reason != "" {
			fmt.Fprintf(b, " (%s)", core.OneLine(r.Reason, 300))
		}
	}
	return err
}
