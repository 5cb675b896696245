package markup

import "strings"

// walk writes a node and what is in it. The depth is bounded by maxOpen.
func (w *writer) walk(n *node) {
	if n.style&hidden != 0 {
		return
	}
	depth := len(w.want)
	if n.style&styleBold != 0 {
		w.enter("strong", "<strong>")
	}
	if n.style&styleItalic != 0 {
		w.enter("em", "<em>")
	}
	if n.style&styleStruck != 0 {
		w.enter("del", "<del>")
	}
	w.element(n)
	w.want = w.want[:depth]
}

func (w *writer) element(n *node) {
	switch n.kind {
	case text:
		w.text(n.val)
	case lineBreak:
		w.lineBreak()
	case line:
		w.border()
		w.kids(n)
		w.border()
	case para:
		if n.style&tight != 0 {
			w.border()
			w.kids(n)
			w.border()
			return
		}
		w.paragraph()
		w.kids(n)
		w.paragraph()
	case quote:
		w.block("blockquote", "<blockquote>", n)
	case bullets:
		w.block("ul", "<ul>", n)
	case numbers:
		start := "<ol>"
		if n.val != "" {
			start = `<ol start="` + n.val + `">`
		}
		w.block("ol", start, n)
	case item:
		if t := w.listTag(); t == "ul" || t == "ol" {
			w.block("li", "<li>", n)
			return
		}
		w.border()
		w.kids(n)
		w.border()
	case heading:
		w.block("h"+n.val, "<h"+n.val+">", n)
	case pre:
		w.preformatted(n)
	case rule:
		if w.flat == 0 {
			w.leaf("<hr>")
		}
	case table:
		w.table(n)
	case row, cell: // outside of a table
		w.border()
		w.kids(n)
		w.border()
	case link:
		w.link(n)
	case image:
		if n.style&emoji != 0 || n.val != "" && w.inside("a") && !looksLikeFile(n.val) {
			w.text(n.val)
		}
	default:
		w.inlineElement(n)
	}
}

func (w *writer) inlineElement(n *node) {
	switch n.kind {
	case bold:
		w.enter("strong", "<strong>")
	case italic:
		w.enter("em", "<em>")
	case under:
		w.enter("u", "<u>")
	case struck:
		w.enter("del", "<del>")
	case code:
		w.enter("code", "<code>")
	case raised, lowered:
		var b strings.Builder
		plainText(&b, n, MaxInput)
		text, ok := Raised(b.String())
		if n.kind == lowered {
			text, ok = Lowered(b.String())
		}
		if ok {
			w.text(text)
			return
		}
	case spoiler:
		attr := ""
		if n.val != "" {
			attr = `="` + escape(Truncate(strings.Join(strings.Fields(n.val), " "), 200)) + `"`
		}
		w.enter("span", "<span data-mx-spoiler"+attr+">")
	}
	w.kids(n)
}

func (w *writer) kids(n *node) {
	for _, k := range n.kids {
		w.walk(k)
	}
}

// enter adds an inline element for what follows, unless it is in one already.
func (w *writer) enter(tag, open string) {
	if !w.inside(tag) {
		w.want = append(w.want, inline{tag, open})
	}
}

func (w *writer) inside(tag string) bool {
	for _, in := range w.want {
		if in.tag == tag {
			return true
		}
	}
	return false
}

func (w *writer) block(tag, open string, n *node) {
	if w.flat > 0 || isHeading(w.top().tag) {
		w.border()
		w.kids(n)
		w.border()
		return
	}
	w.openBlock(tag, open)
	w.kids(n)
	w.closeBlock()
}

// listTag returns the tag of the list that an item would stand in.
func (w *writer) listTag() string {
	for i := len(w.frames) - 1; i > 0; i-- {
		if f := w.frames[i]; !f.implicit {
			return f.tag
		}
	}
	return ""
}

func (w *writer) link(n *node) {
	if n.val == "" {
		w.kids(n)
		return
	}
	if w.inside("a") {
		w.kids(n)
		return
	}
	w.enter("a", `<a href="`+escape(n.val)+`">`)
	var label strings.Builder
	plainText(&label, n, MaxInput)
	w.kids(n)
	if h := trueHost(n.val, label.String()); h != "" {
		w.space = true
		w.text("(" + h + ")")
	}
}

// plainText collects about as many bytes of the text of a node.
func plainText(b *strings.Builder, n *node, most int) {
	if b.Len() > most || n.style&hidden != 0 {
		return
	}
	switch n.kind {
	case text, image:
		b.WriteString(n.val)
	case lineBreak, line, para, cell, item:
		b.WriteByte(' ')
	}
	for _, k := range n.kids {
		plainText(b, k, most)
	}
}

func (w *writer) preformatted(n *node) {
	if w.flat > 0 {
		w.kids(n)
		return
	}
	var b strings.Builder
	lang := ""
	rawText(&b, n, &lang)
	s := strings.ReplaceAll(strings.ReplaceAll(b.String(), "\r\n", "\n"), "\r", "\n")
	s = strings.TrimRight(strings.TrimLeft(s, "\n"), " \t\n")
	if s = escape(s); strings.TrimSpace(s) == "" {
		return
	}
	open := "<pre><code>"
	if lang != "" {
		open = `<pre><code class="language-` + lang + `">`
	}
	w.leaf(open + s + "</code></pre>")
}

func rawText(b *strings.Builder, n *node, lang *string) {
	if n.style&hidden != 0 {
		return
	}
	ownLine := n.kind == line || n.kind == para || n.kind == row || n.kind == item
	if ownLine && b.Len() > 0 && !strings.HasSuffix(b.String(), "\n") {
		b.WriteByte('\n')
	}
	switch n.kind {
	case text:
		b.WriteString(n.val)
	case lineBreak:
		b.WriteByte('\n')
	case code:
		if *lang == "" {
			*lang = n.val
		}
	}
	for _, k := range n.kids {
		rawText(b, k, lang)
	}
	if ownLine {
		b.WriteByte('\n')
	}
}

// table writes a table of data as lines, with a bar between cells, and the
// content of one that only arranges things as it comes.
func (w *writer) table(n *node) {
	if n.style&layout != 0 || !hasColumns(n) || w.flat > 0 {
		w.cells(n)
		return
	}
	w.paragraph()
	w.rows(n)
	w.paragraph()
}

func (w *writer) cells(n *node) {
	for _, k := range n.kids {
		switch k.kind {
		case text:
			if strings.TrimSpace(k.val) == "" {
				continue // between the tags
			}
			w.walk(k)
		case row, cell:
			if k.style&hidden == 0 {
				w.border()
				w.cells(k)
				w.border()
			}
		default:
			w.walk(k)
		}
	}
}

func (w *writer) rows(n *node) {
	for _, k := range n.kids {
		switch {
		case k.style&hidden != 0, k.kind == text && strings.TrimSpace(k.val) == "":
		case k.kind == row:
			w.border()
			w.flat++
			first := true
			for _, c := range k.kids {
				if c.kind == text && strings.TrimSpace(c.val) == "" || c.style&hidden != 0 {
					continue
				}
				if !first {
					w.space = true
					w.text("|")
					w.space = true
				}
				first = false
				if c.kind == cell {
					w.kids(c)
				} else {
					w.walk(c)
				}
			}
			w.flat--
			w.border()
		default:
			w.border()
			w.walk(k)
			w.border()
		}
	}
}

// hasColumns reports whether the table has a row of two cells with short texts,
// and none with long ones.
func hasColumns(n *node) bool {
	const long = 300
	found := false
	for _, r := range n.kids {
		filled := 0
		for _, c := range r.kids {
			var b strings.Builder
			if plainText(&b, c, long); b.Len() > long {
				return false
			}
			if strings.Trim(b.String(), " \t\r\n\u00a0") != "" {
				filled++
			}
		}
		found = found || r.kind == row && filled > 1
	}
	return found
}

func looksLikeFile(alt string) bool {
	i := strings.LastIndexByte(alt, '.')
	return i > 0 && len(alt)-i <= 5 && !strings.Contains(alt, " ")
}
