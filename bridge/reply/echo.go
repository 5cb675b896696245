package reply

import (
	"strings"
	"unicode"
)

// Bounds of what is remembered of known messages.
const (
	shingle    = 5       // words that must follow each other to be recognised
	wideRun    = 12      // the same for characters of a script without spaces
	shortEcho  = 12      // letters that a line needs to be recognised by itself
	echoWords  = 8       // words of a paragraph without marks that repeats a message
	maxKnown   = 64      // messages
	knownBytes = 1 << 20 // of all of them
)

// Said is a message that a mail may quote.
type Said struct {
	Text string
	// First are other ways in which its first line may stand in a mail: behind the
	// name of its writer, say.
	First []string
	Mine  bool // the writer of the mail wrote it
}

// said lists the messages that a mail may quote.
func (m *Mail) said() []Said {
	if m.Said != nil || len(m.Known) == 0 {
		return m.Said
	}
	all := make([]Said, len(m.Known))
	for i, k := range m.Known {
		all[i] = withoutWays(k)
	}
	return all
}

// withoutWays parts a text of Mail.Known from the lines that repeat its first one
// behind a name, and behind a time and a name.
func withoutWays(text string) Said {
	timed := strings.LastIndexByte(text, '\n')
	if timed < 0 || !strings.HasPrefix(text[timed+1:], "[") {
		return Said{Text: text}
	}
	named := strings.LastIndexByte(text[:timed], '\n')
	if named < 0 || !strings.HasSuffix(text, text[named+1:timed]) {
		return Said{Text: text}
	}
	first, _, _ := strings.Cut(text, "\n")
	if !strings.HasSuffix(text[named+1:timed], ": "+first) {
		return Said{Text: text}
	}
	return Said{Text: text[:named], First: []string{text[named+1 : timed], text[timed+1:]}}
}

// echo recognises lines of known messages, however a mail program has wrapped
// them: only letters and digits are compared, and no addresses of the web.
type echo struct {
	said     []Said
	whole    map[uint64]int // hash of a line, to the index of the message plus one
	shingles map[uint64]at  // hash of five words
}

// at is a place in a message.
type at struct {
	message int // its index plus one
	word    int
}

// newEcho returns nil when nothing is known.
func newEcho(said []Said) *echo {
	if len(said) == 0 {
		return nil
	}
	e := &echo{said: said, whole: make(map[uint64]int), shingles: make(map[uint64]at)}
	size := 0
	for k, s := range said {
		if size += len(s.Text); k >= maxKnown || size > knownBytes {
			e.said = said[:k]
			break
		}
		e.remember(s.Text, k+1)
		for _, f := range s.First {
			e.remember(f, k+1)
		}
	}
	return e
}

// remember takes a text of message k and returns how many words it has.
func (e *echo) remember(text string, k int) int {
	var words []uint64
	var links linkless
	for l := range strings.SplitSeq(text, "\n") {
		var h uint64
		var n int
		words, h, n, _ = hashWords(words, links.line(l))
		if n > 0 && e.whole[h] == 0 {
			e.whole[h] = k
		}
	}
	for i := 0; i+shingle <= len(words); i++ {
		if h := mix(words[i : i+shingle]); e.shingles[h].message == 0 {
			e.shingles[h] = at{k, i}
		}
	}
	return len(words)
}

// alone is an echo of one message, how many words that has, and how often each of its
// lines stands in it.
func (e *echo) alone(k int) (one *echo, words int, times map[uint64]int) {
	s := e.said[k-1]
	one = &echo{said: e.said, whole: make(map[uint64]int), shingles: make(map[uint64]at)}
	words = one.remember(s.Text, k)
	for _, f := range s.First {
		one.remember(f, k)
	}
	times = make(map[uint64]int)
	var links linkless
	for l := range strings.SplitSeq(s.Text, "\n") {
		_, h, _, _ := hashWords(nil, links.line(l))
		times[h]++
	}
	return one, words, times
}

const (
	fnvStart = 14695981039346656037
	fnvPrime = 1099511628211
)

// hashWords appends a hash for each word of s, and returns the hash of all letters
// and their number. A character of a script without spaces is a word; wide: there are
// some.
func hashWords(words []uint64, s string) (all []uint64, whole uint64, n int, wide bool) {
	whole = fnvStart
	h, in := uint64(fnvStart), false
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			r = unicode.ToLower(r)
			h = (h ^ uint64(r)) * fnvPrime
			whole = (whole ^ uint64(r)) * fnvPrime
			n++
			in = true
			if r < 0x2e80 || r >= 0xac00 && r < 0xd7b0 {
				continue
			}
			n++
			wide = true
		} else if !unicode.IsSpace(r) && r != '-' && r != '/' {
			continue
		}
		if in {
			words = append(words, h)
			h, in = fnvStart, false
		}
	}
	if in {
		words = append(words, h)
	}
	return words, whole, n, wide
}

func mix(words []uint64) uint64 {
	h := uint64(fnvStart)
	for _, w := range words {
		h = (h ^ w) * fnvPrime
		h ^= h >> 29
	}
	return h
}

// linkless takes the addresses of links out of lines. Programs write them behind a
// label, wrap them, and put others in their place.
type linkless struct {
	open int // lines that the one in brackets may still go on for
}

// linkStarts begin an address.
var linkStarts = [...]string{"http://", "https://", "mailto:", "callto:", "tel:", "www.", "cid:"}

// line
//
// Many branches: an address may begin, go on and end in a line.
func (k *linkless) line(s string) string {
	if k.open > 0 {
		k.open--
		i := strings.IndexByte(s, '>')
		if i < 0 {
			if strings.ContainsAny(s, " \t") {
				k.open = 0
				return s // it was no address after all
			}
			return ""
		}
		k.open, s = 0, s[i+1:]
	}
	if len(s) > maxLine || strings.IndexByte(s, ':') < 0 && !strings.Contains(s, "www.") {
		return s
	}
	var out strings.Builder
	for s != "" {
		at, begin := len(s), ""
		for _, p := range linkStarts {
			if i := strings.Index(s[:at], p); i >= 0 && (i == 0 || !addressByte(s[i-1]) || s[i-1] >= 0x80) {
				at, begin = i, p
			}
		}
		if begin == "" {
			break
		}
		out.WriteString(s[:at])
		bracket := at > 0 && s[at-1] == '<'
		end := strings.IndexAny(s[at:], " \t>)]\"")
		if end < 0 {
			if bracket {
				k.open = 3
			}
			return out.String()
		}
		out.WriteByte(' ')
		s = s[at+end:]
	}
	out.WriteString(s)
	return out.String()
}

// heard is what lines are compared by.
type heard struct {
	words  []uint64
	lineOf []int
	whole  []uint64
	count  []int // words of each line
	size   []int // letters of each line
	wide   []bool
	first  int
}

// hear reads the lines from a up to b.
func (d *decision) hear(a, b int) *heard {
	h := &heard{first: a, whole: make([]uint64, b-a), count: make([]int, b-a), size: make([]int, b-a), wide: make([]bool, b-a)}
	var links linkless
	for i := a; i < b; i++ {
		if d.lines[i].role == empty {
			continue
		}
		n := len(h.words)
		h.words, h.whole[i-a], h.size[i-a], h.wide[i-a] = hashWords(h.words, links.line(d.lines[i].body))
		h.count[i-a] = len(h.words) - n
		for range h.count[i-a] {
			h.lineOf = append(h.lineOf, i)
		}
	}
	return h
}

// match is what was found of known messages in one line.
type match struct {
	message int  // index of the message plus one; 0: none
	words   int  // of the line that are in it
	all     bool // the whole line is
	line    bool // it is a line of the message by itself
}

// find compares lines with messages.
func (d *decision) find(e *echo, h *heard) []match {
	found := make([]match, len(h.count))
	until := 0
	for i := 0; i+shingle <= len(h.words); i++ {
		p := e.shingles[mix(h.words[i:i+shingle])]
		k := p.message
		if k == 0 {
			continue
		}
		if h.wide[h.lineOf[i]-h.first] && !e.goesOn(h.words, i, p) {
			continue
		}
		// An answer between two quoted lines may go on as the message did.
		if d.lines[h.lineOf[i]].depth != d.lines[h.lineOf[i+shingle-1]].depth {
			continue
		}
		for j := max(i, until); j < i+shingle; j++ {
			m := &found[h.lineOf[j]-h.first]
			m.words++
			m.message = k
		}
		until = i + shingle
	}
	for i := range found {
		m := &found[i]
		if k := e.whole[h.whole[i]]; k > 0 && h.size[i] > 0 {
			m.line = true
			if m.message == 0 || m.words < h.count[i] {
				m.message, m.words = k, h.count[i]
			}
		}
		m.all = h.count[i] > 0 && m.words == h.count[i]
	}
	return found
}

// goesOn tells whether the words around place i are those around a place in a message,
// as many as a script without spaces needs.
func (e *echo) goesOn(words []uint64, i int, p at) bool {
	run := shingle
	for n := 1; run < wideRun && i+n+shingle <= len(words) && e.shingles[mix(words[i+n:i+n+shingle])] == (at{p.message, p.word + n}); n++ {
		run++
	}
	for n := 1; run < wideRun && i-n >= 0 && e.shingles[mix(words[i-n:i-n+shingle])] == (at{p.message, p.word - n}); n++ {
		run++
	}
	return run >= wideRun
}

// echoes notes which lines with quote marks repeat a known message.
//
// Many branches: a line is recognised by itself or by its neighbours.
func (d *decision) echoes() {
	if d.known == nil {
		return
	}
	h := d.hear(0, len(d.lines))
	found := d.find(d.known, h)
	sure := func(i int) bool {
		return found[i].words*5 >= h.count[i]*3 && found[i].words > 0 && (!found[i].line || h.size[i] >= shortEcho || found[i].words > shingle)
	}
	last := 0 // message of the quoted line right above
	for i := range d.lines {
		l := &d.lines[i]
		if l.role == empty || strings.TrimSpace(l.body) == "" {
			continue
		}
		k := 0
		if l.depth > 0 && l.mark&inCode == 0 && (sure(i) || found[i].line && (last > 0 || d.quotedNext(i, sure))) {
			k = found[i].message
		}
		if last = k; k > 0 {
			l.known, d.echoed = k, true
		}
	}
	d.heard, d.found = h, found
}

// quotedNext tells whether the next line that is not empty is quoted and recognised.
func (d *decision) quotedNext(i int, sure func(int) bool) bool {
	for n := i + 1; n < len(d.lines) && n < i+4; n++ {
		if l := &d.lines[n]; l.role != empty && strings.TrimSpace(l.body) != "" {
			return l.depth > 0 && sure(n)
		}
	}
	return false
}

// echoParagraphs takes paragraphs without marks that repeat, from their first word to
// their last, what somebody else has said. Above what is known to be quoted nothing is.
func (d *decision) echoParagraphs() {
	if d.known == nil {
		return
	}
	first := 0
	for i := range d.lines {
		switch d.lines[i].role {
		case quote, attribution, header, history:
			first = i + 1
		default:
			continue
		}
		break
	}
	before := 0 // message of the paragraph above
	type run struct{ a, b int }
	var taken []run
	for a := first; a < len(d.lines); {
		if d.lines[a].role != own {
			a++
			continue
		}
		b := a
		for b < len(d.lines) && d.lines[b].role == own {
			b++
		}
		lead := d.leads(a, b)
		if before = d.repeated(lead, b, before); before > 0 {
			d.set(a, lead, attribution, "echo-lead")
			taken = append(taken, run{lead, b})
			d.set(lead, b, quote, "echo")
		}
		a = b
	}
	if len(taken) == 0 {
		return
	}
	if !d.hasOwn(0, len(d.lines)) { // somebody says the same again
		for _, t := range taken {
			d.set(t.a, t.b, own, "")
		}
		return
	}
	d.echoed = true
	for _, t := range taken {
		for i := t.a; i < t.b; i++ {
			d.lines[i].depth, d.lines[i].known = 1, d.at(i).message
		}
	}
	d.echoLead()
}

// leads returns the first line from a up to b behind those of a paragraph that may say
// whose its words are.
func (d *decision) leads(a, b int) int {
	var all signs
	for i := a; i < b-1 && i < a+3; i++ {
		g := d.signsOf(i)
		if all |= g; g&signColon != 0 && all&(signVerb|signDate|signAddress) != 0 && all&signWordy == 0 {
			return i + 1
		}
	}
	return a
}

// at is what was found in line i.
func (d *decision) at(i int) match {
	if i >= len(d.found) {
		return match{}
	}
	return d.found[i]
}

// repeated returns the message of somebody else that the paragraph from a up to b
// repeats; 0: none. One that goes on with the message of that before it may be short.
func (d *decision) repeated(a, b, before int) int {
	k, words := 0, 0
	for i := a; i < b; i++ {
		m := d.at(i)
		if !m.all || d.lines[i].mark&inCode != 0 || k > 0 && m.message != k {
			return 0
		}
		k = m.message
		words += m.words
	}
	if k == 0 || d.known.said[k-1].Mine || words < echoWords && k != before {
		return 0
	}
	return k
}
