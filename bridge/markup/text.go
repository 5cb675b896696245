package markup

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// ToText turns the subset, or any other HTML, into plain text to be read:
// paragraphs apart by an empty line, lists with "- " and "1. ", quotes with "> ",
// links as "label (address)". What a spoiler hides stays hidden.
func ToText(html string) string {
	return strings.Join(blockLines(parse(Sanitise(html)).kids), "\n")
}

// blockLines returns the lines of blocks and of the inline runs between them.
func blockLines(kids []*node) []string {
	var lines []string
	var run strings.Builder
	add := func(more []string, close bool) {
		if len(more) == 0 {
			return
		}
		if len(lines) > 0 && !close {
			lines = append(lines, "")
		}
		lines = append(lines, more...)
	}
	flush := func() {
		if s := strings.Trim(run.String(), " \n"); s != "" {
			add(strings.Split(s, "\n"), false)
		}
		run.Reset()
	}
	wasText := false
	for _, k := range kids {
		switch k.kind {
		case para, heading:
			flush()
			var b strings.Builder
			inlineText(&b, k.kids)
			add(strings.Split(strings.Trim(b.String(), " \n"), "\n"), false)
		case quote:
			flush()
			add(prefixed(blockLines(k.kids), "> ", "> "), false)
		case bullets, numbers:
			flush()
			add(listLines(k), wasText && len(kids) <= 2)
		case pre:
			flush()
			var b strings.Builder
			lang := ""
			rawText(&b, k, &lang)
			add(strings.Split(strings.Trim(b.String(), "\n"), "\n"), false)
		case rule:
			flush()
			add([]string{"---"}, false)
		default:
			inlineText(&run, []*node{k})
		}
		wasText = run.Len() > 0
	}
	flush()
	return lines
}

func listLines(list *node) []string {
	n := 1
	if i, err := strconv.Atoi(list.val); err == nil {
		n = i
	}
	var lines []string
	for _, k := range list.kids {
		if k.kind != item {
			continue
		}
		marker := "- "
		if list.kind == numbers {
			marker = strconv.Itoa(n) + ". "
			n++
		}
		lines = append(lines, prefixed(blockLines(k.kids), marker, strings.Repeat(" ", len(marker)))...)
	}
	return lines
}

func prefixed(lines []string, first, rest string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		p := rest
		if i == 0 {
			p = first
		}
		out[i] = strings.TrimRight(p+l, " ")
	}
	return out
}

func inlineText(b *strings.Builder, kids []*node) {
	for _, k := range kids {
		switch k.kind {
		case text:
			b.WriteString(strings.ReplaceAll(k.val, "\u00a0", " "))
		case lineBreak:
			b.WriteByte('\n')
		case spoiler:
			if k.val != "" {
				b.WriteString("[spoiler: " + k.val + "]")
			} else {
				b.WriteString("[spoiler]")
			}
		case struck:
			b.WriteString("~~")
			inlineText(b, k.kids)
			b.WriteString("~~")
		case link:
			var label strings.Builder
			inlineText(&label, k.kids)
			b.WriteString(label.String())
			if k.val != "" && !saysURL(label.String(), k.val) {
				b.WriteString(" (" + k.val + ")")
			}
		default:
			inlineText(b, k.kids)
		}
	}
}

// saysURL reports whether a label is the link itself, in short or in full.
func saysURL(label, url string) bool {
	bare := func(s string) string {
		s = strings.ToLower(strings.TrimSpace(s))
		for _, p := range []string{"http://", "https://", "mailto:", "www."} {
			s = strings.TrimPrefix(s, p)
		}
		return strings.TrimSuffix(s, "/")
	}
	return label != "" && (bare(label) == bare(url) || strings.Contains(label, url))
}

// FromText turns plain text into the subset: lines that begin with "> " become
// quotes, empty lines part paragraphs, addresses of the web become links.
// Everything else stays as it is written.
func FromText(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	text = strings.Map(func(r rune) rune {
		if unwanted(r) {
			return -1
		}
		return r
	}, text)
	w := newWriter()
	depth := 0
	gap := false
	for l := range strings.SplitSeq(text, "\n") {
		d, l := quoteDepth(l)
		for ; depth > d; depth-- {
			w.closeBlock()
			gap = false
		}
		for ; depth < d; depth++ {
			w.openBlock("blockquote", "<blockquote>")
			gap = false
		}
		if l = strings.TrimRight(l, " \t\f\v"); escape(l) == "" {
			gap = true
			continue
		}
		switch {
		case gap:
			w.paragraph()
		case w.running:
			w.lineBreak()
		}
		gap = false
		w.prepare()
		w.line(l)
	}
	for ; depth > 0; depth-- {
		w.closeBlock()
	}
	return w.finish()
}

// quoteDepth counts the quote marks in front of a line and removes them. A ">"
// that no space, mark or end follows is text.
func quoteDepth(l string) (int, string) {
	const deepest = 10
	d, rest := 0, l
	for strings.HasPrefix(rest, ">") {
		next := strings.TrimPrefix(rest[1:], " ")
		if next == rest[1:] && next != "" && next[0] != '>' {
			return d, rest
		}
		d++
		rest = next
	}
	return min(d, deepest), rest
}

// line writes a line of plain text with its spaces as they are.
func (w *writer) line(l string) {
	start := true
	for l != "" {
		n := strings.IndexAny(l, " \t")
		switch {
		case n == 0:
			rest := strings.TrimLeft(l, " \t")
			spaces := len(strings.ReplaceAll(l[:len(l)-len(rest)], "\t", "    "))
			if !start {
				spaces--
				w.out = append(w.out, ' ')
			}
			w.out = append(w.out, strings.Repeat("\u00a0", min(spaces, 100))...)
			l = rest
		case n < 0:
			w.word(l)
			return
		default:
			w.word(l[:n])
			l = l[n:]
		}
		start = false
	}
}

// word writes a word; if it is an address of the web, as a link.
func (w *writer) word(s string) {
	w.fresh = false
	i := linkStart(s)
	if i < 0 {
		w.out = append(w.out, escape(s)...)
		return
	}
	end := i + linkEnd(s[i:])
	target := s[i:end]
	if strings.EqualFold(target[:4], "www.") {
		target = "https://" + target
	}
	u := safeURL(target)
	if u == "" || strings.ContainsAny(u, "\"<>") {
		w.out = append(w.out, escape(s)...)
		return
	}
	w.out = append(w.out, escape(s[:i])...)
	w.out = append(w.out, `<a href="`+escape(u)+`">`+escape(s[i:end])...)
	if h := trueHost(u, s[i:end]); h != "" {
		w.out = append(w.out, " ("+escape(h)+")"...)
	}
	w.out = append(w.out, "</a>"+escape(s[end:])...)
}

func linkStart(s string) int {
	lower := strings.ToLower(s[:min(len(s), 40)])
	if len(lower) != min(len(s), 40) {
		return -1
	}
	for _, p := range []string{"https://", "http://", "www."} {
		if i := strings.Index(lower, p); i >= 0 && len(s) > i+len(p) {
			if r, _ := utf8.DecodeLastRuneInString(s[:i]); i == 0 || !wordRune(r) {
				return i
			}
		}
	}
	return -1
}

// linkEnd leaves out the punctuation that belongs to the sentence.
func linkEnd(s string) int {
	if i := strings.IndexAny(s, "<>\"“”«»"); i >= 0 {
		s = s[:i]
	}
	opened := strings.Count(s, "(")
	closed := strings.Count(s, ")")
	for s != "" {
		r, n := utf8.DecodeLastRuneInString(s)
		switch {
		case r == ')' && closed > opened:
			closed--
		case strings.ContainsRune(".,;:!?'*_’…]", r):
		default:
			return len(s)
		}
		s = s[:len(s)-n]
	}
	return 0
}
