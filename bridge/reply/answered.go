package reply

// span is a run of lines that answers one message.
type span struct {
	known      int // index of the message, plus one; 0: none
	first, end int // lines, with those that it quotes
}

// answered parts what the person wrote by the messages that it answers.
func (d *decision) answered() []Answer {
	if !d.echoed || d.forward {
		return nil
	}
	var spans []span
	messages, quoted := map[int]bool{}, map[int]bool{}
	for _, s := range d.spans() {
		quoted[s.known] = true
		if s.first, s.end = d.written(s); s.first == s.end {
			continue // it is quoted, and nothing is said to it
		}
		spans = append(spans, s)
		messages[s.known] = true
	}
	delete(messages, 0)
	delete(quoted, 0)
	if len(messages) == 0 {
		messages = quoted // written above it
	}
	if len(messages) == 1 && len(spans) > 0 {
		all := Answer{Text: d.text(d.show)}
		all.HTML = d.formatted(d.show, all.Text)
		for k := range messages {
			all.Known = k - 1
		}
		return []Answer{all}
	}
	if len(messages) < 2 || len(spans) < 2 {
		return nil
	}
	var as []Answer
	keep := make([]bool, len(d.lines))
	for _, s := range spans {
		for i := s.first; i < s.end; i++ {
			keep[i] = d.show[i] && !d.lines[i].lead
		}
		if s.known == 0 {
			continue // a greeting: it goes with the first answer
		}
		text := d.text(keep)
		as = append(as, Answer{Text: text, HTML: d.formatted(keep, text), Known: s.known - 1})
		clear(keep)
	}
	return as
}

// spans parts the lines where those of another message begin.
func (d *decision) spans() []span {
	all := []span{{}}
	for i := range d.lines {
		last := &all[len(all)-1]
		if k := d.lines[i].known; k > 0 && k != last.known {
			last.end = i
			all = append(all, span{known: k, first: i})
		}
	}
	all[len(all)-1].end = len(d.lines)
	return all
}

// written is from the first to behind the last line of the person's own in a span;
// equal: there is none.
func (d *decision) written(s span) (first, end int) {
	for i := s.first; i < s.end; i++ {
		if l := &d.lines[i]; l.role != own || l.depth > 0 || l.lead || !d.show[i] {
			continue
		}
		if first == end {
			first = i
		}
		end = i + 1
	}
	return first, end
}
