package bridge

import (
	"strings"
	"time"

	"hashsend/bridge/command"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

func unlink(c *command.Call) (string, error) {
	th, r, err := c.LinkedThread()
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
	if err := c.Tell("%s ended the link between this room and email."); err != nil {
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

func name(c *command.Call) (string, error) {
	title := strings.Join(c.Args, " ")
	if title == "" {
		return "", command.Usage("Which title? %s", c.TypedAs("name Lunch"))
	}
	if p, there, err := getPending(c); err != nil {
		return "", err
	} else if there {
		p.Title = title
		if err := setPending(c, p); err != nil {
			return "", err
		}
		return preview(c, p)
	}
	th, _, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	return "", retitle(c.Work, th, title)
}

func mode(c *command.Call) (string, error) {
	if len(c.Args) != 1 || (c.Args[0] != store.ModeOpen && c.Args[0] != store.ModeHidden) {
		return "", command.Usage("It goes: %s or %s", c.TypedAs("mode open"), c.TypedAs("mode hidden"))
	}
	if p, there, err := getPending(c); err != nil {
		return "", err
	} else if there {
		p.Mode = c.Args[0]
		if err := setPending(c, p); err != nil {
			return "", err
		}
		return preview(c, p)
	}
	th, _, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	th.Mode = c.Args[0]
	return "", c.SetThread(th)
}

func pause(c *command.Call) (string, error) {
	th, r, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	th.Paused = len(c.Args) == 0 || c.Args[0] != "off"
	if err := c.SetThread(th); err != nil {
		return "", err
	}
	said := "%s let messages be mailed from here again."
	if th.Paused {
		said = "%s paused the mail from here: what is written stays in this room. Mail still comes in."
	}
	if err := c.Tell(said); err != nil {
		return "", err
	}
	if th.Paused {
		return "Paused: what you write stays in this room until " + c.TypedAs("pause off") + ". Mail still comes in.", tochat.Sign(c.Work, r, "Paused: nothing is mailed.")
	}
	return "", tochat.Announce(c.Work, th.ID)
}

// noEncryption is what somebody is told who wants to link an encrypted room.
const noEncryption = "✗ This room is encrypted, and this hashsend was built without encryption. Install one that was built with it, or use a room without encryption for conversations by email."
