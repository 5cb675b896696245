package reply

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what is remembered of how a person ends mails.
const (
	endings     = 5  // mails
	endingLines = 12 // lines of each
	endingTimes = 3  // mails that end alike make it a signature
	endingSize  = 25 // letters that a line by itself needs for that
)

// ending is the end of one mail: hashes of its lines, the last first, and how many
// lines it had.
type ending struct {
	lines []uint32
	total int
}

// Learn adds the end of what a person wrote to what is known of their mails: habit is
// what it returned for the one before, empty at first. It is kept for one sender, and
// given to Extract in Mail.Habit for that sender alone. It has no words in it. A mail
// that is learned twice counts once.
func Learn(habit string, r Result) string {
	text := r.Text
	for _, c := range r.Cut {
		if c.Rule == learnedRule {
			text += "\n" + c.Text
		}
	}
	if r.Forward || r.OnlyQuote || blank(text) {
		return habit
	}
	all := readHabit(habit)
	e := endingOf(strings.Split(text, "\n"))
	if len(all) > 0 && all[0].total == e.total && slices.Equal(all[0].lines, e.lines) {
		return habit
	}
	all = append([]ending{e}, all...)
	return writeHabit(all[:min(len(all), endings)])
}

const learnedRule = "learned"

func endingOf(lines []string) (e ending) {
	for i := len(lines) - 1; i >= 0; i-- {
		h, n := lineHash(lines[i])
		if n == 0 {
			continue
		}
		if e.total++; len(e.lines) < endingLines {
			e.lines = append(e.lines, h)
		}
	}
	return e
}

func lineHash(s string) (hash uint32, letters int) {
	_, h, n, _ := hashWords(nil, s)
	return uint32(h ^ h>>32), n //nolint:gosec // half of it is enough
}

// readHabit reads what writeHabit wrote; anything else is nothing.
func readHabit(habit string) (all []ending) {
	for l := range strings.SplitSeq(habit, "\n") {
		words := strings.Fields(l)
		if len(words) == 0 || len(words) > endingLines+1 || len(all) == endings {
			continue
		}
		var e ending
		var err error
		if e.total, err = strconv.Atoi(words[0]); err != nil {
			continue
		}
		for _, w := range words[1:] {
			h, err := strconv.ParseUint(w, 36, 32)
			if err != nil {
				break
			}
			e.lines = append(e.lines, uint32(h))
		}
		all = append(all, e)
	}
	return all
}

func writeHabit(all []ending) string {
	var out strings.Builder
	for i, e := range all {
		if i > 0 {
			out.WriteByte('\n')
		}
		out.WriteString(strconv.Itoa(e.total))
		for _, h := range e.lines {
			out.WriteString(" " + strconv.FormatUint(uint64(h), 36))
		}
	}
	return out.String()
}

// learnedTail cuts the lines that end the person's other mails, too: two or more of
// them, or a long one, and never all that there is.
//
// Many branches: each line may end the block or prove it.
func (d *decision) learnedTail(a, b int) int {
	if d.mail.Habit == "" {
		return b
	}
	if !d.habitRead {
		d.habit, d.habitRead = readHabit(d.mail.Habit), true
	}
	if len(d.habit) < endingTimes {
		return b
	}
	var at []int // lines that are not empty, the last first
	var hashes []uint32
	for i := b - 1; i >= a && len(at) < endingLines; i-- {
		l := &d.lines[i]
		if l.role == empty {
			continue
		}
		if l.role != own || l.depth > 0 || l.mark&inCode != 0 {
			break
		}
		h, n := lineHash(l.body)
		if n == 0 {
			continue
		}
		at, hashes = append(at, i), append(hashes, h)
	}
	n := d.endsAlike(hashes)
	for ; n > 0; n-- {
		first := at[n-1]
		_, size := lineHash(d.lines[first].body)
		if d.hasOwn(0, first) && (n > 1 || size >= endingSize && !isSentence(d.lines[first].body) || isContact(d.lines[first].body)) {
			d.set(first, b, signature, learnedRule)
			d.delimiterAbove(first)
			return first
		}
	}
	return b
}

// endsAlike returns how many of those lines end enough of the other mails, with words
// above them.
func (d *decision) endsAlike(hashes []uint32) int {
	var alike []int
	for _, e := range d.habit {
		n := 0
		for n < len(hashes) && n < len(e.lines) && hashes[n] == e.lines[n] {
			n++
		}
		alike = append(alike, min(n, e.total-1))
	}
	slices.Sort(alike)
	slices.Reverse(alike)
	return alike[endingTimes-1]
}

// delimiterAbove takes a dash above a signature away with it.
func (d *decision) delimiterAbove(i int) {
	if p := d.before(i); p >= 0 && d.lines[p].role == own && utf8.RuneCountInString(d.lines[p].body) <= 3 && delimiter(d.lines[p].body) != "" {
		d.set(p, i, signature, learnedRule)
	}
}
