package kill

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
)

// conversation is one with its rooms and its participants by email, as the traffic
// knows it.
type conversation struct {
	title    string
	rooms    []*room
	readers  []*reader
	messages []*message
}

// room is a room of a conversation, with the people who write in it.
type room struct {
	place
	name   string
	in     *conversation
	people []string
	full   bool // polls, and everybody's own reactions, are shown there
}

// reader is a participant by email.
type reader struct {
	in      *conversation
	name    string
	address string
	pushes  bool // what they write is pushed by LMTP; else it lies in INBOX
	reacts  bool // their mail program knows reactions (RFC 9078)
}

// message is something that was said, and what became of it: the state that all sides
// must show in the end.
type message struct {
	n         int // what was said before has a lower number
	in        *conversation
	room      *room  // nil: it came by email
	by        string // name of its author
	id        string // its id in the room, or its Message-ID
	edits     int
	deleted   bool
	file      *attached
	poll      *poll
	reactions map[mark]*reaction
}

// mark is an emoji of a person.
type mark struct{ emoji, by string }

type reaction struct {
	room   *room  // where it was put; nil: by email
	on     string // the id there of the message that it is on
	id     string // its own id there
	stands bool
	times  int // how often it was put there
}

type poll struct {
	answers []string
	votes   map[string]int // person -> answer: the last one counts
	mailed  map[int]int    // answer -> votes by email
	last    map[string]int // reader -> answer of the last vote by email
	ended   bool
}

type attached struct {
	name, sum string
	data      []byte
}

// word is what a message, in one of its versions, is known by wherever it stands.
func word(n, version int) string { return fmt.Sprintf("m%05dv%d", n, version) }

// filler makes texts as different as those of people are.
var filler = [...]string{"lunch", "at noon", "in the garden", "with radishes", "or tomorrow", "says the cook", "under the tree", "for seven", "by train", "maybe"}

// text is what a message says now.
func (m *message) text() string {
	r := rand.New(rand.NewPCG(uint64(m.n), uint64(m.edits)))
	text := word(m.n, m.edits)
	for range 1 + r.IntN(4) {
		text += " " + filler[r.IntN(len(filler))]
	}
	return text
}

// source is where a message came in: what comes in there keeps its order. Files are
// fetched first, so that they may come after what was said behind them.
func (m *message) source() string {
	name := "email of " + m.by
	if m.room != nil {
		name = m.room.name
	}
	if m.file != nil {
		name = "files of " + name
	}
	return name
}

func newFile(n int, r *rand.Rand) *attached {
	data := make([]byte, 200+r.IntN(20_000))
	for i := range data {
		data[i] = byte(r.IntN(256))
	}
	return &attached{name: fmt.Sprintf("f%05d.bin", n), sum: sumOf(data), data: data}
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// result is what the end of a poll must say, line by line.
func (m *message) result() (lines []string) {
	count := make([]int, len(m.poll.answers))
	best := 0
	for _, a := range m.poll.votes {
		count[a]++
		best = max(best, count[a])
	}
	if best == 0 {
		return []string{nobodyVoted}
	}
	for i, a := range m.poll.answers {
		votes := "votes"
		if count[i] == 1 {
			votes = "vote"
		}
		line := fmt.Sprintf("%d. %s – %d %s", i+1, a, count[i], votes)
		if count[i] == best {
			line += " ✔"
		}
		lines = append(lines, line)
	}
	return lines
}
