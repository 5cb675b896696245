package receive

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"hashsend/connectors/slack/dialogs"
	"hashsend/connectors/slack/wire"
)

const (
	// settle is how long an event waits for earlier ones: events that Slack sends over
	// different connections, or in different requests, overtake each other.
	settle = 200 * time.Millisecond
	// inTurn is how long an event waits while the history is read: Slack waits three
	// seconds for its acknowledgement.
	inTurn = 1500 * time.Millisecond
	// beside is how long a command waits at most for a line that is held up.
	beside  = inTurn + settle/2
	maxLine = 1000 // events that wait
)

// line brings events, and the commands between them, into the order in which they
// were said. It lets them wait while missed events are read from the history.
type line struct {
	news chan struct{} // of capacity 1: something has changed

	mu       sync.Mutex
	waiting  []*waiter // in order
	catching bool      // the history is being read
	again    bool      // it is to be read once more after that
}

// waiter is a request in the line.
type waiter struct {
	request
	said time.Time
	done func(dialogs.Outcome, error) // called once, by whoever takes it out of the line
	turn chan struct{}                // closed when the line takes it; nil: nobody asks
}

func newLine() *line { return &line{news: make(chan struct{}, 1)} }

// said returns when an event happened, by Slack's clock. If that is not known it is
// the zero time, and the event comes first.
func said(payload json.RawMessage) time.Time {
	var cb struct {
		Event struct {
			EventTS string `json:"event_ts"`
			TS      string `json:"ts"`
		} `json:"event"`
	}
	json.Unmarshal(payload, &cb) //nolint:errcheck // then the time is not known
	return wire.When(cmp.Or(cb.Event.EventTS, cb.Event.TS))
}

// enter puts an event into the line. done is called when the event is stored, or
// cannot be.
func (l *line) enter(in request, done func(dialogs.Outcome, error)) {
	in.came = time.Now()
	w := &waiter{request: in, said: said(in.payload), done: done}
	l.mu.Lock()
	full := len(l.waiting) >= maxLine
	if !full {
		l.insert(w)
	}
	l.mu.Unlock()
	if full {
		done(dialogs.Outcome{}, errors.New("too many events are waiting to be stored"))
		return
	}
	l.changed()
}

// insert puts a waiter behind all that were said before it. The caller holds the
// lock.
func (l *line) insert(w *waiter) {
	i := len(l.waiting)
	for i > 0 && w.said.Before(l.waiting[i-1].said) {
		i--
	}
	l.waiting = slices.Insert(l.waiting, i, w)
}

// command puts a command into the line. Slack does not tell when it was typed, so it
// comes behind everything that waits and everything said before it came. The caller
// asks heldUp next.
func (l *line) command(in request, done func(dialogs.Outcome, error)) *waiter {
	in.came = time.Now()
	w := &waiter{request: in, said: in.came, done: done, turn: make(chan struct{})}
	l.mu.Lock()
	if n := len(l.waiting); n > 0 && w.said.Before(l.waiting[n-1].said) {
		w.said = l.waiting[n-1].said
	}
	l.insert(w)
	l.mu.Unlock()
	l.changed()
	return w
}

// heldUp waits until a command's turn has come, but not longer than Slack waits for
// the acknowledgement. If the turn has not come by then, it takes the command out of
// the line and reports true: the caller handles it.
func (l *line) heldUp(w *waiter) bool {
	timer := time.NewTimer(time.Until(w.came.Add(beside)))
	defer timer.Stop()
	select {
	case <-w.turn:
		return false
	case <-timer.C:
		return l.leave(w)
	}
}

// leave takes a waiter out of the line; false: its turn has come already.
func (l *line) leave(w *waiter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.waiting, w)
	if i < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	return true
}

func (l *line) changed() {
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// next takes the first waiter out of the line once any has waited long enough, or at
// once if ending. Otherwise it returns how long that takes; negative: the line is
// empty.
func (l *line) next(ending bool) (*waiter, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		return nil, -1
	}
	patience := settle
	if l.catching {
		patience = inTurn
	}
	oldest := slices.MinFunc(l.waiting, func(a, b *waiter) int { return a.came.Compare(b.came) })
	if wait := time.Until(oldest.came.Add(patience)); wait > 0 && !ending {
		return nil, wait
	}
	first := l.waiting[0]
	l.waiting = slices.Delete(l.waiting, 0, 1)
	if first.turn != nil {
		close(first.turn)
	}
	return first, 0
}

// serve handles the line until over ends and the line is empty. From the end of ctx
// on nothing waits any more.
func (l *line) serve(ctx, over context.Context, handle func(request) (dialogs.Outcome, error)) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	ended := ctx.Done()
	for {
		last := over.Err() != nil
		w, wait := l.next(last || ctx.Err() != nil)
		if w != nil {
			w.done(handle(w.request))
			continue
		}
		if last {
			return
		}
		if wait < 0 {
			wait = time.Hour
		}
		timer.Reset(wait)
		select {
		case <-l.news:
		case <-timer.C:
		case <-ended:
			ended = nil
		case <-over.Done():
		}
	}
}

// begin says that the history is being read: new events wait for the end of that, as
// long as Slack allows. It reports false if it is being read already; then it is read
// once more after that.
func (l *line) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.again = l.catching
	if l.catching {
		return false
	}
	l.catching = true
	return true
}

// finish says that the history was read. It reports false if it is to be read once
// more.
func (l *line) finish() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.again {
		l.again = false
		return false
	}
	l.catching = false
	l.changed()
	return true
}
