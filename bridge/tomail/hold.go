package tomail

import (
	"errors"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/store"
)

// Typing extends the hold of a conversation while somebody types in its room. It starts no
// hold.
func Typing(w *core.Work, network string, e chat.Typing) error {
	r, err := w.LinkedRoom(network, e.Place)
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	th, err := w.Thread(r.Thread)
	if err != nil {
		return err
	}
	urgent, err := urgent(w, th)
	if err != nil {
		return err
	}
	until := typingUntil(w.Env.Hold, th, w.Now, e.On, urgent)
	if until.Equal(th.HoldUntil) {
		return nil
	}
	return w.SetHold(th.ID, th.HoldFirst, until)
}

// urgent reports whether a conversation should not wait: somebody just replied by email, or a
// held message mentions a participant.
func urgent(w *core.Work, th store.Thread) (bool, error) {
	if w.Now.Sub(th.Live) < liveFor || th.HoldFirst.IsZero() {
		return true, nil
	}
	held, err := w.HeldMessages(th.ID)
	if err != nil {
		return false, err
	}
	for _, m := range held {
		if who, err := w.MentionedIn(m.ID); err != nil || len(who) > 0 {
			return true, err
		}
	}
	return false, nil
}

// typingUntil decides when a hold ends after somebody started or stopped typing. Networks
// report each once, so a hold lasts as long as it may until typing stops; then the quiet time
// starts again. Typing does not extend an urgent hold.
func typingUntil(h core.Hold, th store.Thread, now time.Time, on, urgent bool) time.Time {
	if th.HoldFirst.IsZero() || h.Quiet <= 0 {
		return th.HoldUntil
	}
	last := th.HoldFirst.Add(h.Max)
	if !on {
		_, until := holdUntil(h, th, now, false)
		if until.After(th.HoldUntil) {
			return th.HoldUntil // a stop never extends the hold
		}
		return until
	}
	if urgent || last.Before(th.HoldUntil) {
		return th.HoldUntil
	}
	return last
}

// EndedByHand returns the end of a hold that somebody ended: before its start, so that nothing
// extends it.
func EndedByHand(first time.Time) time.Time { return first.Add(-time.Millisecond) }

// Hold starts or extends the hold of a conversation for one more message.
func Hold(w *core.Work, th store.Thread, mention bool) error {
	first, until := holdUntil(w.Env.Hold, th, w.Now, mention)
	return w.SetHold(th.ID, first, until)
}

// liveFor is how long a conversation counts as live after a reply by email.
const liveFor = 2 * time.Minute

// holdUntil decides when a hold ends after one more message at now.
func holdUntil(h core.Hold, th store.Thread, now time.Time, mention bool) (first, until time.Time) {
	first = th.HoldFirst
	if first.IsZero() {
		first = now
	}
	quiet := h.Quiet
	if mention || now.Sub(th.Live) < liveFor {
		quiet = min(quiet, h.Live)
	}
	until = now.Add(quiet)
	if last := first.Add(h.Max); until.After(last) {
		until = last
	}
	return first, until
}

// Resume ends a hold that was extended to wait for something.
func Resume(w *core.Work, thread int64) error {
	th, err := w.Thread(thread)
	if err != nil || th.HoldFirst.IsZero() || th.HoldUntil.Sub(w.Now) <= w.Env.Hold.Max {
		return err
	}
	return w.SetHold(th.ID, th.HoldFirst, w.Now)
}
