package reply

import (
	"bytes"
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
	is    nature
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
//
// Many branches: preformatted text keeps its lines, other text does not.
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
