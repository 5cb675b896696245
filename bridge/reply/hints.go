package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ownFooter is part of the last line of every email that the bridge sends.
const ownFooter = " · Leave this conversation"

// hint is the strongest of what the elements around a line say; 0: nothing.
func (l *line) hint() mark {
	for _, m := range [...]mark{cutHere, inHistory, inSignature, inAttribute} {
		if l.mark&m != 0 {
			return m
		}
	}
	return 0
}

// structure takes over what the elements of the HTML say, where the text in them
// agrees: people also type into the elements that programs make.
//
// Many branches: one for each hint.
func (d *decision) structure() {
	for i := 0; i < len(d.lines); {
		l := &d.lines[i]
		if l.role == own && strings.Contains(l.body, ownFooter) {
			l.role, l.rule = footer, "own-footer"
		}
		hint := l.hint()
		if hint == 0 && l.role == quote && l.rule == "blockquote" {
			if p := d.before(i); p < 0 || d.lines[p].depth == 0 {
				d.typedInQuote(i)
			}
		}
		if hint == 0 || l.role == empty {
			i++
			continue
		}
		end := i + 1
		for end < len(d.lines) && d.lines[end].hint() == hint {
			end++
		}
		switch hint {
		case cutHere:
			if !d.quotedMailAt(i) {
				for j := i; j < len(d.lines); j++ {
					d.lines[j].mark &^= cutHere
				}
				continue // the same lines, without that hint
			}
			d.hinted(i, len(d.lines))
			end = len(d.lines)
		case inHistory:
			d.hintedHistory(i, end)
		case inSignature:
			d.hintedSignature(i, end)
		case inAttribute:
			d.hintedAttribution(i, end)
		}
		i = end
	}
	d.quoteBoxes()
}

// keepRule gives the lines from a up to b a role, and leaves the rule that the
// reader noted.
func (d *decision) keepRule(a, b int, r role) {
	for i := a; i < b; i++ {
		if l := &d.lines[i]; l.role != empty {
			l.role = r
		}
	}
}

// quotedMailAt tells whether the lines from i on may begin a quoted mail: a header, a
// separator, a date or an address, near enough.
func (d *decision) quotedMailAt(i int) bool {
	const near = 4
	fields := 0
	for n := 0; i < len(d.lines) && n < near; i++ {
		if d.lines[i].role == empty {
			continue
		}
		n++
		if separatorAt(d.lines[i].body) == rulePhrase && n == 1 {
			continue
		}
		if k, _ := labelOf(d.lines[i].body); k != noLabel || separatorAt(d.lines[i].body) != noPhrase || d.signsOf(i)&(signDate|signAddress) != 0 {
			return true
		}
		if c := colon(d.lines[i].body, 30); c > 0 && c+1 < len(d.lines[i].body) && d.lines[i].body[c+1] == ' ' && strings.Count(d.lines[i].body[:c], " ") < 3 {
			fields++
		}
	}
	return fields > 1 // in a language that no table has
}

// hintedHistory reads an element that programs make for the quoted mail. Words that
// stand in it above the line that begins the quote are the person's.
func (d *decision) hintedHistory(a, b int) {
	if p := d.before(a); p >= 0 && (d.lines[p].role == attribution || d.lines[p].role == header || d.lines[p].hint() == inAttribute) {
		d.keepRule(a, b, history)
		return
	}
	first := d.quoteBegins(a, b)
	if first > a && !d.looksLed(a, first) {
		for i := a; i < first; i++ {
			d.lines[i].mark &^= inHistory
		}
		a = first
	}
	d.hinted(a, b)
}

// typedInQuote gives back what the person has written in a blockquote that a program
// put around the whole mail: it stands above the header of the quoted one, and nothing
// above the blockquote says whose it is.
//
// Many branches: each line may show that a program made the quote.
func (d *decision) typedInQuote(a int) {
	if p := d.before(a); p >= 0 && (d.lines[p].role == attribution || d.lines[p].role == header || d.signsOf(p)&signColon != 0 || d.lines[p].mark&inQuoteBox != 0) {
		return
	}
	depth := d.lines[a].depth
	for i := a; i < len(d.lines) && (d.lines[i].role == quote || d.lines[i].role == empty); i++ {
		l := &d.lines[i]
		if l.role == empty {
			continue
		}
		if l.rule != "blockquote" || l.mark&(inHistory|inQuoteBox) != 0 {
			return
		}
		if _, ok := d.headerBlock(i, false); ok {
			if d.looksLed(a, i) {
				return
			}
			for j := a; j < i; j++ {
				if t := &d.lines[j]; t.role == quote {
					t.role, t.rule, t.depth = own, "", 0
				}
			}
			return
		}
		if l.depth > depth {
			return
		}
	}
}

// before is the last line above line i that is not empty, or -1.
func (d *decision) before(i int) int {
	for i--; i >= 0 && d.lines[i].role == empty; i-- { //nolint:revive // it counts
	}
	return i
}

// quoteBegins returns the first line from a up to b that begins a quoted mail; a when
// there is none.
func (d *decision) quoteBegins(a, b int) int {
	for i := a; i < b; i++ {
		l := &d.lines[i]
		if l.role == empty {
			continue
		}
		if l.role == quote || l.mark&inAttribute != 0 {
			return i
		}
		if end, _ := d.headAt(i); end > i {
			return i
		}
		if quoted := d.quoteFollows(i); l.role == own {
			if f, ok := d.attributionAt(i, a, quoted); ok && (f.sure || quoted) {
				return f.first
			}
		}
	}
	return a
}

// looksLed tells whether the first of the lines from a up to b may say whose the text
// below is, in words that no table has.
func (d *decision) looksLed(a, b int) bool {
	for n := 0; a < b && n < 3; a++ {
		if d.lines[a].role == empty {
			continue
		}
		n++
		if d.signsOf(a)&(signDate|signAddress|signColon) != 0 {
			return true
		}
	}
	return false
}

// hintedAttribution reads an element made for the line above a quote. Only its end
// that looks like such a line is one.
//
// Many branches: the strict way is tried before the lenient one.
func (d *decision) hintedAttribution(a, b int) {
	last := b - 1
	for last >= a && d.lines[last].role != own {
		if d.lines[last].role != empty {
			return
		}
		last--
	}
	if last < a {
		return
	}
	quoted := d.quoteFollows(last)
	if end, _ := d.headerBlock(a, true); end == last+1 {
		d.keepRule(a, end, attribution)
		return
	}
	if f, ok := d.attributionAt(last, a, quoted); ok {
		if n := d.split(f.first, 0); n > 0 {
			f.first, last = f.first+n, last+n
		}
		d.keepRule(f.first, last+1, attribution)
		return
	}
	first, size := last, 0
	for first >= a && d.lines[first].role == own && last-first < maxWindow {
		size += len(d.lines[first].body)
		first--
	}
	first++
	all := signs(0)
	for i := first; i <= last; i++ {
		all |= d.signsOf(i)
	}
	if g := d.signsOf(last); g&signStop == 0 && size < 200 && all&(signDate|signAddress) != 0 && (quoted || g&(signColon|signAngle|signVerb) != 0) ||
		quoted && (g&signColon != 0 && size < 120 || first == last && size < 100 && d.before(a) >= 0 && !isSentence(d.lines[last].body)) {
		d.keepRule(first, last+1, attribution)
	}
}

// hintedSignature reads an element made for the signature. Sentences at its begin are
// text, unless nothing but small print or a way to reach somebody follows from the first
// line on.
func (d *decision) hintedSignature(a, b int) {
	end := b // where the signature begins
	words := false
	for i := a; i < b; i++ {
		l := &d.lines[i]
		if l.role != own {
			if l.role == empty {
				continue
			}
			break
		}
		if d.beginsSignature(i, b) {
			end = i
			break
		}
		words = words || isSentence(l.body)
	}
	if words && end == b && d.before(a) >= 0 {
		// A name alone below sentences is a signature, with them or not.
		words = !d.smallPrint(a, b)
	}
	if !words {
		end = a
	}
	for i := a; i < b; i++ {
		if l := &d.lines[i]; i < end {
			l.mark &^= inSignature
		} else if l.role == own { // one that is quoted belongs to the quote
			l.role = signature
		}
	}
}

// beginsSignature tells whether a line in an element for signatures begins one.
func (d *decision) beginsSignature(i, b int) bool {
	s := d.lines[i].body
	return delimiter(s) != "" || isDevice(s) || isContact(s) || isSignOff(s) || strings.ContainsAny(s, "|•·") ||
		d.mail.From != "" && strings.EqualFold(strings.Trim(s, "-–—*_, "), strings.TrimSpace(d.mail.From)) || d.smallPrint(i, b)
}

// smallPrint tells whether the paragraph that begins at line i is a disclaimer or a
// notice that programs add.
func (d *decision) smallPrint(i, b int) bool {
	var p strings.Builder
	for ; i < b && d.lines[i].role != empty && p.Len() < 2000; i++ {
		p.WriteString(lower(d.lines[i].body))
		p.WriteByte(' ')
	}
	return disclaims(p.String()) || isFooter(p.String()) || containsAny(p.String(), secretWords)
}

// isSentence tells whether a line is one that a person writes in a text: several
// words, most of them not names, and a mark that ends it.
func isSentence(s string) bool {
	s = strings.TrimRight(s, " )\"'”»")
	r, _ := utf8.DecodeLastRuneInString(s)
	if !strings.ContainsRune(".!?…。！？؟", r) {
		return false
	}
	words, names, wide := 0, 0, 0
	for w := range strings.FieldsSeq(s) {
		c, _ := utf8.DecodeRuneInString(strings.TrimLeft(w, "\"'(“„«"))
		words++
		if unicode.IsUpper(c) || unicode.IsDigit(c) {
			names++
		}
	}
	for _, c := range s {
		if c >= 0x3000 {
			wide++
		}
	}
	return words >= 4 && names*5 <= words*3 || wide >= 8
}

// quoteBoxes finds the line above the quote in Gmail's box around both.
//
// Many branches: a line may be broken over those above it.
func (d *decision) quoteBoxes() {
	for i := range d.lines {
		l := &d.lines[i]
		if l.role == quote && l.mark&inQuoteBox != 0 {
			break // what follows in the box are answers
		}
		if l.role != own || l.mark&inQuoteBox == 0 || !d.quoteFollows(i) || len(l.body) >= 300 {
			continue
		}
		if f, ok := d.attributionAt(i, 0, true); ok && f.last-f.first < 3 {
			d.set(f.first, i+1, attribution, "gmail_quote")
			continue
		}
		if d.signsOf(i)&(signDate|signAddress|signColon|signVerb|signAngle) == 0 {
			continue
		}
		l.role, l.rule = attribution, "gmail_quote"
		for j := i - 1; j >= 0 && j > i-3; j-- { // names and addresses are broken over lines
			p := &d.lines[j]
			if p.role != own || p.mark&inQuoteBox == 0 || len(p.body) > 200 {
				break
			}
			p.role, p.rule = attribution, "gmail_quote"
		}
	}
}
