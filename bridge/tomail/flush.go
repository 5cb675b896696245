package tomail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
)

// Flusher emails the held messages of conversations when their holds end.
type Flusher struct {
	env *core.Env
	due chan struct{} // capacity 1: a hold was set

	mu    sync.Mutex
	holds map[int64]hold // by thread
}

// hold is when the hold of a conversation ends; zero: nothing is held. turn orders the
// transactions that set it, because they are reported in any order.
type hold struct {
	until time.Time
	turn  int64
}

// NewFlusher makes a Flusher that is told of every new hold.
func NewFlusher(e *core.Env) *Flusher {
	f := &Flusher{env: e, due: make(chan struct{}, 1), holds: map[int64]hold{}}
	e.HoldEnds = f.set
	return f
}

// set records when the hold of a conversation ends, unless a later transaction has set it.
func (f *Flusher) set(thread int64, until time.Time, turn int64) {
	f.mu.Lock()
	if turn > f.holds[thread].turn {
		f.holds[thread] = hold{until, turn}
	}
	f.forget(turn)
	f.mu.Unlock()
	select {
	case f.due <- struct{}{}:
	default:
	}
}

// forget drops holds that ended so long ago that no running transaction can set them.
func (f *Flusher) forget(turn int64) {
	const many, longAgo = 10_000, 100_000 // threads, transactions
	if len(f.holds) < many {
		return
	}
	maps.DeleteFunc(f.holds, func(_ int64, h hold) bool { return h.until.IsZero() && h.turn < turn-longAgo })
}

// Run emails held messages when their hold ends. When ctx ends, it emails those still held, so
// that a stop delays nothing.
func (f *Flusher) Run(ctx context.Context) error {
	if err := f.load(ctx); err != nil {
		return err
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-f.due:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			return f.flushDue(last, f.env.Now().Add(f.env.Hold.Max+time.Second))
		}
		err := f.flushDue(ctx, f.env.Now())
		next, held := f.next()
		if err != nil && ctx.Err() == nil {
			f.env.Log.Error("email held messages", "error", err)
			next, held = f.env.Now().Add(time.Second), true
		}
		if held {
			timer.Reset(max(0, next.Sub(f.env.Now())))
		}
	}
}

// load reads the holds stored before the start.
func (f *Flusher) load(ctx context.Context) error {
	var stored map[int64]time.Time
	if err := f.env.Store.Read(ctx, func(tx *store.Tx) (err error) { stored, err = tx.Holds(); return err }); err != nil {
		return fmt.Errorf("read what is held: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for thread, until := range stored {
		if _, newer := f.holds[thread]; !newer {
			f.holds[thread] = hold{until: until}
		}
	}
	return nil
}

// next returns when the next hold ends, if anything is held.
func (f *Flusher) next() (at time.Time, held bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.holds {
		if !h.until.IsZero() && (!held || h.until.Before(at)) {
			at, held = h.until, true
		}
	}
	return at, held
}

// dueAt returns the conversations whose holds ended before a moment, in order.
func (f *Flusher) dueAt(at time.Time) []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	var due []int64
	for thread, h := range f.holds {
		if !h.until.IsZero() && !h.until.After(at) {
			due = append(due, thread)
		}
	}
	slices.SortFunc(due, func(a, b int64) int { return cmp.Or(f.holds[a].until.Compare(f.holds[b].until), cmp.Compare(a, b)) })
	return due
}

// flushDue flushes every conversation whose hold ended before at, each once.
func (f *Flusher) flushDue(ctx context.Context, at time.Time) error {
	const batch = 100
	for some := range slices.Chunk(f.dueAt(at), batch) {
		// Concurrent writes share commits.
		errs := make([]error, len(some))
		var all sync.WaitGroup
		for i, id := range some {
			all.Go(func() {
				if err := f.env.Write(ctx, "flush", func(w *core.Work) error { return flushThread(w, id) }); err != nil {
					errs[i] = fmt.Errorf("thread %d: %w", id, err)
				}
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	return nil
}

// whileStuck is how long messages wait while an earlier email cannot be delivered. They are
// then sent as one email.
const whileStuck = 20 * time.Second

// unstuck ends the hold of messages that waited for an email, when that is delivered.
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
	return w.SetHold(th.ID, th.HoldFirst, w.Now)
}

// flushThread emails the held messages of a conversation.
func flushThread(w *core.Work, id int64) error {
	held, err := w.HeldMessages(id)
	if err != nil {
		return err
	}
	if len(held) == 0 {
		return w.SetHold(id, time.Time{}, time.Time{})
	}
	around, err := w.Around(id, outbox.MailLane(id), JobMail)
	if err != nil {
		return err
	}
	if around.Stuck {
		return w.SetHold(id, held[0].At, w.Now.Add(whileStuck))
	}
	if until, err := stretched(w, id, held); err != nil {
		return err
	} else if until.After(w.Now) {
		return w.SetHold(id, held[0].At, until)
	}
	ready, err := complete(w, held, around.Files)
	if err != nil {
		return err
	}
	if len(ready) == 0 {
		return w.SetHold(id, held[0].At, untilFiles(w.Env, w.Now))
	}
	p, err := planFor(w, id, ready, around)
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

// stretched returns until when messages are held longer because their mailbox is near its
// limit. Urgent messages are not.
func stretched(w *core.Work, id int64, held []store.Message) (until time.Time, err error) {
	th, err := w.Thread(id)
	if err != nil {
		return until, err
	}
	box := w.Env.Boxes[th.Mailbox]
	if box == nil {
		return until, nil // reported elsewhere
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

// untilFiles returns the end of a hold while files are fetched. It ends earlier when they are
// settled.
func untilFiles(e *core.Env, now time.Time) time.Time { return now.Add(e.Hold.Max + time.Hour) }

// complete returns the leading held messages whose files and chat thread roots are all settled.
// Messages after an unsettled one wait, too, which keeps the order.
func complete(w *core.Work, held []store.Message, hasFiles bool) ([]store.Message, error) {
	for i, m := range held {
		if hasFiles {
			if all, err := w.FilesOf(m.ID); err != nil {
				return nil, err
			} else if files.AnyWanted(all) {
				return held[:i], nil
			}
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
