package reply

// block is a run of quoted lines with what belongs to it.
type block struct {
	first, end int
	attributed bool // a line above it, or a header, says whose it is
	marked     bool // it has lines that are quoted
	known      int
}

// blocks lists the quoted runs that have not been decided on.
func (d *decision) blocks() []block {
	var bs []block
	cur := -1
	for i := range d.lines {
		l := &d.lines[i]
		switch l.role {
		case quote, attribution, header, history:
			if cur >= 0 && bs[cur].marked && !bs[cur].attributed && (l.role == attribution || l.role == header) {
				cur = -1
			}
			if cur < 0 {
				bs = append(bs, block{first: i})
				cur = len(bs) - 1
			}
			b := &bs[cur]
			b.end = i + 1
			b.attributed = b.attributed || l.role == attribution || l.role == header || l.role == history
			b.marked = b.marked || l.role == quote
			if l.known > 0 {
				b.known = l.known
			}
		case empty:
		default:
			cur = -1
		}
	}
	return bs
}

// quotes decides which quotes stay. From the end: signatures are cut from the
// last own stretch; a quote that nothing follows goes. Of those that are left, a
// single one that a program has put there goes; several, or one that was made on
// purpose, stay as what the person answers.
//
// Many branches: from the end to the front, then from the front to the end.
func (d *decision) quotes() {
	bs := d.blocks()
	end := len(d.lines)
	for {
		begin := 0
		if len(bs) > 0 {
			begin = bs[len(bs)-1].end
		}
		d.tail(begin, end)
		if len(bs) == 0 || d.hasOwn(begin, end) {
			break
		}
		last := bs[len(bs)-1]
		end = last.first
		bs = bs[:len(bs)-1]
		if n := len(bs); n > 0 && last.attributed && !bs[n-1].attributed && d.onlyEmpty(bs[n-1].end, last.first) {
			break // made on purpose, right above the one that the program has put there
		}
	}
	kept := 0
	for _, b := range bs {
		if b.marked && d.lines[b.first].role != history {
			kept++
		}
	}
	for _, b := range bs {
		drop := !b.marked || d.lines[b.first].role == history || kept == 1 && (b.attributed || b.known > 0)
		if drop {
			d.tail(d.stretch(b.first), b.first)
			continue
		}
		d.keepQuote(b, bs[0].attributed)
	}
}

// keepQuote keeps a quote as what the person answers. What that quotes itself goes,
// unless the answer stands right below it, or the person has chosen what to quote: by
// says that a program did.
//
// Many branches: the level of each line decides.
func (d *decision) keepQuote(b block, by bool) {
	base, last := 0, b.end-1
	for i := b.first; i < b.end; i++ {
		if l := &d.lines[i]; l.role == quote && (base == 0 || l.depth < base) {
			base = l.depth
		}
	}
	for last > b.first && (d.lines[last].role != quote || d.lines[last].body == "") {
		last--
	}
	answered := last // begin of the run that is answered
	for answered > b.first && d.lines[answered-1].role == quote && d.lines[answered-1].depth == d.lines[last].depth {
		answered--
	}
	for i := b.first; i < b.end; i++ {
		l := &d.lines[i]
		if by && l.role == quote && l.depth > base && i < answered {
			continue
		}
		if l.role == quote || l.role == attribution {
			l.lead, l.role = l.role == attribution, own
			d.doubt += 0.02
		}
	}
}

// onlyEmpty tells whether the lines from a up to b are empty.
func (d *decision) onlyEmpty(a, b int) bool {
	for i := a; i < b; i++ {
		if d.lines[i].role != empty {
			return false
		}
	}
	return true
}

// stretch returns where the own text right before line i begins.
func (d *decision) stretch(i int) int {
	for i > 0 {
		if r := d.lines[i-1].role; r != own && r != empty {
			break
		}
		i--
	}
	return i
}
