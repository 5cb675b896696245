package bridge

import (
	"context"
	"slices"

	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// stillTo leaves out of a mail those who have been taken out since it was made. none:
// there is nobody left.
func stillTo(ctx context.Context, e *core.Env, j *mailJob) (none bool, err error) {
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
