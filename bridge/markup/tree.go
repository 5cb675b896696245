package markup

import (
	"strings"

	"golang.org/x/net/html"
)

// node is an element that means something to the subset, or a text. The tree is
// built from tokens, not by the HTML5 rules: those stop at 512 open elements and
// can be slow, and what they add (where a stray table cell goes, say) makes no
// difference to text.
type node struct {
	kind  kind
	val   string // text; href, alt, start, language, reason, heading level
	style style
	kids  []*node
}

type kind uint8

const (
	group kind = iota // no meaning of its own
	text
	lineBreak
	line  // div and the like: begins and ends a line
	para  // p
	quote // blockquote
	bullets
	numbers
	item
	heading
	pre
	rule
	table
	row
	cell
	link
	bold
	italic
	under
	struck
	code
	spoiler
	image
	raised
	lowered
)

// style is what the style attribute says, as far as it matters.
type style uint8

const (
	hidden style = 1 << iota
	styleBold
	styleItalic
	styleStruck
	tight  // a paragraph without margin: a line
	layout // a table that only arranges things
	emoji  // a picture of an emoji
)

// maxOpen bounds the open elements; what is deeper is read as if its tags were
// not there.
const maxOpen = 200

type open struct {
	tag          string
	node         *node
	tiny, veiled bool // what stands in it is not seen
}

type builder struct {
	stack    []open
	overflow int
	skip     string // tag whose content is left out
	skipped  int    // how many of it are open
	sheet    Sheet
}

// parse reads at most MaxInput bytes of HTML.
func parse(s string) *node {
	if len(s) > MaxInput {
		s = s[:MaxInput]
	}
	top := &node{}
	b := builder{stack: []open{{node: top}}}
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch tt := z.Next(); tt {
		case html.ErrorToken:
			return top
		case html.TextToken:
			switch b.skip {
			case "":
				b.text(string(z.Text()))
			case "style":
				b.sheet.Read(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			tag := string(name)
			var a attributes
			for i := 0; more; i++ {
				var k, v []byte
				k, v, more = z.TagAttr()
				if i < 64 {
					a.set(string(k), string(v))
				}
			}
			b.start(tag, a, tt == html.SelfClosingTagToken)
		case html.EndTagToken:
			name, _ := z.TagName()
			b.end(string(name))
		}
	}
}

func (b *builder) top() *node { return b.stack[len(b.stack)-1].node }

func (b *builder) add(n *node) {
	t := b.top()
	t.kids = append(t.kids, n)
}

// text adds text without what is never written, so that whether it is blank is
// decided about what will be seen.
func (b *builder) text(s string) {
	if strings.IndexFunc(s, unwanted) >= 0 {
		s = strings.Map(func(r rune) rune {
			if unwanted(r) && r != '\r' && r != '\f' {
				return -1
			}
			return r
		}, s)
	}
	s = TrueLinks(s)
	if o := &b.stack[len(b.stack)-1]; s != "" && !o.tiny && !o.veiled {
		b.add(&node{kind: text, val: s})
	}
}

// start takes a start tag.
//
// Many branches: what a tag may be is decided in one place.
func (b *builder) start(tag string, a attributes, selfClosing bool) {
	if b.skip != "" {
		if tag == b.skip && !selfClosing {
			b.skipped++
		}
		return
	}
	if isSkipped(tag) {
		if !selfClosing || isRaw(tag) {
			b.skip, b.skipped = tag, 1
		}
		return
	}
	b.imply(tag)
	sight := SightOf(a.style, tag)
	a.hidden = a.hidden || sight.Gone || !sight.Shown && b.sheet.Hides(tag, a.id, a.class)
	n := a.node(tag)
	around := b.stack[len(b.stack)-1]
	switch {
	case isVoid(tag):
		if n != nil && n.style&hidden == 0 && !around.veiled {
			b.mark(n.kind)
			b.add(n)
		}
		return
	case selfClosing && strings.Contains(tag, ":"): // <o:p/>
		return
	case len(b.stack) >= maxOpen:
		b.overflow++
		return
	}
	if n == nil {
		n = b.top()
	} else {
		b.mark(n.kind)
		b.add(n)
	}
	b.stack = append(b.stack, open{tag: tag, node: n, tiny: sight.Tiny > 0 || sight.Tiny == 0 && around.tiny, veiled: sight.Veiled > 0 || sight.Veiled == 0 && around.veiled})
}

// mark notes at the table around that it only arranges things.
func (b *builder) mark(k kind) {
	switch k {
	case table, quote, bullets, numbers, heading, pre, rule:
		for i := len(b.stack) - 1; i > 0; i-- {
			if n := b.stack[i].node; n.kind == table {
				n.style |= layout
				return
			}
		}
	}
}

// imply closes what a start tag ends without saying so.
func (b *builder) imply(tag string) {
	switch tag {
	case "li":
		b.pop("ul ol menu dir td th table blockquote", "li")
	case "td", "th":
		b.pop("table tr", "td", "th")
	case "tr", "tbody", "thead", "tfoot":
		b.pop("table", "tr")
	case "dt", "dd":
		b.pop("dl table", "dt", "dd")
	case "a":
		b.pop("td th table", "a")
	case "p", "div", "ul", "ol", "table", "blockquote", "pre", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "dl":
		b.pop("td th table li blockquote div button", "p")
	}
}

// pop closes the innermost of those tags, unless a barrier stands before it.
func (b *builder) pop(barriers string, tags ...string) {
	for i := len(b.stack) - 1; i > 0; i-- {
		t := b.stack[i].tag
		for _, want := range tags {
			if t == want {
				b.stack = b.stack[:i]
				return
			}
		}
		if hasWord(barriers, t) {
			return
		}
	}
}

func (b *builder) end(tag string) {
	switch {
	case b.skip != "":
		if tag == b.skip {
			if b.skipped--; b.skipped == 0 {
				b.skip = ""
			}
		}
		return
	case tag == "br", tag == "p" && b.overflow == 0 && !b.isOpen("p"): // HTML5 takes these as start tags
		b.start(tag, attributes{}, false)
		if tag == "p" {
			b.end("p")
		}
		return
	case isVoid(tag):
		return
	case b.overflow > 0:
		b.overflow--
		return
	}
	barriers := "td th table li blockquote"
	if hasWord(barriers, tag) || hasWord("ul ol tr tbody body html div", tag) {
		barriers = "table"
		if tag == "table" || tag == "body" || tag == "html" {
			barriers = ""
		}
	}
	b.pop(barriers, tag)
}

func (b *builder) isOpen(tag string) bool {
	for _, o := range b.stack {
		if o.tag == tag {
			return true
		}
	}
	return false
}

func hasWord(list, w string) bool {
	for f := range strings.SplitSeq(list, " ") {
		if f == w && w != "" {
			return true
		}
	}
	return false
}

// isRaw knows the elements whose content the tokenizer gives as one text.
func isRaw(tag string) bool {
	switch tag {
	case "script", "style", "title", "iframe", "noembed", "noframes", "noscript":
		return true
	}
	return false
}

// isSkipped knows elements whose content is nothing to read.
func isSkipped(tag string) bool {
	switch tag {
	case "template", "object", "applet", "svg", "math", "canvas", "audio", "video", "select", "datalist", "map", "xml", "mx-reply", "frameset":
		return true
	}
	return isRaw(tag) || strings.HasPrefix(tag, "v:") || strings.HasPrefix(tag, "w:") || strings.HasPrefix(tag, "m:")
}

func isVoid(tag string) bool {
	switch tag {
	case "br", "hr", "img", "input", "meta", "link", "base", "wbr", "area", "col", "embed", "param", "source", "track", "frame", "keygen", "bgsound", "image":
		return true
	}
	return false
}
