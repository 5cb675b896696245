package core

import (
	"context"
	"errors"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/store"
)

// Work is one transaction of the bridge, and what to wake after its commit.
type Work struct {
	*store.Tx
	Env    *Env
	Now    time.Time
	Lanes  map[string]bool
	turn   int64               // its place in the order of commits
	holds  map[int64]time.Time // holds that were set, by thread
	traces []Trace

	Waited bool       // the current event was deferred before
	SaidAt *time.Time // original time of the current event, if it was deferred
}

// NotYet reports that an event refers to a message that has not arrived yet. Nothing was
// changed.
type NotYet struct{ Message chat.MessageID }

func (NotYet) Error() string { return "it refers to a message that has not arrived yet" }

// ErrNotLinked reports that an event belongs to no linked room. Nothing was changed.
var ErrNotLinked = errors.New("the room is not linked")

// Taker handles an event in the transaction of its caller.
type Taker func(w *Work, network string, e chat.Event) error

// Write runs fn in one transaction and wakes what it gave work to after the commit. name
// identifies the step for failpoints.
func (e *Env) Write(ctx context.Context, name string, fn func(*Work) error) error {
	w := &Work{Env: e, Lanes: map[string]bool{}}
	err := e.Store.Write(ctx, func(tx *store.Tx) error {
		w.Tx, w.Now, w.turn = tx, e.Now(), e.turns.Add(1)
		if err := fn(w); err != nil {
			return err
		}
		Failpoint(name + ":before")
		return nil
	})
	if err != nil {
		return err
	}
	Failpoint(name + ":after")
	for lane := range w.Lanes {
		e.Wake(lane)
	}
	for thread, until := range w.holds {
		e.HoldEnds(thread, until, w.turn)
	}
	for _, s := range w.traces {
		e.watch.tell(s)
	}
	return nil
}

// SetHold stores the hold of a conversation, and has it flushed when it ends. A zero first
// means that nothing is held.
func (w *Work) SetHold(thread int64, first, until time.Time) error {
	if first.IsZero() {
		until = time.Time{}
	}
	if w.holds == nil {
		w.holds = map[int64]time.Time{}
	}
	w.holds[thread] = until
	return w.Tx.SetHold(thread, first, until)
}

// Trace sends a step to the watchers after the commit.
func (w *Work) Trace(s Trace) {
	s.At = w.Now
	w.traces = append(w.traces, s)
	w.Env.count(s.Kind)
}

func (e *Env) count(name string) {
	if e.Metrics != nil {
		e.Metrics.Count(name, 1)
	}
}
