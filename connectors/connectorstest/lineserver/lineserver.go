// Package lineserver is a small chat server that speaks lines of text over TCP. It
// stands for a network that hashsend does not know, in tests.
//
// A client sends HELLO NAME PASSWORD first. SAY ROOM KEY TEXT posts a line, and the
// same KEY posts it once. LISTEN NUMBER asks for all lines after that number, and for
// those to come; LISTEN NOW for those to come. The server answers OK with a number, or
// NO with a reason, and tells a line as LINE NUMBER ROOM MILLISECONDS NAME TEXT.
package lineserver

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Password is that of everybody.
const Password = "sesame"

// Line is one line of a room.
type Line struct {
	Number int
	Room   string
	At     time.Time
	Name   string
	Text   string
}

// Server is a chat server. Its methods may be called by several goroutines.
type Server struct {
	rooms   []string
	l       net.Listener
	serving sync.WaitGroup

	mu      sync.Mutex
	lines   []Line
	keys    map[string]int // the numbers of the lines by their keys
	changed chan struct{}  // closed and replaced with each new line
	conns   map[net.Conn]bool
	closed  bool
}

// Start starts a server with these rooms on a free port of this machine. The caller
// closes it.
func Start(rooms ...string) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the chat server: %w", err)
	}
	s := &Server{rooms: rooms, l: l, keys: map[string]int{}, changed: make(chan struct{}), conns: map[net.Conn]bool{}}
	s.serving.Go(s.accept)
	return s, nil
}

// Address is where it listens.
func (s *Server) Address() string { return s.l.Addr().String() }

// Close ends all connections and waits for that.
func (s *Server) Close() error {
	err := s.l.Close()
	s.mu.Lock()
	s.closed = true
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	s.Cut()
	s.serving.Wait()
	return err
}

// Cut breaks every connection, as a bad network does.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close() //nolint:errcheck // its goroutine ends with it
	}
}

// Say posts a line, and returns its number; 0: there is no such room.
func (s *Server) Say(room, name, key, text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.rooms, room) {
		return 0
	}
	if n := s.keys[key]; n > 0 && key != "" {
		return n
	}
	n := len(s.lines) + 1
	s.lines = append(s.lines, Line{Number: n, Room: room, At: time.Now(), Name: name, Text: text})
	s.keys[key] = n
	close(s.changed)
	s.changed = make(chan struct{})
	return n
}

// Lines returns all lines after a number, and a channel that is closed when there are
// more.
func (s *Server) Lines(after int) ([]Line, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines[min(max(after, 0), len(s.lines)):]), s.changed
}

func (s *Server) accept() {
	for {
		c, err := s.l.Accept()
		if err != nil {
			return // it was closed
		}
		s.mu.Lock()
		if s.conns[c] = true; s.closed {
			c.Close() //nolint:errcheck // its goroutine ends with it
		}
		s.mu.Unlock()
		s.serving.Go(func() {
			s.serve(c)
			c.Close() //nolint:errcheck // the client is gone
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// serve answers a client until it goes.
func (s *Server) serve(c net.Conn) {
	in := bufio.NewScanner(c)
	name := ""
	for in.Scan() {
		verb, rest, _ := strings.Cut(in.Text(), " ")
		answer := "NO say HELLO first"
		switch {
		case verb == "HELLO":
			who, password, _ := strings.Cut(rest, " ")
			if answer = "NO wrong password"; password == Password && who != "" {
				name, answer = who, "OK 0"
			}
		case name == "":
		case verb == "SAY":
			answer = s.say(name, rest)
		case verb == "LISTEN":
			s.tell(c, rest)
			return
		default:
			answer = "NO there is no " + verb
		}
		if _, err := fmt.Fprintln(c, answer); err != nil {
			return
		}
	}
}

func (s *Server) say(name, rest string) (answer string) {
	room, rest, _ := strings.Cut(rest, " ")
	key, text, _ := strings.Cut(rest, " ")
	if key == "" || text == "" {
		return "NO nothing is said"
	}
	n := s.Say(room, name, key, text)
	if n == 0 {
		return "NO there is no room " + room
	}
	return "OK " + strconv.Itoa(n)
}

// tell tells the lines after a number until the client goes.
func (s *Server) tell(c net.Conn, from string) {
	after, err := strconv.Atoi(from)
	if err != nil {
		all, _ := s.Lines(0)
		after = len(all)
	}
	fmt.Fprintf(c, "OK %d\n", after) //nolint:errcheck // the next line tells
	gone := make(chan struct{})
	s.serving.Go(func() {
		defer close(gone)
		c.Read(make([]byte, 1)) //nolint:errcheck // a client that listens says nothing more
	})
	for {
		lines, changed := s.Lines(after)
		for _, l := range lines {
			if _, err := fmt.Fprintf(c, "LINE %d %s %d %s %s\n", l.Number, l.Room, l.At.UnixMilli(), l.Name, l.Text); err != nil {
				return
			}
			after = l.Number
		}
		select {
		case <-changed:
		case <-gone:
			return
		}
	}
}
