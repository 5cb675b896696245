package core

import (
	"context"
	"errors"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/store"
)

// Work is one transaction of the bridge: the database and what is to be woken
// after the commit.
type Work struct {
	*store.Tx
	Env    *Env
	Now    time.Time
	Lanes  map[string]bool
	holds  map[int64]time.Time // by thread, what was set
	traces []Trace

	Waited bool       // what is being taken in has waited for what it is about
	SaidAt *time.Time // when what is being taken in was said, if it could not be read then
}

// NotYet says that an event is about a message which is not known yet, and may come.
// Nothing was changed.
type NotYet struct{ Message chat.MessageID }

func (NotYet) Error() string { return "it refers to a message that has not arrived yet" }

// ErrNotLinked says that an event belongs to no linked room. Nothing was changed.
var ErrNotLinked = errors.New("the room is not linked")

// Taker takes in an event in the transaction of its caller.
type Taker func(w *Work, network string, e chat.Event) error

// Write runs fn in one transaction and wakes, after the commit, what it gave
// work to. name names the change of state: the program can be made to die just
// before and just after it (see failpoint).
func (e *Env) Write(ctx context.Context, name string, fn func(*Work) error) error {
	w := &Work{Env: e, Lanes: map[string]bool{}}
	err := e.Store.Write(ctx, func(tx *store.Tx) error {
		w.Tx, w.Now = tx, e.Now()
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
		e.HoldEnds(thread, until)
	}
	for _, s := range w.traces {
		e.watch.tell(s)
	}
	return nil
}

// SetHold stores the hold of a thread, and has it flushed when it ends. A zero first
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

// Trace tells those who watch what was done, once it is committed.
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
