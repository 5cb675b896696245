package slacktest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// maxSockets is the maximum number of connections of an app.
const maxSockets = 10

// pingEvery is how often a connection is pinged.
const pingEvery = 5 * time.Second

// socket is a connection of Socket Mode.
type socket struct {
	conn    *websocket.Conn
	writing sync.Mutex
	closing bool // it was told to disconnect: nothing more is sent over it
}

func (c *socket) write(v any) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.conn.SetWriteDeadline(time.Now().Add(5 * time.Second)) //nolint:errcheck // the write tells
	return c.conn.WriteJSON(v)
}

// envelope is a request that was not acknowledged yet.
type envelope struct {
	id, kind string
	payload  any
	answers  bool // an acknowledgement may carry an answer
	attempt  int
	done     chan json.RawMessage // gets the answer, once
}

func (c *call) openConnection() (reply, error) {
	if c.s.off != "" {
		return nil, fail(c.s.off)
	}
	ticket := "/link/" + c.s.id("T")
	c.s.tickets[ticket] = true
	return reply{"url": "ws://" + c.s.address + ticket}, nil
}

// serveSocket accepts a connection. Its address can be used once.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	good := s.tickets[r.URL.Path]
	delete(s.tickets, r.URL.Path)
	s.mu.Unlock()
	if !good {
		http.Error(w, "unknown ticket", http.StatusForbidden)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close() //nolint:errcheck // the client is gone
	c := &socket{conn: conn}
	s.mu.Lock()
	if len(s.sockets) >= maxSockets {
		s.mu.Unlock()
		c.write(map[string]any{"type": "disconnect", "reason": "too_many_websockets"}) //nolint:errcheck // it is closed
		return
	}
	n := len(s.sockets) + 1
	s.mu.Unlock()
	hello := map[string]any{"type": "hello", "num_connections": n, "connection_info": reply{"app_id": App}, "debug_info": reply{"host": "applink-1", "approximate_connection_time": 18060}}
	if c.write(hello) != nil {
		return
	}
	s.mu.Lock()
	s.sockets = append(s.sockets, c)
	ctx := s.ctx
	s.mu.Unlock()
	stop := make(chan struct{})
	go func() {
		tick := time.NewTicker(pingEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(time.Second)) //nolint:errcheck // the reader notices
			case <-stop:
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	defer close(stop)
	for {
		_, raw, err := conn.ReadMessage()
		if err != nil {
			break
		}
		s.acknowledged(raw)
	}
	s.mu.Lock()
	s.sockets = slices.DeleteFunc(s.sockets, func(o *socket) bool { return o == c })
	s.mu.Unlock()
}

// maxAck is the maximum size of an acknowledgement. A larger one is dropped.
const maxAck = 20 << 10

func (s *Server) acknowledged(raw []byte) {
	var ack struct {
		ID      string          `json:"envelope_id"`
		Payload json.RawMessage `json:"payload"`
	}
	if len(raw) >= maxAck || json.Unmarshal(raw, &ack) != nil || ack.ID == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, e := range s.pending {
		if e.id == ack.ID {
			s.pending = slices.Delete(s.pending, i, i+1)
			if !e.answers {
				ack.Payload = nil
			}
			e.done <- ack.Payload
			return
		}
	}
}

// send sends an envelope over the next connection. If there is none, it counts as not
// acknowledged.
func (s *Server) send(e *envelope) {
	s.mu.Lock()
	var to *socket
	for range s.sockets {
		s.next++
		if c := s.sockets[s.next%len(s.sockets)]; !c.closing {
			to = c
			break
		}
	}
	if !slices.Contains(s.pending, e) {
		s.pending = append(s.pending, e)
	}
	frame := map[string]any{"envelope_id": e.id, "type": e.kind, "payload": e.payload, "accepts_response_payload": e.answers}
	if e.kind == "events_api" {
		frame["retry_attempt"], frame["retry_reason"] = e.attempt, ""
		if e.attempt > 0 {
			frame["retry_reason"] = "timeout"
		}
	}
	patience := s.patience()
	ctx := s.ctx
	s.mu.Unlock()
	if to != nil {
		to.write(frame) //nolint:errcheck // it is sent again
	}
	s.delivery.Go(func() {
		select {
		case <-time.After(patience):
			s.again(e)
		case <-ctx.Done():
		}
	})
}

func (s *Server) patience() time.Duration {
	if s.Patience > 0 {
		return s.Patience
	}
	return 3 * time.Second
}

// again repeats an envelope that was not acknowledged in time, up to three times.
func (s *Server) again(e *envelope) {
	pauses := s.Again
	if pauses == nil {
		pauses = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	s.mu.Lock()
	waits := slices.Contains(s.pending, e)
	if waits && (e.attempt >= len(pauses) || e.kind != "events_api") {
		s.pending = slices.DeleteFunc(s.pending, func(o *envelope) bool { return o == e })
		waits = false
	}
	ctx := s.ctx
	s.mu.Unlock()
	if !waits {
		return
	}
	select {
	case <-time.After(pauses[e.attempt]):
	case <-ctx.Done():
		return
	}
	s.mu.Lock()
	waits = slices.Contains(s.pending, e)
	e.attempt++
	s.mu.Unlock()
	if waits {
		s.send(e)
	}
}

// Sockets counts the open connections.
func (s *Server) Sockets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets)
}

// Disconnect tells a connection to disconnect. For the reasons warning and
// refresh_requested, it closes one some seconds later; for link_disabled, it closes all
// at once and accepts no new one until Enable.
func (s *Server) Disconnect(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sockets) == 0 {
		return
	}
	which := s.sockets[:1]
	if reason == "link_disabled" {
		which, s.off = s.sockets, "socket_mode_disabled"
	}
	for _, c := range slices.Clone(which) {
		if reason != "warning" {
			c.closing = true
		}
		go func() {
			c.write(map[string]any{"type": "disconnect", "reason": reason, "debug_info": reply{"host": "applink-1"}}) //nolint:errcheck // it may be gone
			if reason == "warning" {
				time.Sleep(2 * time.Second) // Slack waits some seconds
			}
			bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
			if c.conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(time.Second)) == nil {
				time.Sleep(time.Second) // so that the client can close first
			}
			c.conn.Close() //nolint:errcheck // it is at its end
		}()
	}
}

// Frame sends a frame unchanged over one connection.
func (s *Server) Frame(raw json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sockets) > 0 {
		c := s.sockets[0]
		go c.write(raw) //nolint:errcheck // it may be gone
	}
}

// SwitchOff switches off Socket Mode in the app's settings.
func (s *Server) SwitchOff() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = "socket_mode_disabled"
}

// Enable accepts connections again.
func (s *Server) Enable() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = ""
}

// Drop breaks all connections without notice.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sockets {
		c.conn.Close() //nolint:errcheck // it is to break
	}
}

// DropOne breaks one connection without notice.
func (s *Server) DropOne() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sockets) > 0 {
		s.sockets[0].conn.Close() //nolint:errcheck // it is to break
	}
}

// LoseBacklog forgets everything that was not delivered yet.
func (s *Server) LoseBacklog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue, s.pending = nil, nil
}

// requestKind is the type of an envelope, by its content.
func requestKind(payload map[string]any) string {
	if kind, _ := payload["type"].(string); strings.HasSuffix(kind, "_callback") || kind == "app_rate_limited" {
		return "events_api"
	}
	return "interactive"
}
