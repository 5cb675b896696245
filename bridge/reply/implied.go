package reply

import (
	"slices"

	"golang.org/x/net/html/atom"

	"hashsend/bridge/markup"
)

// hide notes what the attributes of an element, or a style sheet, hide.
func (r *reader) hide(st *state, at *attrs, tag atom.Atom) {
	if r.bare || tag == atom.Body || tag == atom.Html {
		return
	}
	var sight markup.Sight
	if at.style != "" {
		sight = markup.SightOf(at.style, tag.String())
	}
	st.hidden = st.hidden || at.hidden || sight.Gone || !sight.Shown && r.sheet.Hides(tag.String(), at.id, at.class)
	if sight.Tiny != 0 {
		st.tiny = sight.Tiny > 0
	}
	if sight.Veiled != 0 {
		st.veiled = sight.Veiled > 0
	}
}

// implied closes what a start tag closes without saying so (HTML, 13.2.6.4): the head,
// a paragraph, an item of a list, a cell or a row.
func (r *reader) implied(tag atom.Atom, is nature, pos int) {
	if r.top() == atom.Head && is&isHead == 0 {
		r.end(atom.Head, "", pos, pos)
	}
	switch tag {
	case atom.Body, atom.Frameset:
		r.end(atom.Head, "", pos, pos)
	case atom.Li:
		r.closeUpTo(pos, listBounds, atom.Li)
	case atom.Dt, atom.Dd:
		r.closeUpTo(pos, listBounds, atom.Dt, atom.Dd)
	case atom.Td, atom.Th:
		r.closeUpTo(pos, tableBounds, atom.Td, atom.Th)
	case atom.Tr:
		r.closeUpTo(pos, tableBounds, atom.Td, atom.Th)
		r.closeUpTo(pos, tableBounds, atom.Tr)
	case atom.Option, atom.Optgroup:
		if r.top() == atom.Option {
			r.end(atom.Option, "", pos, pos)
		}
	}
	if r.open[atom.P] > 0 && (tag == atom.Hr || is&isBlock != 0 && is&isTable == 0) {
		r.closeUpTo(pos, paragraphBounds, atom.P)
	}
}

// What stands between an element and one that it does not close.
var (
	paragraphBounds = map[atom.Atom]bool{atom.Table: true, atom.Td: true, atom.Th: true, atom.Caption: true, atom.Button: true, atom.Object: true, atom.Blockquote: true, atom.Div: true, atom.Li: true, atom.Html: true, atom.Body: true}
	listBounds      = map[atom.Atom]bool{atom.Ul: true, atom.Ol: true, atom.Dl: true, atom.Menu: true, atom.Table: true, atom.Td: true, atom.Th: true, atom.Blockquote: true, atom.Body: true}
	tableBounds     = map[atom.Atom]bool{atom.Table: true, atom.Body: true}
)

// closeUpTo closes the innermost open one of those elements, with what is open in it,
// unless a bound stands in between.
func (r *reader) closeUpTo(pos int, bounds map[atom.Atom]bool, tags ...atom.Atom) {
	if !slices.ContainsFunc(tags, func(t atom.Atom) bool { return r.open[t] > 0 }) {
		return
	}
	for i := len(r.stack) - 1; i >= 0 && len(r.stack)-i <= maxOpen; i-- {
		for _, t := range tags {
			if r.stack[i].tag == t {
				r.close(i, pos, pos)
				return
			}
		}
		if bounds[r.stack[i].tag] {
			return
		}
	}
}
