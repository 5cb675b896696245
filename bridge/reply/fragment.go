package reply

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// fragment is an HTML body as tokens, each of which knows its line, so that a
// selection of lines can be written as HTML again.
type fragment struct {
	source string
	tokens []token
}

// token is a piece of the source that is of use.
type token struct {
	tag        atom.Atom
	start, end uint32 // in the source
	line       uint32
	kind       uint8 // an html.TokenType
}

// write writes the lines that keep says as HTML; rich tells whether there is any
// formatting in it.
func (f *fragment) write(keep func(line int) bool) (out string, rich bool) {
	var b strings.Builder
	type opened struct {
		tag        atom.Atom
		start, end uint32
		written    bool
	}
	var stack []opened
	emit := func() {
		for i := range stack {
			if i >= maxDepth {
				break
			}
			e := &stack[i]
			if !e.written && !frames[e.tag] {
				b.WriteString(f.source[e.start:e.end])
				e.written = true
				rich = rich || formats[e.tag]
			}
		}
	}
	written := 0 // elements of the stack that are written, all at its bottom
	for _, t := range f.tokens {
		switch html.TokenType(t.kind) {
		case html.StartTagToken:
			stack = append(stack, opened{tag: t.tag, start: t.start, end: t.end})
		case html.EndTagToken:
			n := len(stack) - 1
			if n < 0 {
				continue
			}
			if stack[n].written {
				b.WriteString("</" + t.tag.String() + ">")
			}
			stack = stack[:n]
			written = min(written, n)
		default:
			if !keep(int(t.line)) {
				continue
			}
			if written < len(stack) {
				emit()
				written = len(stack)
			}
			b.WriteString(f.source[t.start:t.end])
		}
	}
	for n := len(stack) - 1; n >= 0; n-- {
		if stack[n].written {
			b.WriteString("</" + stack[n].tag.String() + ">")
		}
	}
	return strings.TrimSpace(b.String()), rich
}
