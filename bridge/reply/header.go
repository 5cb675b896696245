package reply

import (
	"strings"
	"unicode/utf8"
)

// labelOf returns the header field that a line is, if any.
func labelOf(s string) (k label, value string) {
	s = strings.TrimLeft(s, "*_ \t\u00a0")
	i := colon(s, 60)
	if i < 0 {
		return noLabel, ""
	}
	name := strings.Trim(s[:i], "*_ \t\u00a0\u200e\u200f")
	_, n := utf8.DecodeRuneInString(s[i:])
	var buf [64]byte
	return labels[string(lowered(buf[:0], name))], strings.Trim(s[i+n:], "*_ \t\u00a0")
}

// colon finds the first colon within the first limit bytes.
func colon(s string, limit int) int {
	for i, r := range s {
		if i > limit {
			return -1
		}
		if r == ':' || r == '：' {
			return i
		}
	}
	return -1
}

// gluedLabels marks the kinds of labels that stand inside of a line, as programs
// write that lose the line breaks of a header.
func gluedLabels(s string, seen *[labelKinds]bool) {
	if len(s) > maxLine {
		s = s[:maxLine]
	}
	var buf [64]byte
	for off := 0; ; {
		i := strings.IndexByte(s[off:], ':')
		if i < 0 {
			return
		}
		i += off
		from := i
		for n := 0; n < 3 && from > off; n++ {
			j := strings.LastIndexAny(strings.TrimRight(s[off:from], " "), " >,;)\"0123456789")
			from = off
			if j >= 0 {
				from = off + j
			}
			name := strings.Trim(s[from:i], " >,;*)\"0123456789\u00a0")
			if k := labels[string(lowered(buf[:0], name))]; k != 0 {
				seen[k] = true
				break
			}
		}
		off = i + 1
	}
}

// headerBlock looks whether the header fields of a quoted mail begin at line i,
// and returns the line after them. confirmed says that a separator stands above.
//
// Many branches: each line may go on with the block, be folded, or end it.
func (d *decision) headerBlock(i int, confirmed bool) (end int, ok bool) {
	const most = 30
	ls := d.lines
	if k, _ := labelOf(ls[i].body); k == noLabel {
		return i, false
	}
	f := fields{confirmed: confirmed || ls[i].mark&inBorder != 0}
	end = i
	for j := i; j < len(ls) && j < i+most; j++ {
		l := &ls[j]
		if l.role == empty {
			continue
		}
		if l.depth != ls[i].depth || l.role != ls[i].role {
			break
		}
		k, value := labelOf(l.body)
		if k == noLabel {
			// A long value may go on in the next lines, right below.
			if j > end || f.folded >= 4 || !d.fieldFollows(j, l.depth) {
				break
			}
			f.folded++
			end = j + 1
			continue
		}
		if j > end+1 || k == labelFrom && f.seen[labelFrom] && f.n > 1 {
			break
		}
		if k == labelFrom && isTime(value) {
			return i, false // from nine to eleven
		}
		f.add(k, value, d.signsOf(j))
		end = j + 1
	}
	return end, f.isHeader()
}

// fields are the header fields of a block.
type fields struct {
	confirmed     bool
	seen          [labelKinds]bool
	n, folded     int
	address, date bool // one of them has one
	dated, sent   bool // the date has one, and stands before the recipients
	patch         bool // it is one of git's
}

func (f *fields) add(k label, value string, g signs) {
	f.n++
	f.folded = 0
	f.sent = f.sent || k == labelTo && f.seen[labelDate] && f.dated
	f.seen[k] = true
	if len(value) > 30 {
		gluedLabels(value, &f.seen)
	}
	f.address = f.address || g&signAddress != 0
	f.date = f.date || g&(signDate|signTime) != 0
	f.dated = f.dated || k == labelDate && g&signDate != 0
	f.patch = f.patch || k == labelSubject && strings.HasPrefix(value, "[PATCH")
}

// isHeader tells whether they are the header of a quoted mail. From, to and a date alone
// may be a journey.
//
// Many branches: each set of fields that is a header.
func (f *fields) isHeader() bool {
	kinds := 0
	for _, k := range [...]label{labelFrom, labelDate, labelTo, labelSubject} {
		if f.seen[k] {
			kinds++
		}
	}
	if f.confirmed {
		return kinds >= 1 && (f.seen[labelFrom] || f.n >= 2)
	}
	switch {
	case f.patch && !f.seen[labelTo]: // as git writes one
		return false
	case kinds >= 3:
		return f.address || f.seen[labelSubject] || f.sent
	case kinds < 2:
		return false
	case f.seen[labelFrom]:
		return f.address || f.date && f.seen[labelDate]
	}
	return f.seen[labelDate] && f.seen[labelTo] && f.address && f.dated
}

// isTime tells whether a value is a time of the day or a number alone.
func isTime(s string) bool {
	s = strings.TrimSpace(strings.TrimRight(lower(s), "apmhru. "))
	return s != "" && strings.Trim(s, "0123456789:.") == ""
}

// fieldFollows tells whether another field begins within the next lines.
func (d *decision) fieldFollows(j, depth int) bool {
	for n := j + 1; n < len(d.lines) && n < j+4; n++ {
		l := &d.lines[n]
		if l.role == empty || l.depth != depth {
			return false
		}
		if k, _ := labelOf(l.body); k != noLabel {
			return true
		}
	}
	return false
}

// foreignBlock finds a header block in a language that no table has: three or
// more fields in a row, one with an address and one with a date.
func (d *decision) foreignBlock(i int) (end int, ok bool) {
	var all signs
	fields := 0
	for end = i; end < len(d.lines) && end < i+8; end++ {
		l := &d.lines[end]
		c := colon(l.body, 40)
		if l.role != own || c <= 0 || strings.Count(l.body[:c], " ") > 3 || strings.Contains(l.body[:c], "http") {
			break
		}
		all |= d.signsOf(end)
		fields++
	}
	return end, fields >= 3 && all&signAddress != 0 && all&signDate != 0
}

// phrase is what stands between dashes.
type phrase uint8

const (
	noPhrase phrase = iota
	originalPhrase
	forwardPhrase
	rulePhrase // dashes alone
)

const dashes = "-–—‐‑−_=~*# \t\u00a0<>[]"

// separatorAt reads a line such as "-----Original Message-----".
func separatorAt(s string) phrase {
	if s == "" || len(s) > 300 {
		if len(s) > 300 && strings.Trim(s[:300], "-_=") == "" {
			return rulePhrase
		}
		return noPhrase
	}
	inner := strings.TrimLeft(s, dashes)
	lead := len(s) - len(inner)
	if inner == "" {
		if len(s) >= 5 {
			return rulePhrase
		}
		return noPhrase
	}
	return phraseOf(inner, lead)
}

// phraseOf reads what stands behind the dashes of a separator.
//
// Many branches: what is glued to a phrase is taken off first.
func phraseOf(inner string, lead int) phrase {
	words := strings.TrimRight(inner, dashes+":：.")
	trail := len(inner) - len(words)
	if lead > 0 {
		// What comes after the phrase may be glued to it.
		if i := strings.Index(words, "--"); i > 0 {
			words, trail = words[:i], 2
		} else if i := strings.Index(words, " - "); i > 0 {
			words, trail = words[:i], 1
		}
	}
	words = strings.TrimRight(words, dashes+":：")
	if len(words) > 90 {
		return noPhrase
	}
	var buf [64]byte
	low := lowered(buf[:0], words)
	if len(words) > 60 {
		low = []byte(lower(words))
	}
	switch {
	case lead > 2 && isPassedOn(string(low)): // Lotus Notes: by whom, and when, wrapped at will
		return forwardPhrase
	case lead > 5 && trail > 5 && string(low) == "original":
		return originalPhrase
	case forwards[string(low)] && (lead > 1 || trail > 0 && strings.ContainsAny(inner, ":：")):
		return forwardPhrase
	case originals[string(low)] && (lead > 1 || lead > 0 && trail > 1):
		return originalPhrase
	}
	return noPhrase
}

// isPassedOn tells whether a phrase names who has passed a mail on.
func isPassedOn(low string) bool {
	for _, p := range [...]string{"forwarded by ", "weitergeleitet von ", "réexpédié par ", "transféré par ", "transmis par ", "inoltrato da ", "reenviado por ", "doorgestuurd door ", "vidarebefordrat av ", "videresendt af ", "videresendt av ", "przesłane przez ", "encaminhado por ", "přeposlal ", "переслал "} {
		if strings.HasPrefix(low, p) {
			return true
		}
	}
	return false
}

// notesBlock looks whether the header of a quoted mail as Lotus Notes writes it begins at
// line i: the writer, the date, and below them "To" and "Subject" alone in their lines,
// each above its value. It returns the line behind it, or i.
//
// Many branches: each line may be a label, a value, or the end of it.
func (d *decision) notesBlock(i int) int {
	const most = 24
	if i+1 >= len(d.lines) || d.lines[i+1].role != own || d.lines[i+1].body == "" || digit(rune(d.lines[i+1].body[0])) < 0 || d.signsOf(i+1)&(signDateHead|signTime) != signDateHead|signTime || d.signsOf(i+1)&signWordy != 0 {
		return i
	}
	to := false
	for j := i + 2; j < len(d.lines) && j < i+most; j++ {
		l := &d.lines[j]
		if l.role == empty {
			continue
		}
		if l.role != own || len(l.body) > 200 {
			return i
		}
		var buf [64]byte
		switch labels[string(lowered(buf[:0], l.body))] {
		case labelTo:
			to = true
		case labelSubject:
			if to && j+1 < len(d.lines) && d.lines[j+1].role == own {
				return j + 2
			}
		}
	}
	return i
}

// aboveThisLine tells whether a line is the one below which programs for customers and
// lists write what was said before: "##- Please type your reply above this line -##".
func aboveThisLine(s string) bool {
	if len(s) > 160 || len(s) < 15 || strings.IndexByte("#-=*_+~<[(|\xe2", s[0]) < 0 && !strings.Contains(s, "bove t") {
		return false
	}
	s = strings.Trim(lower(s), " #-=*_+~<>[]()|.:—–\u00a0")
	if containsAny(s, aboveLines) {
		return true
	}
	return containsAny(s, answerWords) && containsAny(s, aboveWords)
}
