package bridge

import (
	"context"
	"slices"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// endMail ends the mail to a person: what no mail server has taken yet goes to
// everybody else, or is dropped.
func (w *work) endMail(p store.Participant, state string) error {
	p.State, p.Changed = state, w.now
	if err := w.SetParticipant(p); err != nil {
		return err
	}
	if err := w.DropQueued(p.ID); err != nil {
		return err
	}
	return w.dropDigest(p)
}

// stillTo leaves out of a mail those who have been taken out since it was made. none:
// there is nobody left.
func (e *Env) stillTo(ctx context.Context, j *mailJob) (none bool, err error) {
	if !j.People {
		return false, nil
	}
	wanted := map[string]bool{}
	err = e.Store.Read(ctx, func(tx *store.Tx) error {
		rs, err := tx.Recipients(j.Mail)
		for _, r := range rs {
			wanted[mail.CanonicalAddress(r.Address)] = true
		}
		return err
	})
	none = true
	j.To = slices.DeleteFunc(j.To, func(to string) bool {
		is := wanted[mail.CanonicalAddress(to)]
		none = none && !is
		return !is && !(j.SelfCopy && mail.SameAddress(to, j.From))
	})
	return none && err == nil, err
}
