package tomail

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
)

// Flusher makes mails of what threads hold when their holds end.
type Flusher struct {
	env *core.Env
	due chan struct{} // of capacity 1: something may be due
}

func NewFlusher(e *core.Env) *Flusher {
	f := &Flusher{env: e, due: make(chan struct{}, 1)}
	e.WakeFlush = f.wake
	return f
}

func (f *Flusher) wake() {
	select {
	case f.due <- struct{}{}:
	default:
	}
}

// Run makes mails of held messages when their hold ends. On the way out it
// flushes what is still held, so that a stop delays nothing.
func (f *Flusher) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-f.due:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			_, err := f.flushDue(last, f.env.Now().Add(f.env.Hold.Max+time.Second))
			return err
		}
		next, err := f.flushDue(ctx, f.env.Now())
		if err != nil && ctx.Err() == nil {
			f.env.Log.Error("make mails of held messages", "error", err)
			next = f.env.Now().Add(time.Second)
		}
		if !next.IsZero() {
			timer.Reset(max(0, next.Sub(f.env.Now())))
		}
	}
}

// flushDue flushes every thread whose hold has ended at a moment and returns
// when the next one ends; zero: nothing is held.
func (f *Flusher) flushDue(ctx context.Context, at time.Time) (next time.Time, err error) {
	const batch = 100
	done := map[int64]bool{} // one that stays held must not be tried for ever
	for {
		var due []int64
		err := f.env.Store.Read(ctx, func(tx *store.Tx) (err error) {
			if due, err = tx.DueThreads(at, batch+len(done)); err == nil {
				next, err = tx.NextHold()
			}
			return err
		})
		due = slices.DeleteFunc(due, func(id int64) bool { return done[id] })
		if err != nil || len(due) == 0 {
			return next, err
		}
		// Together, so that they share commits.
		errs := make([]error, len(due))
		var all sync.WaitGroup
		for i, id := range due {
			done[id] = true
			all.Go(func() {
				if err := f.env.Write(ctx, "flush", func(w *core.Work) error { return flushThread(w, id) }); err != nil {
					errs[i] = fmt.Errorf("thread %d: %w", id, err)
				}
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return next, err
		}
	}
}

// whileStuck is how long held messages wait when the mails before them cannot
// be delivered: what gathers then leaves as one mail.
const whileStuck = 20 * time.Second

// unstuck has what gathered behind a mail leave when that is delivered at last.
func unstuck(w *core.Work, d store.Delivery, j MailJob) error {
	if d.Attempt == 0 {
		return nil
	}
	m, err := w.Mail(j.Mail)
	if err != nil {
		return err
	}
	th, err := w.Thread(m.Thread)
	if err != nil || th.HoldFirst.IsZero() || !th.HoldUntil.After(th.HoldFirst.Add(w.Env.Hold.Max)) {
		return err
	}
	w.FlushDue = true
	return w.SetHold(th.ID, th.HoldFirst, w.Now)
}

// flushThread makes mails of what a thread holds.
func flushThread(w *core.Work, id int64) error {
	held, err := w.HeldMessages(id)
	if err != nil {
		return err
	}
	if len(held) == 0 {
		return w.SetHold(id, time.Time{}, time.Time{})
	}
	if stuck, err := w.Stuck(outbox.MailLane(id), JobMail); err != nil {
		return err
	} else if stuck {
		return w.SetHold(id, held[0].At, w.Now.Add(whileStuck))
	}
	if until, err := stretched(w, id, held); err != nil {
		return err
	} else if until.After(w.Now) {
		return w.SetHold(id, held[0].At, until)
	}
	ready, err := complete(w, held)
	if err != nil {
		return err
	}
	if len(ready) == 0 {
		return w.SetHold(id, held[0].At, untilFiles(w.Env, w.Now))
	}
	p, err := PlanFor(w, id, ready)
	if err != nil {
		return err
	}
	if err := Make(w, p); err != nil {
		return err
	}
	if err := letWait(w, p); err != nil {
		return err
	}
	for _, m := range ready {
		m.State = store.Mailed
		if err := w.SetMessage(m); err != nil {
			return err
		}
	}
	if len(ready) < len(held) {
		return w.SetHold(id, held[len(ready)].At, untilFiles(w.Env, w.Now))
	}
	return w.SetHold(id, time.Time{}, time.Time{})
}

// stretched is until when messages are held because their mailbox may soon send no
// more: then many become one mail. What is awaited is not held.
func stretched(w *core.Work, id int64, held []store.Message) (until time.Time, err error) {
	th, err := w.Thread(id)
	if err != nil {
		return until, err
	}
	box := w.Env.Boxes[th.Mailbox]
	if box == nil {
		return until, nil // said elsewhere
	}
	d := box.Pace.Stretch(w.Now)
	if d == 0 || !th.HoldUntil.After(EndedByHand(th.HoldFirst)) {
		return until, nil
	}
	if urgent, err := urgent(w, th); err != nil || urgent {
		return until, err
	}
	return held[0].At.Add(d), nil
}

// untilFiles is how long a hold lasts while files are fetched; it ends when they are
// there, or given up.
func untilFiles(e *core.Env, now time.Time) time.Time { return now.Add(e.Hold.Max + time.Hour) }

// complete returns the first of the held messages whose files, and the roots of whose
// chat threads, are all settled; the order is kept, so those behind one that waits
// wait, too.
func complete(w *core.Work, held []store.Message) ([]store.Message, error) {
	for i, m := range held {
		wanted, err := w.FilesOf(m.ID)
		if err != nil {
			return nil, err
		}
		if files.AnyWanted(wanted) {
			return held[:i], nil
		}
		if m.ReplyTo == 0 {
			continue
		}
		if of, err := w.Message(m.ReplyTo); err != nil {
			return nil, err
		} else if of.State == store.Awaited {
			return held[:i], nil
		}
	}
	return held, nil
}

func (e *composeError) Error() string { return e.err.Error() }
func (e *composeError) Unwrap() error { return e.err }
