package imap

import (
	"context"
	"sync"
	"time"

	"hashsend/bridge/retry"
)

// seats are the connections of one account. Where the server allows only one,
// the folders take turns on it.
type seats struct {
	mu     sync.Mutex
	live   map[*session]bool
	single bool
	until  time.Time // no new connections before
	shared *session
	slow   time.Time // no quick questions before: the server has throttled

	turn   chan struct{} // holds one token while nobody has the turn
	wanted chan struct{} // somebody waits for the turn
}

func newSeats() *seats {
	s := &seats{live: map[*session]bool{}, turn: make(chan struct{}, 1), wanted: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

func (s *seats) opened(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[x] = true
}

func (s *seats) closed(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, x)
	if s.shared == x {
		s.shared = nil
	}
}

func (s *seats) isSingle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.single
}

// takeTurns makes the folders share one connection, if the one that was refused
// was not the only one. It breaks the others off, and reports whether it did.
func (s *seats) takeTurns() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.single || len(s.live) == 0 {
		return s.single && len(s.live) > 0
	}
	s.single = true
	for x := range s.live {
		x.conn.Close() //nolint:errcheck // its owner connects anew when it has the turn
	}
	return true
}

// acquire waits for the turn.
func (s *seats) acquire(ctx context.Context) error {
	select {
	case <-s.turn:
		return nil
	default:
	}
	select {
	case s.wanted <- struct{}{}:
	default:
	}
	select {
	case <-s.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *seats) release() {
	select {
	case <-s.wanted: // who waits gets it now
	default:
	}
	s.turn <- struct{}{}
}

// pause keeps new connections, and quick questions, from the server for a time.
func (s *seats) pause(d time.Duration) {
	s.hold(d)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = time.Now().Add(max(d, time.Hour))
}

// hold keeps new connections from the server for a time.
func (s *seats) hold(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if until := time.Now().Add(d); until.After(s.until) {
		s.until = until
	}
}

func (s *seats) mayHurry() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().After(s.slow)
}

func (s *seats) waitForPause(ctx context.Context) error {
	for {
		s.mu.Lock()
		wait := time.Until(s.until)
		s.mu.Unlock()
		if wait <= 0 {
			return nil
		}
		if !retry.Sleep(ctx, wait) {
			return ctx.Err()
		}
	}
}

// board gives a connection to one who needs it: a new one, or in turn the one
// that all share. leave gives it back; broken: it cannot be used any more.
func (s *Source) board(ctx context.Context, changed func()) (x *session, leave func(broken bool), err error) {
	if !s.seats.isSingle() {
		if x, err = s.connect(ctx, changed); err == nil {
			return x, func(bool) { x.close() }, nil
		}
		if kind, _ := troubleOf(err); kind != connections || !s.seats.takeTurns() {
			return nil, nil, err
		}
		s.log.Info("the server allows few connections: the folders take turns on one")
	}
	if err := s.seats.acquire(ctx); err != nil {
		return nil, nil, err
	}
	s.seats.mu.Lock()
	x = s.seats.shared
	s.seats.mu.Unlock()
	if x == nil {
		if x, err = s.connectShared(ctx); err != nil {
			s.seats.release()
			return nil, nil, err
		}
	}
	x.c.Changed = changed
	return x, func(broken bool) {
		x.c.Changed = nil
		if broken {
			x.close()
		}
		s.seats.release()
	}, nil
}

// connectShared makes the connection that all share; it outlives the one who
// needed it first. The server may still count those that were broken off.
func (s *Source) connectShared(ctx context.Context) (x *session, err error) {
	life, done := context.WithCancel(s.life)
	stop := context.AfterFunc(ctx, done)
	for range 4 {
		x, err = s.connect(life, nil)
		if kind, _ := troubleOf(err); kind != connections || !retry.Sleep(life, 300*time.Millisecond) {
			break
		}
	}
	if err != nil {
		done()
		return nil, err
	}
	inner := x.done
	x.done = func() { inner(); done() }
	if !stop() {
		x.close()
		return nil, ctx.Err()
	}
	s.seats.mu.Lock()
	s.seats.shared = x
	s.seats.mu.Unlock()
	return x, nil
}
