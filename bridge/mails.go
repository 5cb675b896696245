package bridge

import (
	"fmt"

	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/polls"
	"hashsend/bridge/reactions"
	"hashsend/bridge/store"
)

// inbox returns the handler for the emails of a mailbox.
func (b *Bridge) inbox(box *core.Box) *frommail.Inbox {
	return &frommail.Inbox{Box: box, Env: b.env, Apply: b.apply}
}

// claims are checked in order before an email becomes a message. The first that takes the email
// ends it.
func claims() []frommail.Claim { return []frommail.Claim{reactions.ByMail, polls.ByMail} }

// apply carries out the decision about an email, in the transaction that stores its cursor.
func (b *Bridge) apply(w *core.Work, box *core.Box, l frommail.Mail, d frommail.Decision, f frommail.Approval) error {
	for id, known := range d.Route.Learned {
		if err := w.AddMailID(known, store.IDLearned, id); err != nil {
			return err
		}
	}
	switch d.Do {
	case frommail.ActNone, frommail.ActDrop:
		return nil
	case frommail.ActEcho:
		return frommail.Echo(w, box, l)
	case frommail.ActReport:
		return frommail.Report(w, l, d)
	case frommail.ActNotice:
		return frommail.Automatic(w, l, d)
	case frommail.ActCommand:
		return command.ByMail(w, box, l, d)
	case frommail.ActHold:
		return frommail.HoldMail(w, box, l, d)
	case frommail.ActPost:
		return frommail.PostMail(w, box, l, d, f, claims()...)
	case frommail.ActOpen:
		return frommail.OpenByMail(w, box, l, d, f, claims()...)
	}
	return fmt.Errorf("unknown action for an email: %d", d.Do)
}
