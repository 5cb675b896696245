package linking

import (
	"errors"
	"strings"

	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// Name changes the title of the conversation, or of the pending link.
func Name(c *command.Call) (string, error) {
	title := strings.Join(c.Args, " ")
	if title == "" {
		return "", command.Usage("A title is required; usage: %s", c.TypedAs("name TITLE"))
	}
	if is, text, err := changePending(c, func(p *pending) { p.Title = title }); err != nil || is {
		return text, err
	}
	th, _, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	return "", retitle(c.Work, th, title)
}

// changePending changes the pending link of the room and shows its preview again. It returns
// false if there is none.
func changePending(c *command.Call, change func(*pending)) (is bool, text string, err error) {
	p, is, err := getPending(c)
	if err != nil || !is {
		return false, "", err
	}
	change(&p)
	if err := setPending(c, p); err != nil {
		return true, "", err
	}
	text, err = preview(c, p)
	return true, text, err
}

// Mode changes the mode of the conversation, or of the pending link.
func Mode(c *command.Call) (string, error) {
	if len(c.Args) == 0 {
		return "", command.Usage("open or hidden is required; usage: %s", c.TypedAs("mode open|hidden"))
	}
	mode := strings.ToLower(c.Args[0])
	if mode != store.ModeOpen && mode != store.ModeHidden {
		return "", c.Unknown(c.Args[0], "mode", "open|hidden")
	}
	if len(c.Args) > 1 {
		return "", c.Unknown(c.Args[1], "mode", "open|hidden")
	}
	if is, text, err := changePending(c, func(p *pending) { p.Mode = mode }); err != nil || is {
		return text, err
	}
	th, _, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	th.Mode = mode
	return "", c.SetThread(th)
}

// Pause stops the email from the room, or starts it again.
func Pause(c *command.Call) (string, error) {
	th, r, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	th.Paused = true
	for i, word := range c.Args {
		is, ok := command.Switch(word)
		if !ok || i > 0 {
			return "", c.Unknown(word, "pause", "[on|off]")
		}
		th.Paused = is
	}
	if err := c.SetThread(th); err != nil {
		return "", err
	}
	said := "%s started sending email from this room again."
	if th.Paused {
		said = "%s paused email from this room: new messages stay here. Incoming email is still posted."
	}
	if err := c.Tell(said); err != nil {
		return "", err
	}
	if th.Paused {
		return "Email from this room is paused: new messages stay here, and incoming email is still posted. To start again: " + c.TypedAs("pause off"), tochat.Sign(c.Work, r, "Paused: messages are not sent by email.")
	}
	return "", tochat.Announce(c.Work, th.ID)
}

// retitle starts a new epoch under another title.
func retitle(w *core.Work, th store.Thread, title string) error {
	box := w.Env.Boxes[th.Mailbox]
	if box == nil {
		return errors.New("its mailbox is no longer in the configuration")
	}
	th.Title = title
	if err := w.SetThread(th); err != nil {
		return err
	}
	e, err := frommail.NewEpoch(w.Env, w, box, title)
	if err != nil {
		return err
	}
	e.Thread = th.ID
	return w.AddEpoch(&e)
}
