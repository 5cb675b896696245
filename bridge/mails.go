package bridge

import (
	"fmt"

	"hashsend/bridge/core"
	"hashsend/bridge/store"
)

// inbox takes in the mails of a mailbox.
func (b *Bridge) inbox(box *core.Box) *inbox { return &inbox{Box: box, Env: b.env, apply: b.apply} }

// claims are those who may take a mail as theirs before it becomes a message: the first
// that does ends it.
func claims() []claim { return []claim{reactionByMail, voteByMail} }

// apply does what was decided about a mail, in the transaction that stores
// its cursor.
func (b *Bridge) apply(w *core.Work, box *core.Box, l Mail, d decision, f Approval) error {
	for id, known := range d.route.Learned {
		if err := w.AddMailID(known, store.IDLearned, id); err != nil {
			return err
		}
	}
	switch d.do {
	case ActNone, ActDrop:
		return nil
	case ActEcho:
		return echo(w, box, l)
	case ActReport:
		return report(w, l, d)
	case ActNotice:
		return automatic(w, l, d)
	case ActCommand:
		return ByMail(w, box, l, d)
	case ActHold:
		return holdMail(w, box, l, d)
	case ActPost:
		return PostMail(w, box, l, d, f, claims()...)
	case ActOpen:
		return openByMail(w, box, l, d, f, claims()...)
	}
	return fmt.Errorf("nothing is known of what is to be done with a mail: %d", d.do)
}
