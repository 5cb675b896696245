package bridge

import (
	"fmt"

	"hashsend/bridge/admit"
	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/polls"
	"hashsend/bridge/reactions"
)

// inbox returns the handler for the emails of a mailbox.
func (b *Bridge) inbox(box *core.Box) *frommail.Inbox {
	return &frommail.Inbox{Box: box, Env: b.env, Apply: b.apply}
}

// claims are checked in order before an email becomes a message. The first that takes the email
// ends it.
func claims() []frommail.Claim { return []frommail.Claim{reactions.ByMail, polls.ByMail} }

// apply carries out what an email was admitted to, in the transaction that stores its cursor.
// Every effect asks for its admission, or for the proof that it holds.
func (b *Bridge) apply(w *core.Work, box *core.Box, l frommail.Mail, d frommail.Decision, f frommail.Approval) error {
	switch a := d.Admission.(type) {
	case admit.Nothing, admit.Dropped:
		return nil
	case admit.Copy:
		return frommail.Echo(w, box, a, l)
	case admit.Report:
		return frommail.Report(w, a, l, d)
	case admit.Line:
		return frommail.Automatic(w, a, l, d)
	case admit.Order:
		return command.ByMail(w, box, a, l, d)
	case admit.Held:
		return frommail.HoldMail(w, box, a, l, d)
	case admit.Voice:
		return frommail.PostMail(w, box, a, l, d, f, claims()...)
	case admit.Opening:
		return frommail.OpenByMail(w, box, a, l, d, f, claims()...)
	}
	return fmt.Errorf("unknown admission of an email: %T", d.Admission)
}
