package reply

// restore gives back what must not be lost when nothing of the person is left: a
// mail that is all signature or footer, whose quotes are all there is and that
// answers nothing, or in which only an element of the HTML, or a signature, holds
// words without the marks of a quote.
func (d *decision) restore() {
	quoted, other := false, false
	for i := range d.lines {
		switch d.lines[i].role {
		case quote, history, header, attribution:
			quoted = true
		case empty, own:
		default:
			other = true
		}
	}
	if quoted && !d.madeByHand() {
		if d.restoreUnmarked(); !d.hasOwn(0, len(d.lines)) {
			d.restoreHinted()
		}
		return
	}
	for i := range d.lines {
		l := &d.lines[i]
		if other && !quoted && l.role != empty || quoted && l.role == quote {
			l.role = own
		}
	}
	d.doubt += 0.4
}

// madeByHand tells whether every quote was made by the person: nothing says whose it
// is.
func (d *decision) madeByHand() bool {
	for i := range d.lines {
		l := &d.lines[i]
		switch l.role {
		case attribution, header, history:
			return false
		case quote:
			if g := d.signsOf(i); l.known > 0 || g&signColon != 0 && g&signDate != 0 && g&(signVerb|signAddress) != 0 {
				return false
			}
		}
	}
	return true
}

// restoreHinted gives back the words of a signature, and those of an element for
// quoted mail in which nothing looks like one, where the person has no other.
func (d *decision) restoreHinted() {
	for _, r := range [...]role{signature, history} {
		for a := 0; a < len(d.lines); a++ {
			if d.lines[a].role != r {
				continue
			}
			b := a
			for b < len(d.lines) && (d.lines[b].role == r || d.lines[b].role == empty) {
				b++
			}
			if r == signature || d.ownBox(a) {
				d.restoreUnknown(a, b)
			}
			a = b - 1
		}
		if d.hasOwn(0, len(d.lines)) {
			d.doubt += 0.4
			return
		}
	}
}

// restoreUnknown gives back the lines from a up to b that are in no known message.
func (d *decision) restoreUnknown(a, b int) {
	for i := a; i < b; i++ {
		if l := &d.lines[i]; l.role != empty && l.known == 0 {
			l.role = own
		}
	}
}

// restoreUnmarked gives back what stands without marks below the first header, or line
// above a quote, and is in no known message. Where nothing is known, it does so below a
// header alone: that may stand on top of an answer.
//
// Many branches: what stands without marks is found before it is given back.
func (d *decision) restoreUnmarked() {
	first, head := -1, -1
	for i := range d.lines {
		switch l := &d.lines[i]; l.role {
		case attribution, header:
			head = i
			continue
		case history:
			if l.depth == 0 && head >= 0 && l.mark&(inHistory|cutHere) == 0 && l.rule == "below-splitter" {
				first = i
			}
		case empty:
			continue
		}
		break
	}
	if first < 0 || d.known == nil && (d.lines[head].role != header || d.lines[head].rule != "header") {
		return
	}
	last := first
	for last < len(d.lines) && (d.lines[last].role == history && d.lines[last].depth == 0 || d.lines[last].role == empty) {
		last++
	}
	d.keepRule(first, last, own)
	end := min(d.section(first), last)
	d.keepRule(end, last, history)
	if k, _ := d.copied(first, end); k > 0 {
		d.keepRule(first, end, history)
		return
	}
	for i := first; i < end; i++ {
		if m := d.at(i); d.lines[i].role == own && m.all && m.words >= echoWords {
			d.lines[i].role = history
		}
	}
	d.tail(first, end)
	d.doubt += 0.4
}

// ownBox tells whether the lines from a on are in an element for quoted mail that
// nothing in it or above it confirms.
func (d *decision) ownBox(a int) bool {
	if d.lines[a].mark&inHistory == 0 {
		return false
	}
	if p := d.before(a); p >= 0 && (d.lines[p].role == attribution || d.lines[p].role == header) {
		return false
	}
	return !d.quotedMailAt(a)
}
