package receive

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"hashsend/bridge/retry"
)

// probeAfter is how long after a connection was broken off the homeserver is asked whether
// it is there: it has ended by then, and is not back yet.
const probeAfter = 500 * time.Millisecond

// watchLines looks at connections that were broken off, until ctx ends. A proxy ends them
// as it likes; if the homeserver does not answer, it has ended.
func (r *Receiver) watchLines(ctx context.Context) {
	for {
		select {
		case <-r.broken:
		case <-ctx.Done():
			return
		}
		if !retry.Sleep(ctx, probeAfter) {
			return
		}
		asking, done := context.WithTimeout(ctx, 5*time.Second)
		err := r.server.Answers(asking)
		done()
		if err != nil && ctx.Err() == nil {
			r.log.Info("the homeserver is away; its rooms are read again when it is back", "error", err)
			r.pushes.broken(time.Now())
		}
	}
}

// lines are the connections that a homeserver pushes on.
type lines struct {
	mu   sync.Mutex
	open map[net.Conn]*line
}

// line is one connection.
type line struct {
	mu     sync.Mutex
	pushes int       // how many came on it
	single bool      // it ends with its request, as the homeserver said
	idle   time.Time // since when it waits for a request; zero: a request is being answered
}

type lineKey struct{}

// begin notes a connection; see http.Server.ConnContext.
func (l *lines) begin(ctx context.Context, c net.Conn) context.Context {
	one := &line{}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		l.open = map[net.Conn]*line{}
	}
	l.open[c] = one
	return context.WithValue(ctx, lineKey{}, one)
}

// change notes what a connection does, and reports whether it was broken off: it ended
// during a push, or so soon after one that the homeserver did not end it on purpose. See
// http.Server.ConnState.
func (l *lines) change(c net.Conn, state http.ConnState, now time.Time) (broken bool) {
	l.mu.Lock()
	one := l.open[c]
	if state == http.StateClosed || state == http.StateHijacked {
		delete(l.open, c)
	}
	l.mu.Unlock()
	if one == nil {
		return false
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	switch state {
	case http.StateActive:
		one.idle = time.Time{}
	case http.StateIdle:
		one.idle = now
	case http.StateClosed:
		return one.pushes > 0 && !one.single && (one.idle.IsZero() || now.Before(one.idle.Add(keptAlive)))
	}
	return false
}

// first notes that a push came, and reports whether it is the first one of a connection
// that is kept.
func first(req *http.Request) bool {
	one, is := req.Context().Value(lineKey{}).(*line)
	if !is {
		return false
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	one.pushes++
	one.single = req.Close || !req.ProtoAtLeast(1, 1)
	return one.pushes == 1 && !one.single
}
