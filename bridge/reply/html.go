package reply

import (
	"bytes"

	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"hashsend/bridge/markup"
)

// reader turns HTML into lines in one pass, without building a tree: end tags
// that nothing opened are passed over, elements that nothing closed end with what
// encloses them.
type reader struct {
	frag  *fragment
	lines []line
	stack []element
	open  map[atom.Atom]int // how many of each are open
	deep  map[atom.Atom]int // how many more of each are open, deeper than is looked

	text    []byte // of the current line
	space   bool   // a blank is due before the next word
	gap     bool   // an empty line is due before the next line
	columns int    // how many lie between the last word and the next
	shifted int    // where the text of the open superscript begins; -1: there is none
	href    string // of the open link
	linked  int    // where the text of the open link begins
	cut     string // from here on everything is quoted: the id that says so
	lead    int    // length of the bullet that begins the current line
	last    state  // of the current line when its first text came
	bullet  string // of the list item whose text is due
	sheet   markup.Sheet
	bare    bool // what is hidden by a style is read all the same
}

// element is an open element.
type element struct {
	tag   atom.Atom
	name  string // of elements without an atom
	items int    // of a list
	state state  // of what is inside
}

// state is what holds inside of an element.
type state struct {
	depth  int
	mark   mark
	rule   string
	hidden bool
	tiny   bool // text has no size, until an inner element gives it one
	veiled bool // it is there and not seen, until an inner element is
	pre    bool
	lists  int  // how many are open
	grid   bool // in a table whose columns say something
}

// unseen reports whether text is not shown.
func (st *state) unseen() bool { return st.hidden || st.tiny || st.veiled }

// htmlPage splits an HTML body into lines. Where all of it is hidden by styles it is
// read without them: nobody sends a mail for nobody to see.
func htmlPage(source string) page {
	p, hid := readHTML(source, false)
	if hid && p.empty() {
		p, _ = readHTML(source, true)
	}
	return p
}

// empty reports whether a page has no text.
func (p *page) empty() bool {
	for i := range p.lines {
		if p.lines[i].role != empty {
			return false
		}
	}
	return true
}

// readHTML does; hid tells whether there was text that a style hides.
func readHTML(source string, bare bool) (p page, hid bool) {
	source = source[:min(len(source), maxSource)]
	tags := strings.Count(source, "<")
	r := &reader{
		bare:  bare,
		frag:  &fragment{source: source, tokens: make([]token, 0, min(2*tags+1, maxTokens))},
		open:  make(map[atom.Atom]int),
		lines: make([]line, 0, min(tags/3+2, maxTokens)),
	}
	z := html.NewTokenizer(strings.NewReader(source))
	pos := 0
	for {
		kind := z.Next()
		start := pos
		pos += len(z.Raw())
		if kind == html.ErrorToken {
			break
		}
		if len(r.frag.tokens) >= maxTokens {
			r.flush()
			r.add(goesOn)
			break
		}
		switch kind {
		case html.TextToken:
			text := z.Text()
			if st := r.state(); st.unseen() && !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("<!--")) {
				hid = hid || r.top() != atom.Style && r.top() != atom.Script && r.top() != atom.Title && len(bytes.TrimSpace(text)) > 0
			}
			r.chars(text, start, pos)
		case html.StartTagToken, html.SelfClosingTagToken:
			r.start(kind, start, pos)
		case html.EndTagToken:
			tag, name, _ := tagName(source[start:pos])
			r.end(tag, name, start, pos)
		}
	}
	r.flush()
	return page{lines: r.lines, html: r.frag}, hid
}

// goesOn stands below what is shown of a mail that is too long.
const goesOn = "[…]"

func (r *reader) state() state {
	if len(r.stack) == 0 {
		return state{}
	}
	return r.stack[len(r.stack)-1].state
}

func (r *reader) keep(kind html.TokenType, tag atom.Atom, start, end int) {
	r.frag.tokens = append(r.frag.tokens, token{tag, uint32(start), uint32(end), uint32(len(r.lines)), uint8(kind)})
}

// chars takes a run of text.
func (r *reader) chars(s []byte, start, end int) {
	switch r.top() {
	case atom.Style:
		r.sheet.Read(string(s))
	case atom.Head:
		if len(bytes.TrimSpace(s)) > 0 {
			r.end(atom.Head, "", start, start)
		}
	}
	st := r.state()
	if st.unseen() {
		return
	}
	if st.pre {
		r.keep(html.TextToken, 0, start, end)
		for i, l := range bytes.Split(s, []byte("\n")) {
			if i > 0 {
				r.flush()
				r.gap = r.gap && len(l) > 0
			}
			if len(l) > 0 {
				r.begin(st)
				r.text = append(r.text, bytes.TrimRight(l, "\r")...)
			} else if i > 0 {
				r.emptyLine()
			}
		}
		return
	}
	wrote := false
	for i := 0; i < len(s); {
		if isSpace(s[i]) {
			r.space = true
			i++
			continue
		}
		j := i
		for j < len(s) && !isSpace(s[j]) {
			j++
		}
		r.begin(st)
		switch {
		case r.columns > 0 && len(r.text) > 0:
			r.text = append(r.text, strings.Repeat("\t", min(r.columns, 100))...)
		case r.space && len(r.text) > 0:
			r.text = append(r.text, ' ')
		}
		r.columns, r.space, wrote = 0, false, true
		r.text = append(r.text, s[i:j]...)
		i = j
	}
	if wrote || len(r.text) > 0 {
		r.keep(html.TextToken, 0, start, end)
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' }

// begin notes what holds for the current line when its first text comes.
func (r *reader) begin(st state) {
	if len(r.text) == 0 {
		if r.gap {
			r.emptyLine()
			r.gap = false
		}
		r.last = st
		r.text = append(r.text, r.bullet...)
		r.lead, r.bullet = len(r.bullet), ""
	}
}

// flush ends the current line.
func (r *reader) flush() {
	r.columns = 0
	if len(r.text) == 0 {
		r.space = false
		return
	}
	s := strings.TrimRight(string(r.text), " \t")
	r.text = r.text[:0]
	r.space = false
	r.add(s)
}

// add appends a line with the state noted at its beginning.
func (r *reader) add(s string) {
	st := r.last
	l := line{raw: strings.ReplaceAll(s, "\u00a0", " "), body: trim(s), depth: st.depth, mark: st.mark, rule: st.rule}
	if r.cut != "" {
		l.mark |= cutHere
		l.rule = r.cut
	}
	lead := groupWise(l.body)
	if lead != "" {
		l.body = lead
		l.mark |= inLead
	}
	switch {
	case l.body == "":
		l.role, l.raw = empty, ""
	case l.depth > 0:
		l.role = quote
		if d, rest := quoteMarks(l.body); d > 0 && lead == "" {
			l.depth, l.body, l.raw = l.depth+d, rest, rest
		}
	case lead == "":
		if d, rest := quoteMarks(l.body); d > 0 {
			l.depth, l.body, l.role, l.rule = d, rest, quote, "mark"
			l.raw = rest
		}
	}
	r.lines = append(r.lines, l)
}

// emptyLine adds an empty line unless there is one.
func (r *reader) emptyLine() {
	if n := len(r.lines); n > 0 && r.lines[n-1].role != empty {
		st := r.state()
		if r.cut != "" {
			st.mark |= cutHere
		}
		r.lines = append(r.lines, line{role: empty, depth: st.depth, mark: st.mark})
	}
}

// start takes a start tag.
func (r *reader) start(kind html.TokenType, start, end int) {
	tag, label, rest := tagName(r.frag.source[start:end])
	if tag != 0 {
		label = ""
	}
	at := attributes(rest)
	if label == "signature" { // written by Mailspring
		at.class = label
	}
	r.implied(tag, start)
	st := r.state()
	switch tag {
	case atom.Br:
		r.lineBreak(start, end)
		return
	case atom.Hr:
		r.flush()
		r.gap = true
		r.cutFrom(at, st)
		return
	case atom.Img:
		r.image(&at, st, start, end)
		return
	}
	if void[tag] {
		return
	}
	if kind == html.SelfClosingTagToken && label != "" {
		return
	}
	r.block(tag)
	inner := st
	at.apply(&inner, tag)
	r.hide(&inner, &at, tag)
	r.cutFrom(at, st)
	if inner.depth != st.depth || inner.mark != st.mark {
		r.flush()
	}
	first := 0
	switch tag {
	case atom.Ul, atom.Menu:
		inner.lists++
	case atom.Ol:
		inner.lists++
		if n, err := strconv.Atoi(at.start); err == nil && n > 0 && n < 1e9 {
			first = n - 1
		}
	case atom.Li:
		r.item(&at, st)
	case atom.Table:
		inner.grid = r.frag.isGrid(end)
	case atom.Td, atom.Th:
		r.space = true
		if st.grid && len(r.text) > 0 {
			r.columns++
		}
	case atom.Sup, atom.Sub:
		r.shifted = len(r.text)
		if r.space {
			r.shifted = -1 // a word of its own
		}
	case atom.A:
		r.href, r.linked = at.href, len(r.text)
	}
	if len(r.stack) >= maxStack {
		if r.deep == nil {
			r.deep = make(map[atom.Atom]int)
		}
		r.deep[tag]++
		return
	}
	r.stack = append(r.stack, element{tag: tag, name: label, items: first, state: inner})
	r.open[tag]++
	r.keep(html.StartTagToken, tag, start, end)
}

// image writes what stands for a picture: an emoji is a character.
func (r *reader) image(at *attrs, st state, start, end int) {
	if !st.hidden && !st.veiled && at.alt != "" && at.width != "0" && at.width != "1" {
		r.begin(st)
		if r.space && len(r.text) > 0 {
			r.text = append(r.text, ' ')
		}
		alt := "[image: " + at.alt + "]"
		if markup.IsEmoji(at.alt) && at.alt[0] != ':' {
			alt = at.alt
		}
		r.text = append(r.text, alt...)
		r.space = false
	}
	if !st.hidden && len(r.text) > 0 {
		r.keep(html.SelfClosingTagToken, atom.Img, start, end)
	}
}

// item begins an item of a list: moved in as deep as its list is.
func (r *reader) item(at *attrs, st state) {
	r.bullet = "- "
	for n := len(r.stack) - 1; n >= 0; n-- {
		if t := r.stack[n].tag; t == atom.Ul || t == atom.Menu {
			break
		} else if t == atom.Ol {
			if v, err := strconv.Atoi(at.value); err == nil && v > 0 && v < 1e9 {
				r.stack[n].items = v - 1
			}
			r.stack[n].items++
			r.bullet = strconv.Itoa(r.stack[n].items) + ". "
			break
		}
	}
	const most = 10
	r.bullet = strings.Repeat("  ", min(max(st.lists-1, 0), most)) + r.bullet
}

// shift writes a superscript or a subscript that has just ended with characters of its
// own, where there are some.
func (r *reader) shift(tag atom.Atom) {
	at := r.shifted
	r.shifted = -1
	if at < 0 || at >= len(r.text) {
		return
	}
	s, ok := markup.Raised(string(r.text[at:]))
	if tag == atom.Sub {
		s, ok = markup.Lowered(string(r.text[at:]))
	}
	if ok {
		r.text = append(r.text[:at], s...)
	}
}

// cutFrom notes when everything from an element on is quoted.
func (r *reader) cutFrom(at attrs, st state) {
	if kind, word := at.what(); kind == cutMark && !st.hidden && r.cut == "" && st.depth == 0 && st.mark&inHistory == 0 { // in a quote it is that of another mail
		r.flush()
		r.cut = word
	}
}

// lineBreak takes <br>.
func (r *reader) lineBreak(start, end int) {
	if st := r.state(); st.unseen() {
		return
	}
	if len(r.text) > 0 {
		r.keep(html.SelfClosingTagToken, atom.Br, start, end)
		r.flush()
		return
	}
	r.keep(html.SelfClosingTagToken, atom.Br, start, end)
	r.emptyLine()
}

// block begins a line where an element is a block.
func (r *reader) block(tag atom.Atom) {
	if st := r.state(); st.grid && tag != atom.Tr && tag != atom.Table {
		if r.space = true; !tableParts[tag] {
			return // a cell of such a table is one line
		}
	}
	switch blocks[tag] {
	case 1:
		r.flush()
	case 2:
		r.flush()
		r.gap = len(r.lines) > 0 && r.bullet == ""
	}
}

func (r *reader) top() atom.Atom {
	if len(r.stack) == 0 {
		return 0
	}
	return r.stack[len(r.stack)-1].tag
}

// end takes an end tag. An inline element never closes a block, and nothing
// closes a table cell but the table.
func (r *reader) end(tag atom.Atom, name string, start, end int) {
	if tag == atom.Br {
		r.lineBreak(start, end)
		return
	}
	if r.deep[tag] > 0 {
		r.deep[tag]--
		return
	}
	if r.open[tag] == 0 {
		return
	}
	inline := blocks[tag] == 0 && !tableParts[tag]
	i := len(r.stack) - 1
	for ; i >= 0; i-- {
		e := &r.stack[i]
		if e.tag == tag && (tag != 0 || e.name == name) {
			break
		}
		if inline && blocks[e.tag] != 0 || tableParts[e.tag] && !tableParts[tag] || len(r.stack)-i > maxOpen {
			return
		}
	}
	if i < 0 {
		return
	}
	switch tag {
	case atom.A:
		r.closeLink()
	case atom.Sup, atom.Sub:
		r.shift(tag)
	}
	r.close(i, start, end)
}

// close closes the open elements from number i on.
func (r *reader) close(i, start, end int) {
	for n := len(r.stack) - 1; n >= i; n-- {
		e := r.stack[n]
		r.open[e.tag]--
		before := state{}
		if n > 0 {
			before = r.stack[n-1].state
		}
		if e.state.depth != before.depth || e.state.mark != before.mark {
			r.flush()
		}
		r.block(e.tag)
		r.stack = r.stack[:n]
		r.keep(html.EndTagToken, e.tag, start, end)
	}
}

// closeLink adds the address of a link whose text does not show it.
func (r *reader) closeLink() {
	href := markup.TrueLink(r.href)
	r.href = ""
	if st := r.state(); href == "" || st.unseen() || r.linked >= len(r.text) {
		return
	}
	if !strings.HasPrefix(href, "http://") && !strings.HasPrefix(href, "https://") {
		return
	}
	shown := strings.TrimSpace(string(r.text[max(r.linked, min(r.lead, len(r.text))):]))
	bare := func(s string) string {
		s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
		return strings.TrimRight(strings.TrimPrefix(s, "www."), "/")
	}
	if shown == "" || strings.EqualFold(bare(shown), bare(href)) {
		return
	}
	r.text = append(r.text, (" <" + href + ">")...)
}
