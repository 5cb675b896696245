package receive

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// A homeserver pushes in order as long as we answer. Around a push that fails, Synapse
// does not: until it has noted that we are gone it pushes what comes next, and a push made
// while it notes that we are back stays behind until we are gone once more. Its
// transactions are numbered, so a missing one is noticed, and its events are read from the
// history. Without trouble, a missing number most likely belongs to another service.
//
// Synapse sometimes never pushes the events of its last moments before it ended, and its
// numbers may go back. Its connection ends with it: so each room is read before the first
// push of a new connection that has an event of it, and all rooms are read when it was
// away, and every few hours.
const (
	unsettled  = time.Minute             // how long after a sign of trouble missing numbers mean something
	quiet      = 5 * time.Second         // how long after the last sign we look for what stayed behind
	pushedLate = 1500 * time.Millisecond // an event of this age was pushed before, in vain
	keptAlive  = time.Minute             // homeservers keep a connection at least so long after a push
	lookEvery  = 3 * time.Hour           // how often all rooms are read without a sign of trouble
)

// pushes is what is known about the order of the pushes.
type pushes struct {
	mu      sync.Mutex           // held while a push is taken in
	last    int64                // the highest number; 0: there was none yet, or they have none
	checked map[chat.RoomID]bool // read since a push was missing
	until   time.Time            // until then the order is unsettled
	owed    bool                 // something may have stayed behind
	sign    time.Time            // the last sign of that
	fresh   time.Time            // until then rooms are read as above, because the connection is new
	looked  time.Time            // when all rooms were last read
}

// broken notes that a connection was broken off because the homeserver has ended.
func (p *pushes) broken(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.checked)
	p.trouble(now)
}

// trouble notes that a push has failed, or may have. The caller holds mu.
func (p *pushes) trouble(now time.Time) {
	p.until, p.owed, p.sign = now.Add(unsettled), true, now
}

// start is called before the first push.
func (p *pushes) start(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looked = now
	p.forget(now)
}

// forget forgets what is known about the order. The caller holds mu.
func (p *pushes) forget(now time.Time) {
	p.last = 0
	clear(p.checked)
	p.trouble(now)
}

// next notes a push and returns the rooms whose history is to be read before it is taken
// in: each room before the first push with an event of it, and again when a push is
// missing. late: it was pushed before, in vain; fresh: it is the first one of a connection.
// The caller holds mu.
func (p *pushes) next(txn string, late, fresh bool, now time.Time, events []chat.Event) (rooms []chat.RoomID) {
	if late {
		p.trouble(now)
	}
	if n, err := strconv.ParseInt(txn, 10, 64); err == nil {
		p.number(n, fresh, now)
	}
	if now.After(p.until) && !now.Before(p.fresh) {
		return nil
	}
	for _, e := range events {
		h := e.EventHead()
		if room := h.Place.Room; room != "" && h.Event != "" && !p.checked[room] {
			p.checked[room] = true
			rooms = append(rooms, room)
		}
	}
	return rooms
}

// number notes the number of a push. The caller holds mu.
func (p *pushes) number(n int64, fresh bool, now time.Time) {
	settled, again := now.After(p.until), n <= p.last
	missing := p.last != 0 && n > p.last+1 && !settled
	if fresh || missing || again && settled {
		clear(p.checked)
	}
	switch {
	case again: // an answer of ours got lost, or the numbers went back
		p.trouble(now)
	case missing:
		p.owed, p.sign = true, now
	}
	if fresh {
		p.fresh = now.Add(unsettled)
	}
	if fresh || !again {
		p.last = n
	}
}

// settled reports, once, that the order is settled and something may have stayed behind;
// also from time to time without a sign of that.
func (p *pushes) settled(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Before(p.looked.Add(lookEvery)) && (!p.owed || now.Before(p.sign.Add(quiet))) {
		return false
	}
	p.owed, p.looked = false, now
	return true
}

// wasLate reports whether a push failed before, by the age of its first event.
func wasLate(events []json.RawMessage) bool {
	var e struct {
		Unsigned struct {
			Age int64 `json:"age"` // milliseconds
		} `json:"unsigned"`
	}
	return len(events) > 0 && json.Unmarshal(events[0], &e) == nil && time.Duration(e.Unsigned.Age)*time.Millisecond >= pushedLate
}

// takeIn hands a push over, after the messages before it.
func (r *Receiver) takeIn(ctx context.Context, txn string, late, fresh bool, events []chat.Event, handle chat.Handler) error {
	p := &r.pushes
	p.mu.Lock()
	defer p.mu.Unlock()
	reading, done := context.WithTimeout(ctx, turn)
	defer done()
	for _, room := range p.next(txn, late, fresh, time.Now(), events) {
		if err := handle(reading, "", chat.Gap{Head: chat.Head{Place: chat.Place{Room: room}}}); err != nil {
			r.log.Warn("couldn't read the earlier messages of a room", "error", err)
			p.trouble(time.Now())
		}
	}
	if len(events) == 0 {
		return nil
	}
	if err := handle(ctx, "", events...); err != nil {
		p.forget(time.Now()) // the next push may come before this one comes again
		return err
	}
	return nil
}

// lookBack reads what stayed behind from the history once the order is settled, until ctx
// ends.
func (r *Receiver) lookBack(ctx context.Context, handle chat.Handler) {
	for retry.Sleep(ctx, quiet) {
		if r.pushes.settled(time.Now()) {
			r.catchUp(ctx, handle, func() {})
		}
	}
}
