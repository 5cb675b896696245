package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tomail"
)

// How many earlier messages are sent on request.
const (
	historyUsual = 5
	historyMost  = 50
)

// shownHistory is the preview of earlier messages that waits to be confirmed. Nothing
// else is ever sent.
type shownHistory struct {
	Participant int64       `json:"participant"`
	Messages    []int64     `json:"messages"`
	By          chat.UserID `json:"by"`
}

func (c *Call) historyKey() string {
	return "history/" + c.Network + "/" + string(c.Place.Room) + "/" + string(c.Place.Thread)
}

// History previews the messages from before a person joined, and sends them when that is
// confirmed.
func (c *Call) History() (string, error) {
	th, err := c.mailing()
	if err != nil {
		return "", err
	}
	people, rest, err := c.people()
	if err != nil {
		return "", err
	}
	if len(people) != 1 || len(rest) > 1 {
		return "", c.badArgument(people, rest, "one person", "history", "PERSON [COUNT]")
	}
	p, err := c.Participant(th.ID, mail.CanonicalAddress(people[0].Address))
	if errors.Is(err, store.ErrNone) || (err == nil && !p.Takes()) {
		return "", Usage("%s isn't in this conversation. To invite somebody: %s", people[0].Address, c.TypedAs("add ADDRESS"))
	}
	if err != nil {
		return "", err
	}
	word := fmt.Sprint(historyUsual)
	if len(rest) == 1 {
		word = strings.ToLower(rest[0])
	}
	switch word {
	case "send", "yes", "true", "on":
		return c.sendHistory(th, p)
	case "no", "false", "off":
		return "No earlier messages were sent.", c.SetSetting(c.historyKey(), "")
	}
	return c.showHistory(th, p, word)
}

// mailing returns the thread of the place of the call. If its email is stopped, that is a
// UsageError.
func (c *Call) mailing() (store.Thread, error) {
	th, r, err := c.LinkedThread()
	switch {
	case err != nil:
		return th, err
	case th.Paused:
		return th, Usage("Email from this room is paused. To start it again: %s", c.TypedAs("pause off"))
	case r.Silent():
		return th, Usage("This room is currently disconnected from email; %s shows why.", c.TypedAs("status"))
	}
	return th, nil
}

func (c *Call) showHistory(th store.Thread, p store.Participant, count string) (string, error) {
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > historyMost {
		return "", Usage("%q is not a number from 1 to %d; usage: %s", count, historyMost, c.TypedAs("history PERSON [COUNT]"))
	}
	ms, err := historyFor(c.Work, th, p, n)
	if err != nil {
		return "", err
	}
	if len(ms) == 0 {
		return "", Usage("There are no messages from before %s joined that could be sent.", p.Name)
	}
	shown := shownHistory{Participant: p.ID, By: c.By.ID}
	var b strings.Builder
	fmt.Fprintf(&b, "%s would get these messages in one email:", p.Address)
	for _, m := range ms {
		shown.Messages = append(shown.Messages, m.ID)
		what := core.OneLine(m.Text, 80)
		if m.Files != "" {
			what = strings.TrimSpace(what + " [" + core.OneLine(m.Files, 80) + "]")
		}
		fmt.Fprintf(&b, "\n%s %s: %s", core.When(m.At, c.Now, c.Env.Zone), m.Name, what)
	}
	text, err := json.Marshal(shown)
	if err != nil {
		return "", err
	}
	if err := c.SetSetting(c.historyKey(), string(text)); err != nil {
		return "", err
	}
	send := "history " + p.Address + " send"
	fmt.Fprintf(&b, "\nNothing has been sent yet. To send them: %s", c.TypedAs(send))
	c.Choices = []chat.Choice{{Label: "Send", Command: send}, {Label: "Cancel", Command: "history " + p.Address + " no"}}
	return b.String(), nil
}

// historyFor returns up to n messages from before a person joined, oldest first, without
// those that stayed in the room, were deleted, or left the person out.
func historyFor(w *core.Work, th store.Thread, p store.Participant, n int) (ms []store.Message, err error) {
	all, err := w.MessagesBefore(th.ID, p.Joined, n)
	if err != nil {
		return nil, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		may, err := mayHaveHistory(w, all[i], p)
		if err != nil {
			return nil, err
		}
		if may {
			ms = append(ms, all[i])
		}
	}
	return ms, nil
}

func mayHaveHistory(w *core.Work, m store.Message, p store.Participant) (bool, error) {
	out, err := w.LeftOut(m.ID)
	return err == nil && m.State != store.Deleted && m.State != store.Inside && !out.Has(p.ID), err
}

// sendHistory sends the messages of the preview in their current versions.
func (c *Call) sendHistory(th store.Thread, p store.Participant) (string, error) {
	text, err := c.Setting(c.historyKey())
	if err != nil {
		return "", err
	}
	var shown shownHistory
	if text != "" {
		if err := json.Unmarshal([]byte(text), &shown); err != nil {
			return "", fmt.Errorf("read what was shown: %w", err)
		}
	}
	if shown.Participant != p.ID || shown.By != c.By.ID {
		return "", Usage("Preview the messages first: %s", c.TypedAs("history "+p.Address+" 5"))
	}
	var ms []store.Message
	for _, id := range shown.Messages {
		m, err := c.Message(id)
		if err != nil {
			return "", err
		}
		if may, err := mayHaveHistory(c.Work, m, p); err != nil {
			return "", err
		} else if may && m.Thread == th.ID {
			ms = append(ms, m)
		}
	}
	if err := c.SetSetting(c.historyKey(), ""); err != nil {
		return "", err
	}
	if len(ms) == 0 {
		return "", Usage("All these messages have since been deleted; nothing was sent.")
	}
	plan, err := tomail.PlanFor(c.Work, th.ID, ms)
	if err != nil {
		return "", err
	}
	// Only the preview is sent: files are named but not attached, and quotes are left out.
	plan.Files, plan.Quotes, plan.Reactions = nil, nil, nil
	g := tomail.Planned{Messages: ms, To: []store.Participant{p}, First: p.State == store.Invited, Late: true, Asked: c.By.Name}
	g.Shown = []store.Participant{p}
	if err := tomail.MakeMail(c.Work, plan, g); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s will get these messages in one email.", p.Name), nil
}
