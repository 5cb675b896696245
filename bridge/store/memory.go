package store

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"sync"
)

// memory caches the last used conversations as committed, so that an event need not read its
// thread, rooms and people from the tables. A transaction keeps its changes to itself; a commit
// adds them before Write returns.
type memory struct {
	mu      sync.Mutex
	commits uint64 // number of commits applied
	threads map[int64]*conversation
	rooms   map[roomKey]int64 // thread of a linked room
	authors map[authorKey]author
}

// conversation is a thread with its rooms and people. It does not change once it is shared.
type conversation struct {
	thread Thread
	epoch  Epoch // zero: none
	rooms  []Room
	people []Participant
}

type (
	roomKey   struct{ network, place, chat string }
	authorKey struct{ network, person string }
	author    struct {
		id   int64
		name string
	}
)

// Limits of the cache. Beyond them everything is dropped and read again.
const (
	mostThreads = 2000
	mostAuthors = 20000
)

func newMemory() *memory {
	m := &memory{}
	m.forget()
	return m
}

func (m *memory) forget() {
	m.threads, m.rooms, m.authors = map[int64]*conversation{}, map[roomKey]int64{}, map[authorKey]author{}
}

func (m *memory) now() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.commits
}

func (m *memory) thread(id int64) *conversation {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.threads[id]
}

func (m *memory) room(k roomKey) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rooms[k]
}

func (m *memory) author(k authorKey) author {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.authors[k]
}

// put caches a conversation unless something was committed since it was read.
func (m *memory) put(c *conversation, since uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.commits == since {
		m.keep(c)
	}
}

func (m *memory) keep(c *conversation) {
	if len(m.threads) >= mostThreads {
		clear(m.threads)
		clear(m.rooms)
	}
	m.threads[c.thread.ID] = c
	for _, r := range c.rooms {
		m.rooms[roomKey{r.Network, r.Place, r.Chat}] = c.thread.ID
	}
}

// apply adds committed changes.
func (m *memory) apply(c *changes) {
	if c.none() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commits++
	if c.all {
		clear(m.threads)
		clear(m.rooms)
	}
	for id, changed := range c.threads {
		if delete(m.threads, id); changed != nil {
			m.keep(changed)
		}
	}
	if len(m.authors)+len(c.authors) > mostAuthors {
		clear(m.authors)
	}
	maps.Copy(m.authors, c.authors)
}

// changes are the changes of a transaction to cached conversations.
type changes struct {
	all     bool                    // anything may have changed
	threads map[int64]*conversation // nil: must be read again
	authors map[authorKey]author
}

func (c *changes) none() bool { return !c.all && len(c.threads) == 0 && len(c.authors) == 0 }

func (c *changes) set(id int64, to *conversation) {
	if c.threads == nil {
		c.threads = map[int64]*conversation{}
	}
	c.threads[id] = to
}

// merge adds later changes.
func (c *changes) merge(later *changes) {
	if later.all {
		c.all, c.threads = true, nil
	}
	for id, changed := range later.threads {
		c.set(id, changed)
	}
	if c.authors == nil && len(later.authors) > 0 {
		c.authors = map[authorKey]author{}
	}
	maps.Copy(c.authors, later.authors)
}

// writesConversation matches statements that change cached conversations.
var writesConversation = regexp.MustCompile(`(?i)^\s*(INSERT|UPDATE|DELETE|REPLACE)\b[^(]*?\b(thread|epoch|room|participant|author)\b`)

// kept finds a cached conversation. read means that it must be read, and that uncommitted data
// is involved.
func (t *Tx) kept(id int64) (c *conversation, read bool) {
	for _, mine := range []*changes{&t.own, t.group} {
		if mine == nil {
			continue
		}
		if c, has := mine.threads[id]; has {
			return c, c == nil
		}
		if mine.all {
			return nil, true
		}
	}
	return t.mem.thread(id), false
}

// conversation returns a thread with its rooms and people. The caller must not change it.
func (t *Tx) conversation(id int64) (*conversation, error) {
	c, mine := t.kept(id)
	if c != nil {
		return c, nil
	}
	th, err := scanOne(t, scanThread, "SELECT "+threadColumns+" FROM thread WHERE id = ?", id)
	if err != nil {
		return nil, err
	}
	c = &conversation{thread: th}
	if c.epoch, err = scanOne(t, scanEpoch, "SELECT "+epochColumns+" FROM epoch WHERE thread = ? ORDER BY id DESC LIMIT 1", id); err != nil && !errors.Is(err, ErrNone) {
		return nil, err
	}
	if c.rooms, err = scanAll(t, scanRoom, "SELECT "+roomColumns+" FROM room WHERE thread = ? ORDER BY id", id); err != nil {
		return nil, err
	}
	if c.people, err = scanAll(t, scanParticipant, "SELECT "+participantColumns+" FROM participant WHERE thread = ? ORDER BY id", id); err != nil {
		return nil, err
	}
	if mine {
		t.own.set(id, c)
	} else {
		t.mem.put(c, t.since)
	}
	return c, nil
}

// Conversation is a thread with its epoch, rooms and people, including former ones.
type Conversation struct {
	Thread
	Epoch  Epoch
	Rooms  []Room
	People []Participant
}

// Conversation returns a thread with its epoch, rooms and people.
func (t *Tx) Conversation(thread int64) (Conversation, error) {
	c, err := t.conversation(thread)
	if err != nil {
		return Conversation{}, err
	}
	return Conversation{c.thread, c.epoch, slices.Clone(c.rooms), slices.Clone(c.people)}, nil
}

// change writes to a thread, its rooms or its people, and updates the cached conversation
// alike.
func (t *Tx) change(id int64, do func(*conversation), query string, args ...any) error {
	t.precise = true
	err := t.exec(query, args...)
	t.precise = false
	if err != nil {
		return err
	}
	c, _ := t.kept(id)
	if c != nil {
		changed := *c
		changed.people, changed.rooms = slices.Clone(c.people), slices.Clone(c.rooms)
		do(&changed)
		c = &changed
	}
	t.own.set(id, c)
	return nil
}
