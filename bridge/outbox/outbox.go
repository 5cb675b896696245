// Package outbox makes stored deliveries, in order within each lane, until they succeed or are
// given up. It does not depend on their kinds.
package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
)

// Outbox makes the deliveries. At most one goroutine works on a lane, which keeps its order.
// Lanes do not wait for each other.
type Outbox struct {
	env    *core.Env
	kinds  map[string]Kind
	gaveUp func(*core.Work, store.Delivery, error) error
	slots  chan struct{} // limits concurrent deliveries

	mu      sync.Mutex
	ctx     context.Context // nil before run
	lanes   map[string]*lane
	doubt   map[int64]bool // deliveries that were first in their lanes at the start
	running sync.WaitGroup
}

type lane struct {
	busy  bool
	again bool // woken while busy
	timer *time.Timer
}

// together is the number of concurrent deliveries.
const together = 64

// Kind is a kind of delivery.
type Kind struct {
	Name     string
	Patience time.Duration // how long it is retried; 0: an hour
	// Deliver makes one delivery and stores its outcome. It returns an error only if it could
	// not store the outcome; the delivery is then tried again.
	Deliver func(context.Context, store.Delivery) error
	// GaveUp reports a delivery of this kind whose outcome could not be stored until it was
	// given up. Nil: the outbox's own gaveUp reports it.
	GaveUp func(*core.Work, store.Delivery, error) error
}

// UsualPatience is how long most kinds of delivery are retried.
const UsualPatience = time.Hour

// New makes an outbox for these kinds. gaveUp reports a delivery that failed for good if its
// kind is unknown or has no GaveUp.
func New(e *core.Env, gaveUp func(*core.Work, store.Delivery, error) error, kinds ...Kind) *Outbox {
	o := &Outbox{env: e, kinds: map[string]Kind{}, gaveUp: gaveUp, slots: make(chan struct{}, together), lanes: map[string]*lane{}}
	for _, k := range kinds {
		o.kinds[k.Name] = k
	}
	e.Wake, e.LaneUnder = o.wake, o.laneUnder
	return o
}

// Run makes deliveries until ctx ends, starting with those stored before. It returns when
// running deliveries have finished.
func (o *Outbox) Run(ctx context.Context) error {
	var waiting []string
	doubt := map[int64]bool{}
	err := o.env.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if waiting, err = tx.Lanes(); err != nil {
			return err
		}
		for _, name := range waiting {
			d, err := tx.First(name)
			if err != nil {
				return err
			}
			doubt[d.ID] = true
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read outbox: %w", err)
	}
	o.mu.Lock()
	o.ctx, o.doubt = ctx, doubt
	for _, name := range waiting {
		if o.lanes[name] == nil {
			o.lanes[name] = &lane{}
		}
	}
	waiting = slices.Collect(maps.Keys(o.lanes)) // including those woken before
	o.mu.Unlock()
	for _, name := range waiting {
		o.wake(name)
	}
	<-ctx.Done()
	o.mu.Lock()
	for _, l := range o.lanes {
		if l.timer != nil {
			l.timer.Stop()
		}
	}
	o.mu.Unlock()
	o.running.Wait()
	return nil
}

// laneUnder reports whether a lane with this prefix may have deliveries. Before Run has read
// the stored ones, it returns true.
func (o *Outbox) laneUnder(prefix string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ctx == nil {
		return true
	}
	for name := range o.lanes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// wake starts work on a lane, or repeats it if it is running.
func (o *Outbox) wake(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.lanes[name]
	if l == nil {
		l = &lane{}
		o.lanes[name] = l
	}
	if o.ctx == nil || o.ctx.Err() != nil {
		return
	}
	if l.busy {
		l.again = true
		return
	}
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	l.busy = true
	o.running.Go(func() { o.drain(name, l) })
}

// drain makes the deliveries of a lane that are due and sets a timer for the next one.
func (o *Outbox) drain(name string, l *lane) {
	for {
		wait, empty := o.next(name)
		o.mu.Lock()
		switch {
		case o.ctx.Err() != nil:
			l.busy = false
			o.mu.Unlock()
			return
		case l.again || (!empty && wait <= 0):
			l.again = false
			o.mu.Unlock()
			continue
		}
		l.busy = false
		if empty {
			delete(o.lanes, name)
		} else {
			l.timer = time.AfterFunc(wait, func() { o.wake(name) })
		}
		o.mu.Unlock()
		return
	}
}

// next makes the first delivery of a lane if it is due. It returns how long to wait for the
// next one; 0: it may be due.
func (o *Outbox) next(name string) (wait time.Duration, empty bool) {
	var d store.Delivery
	err := o.env.Store.Read(o.ctx, func(tx *store.Tx) (err error) {
		d, err = tx.First(name)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNone):
		return 0, true
	case err != nil:
		if o.ctx.Err() == nil {
			o.env.Log.Error("read outbox", "error", err)
		}
		return time.Second, false
	}
	if wait := d.Due.Sub(o.env.Now()); wait > 0 {
		return wait, false
	}
	select {
	case o.slots <- struct{}{}:
		defer func() { <-o.slots }()
	case <-o.ctx.Done():
		return 0, false
	}
	// A running delivery is finished even when the program stops. Connectors have their own
	// deadlines.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(o.ctx), 15*time.Minute)
	defer cancel()
	if err := o.deliver(ctx, d); err != nil {
		o.env.Log.Error("settle a delivery", "kind", d.Kind, "error", err)
		if err := o.unsettled(ctx, d, err); err != nil {
			o.env.Log.Error("note that a delivery could not be settled", "kind", d.Kind, "error", err)
			return time.Second, false
		}
	}
	return 0, false
}

// deliver makes one delivery by its kind. An unknown kind, such as after a downgrade, fails for
// good. A panic becomes an error of this delivery.
func (o *Outbox) deliver(ctx context.Context, d store.Delivery) (err error) {
	defer func() {
		if p := recover(); p != nil {
			o.env.Log.Error("a delivery panicked", "kind", d.Kind, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	o.mu.Lock()
	d.Resumed = o.doubt[d.ID]
	o.mu.Unlock()
	if k, known := o.kinds[d.Kind]; known {
		return k.Deliver(ctx, d)
	}
	return o.env.Write(ctx, "settle-unknown", func(w *core.Work) error {
		if err := w.Done(d.ID); err != nil {
			return err
		}
		return o.gaveUp(w, d, fmt.Errorf("this version of hashsend doesn't support deliveries of type %q", d.Kind))
	})
}

// unsettled counts an attempt whose outcome could not be stored. The delivery is in doubt from
// now on, and given up when its patience ends.
func (o *Outbox) unsettled(ctx context.Context, d store.Delivery, cause error) error {
	o.mu.Lock()
	o.doubt[d.ID] = true
	o.mu.Unlock()
	return o.env.Write(ctx, "unsettled", func(w *core.Work) error {
		now, err := w.Delivery(d.Key)
		if errors.Is(err, store.ErrNone) {
			return nil // it is settled after all
		}
		if err != nil {
			return err
		}
		k := o.kinds[d.Kind]
		if final, err := Again(w, now, cause, cmp.Or(k.Patience, UsualPatience)); err != nil || !final {
			return err
		}
		if k.GaveUp != nil {
			return k.GaveUp(w, now, cause)
		}
		return o.gaveUp(w, now, cause)
	})
}

// InDoubt reports whether an earlier attempt may have succeeded: it was unclear, or the program
// stopped during it.
func InDoubt(d store.Delivery) bool { return d.Phase != store.PhaseNew || d.Resumed }

// failure is the consequence of a failed attempt.
type failure struct {
	Final   bool
	Unclear bool
	Wait    time.Duration
}

// judgeFailure decides whether and when to retry a delivery.
func judgeFailure(err error, attempt int, age, limit time.Duration) failure {
	if retry.IsNever(err) || age > limit {
		return failure{Final: true}
	}
	f := failure{Unclear: retry.IsUnclear(err), Wait: retry.Backoff(attempt, time.Second, 10*time.Minute)}
	if pause, ok := retry.Pause(err); ok {
		f.Wait = pause
	}
	return f
}

// Again stores a failed attempt. It returns true if the delivery is given up because the error
// is final or its patience is over. The caller then reports it.
func Again(w *core.Work, d store.Delivery, cause error, patience time.Duration) (final bool, _ error) {
	d.Attempt++
	f := judgeFailure(cause, d.Attempt, w.Now.Sub(d.Created), patience)
	if f.Final {
		return true, w.Done(d.ID)
	}
	if f.Unclear && d.Phase == store.PhaseNew {
		d.Phase, d.Started = store.PhaseUnclear, w.Now
	}
	d.Due, d.Error = w.Now.Add(f.Wait), cause.Error()
	return false, w.SetDelivery(d)
}

// MessagePatience is how long the delivery of a message is retried.
const MessagePatience = 5 * 24 * time.Hour
