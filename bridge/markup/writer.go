package markup

import "strings"

// maxBlocks bounds the open blocks and, with the few kinds of inline elements,
// the depth of what comes out.
const maxBlocks = 20

// writer writes the subset. Inline elements are opened only when text follows, so
// that none is empty, and closed and opened again at the borders of paragraphs.
type writer struct {
	out    []byte
	frames []frame
	want   []inline // the inline elements that the next text stands in
	have   []inline // those that are open in out

	running bool   // a paragraph is open
	fresh   bool   // nothing stands in its line yet
	nl      int    // line breaks that wait for text
	space   bool   // a space waits for text
	lead    string // no-break spaces, and spaces after them, that wait for text
	touched bool   // the line has something invisible: it counts as an empty line
	flat    int    // inside of a table cell: lines are spaces
}

type inline struct{ tag, open string }

// frame is an open block.
type frame struct {
	tag                string // empty: too deep, or none of its own
	implicit           bool   // opened because the subset needs it
	start              int    // where its tag begins
	paras, blocks      int    // what it has
	paraStart, paraEnd int    // the last paragraph
}

func newWriter() *writer { return &writer{frames: []frame{{}}} }

func (w *writer) top() *frame { return &w.frames[len(w.frames)-1] }

// blanks notes text that shows nothing but spaces.
func (w *writer) blanks(s string) {
	for _, r := range s {
		switch {
		case r == '\u00a0' && len(w.lead) < 200:
			w.lead += "\u00a0"
			w.touched = w.touched || w.fresh
		case r > ' ': // shows nothing
		case w.lead == "":
			w.space = true
		case !strings.HasSuffix(w.lead, " "):
			w.lead += " "
		}
	}
}

// text writes text that is not preformatted.
func (w *writer) text(s string) {
	const blank = " \t\n\r\f"
	if strings.Trim(s, blank+"\u00a0\u200b\ufeff\u200c\u034f") == "" {
		w.blanks(s)
		return
	}
	for s != "" {
		rest := strings.TrimLeft(s, blank)
		if len(rest) < len(s) && !strings.HasSuffix(w.lead, " ") {
			if w.lead == "" {
				w.space = true
			} else {
				w.lead += " "
			}
		}
		end := strings.IndexAny(rest, blank)
		if end < 0 {
			end = len(rest)
		}
		if end > 0 {
			if word := escape(rest[:end]); word != "" {
				w.prepare()
				w.out = append(w.out, word...)
				w.fresh, w.touched = false, false
			}
		}
		s = rest[end:]
	}
}

// prepare brings out to where the next word can stand.
func (w *writer) prepare() {
	if w.running && w.nl > 1 && !isHeading(w.top().tag) {
		w.endRun()
	}
	switch {
	case !w.running:
		w.startRun()
	case w.nl > 0:
		w.out = append(w.out, "<br>"...)
		w.fresh = true
	}
	w.nl = 0
	common := 0
	for common < len(w.want) && common < len(w.have) && w.want[common] == w.have[common] {
		common++
	}
	w.closeInline(common)
	if w.space && !w.fresh {
		w.out = append(w.out, ' ')
	}
	w.out = append(w.out, w.lead...)
	w.space, w.lead = false, ""
	for _, in := range w.want[common:] {
		w.out = append(w.out, in.open...)
		w.have = append(w.have, in)
	}
}

func (w *writer) closeInline(keep int) {
	for i := len(w.have) - 1; i >= keep; i-- {
		w.out = append(w.out, "</"+w.have[i].tag+">"...)
	}
	w.have = w.have[:keep]
}

func (w *writer) startRun() {
	if t := w.top().tag; t == "ul" || t == "ol" {
		w.push("li", "<li>", true)
	}
	f := w.top()
	f.paraStart = len(w.out)
	if !isHeading(f.tag) {
		w.out = append(w.out, "<p>"...)
	}
	w.running, w.fresh, w.nl, w.space = true, true, 0, false
}

func (w *writer) endRun() {
	if w.running {
		w.closeInline(0)
		f := w.top()
		if !isHeading(f.tag) {
			w.out = append(w.out, "</p>"...)
		}
		f.paras++
		f.blocks++
		f.paraEnd = len(w.out)
	}
	w.running = false
	w.newLine(0)
}

// lineBreak is a br.
func (w *writer) lineBreak() {
	if w.flat > 0 {
		w.space = true
		return
	}
	w.newLine(w.nl + 1)
}

// newLine forgets the blanks at the end of a line.
func (w *writer) newLine(n int) {
	w.nl, w.fresh, w.touched, w.space, w.lead = n, true, false, false, ""
}

// border is the beginning or end of a line: it breaks the line if there is one.
func (w *writer) border() {
	if w.flat > 0 {
		w.space = true
		return
	}
	if w.running && w.nl == 0 || w.touched {
		w.newLine(w.nl + 1)
	}
}

// paragraph is the beginning or end of a paragraph.
func (w *writer) paragraph() {
	if w.flat > 0 {
		w.space = true
		return
	}
	w.newLine(max(w.nl, 2))
}

func (w *writer) push(tag, open string, implicit bool) {
	w.frames = append(w.frames, frame{tag: tag, implicit: implicit, start: len(w.out)})
	w.out = append(w.out, open...)
}

// openBlock begins a block; each call needs one of closeBlock.
func (w *writer) openBlock(tag, open string) {
	w.endRun()
	switch t := w.top().tag; {
	case tag == "li" && w.top().implicit && t == "li":
		w.pop()
	case tag != "li" && (t == "ul" || t == "ol"):
		w.push("li", "<li>", true)
	}
	t := w.top().tag
	if len(w.frames) > maxBlocks || isHeading(t) || tag == "li" && t != "ul" && t != "ol" {
		tag, open = "", ""
	}
	w.push(tag, open, false)
}

func (w *writer) closeBlock() {
	w.endRun()
	for w.top().implicit {
		w.pop()
	}
	w.pop()
}

// pop ends the innermost block. An empty one leaves nothing behind; a single
// paragraph needs no p.
func (w *writer) pop() {
	f := *w.top()
	w.frames = w.frames[:len(w.frames)-1]
	if f.blocks == 0 {
		w.out = w.out[:f.start]
		return
	}
	parent := w.top()
	if f.tag == "" { // no tag: what it has belongs to the block around
		parent.blocks += f.blocks
		parent.paras += f.paras
		parent.paraStart, parent.paraEnd = f.paraStart, f.paraEnd
		return
	}
	w.unwrap(f, f.tag == "li" && f.paras == 1)
	w.out = append(w.out, "</"+f.tag+">"...)
	parent.blocks++
}

func (w *writer) unwrap(f frame, always bool) {
	if isHeading(f.tag) || !always && (f.blocks != 1 || f.paras != 1) {
		return
	}
	tail := w.out[f.paraEnd:]
	body := w.out[f.paraStart+len("<p>") : f.paraEnd-len("</p>")]
	w.out = append(w.out[:f.paraStart], body...)
	w.out = append(w.out, tail...)
}

// leaf writes a block without children.
func (w *writer) leaf(html string) {
	w.endRun()
	if t := w.top().tag; t == "ul" || t == "ol" {
		w.push("li", "<li>", true)
	}
	if isHeading(w.top().tag) {
		return
	}
	w.out = append(w.out, html...)
	w.top().blocks++
}

func (w *writer) finish() string {
	w.endRun()
	w.unwrap(w.frames[0], false)
	return string(w.out)
}

func isHeading(tag string) bool { return len(tag) == 2 && tag[0] == 'h' }
