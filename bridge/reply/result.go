package reply

import "strings"

// result renders what is left.
func (d *decision) result() Result {
	r := Result{Forward: d.forward, Cut: d.cuts(), Confidence: d.confidence()}
	if d.forward {
		r.Cut = nil
	}
	d.show = d.shown()
	r.Text = d.text(d.show)
	r.OnlyQuote = r.Text == "" && len(r.Cut) > 0
	r.HTML = d.formatted(d.show, r.Text)
	r.Answered = d.answered()
	return r
}

// formatted writes the lines that show says as HTML; empty when that says no more
// than their text.
func (d *decision) formatted(show []bool, text string) string {
	if d.html == nil || d.flat || text == "" {
		return ""
	}
	out, rich := d.html.write(func(i int) bool { return i < len(show) && show[i] })
	if !rich {
		return ""
	}
	return out
}

// shown says of each line whether it is kept; of empty ones, whether both their
// neighbours are.
func (d *decision) shown() []bool {
	show := make([]bool, len(d.lines))
	for i := range d.lines {
		r := d.lines[i].role
		show[i] = d.forward && r != empty || r == own || r == empty && i > 0 && show[i-1]
	}
	next := false
	for i := len(d.lines) - 1; i >= 0; i-- {
		if d.lines[i].role == empty {
			show[i] = show[i] && next
		}
		next = show[i]
	}
	return show
}

// text joins the lines that show says. Runs of empty lines become one.
func (d *decision) text(show []bool) string {
	var b strings.Builder
	gap := false
	for i := range d.lines {
		l := &d.lines[i]
		if l.role == empty && (l.mark&inCode == 0 || l.depth > 0) || !show[i] {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('\n')
		}
		gap = false
		if d.html != nil && l.depth > 0 {
			for range min(l.depth, maxDepth) {
				b.WriteString("> ")
			}
		}
		b.WriteString(l.raw)
		b.WriteByte('\n')
	}
	return strings.Trim(b.String(), "\n")
}

// cuts lists what was left out, runs of one kind together.
func (d *decision) cuts() []Cut {
	var cs []Cut
	var b strings.Builder
	last := own
	rule := ""
	flush := func() {
		if b.Len() > 0 {
			cs = append(cs, Cut{Kind: roleNames[last], Text: strings.TrimRight(b.String(), "\n"), Rule: rule})
			b.Reset()
		}
	}
	for i := range d.lines {
		l := &d.lines[i]
		switch {
		case l.role == own:
			flush()
			last = own
			continue
		case l.role == empty:
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			continue
		case b.Len() == 0 || roleNames[l.role] != roleNames[last]:
			flush()
			last, rule = l.role, l.rule
		}
		b.WriteString(l.raw)
		b.WriteByte('\n')
	}
	flush()
	return cs
}

// confidence says how sure the decision is.
func (d *decision) confidence() float64 {
	c := 0.9
	if d.forward {
		return c
	}
	cut, structured, marked := false, false, false
	for i := range d.lines {
		l := &d.lines[i]
		if l.role == own || l.role == empty {
			continue
		}
		cut = true
		structured = structured || l.mark&(inHistory|cutHere|inQuoteBox|inAttribute) != 0 || l.known > 0
		marked = marked || l.role == quote
	}
	switch {
	case structured:
		c = 0.98
	case marked:
		c = 0.95
	case cut:
		c = 0.85
	case d.mail.Answers && len(d.lines) > 40:
		c = 0.7
	}
	return max(0.1, c-min(d.doubt, 0.5))
}
