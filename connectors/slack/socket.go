package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"hashsend/bridge/retry"
)

// slots is how many connections are open at once: while one is renewed, Slack
// sends to the other.
const slots = 2

const (
	pingWithin = 70 * time.Second // Slack pings more often than every 30 s
	openWithin = 20 * time.Second
	linger     = 15 * time.Second // how long an old connection is still read
	maxFrame   = 16 << 20
	maxAck     = 20 << 10 // an acknowledgement of more is dropped
)

// socket is one connection of Socket Mode.
type socket struct {
	*websocket.Conn
	ctx     context.Context // ends when nothing more is to be read
	writing sync.Mutex
	pending sync.WaitGroup // requests that are not acknowledged yet
}

// finish closes the connection; at the end of the program, once all that came over
// it is acknowledged.
func (s *socket) finish() error {
	if s.ctx.Err() != nil {
		s.pending.Wait()
	}
	return s.Close()
}

// frame is what comes over it.
type frame struct {
	Type     string          `json:"type"`
	Envelope string          `json:"envelope_id"`
	Payload  json.RawMessage `json:"payload"`
	Answers  bool            `json:"accepts_response_payload"`
	Reason   string          `json:"reason"`
	Attempt  int             `json:"retry_attempt"`
}

// errOff says that Socket Mode is switched off in the settings of the app.
var errOff = errors.New("the app has Socket Mode switched off: switch it on in the settings of the app under “Socket Mode”")

// connect opens a connection and waits for its hello. The slots open theirs one
// after the other.
func (r *receiver) connect(ctx context.Context) (*socket, error) {
	r.opening.Lock()
	defer r.opening.Unlock()
	opening, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	_, address, err := r.api.StartSocketModeContext(opening)
	if err != nil {
		return nil, fmt.Errorf("ask Slack for a connection (is app_token right, and has it the scope connections:write?): %w", mark(err))
	}
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: openWithin}
	conn, _, err := dialer.DialContext(opening, address, nil)
	if err != nil {
		return nil, fmt.Errorf("connect to Slack: %w", err)
	}
	s := &socket{Conn: conn, ctx: ctx}
	conn.SetReadLimit(maxFrame)
	conn.SetPingHandler(func(data string) error {
		s.awake()
		return conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(5*time.Second))
	})
	if err := conn.SetReadDeadline(time.Now().Add(openWithin)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	var hello frame
	if err := conn.ReadJSON(&hello); err != nil || hello.Type != "hello" {
		if hello.Type == "disconnect" {
			err = reason(hello.Reason)
		}
		return nil, errors.Join(fmt.Errorf("wait for Slack's greeting: %w", errors.Join(err, errors.New("it said something else"))), conn.Close())
	}
	return s, nil
}

// reason makes an error of the reason for which Slack ends a connection; nil: it
// is to be renewed.
func reason(why string) error {
	switch why {
	case "link_disabled":
		return errOff
	case "too_many_websockets":
		return retry.After(errors.New("there are too many connections of this app: does another hashsend run with its tokens?"), time.Minute)
	}
	return nil
}

// awake lets the connection be read for another while, unless it is to end. What
// is in hand then can still be acknowledged.
func (s *socket) awake() {
	s.SetReadDeadline(time.Now().Add(pingWithin)) //nolint:errcheck // the next read tells
	if s.ctx.Err() != nil {
		s.SetReadDeadline(time.Now()) //nolint:errcheck // the next read tells
	}
}

// keepOpen holds one connection open until ctx ends.
func (r *receiver) keepOpen(ctx context.Context, slot int) {
	log := r.env.Log.With("connection", slot+1)
	var next *socket
	for attempt := 1; ctx.Err() == nil; {
		s := next
		var err error
		if s == nil {
			s, err = r.connect(ctx)
		}
		next = nil
		if err == nil {
			attempt = 1
			r.admitted()
			r.opened(ctx)
			log.Debug("connected to Slack")
			next, err = r.serve(ctx, s)
		}
		if err == nil || gone(ctx) {
			continue
		}
		var out *lockedOut
		switch {
		case errors.As(err, &out):
			r.denied(ctx, err)
		case errors.Is(err, errOff):
			r.setTrouble(err)
		case r.closed():
			r.setTrouble(err)
		}
		log.Warn("the connection to Slack is tried again", "error", err)
		pauseFor(ctx, err, attempt)
		attempt++
	}
	if next != nil {
		next.Close() //nolint:errcheck // it was not used yet
	}
}

// opened counts a connection. What may have been missed before is caught up with.
func (r *receiver) opened(ctx context.Context) {
	r.mu.Lock()
	r.open++
	missed := r.missed
	r.missed = false
	r.mu.Unlock()
	if missed {
		r.gap(ctx)
	}
}

// lost counts a connection out. If it broke, what Slack had sent over it comes once
// more, behind what comes over the other: the history has it in its order.
func (r *receiver) lost(ctx context.Context, broke bool) {
	r.mu.Lock()
	r.open--
	alone := r.open == 0
	r.missed = r.missed || alone
	r.mu.Unlock()
	if broke && !alone {
		r.gap(ctx)
	}
}

// closed reports whether no connection is open.
func (r *receiver) closed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.open == 0
}

// serve reads a connection until it ends. When Slack says that it will, a new one
// is opened first and returned, and the old one is read to its end.
func (r *receiver) serve(ctx context.Context, s *socket) (next *socket, err error) {
	stop := context.AfterFunc(ctx, s.awake)
	why, err := r.read(ctx, s)
	if err == nil {
		err = reason(why)
	}
	if err != nil || gone(ctx) {
		stop()
		r.lost(ctx, true)
		return nil, errors.Join(err, s.finish())
	}
	next, err = r.connect(ctx)
	r.running.Go(func() {
		defer stop()
		defer s.finish() //nolint:errcheck // it is at its end
		end := time.AfterFunc(linger, func() { s.Close() })
		defer end.Stop()
		for {
			if _, err := r.read(ctx, s); err != nil {
				break
			}
		}
		r.lost(ctx, false)
	})
	return next, err
}

// read takes what comes until the connection breaks, or Slack announces its end.
func (r *receiver) read(ctx context.Context, s *socket) (why string, err error) {
	for {
		s.awake()
		_, raw, err := s.ReadMessage()
		if err != nil {
			return "", fmt.Errorf("the connection to Slack has ended: %w", err)
		}
		var f frame
		if err := json.Unmarshal(raw, &f); err != nil {
			r.env.Log.Warn("something that came from Slack cannot be read and is left out", "error", err)
			continue
		}
		switch {
		case f.Type == "disconnect":
			return f.Reason, nil
		case f.Envelope == "":
			continue // a greeting, or nothing that wants an answer
		}
		s.pending.Add(1)
		r.enter(ctx, request{kind: f.Type, payload: f.Payload, again: f.Attempt > 0}, func(out outcome, err error) {
			defer s.pending.Done()
			if err != nil {
				// What is not acknowledged, Slack sends again.
				r.env.Log.Error("a request of Slack could not be stored; it will come again", "error", err)
				return
			}
			r.acknowledge(ctx, s, f, out)
		})
	}
}

// acknowledge tells Slack that what a request causes is stored. If that does not
// arrive, the request comes again and is recognised.
func (r *receiver) acknowledge(ctx context.Context, s *socket, f frame, out outcome) {
	ack := map[string]any{"envelope_id": f.Envelope}
	if answer, err := json.Marshal(out.answer); out.answer != nil && f.Answers && err == nil && len(answer) < maxAck {
		ack["payload"] = json.RawMessage(answer)
	}
	s.writing.Lock()
	err := errors.Join(s.SetWriteDeadline(time.Now().Add(10*time.Second)), s.WriteJSON(ack))
	s.writing.Unlock()
	if err != nil {
		r.env.Log.Debug("a request of Slack could not be acknowledged; it will come again", "error", err)
	}
	if out.after != nil {
		r.running.Go(func() { out.after(ctx) })
	}
}
