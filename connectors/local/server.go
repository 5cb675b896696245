// Package local is a small embedded chat network: the rooms of the demo. Server keeps
// the rooms in one file, and Connector connects them to the bridge like any other
// network.
package local

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Entry is one event of the server, and one line of its file.
type Entry struct {
	Seq     int64     `json:"seq"`
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"` // said, notice, emote, edit, delete, react, sign, room
	Room    string    `json:"room"`
	Thread  string    `json:"thread,omitempty"`
	By      string    `json:"by,omitempty"`   // user id; for the bridge: empty, or the sender's id
	Name    string    `json:"name,omitempty"` // as displayed
	Bridge  bool      `json:"bridge,omitempty"`
	Key     string    `json:"key,omitempty"`
	Text    string    `json:"text,omitempty"`
	HTML    string    `json:"html,omitempty"`
	ReplyTo string    `json:"reply_to,omitempty"`
	Of      string    `json:"of,omitempty"`  // the edited or deleted entry, or the target of a reaction
	For     string    `json:"for,omitempty"` // only for this user
	Files   []File    `json:"files,omitempty"`
}

// ID names the entry.
func (e Entry) ID() string { return "e" + strconv.FormatInt(e.Seq, 10) }

// Server is an embedded chat server. It is safe for several goroutines.
type Server struct {
	files   string // folder of the files' contents
	mu      sync.Mutex
	file    *os.File
	entries []Entry
	keys    map[string]int64 // key -> sequence number
	changed chan struct{}    // closed and replaced with each new entry
}

// OpenServer opens the server with the rooms in the file at path, and their files in
// the folder path.files. It creates them if they do not exist. The caller closes the
// server.
func OpenServer(path string) (*Server, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the rooms: %w", err)
	}
	s := &Server{files: path + ".files", file: f, keys: map[string]int64{}, changed: make(chan struct{})}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("read the rooms from %s: %w", path, err), f.Close())
	}
	return s, nil
}

// load reads the file. If a crash has cut off the last line, it was never handed over
// and is removed.
func (s *Server) load() error {
	r := bufio.NewReader(s.file)
	var good int64
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("line %d: %w", len(s.entries)+1, err)
		}
		good += int64(len(line))
		s.remember(e)
	}
	if err := s.file.Truncate(good); err != nil {
		return err
	}
	_, err := s.file.Seek(good, io.SeekStart)
	return err
}

func (s *Server) remember(e Entry) {
	s.entries = append(s.entries, e)
	if e.Key != "" {
		s.keys[e.Key] = e.Seq
	}
}

// Close closes the file.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Close()
}

// Add stores an entry and numbers it. The entry is on disk when Add returns. If there
// is an entry with the same Key, Add stores nothing and returns that entry.
func (s *Server) Add(e Entry) (Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq, known := s.keys[e.Key]; known && e.Key != "" {
		return s.entries[seq-1], nil
	}
	e.Seq = int64(len(s.entries)) + 1
	if e.At.IsZero() {
		e.At = time.Now()
	}
	line, err := json.Marshal(e)
	if err != nil {
		return e, err
	}
	if _, err := s.file.Write(append(line, '\n')); err != nil {
		return e, fmt.Errorf("store in the room: %w", err)
	}
	if err := s.file.Sync(); err != nil {
		return e, fmt.Errorf("store in the room: %w", err)
	}
	s.remember(e)
	close(s.changed)
	s.changed = make(chan struct{})
	return e, nil
}

// After returns the entries after a number, and a channel that is closed when there
// are more.
func (s *Server) After(seq int64) ([]Entry, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seq = min(max(seq, 0), int64(len(s.entries)))
	return slices.Clone(s.entries[seq:]), s.changed
}

// ByKey finds the entry with a key.
func (s *Server) ByKey(key string) (Entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seq, known := s.keys[key]
	if !known {
		return Entry{}, false
	}
	return s.entries[seq-1], true
}
