package reply

import (
	"strings"
	"unicode"
)

// Bounds of what is remembered of known messages.
const (
	shingle    = 5       // words that must follow each other to be recognised
	shortEcho  = 12      // letters that a line needs to be recognised by itself
	maxKnown   = 64      // messages
	knownBytes = 1 << 20 // of all of them
)

// echo recognises lines of known messages, however a mail program has wrapped
// them: only letters and digits are compared.
type echo struct {
	whole    map[uint64]int // hash of a line, to the index of the message plus one
	shingles map[uint64]int // hash of five words
}

// newEcho returns nil when nothing is known.
func newEcho(known []string) *echo {
	if len(known) == 0 {
		return nil
	}
	e := &echo{whole: make(map[uint64]int), shingles: make(map[uint64]int)}
	size := 0
	for k, text := range known {
		if size += len(text); k >= maxKnown || size > knownBytes {
			break
		}
		var words []uint64
		for l := range strings.SplitSeq(text, "\n") {
			h, n := uint64(fnvStart), 0
			words, h, n = hashWords(words, l, h)
			if n > 0 {
				remember(e.whole, h, k+1)
			}
		}
		for i := 0; i+shingle <= len(words); i++ {
			remember(e.shingles, mix(words[i:i+shingle]), k+1)
		}
	}
	return e
}

func remember(m map[uint64]int, h uint64, k int) {
	if m[h] == 0 {
		m[h] = k
	}
}

const (
	fnvStart = 14695981039346656037
	fnvPrime = 1099511628211
)

// hashWords appends a hash for each word of s, and returns the hash of all letters
// and their number.
func hashWords(words []uint64, s string, whole uint64) ([]uint64, uint64, int) {
	h, n, in := uint64(fnvStart), 0, false
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			r = unicode.ToLower(r)
			h = (h ^ uint64(r)) * fnvPrime
			whole = (whole ^ uint64(r)) * fnvPrime
			n++
			in = true
			continue
		}
		if in && (unicode.IsSpace(r) || r == '-' || r == '/') {
			words = append(words, h)
			h, in = fnvStart, false
		}
	}
	if in {
		words = append(words, h)
	}
	return words, whole, n
}

func mix(words []uint64) uint64 {
	h := uint64(fnvStart)
	for _, w := range words {
		h = (h ^ w) * fnvPrime
		h ^= h >> 29
	}
	return h
}

// echoes marks the lines that repeat a known message. Lines without quote marks
// that do are quoted from here on.
func (d *decision) echoes(e *echo) {
	if e == nil {
		return
	}
	var words []uint64
	var lineOf []int
	whole := make([]int, len(d.lines)) // message that has this very line
	count := make([]int, len(d.lines)) // words
	short := make([]bool, len(d.lines))
	for i := range d.lines {
		l := &d.lines[i]
		if l.role == empty {
			continue
		}
		n0 := len(words)
		var h uint64
		var n int
		words, h, n = hashWords(words, l.body, fnvStart)
		count[i] = len(words) - n0
		for range count[i] {
			lineOf = append(lineOf, i)
		}
		whole[i], short[i] = e.whole[h], n < shortEcho
	}
	covered := make([]int, len(d.lines))
	message := make([]int, len(d.lines))
	until := 0
	for i := 0; i+shingle <= len(words); i++ {
		k := e.shingles[mix(words[i:i+shingle])]
		// An answer between two quoted lines may go on as the message did.
		if k == 0 || d.lines[lineOf[i]].depth != d.lines[lineOf[i+shingle-1]].depth {
			continue
		}
		for j := max(i, until); j < i+shingle; j++ {
			covered[lineOf[j]]++
			message[lineOf[j]] = k
		}
		until = i + shingle
	}
	d.takeEchoes(whole, count, covered, message, short)
}

// takeEchoes turns what was compared into roles.
func (d *decision) takeEchoes(whole, count, covered, message []int, short []bool) {
	is := func(i int) int {
		switch {
		case count[i] > 0 && covered[i] == count[i],
			d.lines[i].depth > 0 && count[i] > 0 && covered[i]*5 >= count[i]*3:
			// A line without quote marks may be new words that sound alike.
			return message[i]
		case whole[i] > 0 && !short[i]:
			return whole[i]
		}
		return 0
	}
	last := 0 // message of the lines right above
	for i := range d.lines {
		l := &d.lines[i]
		if l.blank() {
			continue
		}
		k := is(i)
		if k == 0 && whole[i] > 0 && (last > 0 || d.nextEcho(i, is)) {
			k = whole[i]
		}
		last = k
		if k == 0 {
			continue
		}
		l.known = k
		d.echoed = true
		if l.depth == 0 && l.mark&inCode == 0 {
			l.depth, l.role, l.rule = 1, quote, "echo"
		}
	}
}

// blank tells whether there is nothing in a line but quote marks.
func (l *line) blank() bool { return l.role == empty || strings.TrimSpace(l.body) == "" }

// nextEcho tells whether the next line that is not empty is one.
func (d *decision) nextEcho(i int, is func(int) int) bool {
	for n := i + 1; n < len(d.lines) && n < i+4; n++ {
		if !d.lines[n].blank() {
			return is(n) > 0
		}
	}
	return false
}
