package slacktext

import (
	"encoding/json"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"hashsend/bridge/markup"
)

// RichText makes the blocks of a message, one of type rich_text, from the HTML
// subset, and the plain text that Slack shows in places without blocks. If html is
// empty, text is used. The only mentions in the result are those of members whose
// name follows an @; everything else is text and links. Empty content has no blocks.
func RichText(subset, text string, members markup.Names) (blocks json.RawMessage, fallback string) {
	if subset == "" {
		subset = markup.FromText(text)
	}
	if text == "" {
		text = markup.ToText(subset)
	}
	nodes, err := html.ParseFragment(strings.NewReader(subset), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		nodes = []*html.Node{{Type: html.TextNode, Data: text}}
	}
	w := &writer{members: members}
	for _, n := range nodes {
		w.node(n, style{}, 0)
	}
	w.endSection()
	fallback = fallbackText(text, members, w.rung)
	if len(w.blocks) == 0 {
		return nil, fallback
	}
	blocks, err = json.Marshal([]object{{"type": "rich_text", "elements": w.blocks}})
	if err != nil {
		return nil, fallback
	}
	return blocks, fallback
}

// maxFallback is the maximum length in characters of the text of a message that can be
// edited. Escaping makes text up to five times as long; blocks are not escaped.
const maxFallback = 3900

// within shortens an escaped text without cutting an escape or a mention in two.
func within(s string, limit int) string {
	r := []rune(s)
	if len(r) <= limit {
		return s
	}
	s = string(r[:limit-1])
	if i := strings.LastIndexByte(s, '&'); i > strings.LastIndexByte(s, ';') {
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, '<'); i > strings.LastIndexByte(s, '>') {
		s = s[:i]
	}
	return s + "…"
}

// Escape escapes plain text for chat.postMessage, so that nothing in it is a mention
// or a link.
func Escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

type object map[string]any

// style is the style of a text.
type style struct {
	Bold   bool `json:"bold,omitempty"`
	Italic bool `json:"italic,omitempty"`
	Strike bool `json:"strike,omitempty"`
	Code   bool `json:"code,omitempty"`
	link   string
}

// writer collects the elements of a rich_text block.
type writer struct {
	blocks []object // rich_text_section, _list, _quote, _preformatted
	line   []object // the current line
	lists  []listing
	quotes int

	members markup.Names
	rung    []string // ids of mentioned people
}

// listing is a list that is being written. Slack's lists are flat: a list continues
// after a deeper one.
type listing struct {
	ordered bool
	next    int // number of the next item, from 0
}

func (w *writer) node(n *html.Node, s style, depth int) {
	if depth > 100 {
		return
	}
	kids := func(s style) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			w.node(c, s, depth+1)
		}
	}
	if n.Type == html.TextNode {
		w.text(n.Data, s)
		return
	}
	switch n.Data {
	case "br":
		w.text("\n", s)
	case "hr":
		w.endSection()
		w.text("———", style{})
		w.endSection()
	case "h1", "h2", "h3", "h4", "h5", "h6":
		w.paragraph()
		s.Bold = true
		kids(s)
		w.endSection()
	case "p", "div":
		w.paragraph()
		kids(s)
		w.endSection()
	case "blockquote":
		w.endSection()
		w.quotes++
		kids(s)
		w.endSection()
		w.quotes--
	case "pre":
		w.pre(n)
	case "ul", "ol":
		w.list(n, s, depth)
	default:
		kids(s.within(n))
	}
}

// within is the style inside an element.
func (s style) within(n *html.Node) style {
	switch n.Data {
	case "strong", "b":
		s.Bold = true
	case "em", "i", "u":
		s.Italic = true
	case "del", "s":
		s.Strike = true
	case "code":
		s.Code = true
	case "a":
		s.link = href(n)
	}
	return s
}

// href is the address of a link; empty if Slack does not accept its kind.
func href(n *html.Node) string {
	for _, a := range n.Attr {
		if a.Key != "href" {
			continue
		}
		for _, scheme := range []string{"https://", "http://", "mailto:"} {
			if strings.HasPrefix(strings.ToLower(a.Val), scheme) {
				return a.Val
			}
		}
	}
	return ""
}

// text adds to the line. A member's name after an @ is a mention, except in code and
// in the text of a link.
func (w *writer) text(t string, s style) {
	if s.Code || s.link != "" {
		w.plain(t, s)
		return
	}
	before := ""
	if n := len(w.line); n > 0 {
		before, _ = w.line[n-1]["text"].(string)
	}
	w.members.Cut(before, t, func(piece, id string) {
		if id == "" {
			w.plain(piece, s)
			return
		}
		w.line = append(w.line, object{"type": "user", "user_id": id, "style": s.shown()})
		w.rung = append(w.rung, id)
	})
}

// plain adds to the line. Mentions of everybody are neutralised.
func (w *writer) plain(t string, s style) {
	t = markup.Neutral(t)
	if t == "" || (len(w.line) == 0 && strings.TrimSpace(t) == "") {
		return
	}
	if n := len(w.line); n > 0 && w.line[n-1]["style"] == any(s.shown()) && w.line[n-1]["url"] == any(s.url()) {
		w.line[n-1]["text"] = w.line[n-1]["text"].(string) + t
		return
	}
	e := object{"type": "text", "text": t, "style": s.shown(), "url": s.url()}
	if s.link != "" {
		e["type"] = "link"
	}
	w.line = append(w.line, e)
}

// shown is the style in Slack's form. Links have a type of their own.
func (s style) shown() style {
	return style{Bold: s.Bold, Italic: s.Italic, Strike: s.Strike, Code: s.Code}
}

func (s style) url() string { return s.link }

// taken returns the line and starts a new one. Empty fields are left out of its
// elements.
func (w *writer) taken() []object {
	line := w.line
	w.line = nil
	if n := len(line); n > 0 {
		if last, is := line[n-1]["text"].(string); is {
			if line[n-1]["text"] = strings.TrimRight(last, " \n"); line[n-1]["text"] == "" {
				line = line[:n-1]
			}
		}
	}
	for _, e := range line {
		if e["style"] == any(style{}) {
			delete(e, "style")
		}
		if e["url"] == "" {
			delete(e, "url")
		}
	}
	return line
}

// paragraph starts a paragraph, with an empty line before it.
func (w *writer) paragraph() {
	w.endSection()
	if n := len(w.blocks); n > 0 && len(w.lists) == 0 && w.blocks[n-1]["type"] == "rich_text_section" && w.quotes == 0 {
		last := w.blocks[n-1]["elements"].([]object)
		w.blocks[n-1]["elements"] = append(last, object{"type": "text", "text": "\n"})
	}
}

// endSection ends the current paragraph, or the current quote.
func (w *writer) endSection() {
	line := w.taken()
	if len(line) == 0 {
		return
	}
	kind := "rich_text_section"
	if w.quotes > 0 {
		kind = "rich_text_quote"
		// Slack has no nested quotes: the paragraphs become one quote.
		if n := len(w.blocks); n > 0 && w.blocks[n-1]["type"] == kind {
			last := w.blocks[n-1]["elements"].([]object)
			w.blocks[n-1]["elements"] = append(append(last, object{"type": "text", "text": "\n"}), line...)
			return
		}
	}
	w.blocks = append(w.blocks, object{"type": kind, "elements": line})
}

// pre writes code unchanged, with its language.
func (w *writer) pre(n *html.Node) {
	w.endSection()
	var b strings.Builder
	lang := ""
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
		case n.Data == "br":
			b.WriteString("\n")
		case n.Data == "code":
			for _, a := range n.Attr {
				if l, ok := strings.CutPrefix(a.Val, "language-"); ok && a.Key == "class" {
					lang = l
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	code := strings.Trim(b.String(), "\n")
	if code == "" {
		return
	}
	e := object{"type": "rich_text_preformatted", "elements": []object{{"type": "text", "text": code}}}
	if w.quotes > 0 {
		e["border"] = 1
	}
	if lang != "" {
		e["language"] = lang
	}
	w.blocks = append(w.blocks, e)
}

// list writes a list, with each inner list after the item that contains it.
func (w *writer) list(n *html.Node, s style, depth int) {
	w.endItem()
	l := listing{ordered: n.Data == "ol"}
	for _, a := range n.Attr {
		if start, err := strconv.Atoi(a.Val); err == nil && a.Key == "start" && l.ordered && start > 0 {
			l.next = start - 1
		}
	}
	w.lists = append(w.lists, l)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode {
			continue
		}
		for k := c.FirstChild; k != nil; k = k.NextSibling {
			if k.Type == html.ElementNode && (k.Data == "p" || k.Data == "div") && len(w.line) > 0 {
				w.text("\n", s)
			}
			w.item(k, s, depth)
		}
		w.endItem()
	}
	w.lists = w.lists[:len(w.lists)-1]
}

// item writes the content of an item. Blocks in it become lines.
func (w *writer) item(k *html.Node, s style, depth int) {
	switch {
	case k.Type == html.ElementNode && (k.Data == "p" || k.Data == "div" || k.Data == "blockquote"):
		for c := k.FirstChild; c != nil; c = c.NextSibling {
			w.item(c, s, depth+1)
		}
	case k.Type == html.ElementNode && k.Data == "pre":
		var code strings.Builder
		for c := range k.Descendants() {
			if c.Type == html.TextNode {
				code.WriteString(c.Data)
			}
		}
		s.Code = true
		w.text("\n"+strings.Trim(code.String(), "\n"), s)
	default:
		w.node(k, s, depth+2)
	}
}

// endItem ends an item of the innermost list.
func (w *writer) endItem() {
	if len(w.lists) == 0 {
		w.endSection()
		return
	}
	line := w.taken()
	if len(line) == 0 {
		return
	}
	l := &w.lists[len(w.lists)-1]
	kind, indent := "bullet", len(w.lists)-1
	if l.ordered {
		kind = "ordered"
	}
	item := object{"type": "rich_text_section", "elements": line}
	if n := len(w.blocks); n > 0 && l.next > 0 {
		b := w.blocks[n-1]
		if b["type"] == "rich_text_list" && b["style"] == kind && b["indent"] == min(indent, 8) {
			b["elements"] = append(b["elements"].([]object), item)
			l.next++
			return
		}
	}
	b := object{"type": "rich_text_list", "style": kind, "indent": min(indent, 8), "elements": []object{item}}
	if l.ordered && l.next > 0 {
		b["offset"] = l.next
	}
	if w.quotes > 0 {
		b["border"] = 1
	}
	w.blocks = append(w.blocks, b)
	l.next++
}
