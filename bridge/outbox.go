package bridge

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hashsend/bridge/retry"
	"hashsend/bridge/store"
)

// outbox makes the deliveries. Each lane has at most one goroutine, so that its
// order is kept; lanes do not wait for each other.
type outbox struct {
	b     *Bridge
	slots chan struct{} // how many deliveries go on at once

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

func newOutbox(b *Bridge) *outbox {
	return &outbox{b: b, slots: make(chan struct{}, together), lanes: map[string]*lane{}}
}

// run wakes what waits from before and delivers until ctx ends; the deliveries in
// hand are finished.
func (o *outbox) run(ctx context.Context) error {
	var waiting []string
	doubt := map[int64]bool{}
	err := o.b.store.Read(ctx, func(tx *store.Tx) (err error) {
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
	for name := range o.lanes {
		waiting = append(waiting, name) // woken before run
	}
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

// inDoubt reports whether a delivery may have been made although nothing says
// so: an attempt was unclear, or the program was stopped in the middle of one.
// Only the delivery that stood first in its lane at the start can be such a one.
func (o *outbox) inDoubt(d store.Delivery) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return d.Phase != store.PhaseNew || o.doubt[d.ID]
}

// wake has a lane looked at.
func (o *outbox) wake(name string) {
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
func (o *outbox) drain(name string, l *lane) {
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
func (o *outbox) next(name string) (wait time.Duration, empty bool) {
	b := o.b
	var d store.Delivery
	err := b.store.Read(o.ctx, func(tx *store.Tx) (err error) {
		d, err = tx.First(name)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNone):
		return 0, true
	case err != nil:
		if o.ctx.Err() == nil {
			b.log.Error("read outbox", "error", err)
		}
		return time.Second, false
	}
	if wait := d.Due.Sub(b.o.Now()); wait > 0 {
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
	if err := b.deliver(ctx, d); err != nil {
		b.log.Error("settle a delivery", "kind", d.Kind, "error", err)
		return time.Second, false
	}
	return 0, false
}

// patience is how long a delivery is tried before it is given up.
func patience(kind string) time.Duration {
	switch kind {
	case jobMail, jobPost, jobOpen, jobAdmit:
		return 5 * 24 * time.Hour
	case jobPostFile:
		return 5 * 24 * time.Hour
	case jobKeep, jobUnseal:
		return 24 * time.Hour
	case jobRoot, jobFollow:
		return 2 * time.Minute // the answers to it wait; people are invited one after the other
	case jobSettings:
		return 3 * time.Second // nobody looks for it later
	case jobFetchFile:
		return 15 * time.Minute // what was said with it waits
	}
	return time.Hour
}

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

// again stores a failed attempt. It returns true when the delivery is given up.
func (w *work) again(d store.Delivery, err error) (final bool, _ error) {
	d.Attempt++
	f := judgeFailure(err, d.Attempt, w.now.Sub(d.Created), patience(d.Kind))
	if f.Final {
		return true, w.Done(d.ID)
	}
	if f.Unclear && d.Phase == store.PhaseNew {
		d.Phase, d.Started = store.PhaseUnclear, w.now
	}
	d.Due, d.Error = w.now.Add(f.Wait), err.Error()
	return false, w.SetDelivery(d)
}

// deliver makes one delivery and settles it. The error is one of settling: the
// delivery is looked at again.
func (b *Bridge) deliver(ctx context.Context, d store.Delivery) error {
	switch d.Kind {
	case jobMail:
		return b.deliverMail(ctx, d)
	case jobKeep:
		return b.deliverKeep(ctx, d)
	case jobAdmit:
		return b.deliverAdmit(ctx, d)
	case jobOwnCopy:
		return b.deliverOwnCopy(ctx, d)
	case jobFetchFile:
		return b.deliverFetchFile(ctx, d)
	case jobUnseal:
		return b.deliverUnseal(ctx, d)
	case jobAgain:
		return b.deliverAgain(ctx, d)
	case jobCorrect:
		return b.deliverCorrection(ctx, d)
	case jobReactMail:
		return b.deliverReactions(ctx, d)
	case jobDigest:
		return b.deliverDigest(ctx, d)
	}
	return b.deliverChat(ctx, d)
}
