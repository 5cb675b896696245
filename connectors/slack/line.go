package slack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"hashsend/bridge/chat"
)

const (
	// settle is how long an event waits for one that was said before it: those that
	// Slack sends over different connections, or in different requests, overtake
	// each other.
	settle = 200 * time.Millisecond
	// inTurn is how long it waits while the history is read: Slack waits three
	// seconds for its acknowledgement.
	inTurn = 1500 * time.Millisecond
	// beside is how long a command waits at most: if the line is held up, it goes by.
	beside  = inTurn + settle/2
	maxLine = 1000 // events that wait
)

// line brings events, and the commands between them, into the order in which they were
// said, and lets them wait while what was missed is read from the history.
type line struct {
	news chan struct{} // of capacity 1: something has changed

	mu       sync.Mutex
	waiting  []*waiter // in order
	catching bool      // the history is being read
	again    bool      // it is to be read once more after that
}

// waiter is an event in the line.
type waiter struct {
	request
	said time.Time
	came time.Time
	done func(outcome, error) // called once
}

func newLine() *line { return &line{news: make(chan struct{}, 1)} }

// said is when an event happened, by Slack's clock; zero: unknown, it comes first.
func said(payload json.RawMessage) time.Time {
	var cb struct {
		Event struct {
			EventTS string `json:"event_ts"`
			TS      string `json:"ts"`
		} `json:"event"`
	}
	json.Unmarshal(payload, &cb) //nolint:errcheck // what cannot be read has no moment
	return when(cmp.Or(cb.Event.EventTS, cb.Event.TS))
}

// enter puts an event into the line; done is called when it is stored, or cannot be.
func (l *line) enter(in request, done func(outcome, error)) {
	w := &waiter{request: in, said: said(in.payload), came: time.Now(), done: done}
	l.mu.Lock()
	full := len(l.waiting) >= maxLine
	if !full {
		l.insert(w)
	}
	l.mu.Unlock()
	if full {
		done(outcome{}, errors.New("too many events wait to be stored"))
		return
	}
	l.changed()
}

// insert puts somebody behind all who said something before. The caller holds the lock.
func (l *line) insert(w *waiter) {
	i := len(l.waiting)
	for i > 0 && w.said.Before(l.waiting[i-1].said) {
		i--
	}
	l.waiting = slices.Insert(l.waiting, i, w)
}

// command puts a command into the line. Slack does not tell when it was typed: it comes
// behind all that waits, and behind what was said before it came. If its turn has not come
// while Slack waits for its acknowledgement, it is handled at once, beside the line.
func (l *line) command(in request, done func(outcome, error), handle func(request) (outcome, error)) {
	w := &waiter{request: in, said: time.Now(), came: time.Now(), done: done}
	l.mu.Lock()
	if n := len(l.waiting); n > 0 && w.said.Before(l.waiting[n-1].said) {
		w.said = l.waiting[n-1].said
	}
	l.insert(w)
	l.mu.Unlock()
	time.AfterFunc(beside, func() {
		if l.leave(w) {
			done(handle(in))
		}
	})
	l.changed()
}

// leave takes somebody out of the line; false: their turn has come already.
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

// next takes the first of the line once one of them has waited long enough, or at
// once if ending. Else it returns how long that takes; negative: nobody waits.
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
	return first, 0
}

// serve handles what stands in the line until over ends and the line is empty; from
// the end of ctx on nothing waits any more.
func (l *line) serve(ctx, over context.Context, handle func(request) (outcome, error)) {
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

// begin says that the history is read from now on: what comes meanwhile waits for
// the end of that, as long as Slack allows. It reports false if that is going on
// already; it is done once more then.
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

// finish says that the history was read. It reports false if that is to be done
// once more.
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

// gap has all linked channels caught up by their history, before what comes now is
// stored.
func (r *receiver) gap(ctx context.Context) {
	if !r.line.begin() {
		return
	}
	r.gaps.Go(func() {
		for attempt := 1; ; attempt++ {
			err := r.handle(ctx, "", chat.Gap{})
			switch {
			case ctx.Err() != nil:
				return
			case err != nil: // what comes now does not wait for a channel that cannot be read
				ended := r.line.finish()
				pauseFor(ctx, err, attempt)
				if ended && !r.line.begin() {
					return
				}
			case r.line.finish():
				return
			default:
				attempt = 0
			}
		}
	})
}
