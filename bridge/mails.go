package bridge

import (
	"fmt"

	"hashsend/bridge/store"
)

// inbox takes in the mails of a mailbox.
func (b *Bridge) inbox(box *Box) *inbox { return &inbox{Box: box, Env: b.env, apply: b.apply} }

// claims are those who may take a mail as theirs before it becomes a message: the first
// that does ends it.
func claims() []claim { return []claim{reactionByMail, voteByMail} }

// apply does what was decided about a mail, in the transaction that stores
// its cursor.
func (b *Bridge) apply(w *work, box *Box, l Mail, d decision, f Approval) error {
	for id, known := range d.route.Learned {
		if err := w.AddMailID(known, store.IDLearned, id); err != nil {
			return err
		}
	}
	switch d.do {
	case ActNone, ActDrop:
		return nil
	case ActEcho:
		return w.echo(box, l)
	case ActReport:
		return w.report(l, d)
	case ActNotice:
		return w.automatic(l, d)
	case ActCommand:
		return w.commandByMail(box, l, d)
	case ActHold:
		return w.holdMail(box, l, d)
	case ActPost:
		return w.fromMail(box, l, d, f, claims()...)
	case ActOpen:
		return w.openByMail(box, l, d, f, claims()...)
	}
	return fmt.Errorf("nothing is known of what is to be done with a mail: %d", d.do)
}
