package bridge

import (
	"errors"

	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/store"
)

// retitle begins a new epoch under another title.
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
