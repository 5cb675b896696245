package receive

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
	"hashsend/connectors/slack/dialogs"
	"hashsend/connectors/slack/web"
)

// Slots is how many connections are open at once: while one is renewed, Slack sends
// to the other.
const Slots = 2

const (
	pingWithin = 70 * time.Second // Slack pings more often than every 30 s
	openWithin = 20 * time.Second
	linger     = 15 * time.Second // how long an old connection is still read
	maxFrame   = 16 << 20
	maxAck     = 20 << 10 // Slack drops a longer acknowledgement
)

// socket is one connection of Socket Mode.
type socket struct {
	*websocket.Conn
	ctx     context.Context // ends when nothing more is to be read
	writing sync.Mutex
	pending sync.WaitGroup // requests that are not acknowledged yet
}

// finish closes the connection. At the end of the program it first waits until all
// its requests are acknowledged.
func (c *socket) finish() error {
	if c.ctx.Err() != nil {
		c.pending.Wait()
	}
	return c.Close()
}

// awake lets the connection be read for another while, unless it is to end. Then the
// requests in progress can still be acknowledged.
func (c *socket) awake() {
	c.SetReadDeadline(time.Now().Add(pingWithin)) //nolint:errcheck // the next read tells
	if c.ctx.Err() != nil {
		c.SetReadDeadline(time.Now()) //nolint:errcheck // the next read tells
	}
}

// frame is one frame that Slack sends over a connection.
type frame struct {
	Type     string          `json:"type"`
	Envelope string          `json:"envelope_id"`
	Payload  json.RawMessage `json:"payload"`
	Answers  bool            `json:"accepts_response_payload"`
	Reason   string          `json:"reason"`
	Attempt  int             `json:"retry_attempt"`
}

// errOff says that Socket Mode is switched off in the settings of the app.
var errOff = errors.New("Socket Mode is switched off: switch it on in the app's settings under “Socket Mode”")

// connect opens a connection and waits for its hello. Connections are opened one
// after the other.
func (s *session) connect(ctx context.Context) (*socket, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	opening, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	_, address, err := s.web.API.StartSocketModeContext(opening)
	if err != nil {
		return nil, fmt.Errorf("open a connection to Slack (is app_token correct, and does it have the scope connections:write?): %w", web.Mark(err))
	}
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: openWithin}
	conn, _, err := dialer.DialContext(opening, address, nil)
	if err != nil {
		return nil, fmt.Errorf("connect to Slack: %w", err)
	}
	c := &socket{Conn: conn, ctx: ctx}
	conn.SetReadLimit(maxFrame)
	conn.SetPingHandler(func(data string) error {
		c.awake()
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
		return nil, errors.Join(fmt.Errorf("wait for Slack's hello: %w", errors.Join(err, errors.New("it sent something else"))), conn.Close())
	}
	return c, nil
}

// reason makes an error of the reason for which Slack ends a connection; nil: it is
// to be renewed.
func reason(why string) error {
	switch why {
	case "link_disabled":
		return errOff
	case "too_many_websockets":
		return retry.After(errors.New("the app has too many connections: is another hashsend running with its tokens?"), time.Minute)
	}
	return nil
}

// keepOpen keeps one connection open until ctx ends.
func (s *session) keepOpen(ctx context.Context, slot int) {
	log := s.web.Log.With("connection", slot+1)
	var next *socket
	for attempt := 1; ctx.Err() == nil; {
		c := next
		var err error
		if c == nil {
			c, err = s.connect(ctx)
		}
		next = nil
		if err == nil {
			attempt = 1
			s.admitted()
			s.opened(ctx)
			log.Debug("connected to Slack")
			next, err = s.serve(ctx, c)
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		var out *web.LockedOut
		switch {
		case errors.As(err, &out):
			s.denied(ctx, err)
		case errors.Is(err, errOff), s.closed():
			s.setTrouble(err)
		}
		log.Warn("retrying the connection to Slack", "error", err)
		pauseFor(ctx, err, attempt)
		attempt++
	}
	if next != nil {
		next.Close() //nolint:errcheck // it was not used yet
	}
}

// opened counts a connection. If something may have been missed before, the history
// is read.
func (s *session) opened(ctx context.Context) {
	s.mu.Lock()
	s.open++
	missed := s.missed
	s.missed = false
	s.mu.Unlock()
	if missed {
		s.gap(ctx)
	}
}

// lost counts a connection out. After a break Slack repeats what it had sent, behind
// what comes over the other connection: the history has it in order.
func (s *session) lost(ctx context.Context, broke bool) {
	s.mu.Lock()
	s.open--
	alone := s.open == 0
	s.missed = s.missed || alone
	s.mu.Unlock()
	if broke && !alone {
		s.gap(ctx)
	}
}

// closed reports whether no connection is open.
func (s *session) closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open == 0
}

// serve reads a connection until it ends. When Slack announces the end, serve opens
// the next one and returns it; the old one is read to its end.
func (s *session) serve(ctx context.Context, c *socket) (next *socket, err error) {
	stop := context.AfterFunc(ctx, c.awake)
	why, err := s.read(ctx, c)
	if err == nil {
		err = reason(why)
	}
	if err != nil || ctx.Err() != nil {
		stop()
		s.lost(ctx, true)
		return nil, errors.Join(err, c.finish())
	}
	next, err = s.connect(ctx)
	s.running.Go(func() {
		defer stop()
		defer c.finish() //nolint:errcheck // it is at its end
		end := time.AfterFunc(linger, func() {
			c.Close() //nolint:errcheck // its reader is told
		})
		defer end.Stop()
		for {
			if _, err := s.read(ctx, c); err != nil {
				break
			}
		}
		s.lost(ctx, false)
	})
	return next, err
}

// read takes in requests until the connection breaks, or Slack announces its end.
func (s *session) read(ctx context.Context, c *socket) (why string, err error) {
	for {
		c.awake()
		_, raw, err := c.ReadMessage()
		if err != nil {
			return "", fmt.Errorf("the connection to Slack ended: %w", err)
		}
		var f frame
		if err := json.Unmarshal(raw, &f); err != nil {
			s.web.Log.Warn("skipping something from Slack that can't be read", "error", err)
			continue
		}
		switch {
		case f.Type == "disconnect":
			return f.Reason, nil
		case f.Envelope == "":
			continue // a greeting, or something that wants no answer
		}
		c.pending.Add(1)
		s.enter(ctx, request{kind: f.Type, payload: f.Payload, again: f.Attempt > 0}, func(out dialogs.Outcome, err error) {
			defer c.pending.Done()
			if err != nil {
				// Slack sends again whatever is not acknowledged.
				s.web.Log.Error("could not store a request from Slack; Slack will send it again", "error", err)
				return
			}
			s.acknowledge(ctx, c, f, out)
		})
	}
}

// acknowledge tells Slack that the events of a request are stored. If the
// acknowledgement is lost, the request comes again and is recognised.
func (s *session) acknowledge(ctx context.Context, c *socket, f frame, out dialogs.Outcome) {
	ack := map[string]any{"envelope_id": f.Envelope}
	if answer, err := json.Marshal(out.Answer); out.Answer != nil && f.Answers && err == nil && len(answer) < maxAck {
		ack["payload"] = json.RawMessage(answer)
	}
	c.writing.Lock()
	err := errors.Join(c.SetWriteDeadline(time.Now().Add(10*time.Second)), c.WriteJSON(ack))
	c.writing.Unlock()
	if err != nil {
		s.web.Log.Debug("could not acknowledge a request from Slack; Slack will send it again", "error", err)
	}
	if out.After != nil {
		s.running.Go(func() { out.After(ctx) })
	}
}
