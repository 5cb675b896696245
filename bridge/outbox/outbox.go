// Package outbox makes the deliveries that are stored, in order within each lane, until
// they succeed or their patience is over. It knows no kind of delivery.
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

// Outbox makes the deliveries. Each lane has at most one goroutine, so that its
// order is kept; lanes do not wait for each other.
type Outbox struct {
	env    *core.Env
	kinds  map[string]Kind
	gaveUp func(*core.Work, store.Delivery, error) error
	slots  chan struct{} // how many deliveries go on at once

	mu      sync.Mutex
	ctx     context.Context // nil before run
	lanes   map[string]*lane
	doubt   map[int64]bool // deliveries that stood first in their lanes at the start
	running sync.WaitGroup
}

type lane struct {
	busy  bool
	again bool // woken while busy
	timer *time.Timer
}

// together is how many deliveries go on at once at most.
const together = 64

// Kind is a kind of delivery.
type Kind struct {
	Name     string
	Patience time.Duration // how long it is tried before it is given up; 0: an hour
	// Deliver makes one delivery and settles it: what has come of it is stored when it
	// returns nil. The error is one of settling, and the delivery is looked at again.
	Deliver func(context.Context, store.Delivery) error
	// GaveUp tells people that a delivery of the kind was given up, because it could not
	// be settled. Nil: the outbox's own gaveUp does.
	GaveUp func(*core.Work, store.Delivery, error) error
}

// UsualPatience is how long most kinds of delivery are tried.
const UsualPatience = time.Hour

// New makes an outbox that knows these kinds. gaveUp tells people of a delivery
// that failed for good and whose kind has no words of its own for that, or is unknown.
func New(e *core.Env, gaveUp func(*core.Work, store.Delivery, error) error, kinds ...Kind) *Outbox {
	o := &Outbox{env: e, kinds: map[string]Kind{}, gaveUp: gaveUp, slots: make(chan struct{}, together), lanes: map[string]*lane{}}
	for _, k := range kinds {
		o.kinds[k.Name] = k
	}
	e.Wake, e.LaneUnder = o.wake, o.laneUnder
	return o
}

// Run wakes what waits from before and delivers until ctx ends; the deliveries in
// hand are finished.
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
	waiting = slices.Collect(maps.Keys(o.lanes)) // with those woken before
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

// laneUnder reports whether something waits in a lane whose name begins so. Before Run
// has read what is stored, it may.
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

// wake has a lane looked at.
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

// drain delivers what is due in a lane, then sets the alarm for what is not.
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

// next makes the first delivery of a lane if it is due. It returns how long to
// wait for the one that is first afterwards; 0: it may be due.
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
	// A delivery that has begun is finished even when the program is to stop; its
	// connectors have deadlines of their own.
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

// deliver makes one delivery by its kind. One of a kind that is not known, as after
// going back to an older version, fails for good. A panic is an error of this delivery.
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

// unsettled counts an attempt whose outcome could not be stored: the delivery is tried
// again as one that may have been made, and given up when patience is over.
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

// InDoubt reports whether a delivery may have been made although nothing says
// so: an attempt was unclear, or the program was stopped in the middle of one.
func InDoubt(d store.Delivery) bool { return d.Phase != store.PhaseNew || d.Resumed }

// failure is what an attempt's error means for a delivery.
type failure struct {
	Final   bool
	Unclear bool
	Wait    time.Duration
}

// judgeFailure decides whether and when a delivery is tried again.
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

// Again stores a failed attempt. It returns true when the delivery is given up, because
// the error is final or patience is over; the caller then tells people.
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

// MessagePatience is how long a message is tried before it is given up.
const MessagePatience = 5 * 24 * time.Hour
