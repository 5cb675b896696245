package reply

import (
	"slices"
	"strings"
)

// unmarked decides on quoted mail without marks that begins at line i: all of it is
// history, but for what the person has written between the lines of a known message.
func (d *decision) unmarked(i int, rule string) {
	end := i
	if d.known != nil && d.sections == 0 {
		d.sections++
		if end = d.section(i); !d.answersIn(i, end, history) {
			end = i
		}
	}
	d.set(end, len(d.lines), history, rule)
}

// hinted is unmarked for an element made for quoted mail, from line i up to b.
func (d *decision) hinted(i, b int) {
	if d.known != nil && d.sections == 0 {
		if lead := d.leadEnd(i, b); lead > i {
			d.sections++
			if end := min(d.section(lead), b); d.answersIn(lead, end, history) {
				d.keepRule(i, lead, header)
				i = end
			}
		}
	}
	d.keepRule(i, b, history)
}

// leadEnd returns the line behind the header, or the line above a quote, with which a
// quoted mail begins at line i, at most b; i when there is none.
func (d *decision) leadEnd(i, b int) int {
	if end, _ := d.headAt(i); end > i {
		return min(end, b)
	}
	for j := i; j < b && j < i+maxWindow && d.lines[j].role == own; j++ {
		if f, ok := d.attributionAt(j, i, d.quoteFollows(j)); ok && f.sure && f.first == i {
			return j + 1
		}
	}
	return i
}

// answersInQuotes looks for the person's words inside of blockquotes, where they bear
// the marks of what they answer.
func (d *decision) answersInQuotes() {
	if d.known == nil || d.html == nil || !d.echoed {
		return
	}
	for a := 0; a < len(d.lines); a++ {
		if d.lines[a].role != quote {
			continue
		}
		b := a
		for b < len(d.lines) && (d.lines[b].role == empty || d.lines[b].role == quote && d.lines[b].depth == d.lines[a].depth) {
			b++
		}
		rule := d.lines[a].rule
		d.set(a, b, own, rule)
		end := d.section(a)
		if end = min(end, b); !d.answersIn(a, end, quote) {
			end = a
		}
		d.set(end, b, quote, rule)
		a = b - 1
	}
}

// section returns where the mail that begins at line i ends: at the next header,
// separator or line above a quote, or where marks begin.
func (d *decision) section(i int) int {
	for j := i; j < len(d.lines); j++ {
		l := &d.lines[j]
		switch {
		case l.role == empty:
			continue
		case l.role != own:
			return j
		}
		if end, _ := d.headAt(j); end > j {
			return j
		}
		if separatorAt(l.body) == rulePhrase && j > i {
			next := j + 1
			for next < len(d.lines) && d.lines[next].role == empty {
				next++
			}
			if next < len(d.lines) && d.lines[next].role == own {
				if _, ok := d.headerBlock(next, false); ok {
					return j
				}
			}
		}
		if f, ok := d.attributionAt(j, i, d.quoteFollows(j)); ok && f.sure {
			return f.first
		}
	}
	return len(d.lines)
}

// answersIn looks for the person's words in a copy of a known message, from line a up
// to b, and gives all lines there a role; the message's that of rest. It reports false,
// and does nothing, when there are none: nearly all of one message must be there.
//
// Many branches: the lines are looked at three times, between, behind and all.
func (d *decision) answersIn(a, b int, rest role) bool {
	if d.known == nil || d.heard == nil {
		return false
	}
	k, same := d.copied(a, b)
	if k == 0 {
		return false
	}
	first, last := slices.Index(same, true)+a, b-1
	for !same[last-a] {
		last--
	}
	between := false
	for i := first; i < last; i++ {
		between = between || d.answers(i, same[i-a])
	}
	tail := d.behindSignature(last+1, b)
	if above := d.hasOwn(0, a) || rest == quote && d.hasOwn(b, len(d.lines)); above && !between {
		tail = b
	}
	words := between
	for i := tail; i < b; i++ {
		words = words || d.answers(i, false)
	}
	if !words {
		return false
	}
	for i := a; i < b; i++ {
		l := &d.lines[i]
		switch {
		case l.role == empty, i >= tail && delimiter(l.body) != "": // of the person's signature
		case i > first && i < last && d.answers(i, same[i-a]), i >= tail && d.answers(i, false):
			if rest == quote {
				l.depth = 0
			} else if between {
				d.quoteAbove(i, a, same)
			}
		default:
			l.quotedAs(rest)
			if same[i-a] {
				l.known = k
			}
		}
	}
	d.echoed = true
	return true
}

// quotedAs makes a line part of the quoted mail.
func (l *line) quotedAs(r role) {
	if l.role = r; r == history {
		l.rule = "below-splitter"
	}
}

// answers tells whether a line has words of the person: it is no line of the message,
// and nothing that programs put there.
func (d *decision) answers(i int, same bool) bool {
	l, links := &d.lines[i], linkless{}
	return !same && l.role == own && letters(links.line(l.body)) != "" && !isDevice(l.body) && !strings.HasPrefix(l.body, "[image:") && !strings.HasPrefix(l.body, "[cid:")
}

// copied returns the message that the lines from a up to b are a copy of, and which of
// them are lines of it; 0 when not nearly all of one is there.
func (d *decision) copied(a, b int) (k int, same []bool) {
	votes := map[int]int{}
	for i := a; i < b; i++ {
		if m := d.at(i); m.message > 0 {
			if votes[m.message] += m.words; votes[m.message] > votes[k] {
				k = m.message
			}
		}
	}
	if k == 0 {
		return 0, nil
	}
	one, words, times := d.known.alone(k)
	h := d.hear(a, b)
	found := d.find(one, h)
	same = make([]bool, b-a)
	seen := 0
	for i, m := range found {
		if same[i] = m.words > 0 && m.words*5 >= h.count[i]*4; same[i] && m.line && h.count[i] <= shingle {
			times[h.whole[i]]-- // a name or a greeting: the person may write it again
			same[i] = times[h.whole[i]] >= 0
		}
		if same[i] {
			seen += m.words
		}
	}
	if seen*5 < words*4 || seen == 0 {
		return 0, nil
	}
	return k, same
}

// behindSignature returns the first line from a up to b behind the signature of the
// message that ends before a: lines right below it, or a paragraph, with a way to reach
// somebody.
func (d *decision) behindSignature(a, b int) int {
	for i := a; i < b; {
		if d.lines[i].role == empty {
			i++
			continue
		}
		end, signed := i, false
		for end < b && d.lines[end].role == own {
			s := d.lines[end].body
			signed = signed || isContact(s) || delimiter(s) != "" || isSignOff(s) || end == i && isDevice(s)
			end++
		}
		if !signed && !d.smallPrint(i, end) {
			return i
		}
		i = max(end, i+1)
	}
	return b
}

// quoteAbove keeps the line of the message that the words at line i answer: that right
// above them, from where its sentence begins.
func (d *decision) quoteAbove(i, a int, same []bool) {
	j := d.before(i)
	for n := 0; j >= a && same[j-a] && n < maxWindow; n++ {
		l := &d.lines[j]
		if l.role != own && l.role != history {
			return
		}
		l.role, l.rule, l.depth = own, "context", 1
		if d.html == nil {
			l.raw = "> " + l.raw
		}
		d.flat = true
		if j == a || !same[j-1-a] || endsSentence(d.lines[j-1].body) || len(d.lines[j-1].raw) < 60 {
			return
		}
		j--
	}
}
