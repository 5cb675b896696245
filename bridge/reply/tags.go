package reply

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"hashsend/bridge/markup"
)

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
	is := natures[tag]
	r.implied(tag, is, start)
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
	if is&isVoid != 0 || kind == html.SelfClosingTagToken && label != "" {
		return
	}
	r.block(tag, is)
	inner := st
	at.apply(&inner, tag)
	r.hide(&inner, &at, tag)
	r.cutFrom(at, st)
	if inner.depth != st.depth || inner.mark != st.mark {
		r.flush()
	}
	first := r.enter(tag, &at, &inner, st, end)
	if len(r.stack) >= maxStack {
		if r.deep == nil {
			r.deep = make(map[atom.Atom]int)
		}
		r.deep[tag]++
		return
	}
	r.stack = append(r.stack, element{tag: tag, is: is, name: label, items: first, state: inner})
	r.open[tag]++
	r.keep(html.StartTagToken, tag, start, end)
}

// enter does what an element begins besides: a list, an item, a cell, a link. It returns
// how many items a list has before its first.
func (r *reader) enter(tag atom.Atom, at *attrs, inner *state, st state, end int) (first int) {
	switch tag {
	case atom.Ul, atom.Menu:
		inner.lists++
	case atom.Ol:
		inner.lists++
		if n, err := strconv.Atoi(at.start); err == nil && n > 0 && n < 1e9 {
			first = n - 1
		}
	case atom.Li:
		r.item(at, st)
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
	return first
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
func (r *reader) block(tag atom.Atom, is nature) {
	if n := len(r.stack); n > 0 && r.stack[n-1].state.grid && tag != atom.Tr && tag != atom.Table {
		if r.space = true; is&isTable == 0 {
			return // a cell of such a table is one line
		}
	}
	switch is & (isBlock | isGap) {
	case isBlock:
		r.flush()
	case isBlock | isGap:
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
//
// Many branches: what may stand between an element and its end.
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
	is := natures[tag]
	inline := is&(isBlock|isTable) == 0
	i := len(r.stack) - 1
	for ; i >= 0; i-- {
		e := &r.stack[i]
		if e.tag == tag && (tag != 0 || e.name == name) {
			break
		}
		if inline && e.is&isBlock != 0 || e.is&isTable != 0 && is&isTable == 0 || len(r.stack)-i > maxOpen {
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
		e := &r.stack[n]
		r.open[e.tag]--
		var depth int
		var mark mark
		if n > 0 {
			depth, mark = r.stack[n-1].state.depth, r.stack[n-1].state.mark
		}
		if e.state.depth != depth || e.state.mark != mark {
			r.flush()
		}
		r.block(e.tag, e.is)
		r.keep(html.EndTagToken, e.tag, start, end)
		r.stack = r.stack[:n]
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
