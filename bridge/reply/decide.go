package reply

import (
	"slices"
	"strings"
)

// structureConfidence is that of a result in which the structure of the HTML or a
// known message confirms what was cut.
const structureConfidence = 0.95

// decision gives each line of a body its role.
type decision struct {
	page
	mail      Mail
	signs     []signs
	looked    []bool
	show      []bool
	echoed    bool // a known message is repeated somewhere
	habit     []ending
	habitRead bool
	known     *echo
	heard     *heard
	found     []match // of known messages in each line
	flat      bool    // lines have other words than the HTML: it is not written
	sections  int     // copies of mails without marks that were looked at
	forward   bool
	doubt     float64
}

// decide runs the witnesses from the strongest to the weakest, then the rules
// about quotes, then those about signatures.
func (d *decision) decide() {
	d.fences()
	if d.forwarded() {
		d.forward = true
		return
	}
	d.echoes()
	d.structure()
	d.banner()
	d.splitters()
	d.echoParagraphs()
	d.answersInQuotes()
	d.firstDevice()
	d.quotes()
	d.ruleOnTop()
	if !d.hasOwn(0, len(d.lines)) {
		d.restore()
	}
}

// ruleOnTop takes a rule away that stands above all words: a program has drawn it.
func (d *decision) ruleOnTop() {
	for i := range d.lines {
		l := &d.lines[i]
		if l.role != own {
			continue
		}
		if l.depth == 0 && l.mark&inCode == 0 && len(l.body) >= 10 && strings.Trim(l.body, "_-") == "" && d.hasOwn(i+1, len(d.lines)) {
			l.role, l.rule = header, "rule-on-top"
		}
		return
	}
}

// fences marks what stands between ``` lines: nothing in it is looked at.
func (d *decision) fences() {
	open := -1
	for i := range d.lines {
		if d.lines[i].depth > 0 || !strings.HasPrefix(d.lines[i].body, "```") {
			continue
		}
		if open < 0 {
			open = i
			continue
		}
		for j := open; j <= i; j++ {
			l := &d.lines[j]
			l.mark |= inCode
			if l.role == quote {
				l.role, l.depth, l.body = own, 0, l.raw
			}
		}
		open = -1
	}
}

// quoteFollows tells whether the next line that is not empty is quoted.
func (d *decision) quoteFollows(i int) bool {
	for n := i + 1; n < len(d.lines) && n < i+6; n++ {
		if l := &d.lines[n]; l.role != empty {
			return l.depth > 0 && l.mark&inCode == 0
		}
	}
	return false
}

// hasOwn tells whether there is text of the person among the lines from a up to b.
func (d *decision) hasOwn(a, b int) bool {
	for i := a; i < b; i++ {
		if d.lines[i].role == own {
			return true
		}
	}
	return false
}

// set gives the lines from a up to b a role. Empty lines stay empty.
func (d *decision) set(a, b int, r role, rule string) {
	for i := a; i < b; i++ {
		if l := &d.lines[i]; l.role != empty {
			l.role, l.rule = r, rule
		}
	}
}

// splitters finds separators, header blocks and lines above quotes, and what
// follows them.
func (d *decision) splitters() {
	w := sweep{decision: d, top: -1}
	for i := 0; i < len(d.lines); i++ {
		l := &d.lines[i]
		if l.role != own || l.mark&inCode != 0 {
			if l.role != empty {
				w.lead = i + 1
			}
			continue
		}
		next, done := w.head(i)
		if next == i && !done {
			next, done = w.attribution(i)
		}
		if done {
			return
		}
		if next > i {
			i, w.lead = next-1, next
		}
	}
	if w.top > 0 {
		d.historyFrom(w.top, true)
	}
}

// sweep is where splitters stands.
type sweep struct {
	*decision
	lead    int  // where the current stretch begins
	had     bool // own text was seen among the lines that were checked
	checked int
	top     int // end of a header block above all text
	splits  int
}

// see notes whether own text stands above line i.
func (w *sweep) see(i int) {
	w.had, w.checked = w.had || w.hasOwn(w.checked, i), i
}

// head takes a separator or a header at line i and returns the line behind it; done: all
// that follows has a role.
func (w *sweep) head(i int) (next int, done bool) {
	end, rule := w.headAt(i)
	if end == i {
		return i, false
	}
	w.see(i)
	w.set(i, end, header, rule)
	switch {
	case !w.had && rule == "above-this-line": // this mail is from the program that answers by mail are sent to
	case !w.had && w.top < 0 && rule != "separator":
		w.top = end // it may be that of this mail
	default:
		done = w.historyFrom(end, true)
	}
	return end, done
}

// attribution takes a line above a quote that ends at line i.
func (w *sweep) attribution(i int) (next int, done bool) {
	quoted := w.quoteFollows(i)
	f, ok := w.attributionAt(i, w.lead, quoted)
	if !ok || !f.sure && !quoted {
		return i, false
	}
	if n := w.split(f.first, w.splits); n > 0 {
		w.splits++
		f.first, i = f.first+n, i+n
	}
	w.see(f.first)
	if i+1 < len(w.lines) && w.endsVerb(i+1) && !strings.HasSuffix(w.lines[i].body, ":") {
		i++
	}
	w.set(f.first, i+1, attribution, f.rule)
	if !w.had {
		w.indented(i + 1)
	}
	return i + 1, w.historyFrom(i+1, w.had)
}

// endsVerb tells whether a line is but the rest of a verb that was broken off: "je:".
func (d *decision) endsVerb(i int) bool {
	l := &d.lines[i]
	return l.role == own && len(l.body) <= 12 && strings.HasSuffix(l.body, ":")
}

// indented takes lines right below a line above a quote as quoted when a tab
// begins them: mailx writes one instead of marks.
func (d *decision) indented(i int) {
	if d.html != nil {
		return
	}
	for ; i < len(d.lines); i++ {
		l := &d.lines[i]
		if l.role == empty {
			continue
		}
		if l.role != own || !strings.HasPrefix(l.raw, "\t") {
			return
		}
		l.role, l.depth, l.rule = quote, 1, "indent"
	}
}

// split parts the line where a line above a quote begins in its middle, and
// returns how many lines were added.
func (d *decision) split(i, splits int) int {
	const most = 8
	l := d.lines[i]
	at := 0
	if splits < most {
		at = beginning(l.body)
	}
	if at == 0 {
		return 0
	}
	text := strings.TrimRight(l.body[:at], " -\u00a0")
	if text == "" || intros[lower(text)] {
		return 0
	}
	d.flat = d.html != nil // the HTML has both in one line
	d.lines = slices.Insert(d.lines, i, line{raw: text, body: text, mark: l.mark})
	if d.found != nil {
		d.found = slices.Insert(d.found, i, match{})
	}
	d.lines[i+1].raw, d.lines[i+1].body = l.body[at:], l.body[at:]
	d.signs, d.looked = nil, nil
	return 1
}

// headAt looks for a separator or a header block at line i and returns the line
// after it.
//
// Many branches: one for each form of a separator.
func (d *decision) headAt(i int) (end int, rule string) {
	if d.lines[i].mark&inLead != 0 {
		return i + 1, "groupwise"
	}
	if strings.HasPrefix(d.lines[i].body, "<div>-----") { // with the tags in its words
		return i + 1, "separator"
	}
	if aboveThisLine(d.lines[i].body) {
		return i + 1, "above-this-line"
	}
	p := separatorAt(d.lines[i].body)
	next := i + 1
	for next < len(d.lines) && next < i+4 && d.lines[next].role == empty {
		next++
	}
	switch p {
	case originalPhrase, forwardPhrase:
		if next < len(d.lines) {
			if end, ok := d.headerBlock(next, true); ok {
				return end, "separator"
			}
		}
		return i + 1, "separator"
	case rulePhrase:
		if next < len(d.lines) && d.lines[next].role == own {
			if end, ok := d.headerBlock(next, false); ok {
				return end, "rule-header"
			}
			if end, ok := d.foreignBlock(next); ok {
				return end, "foreign-header"
			}
		}
		return i, ""
	}
	if end, ok := d.headerBlock(i, false); ok {
		return end, "header"
	}
	if end := d.notesBlock(i); end > i {
		return end, "notes-header"
	}
	return i, ""
}

// historyFrom decides what follows a splitter that ends before line i. Marked
// lines are left to the rules about quotes. Unmarked text below is history to the
// end when cut says so; it reports whether that was done.
func (d *decision) historyFrom(i int, cut bool) bool {
	for i < len(d.lines) && d.lines[i].role == empty {
		i++
	}
	if i == len(d.lines) {
		return true
	}
	if r := d.lines[i].role; r == quote || r == history || !cut {
		return false
	}
	d.unmarked(i, "below-splitter")
	// What stands between a quote that a program has put below a text and history
	// without marks is history too.
	seen, quoted := false, 0
	for n := 0; n < i; n++ {
		switch d.lines[n].role {
		case own:
			if quoted > 1 {
				d.lines[n].role, d.lines[n].rule = history, "between-history"
			}
			seen = true
		case attribution:
			if seen && quoted == 0 {
				quoted = 1
			}
		case quote:
			if quoted == 1 {
				quoted = 2
			}
		}
	}
	return true
}

// echoLead takes the paragraph above repeated text away when it has an address or
// a date: a line above a quote in a language that no table has.
//
// Many branches: it looks for the paragraph above in two directions.
func (d *decision) echoLead() {
	for i := range d.lines {
		if d.lines[i].rule != "echo" {
			continue
		}
		last := i - 1
		for last >= 0 && d.lines[last].role == empty {
			last--
		}
		if last < 0 || d.lines[last].role != own {
			continue
		}
		first, all := last, d.signsOf(last)
		for first > 0 && d.lines[first-1].role == own && last-first < maxWindow {
			first--
			all |= d.signsOf(first)
		}
		if all&(signAddress|signDate) != 0 && (d.signsOf(last)&(signColon|signAngle) != 0 || all&signDate != 0 && all&signAddress != 0) {
			if all&signColon != 0 && d.signsOf(last)&(signAddress|signDate) != 0 {
				first = last
			}
			d.set(first, last+1, attribution, "echo-lead")
		}
	}
}
