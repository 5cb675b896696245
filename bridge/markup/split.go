package markup

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Piece is a part of a message.
type Piece struct {
	Text, HTML string // HTML is empty if the message had none
}

// Split cuts a message into pieces of at most limit bytes of text and HTML
// together, at the border of a paragraph where one is near, else of a word.
// html is of the subset; each piece is valid by itself, and nothing is lost. A
// message that fits comes back as it is; the text of a piece of HTML is made from
// it. limit is at least 256.
func Split(text, html string, limit int) []Piece {
	const least = 256
	limit = max(limit, least)
	if len(text)+len(html) <= limit {
		return []Piece{{text, html}}
	}
	var out []Piece
	if html == "" {
		for text = strings.TrimSpace(text); text != ""; {
			n := textCut(text, limit)
			out = append(out, Piece{Text: strings.TrimRight(text[:n], " \n")})
			text = strings.TrimLeft(text[n:], " \n")
		}
		return out
	}
	s := splitter{units: units(html), limit: limit}
	for s.next < len(s.units) {
		out = append(out, s.piece(limit)...)
	}
	return out
}

// textCut returns where the first piece of a text ends.
func textCut(s string, limit int) int {
	if len(s) <= limit {
		return len(s)
	}
	head := s[:limit]
	for _, sep := range []string{"\n\n", "\n", " "} {
		if i := strings.LastIndex(head, sep); i > limit/2 {
			return i
		}
	}
	return runeCut(s, limit)
}

func runeCut(s string, n int) int {
	n = min(n, len(s))
	for i := n; i > n-utf8.UTFMax && i > 0; i-- {
		if i == len(s) || utf8.RuneStart(s[i]) {
			return i
		}
	}
	return n
}

// unit is what is never cut: a tag, or a word with the space before it.
type unit struct {
	raw  string // as in HTML
	tag  string // empty: a word
	end  bool
	cost int // bytes of its text at most
}

// units takes the subset apart.
func units(s string) []unit {
	var out []unit
	z := html.NewTokenizer(strings.NewReader(s))
	depth, inPre := 0, false
	for {
		tt := z.Next()
		switch tt {
		case html.ErrorToken:
			return out
		case html.TextToken:
			out = appendWords(out, string(z.Raw()), inPre, depth)
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			raw := string(z.Raw())
			name, _ := z.TagName()
			u := unit{raw: raw, tag: string(name), end: tt == html.EndTagToken, cost: 2 + 2*depth}
			switch u.tag {
			case "a", "span":
				u.cost = len(raw)
			case "pre":
				inPre = !u.end
			case "blockquote", "ul", "ol", "li":
				if u.end {
					depth = max(depth-1, 0)
				} else {
					depth++
				}
				u.cost += 12
			}
			out = append(out, u)
		}
	}
}

// appendWords cuts text at spaces, or preformatted text at line ends, and what is
// very long in between.
func appendWords(out []unit, s string, inPre bool, depth int) []unit {
	const longest = 60
	sep := " "
	if inPre {
		sep = "\n"
	}
	for s != "" {
		n := strings.Index(s[1:], sep) + 1
		if n <= 0 {
			n = len(s)
		}
		if n > longest {
			n = runeCut(s, longest)
			if i := strings.LastIndexByte(s[:n], '&'); i > 0 && !strings.Contains(s[i:n], ";") {
				n = i
			}
		}
		cost := n
		if inPre {
			cost += strings.Count(s[:n], "\n") * 2 * depth
		}
		out = append(out, unit{raw: s[:n], cost: cost})
		s = s[n:]
	}
	return out
}

type splitter struct {
	units []unit
	next  int
	open  []string // raw start tags that the next piece begins with
	limit int
}

// piece takes units until the budget is spent, and goes back to the last border
// of a paragraph if that keeps half of it.
// Many branches: what a unit costs, where a piece may end, and a second try with less.
func (s *splitter) piece(budget int) []Piece {
	from, opened := s.next, append([]string(nil), s.open...)
	var b strings.Builder
	size, words := 0, false
	for _, t := range s.open {
		b.WriteString(t)
		size += 2*len(t) + 15
	}
	best, bestLen := -1, 0
	var bestOpen []string
	i := s.next
	for ; i < len(s.units); i++ {
		u := s.units[i]
		cost := len(u.raw) + u.cost
		if u.tag != "" && !u.end {
			cost += len(u.tag) + 3
		}
		if size+cost > budget && words {
			break
		}
		size += cost
		raw := u.raw
		if u.tag == "" && !words {
			raw = strings.TrimLeft(raw, " \n")
		}
		words = words || u.tag == ""
		b.WriteString(raw)
		s.track(u)
		if u.end && isBorder(u.tag) && size > budget/2 {
			best, bestLen, bestOpen = i+1, b.Len(), append(bestOpen[:0], s.open...)
		}
	}
	out := b.String()
	if i < len(s.units) && best > from {
		i, out, s.open = best, out[:bestLen], append(s.open[:0], bestOpen...)
	}
	s.next = i
	if !words {
		return nil
	}
	p := Piece{HTML: Sanitise(out)}
	if p.HTML == "" {
		return nil
	}
	p.Text = ToText(p.HTML)
	if len(p.Text)+len(p.HTML) > s.limit && budget > 64 && i > from+1 {
		s.next, s.open = from, opened // the estimate was too low: try again with less
		return s.piece(budget * 2 / 3)
	}
	return []Piece{p}
}

// track keeps the list of open tags. A numbered list that is cut goes on with its
// next number.
func (s *splitter) track(u unit) {
	switch {
	case u.tag == "" || u.tag == "br" || u.tag == "hr":
	case !u.end:
		s.open = append(s.open, u.raw)
	case len(s.open) > 0:
		s.open = s.open[:len(s.open)-1]
		if n := len(s.open); u.tag == "li" && n > 0 && strings.HasPrefix(s.open[n-1], "<ol") {
			s.open[n-1] = nextStart(s.open[n-1])
		}
	}
}

func isBorder(tag string) bool {
	switch tag {
	case "p", "li", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6":
		return true
	}
	return false
}

// nextStart returns the tag of a numbered list that begins one later.
func nextStart(tag string) string {
	n := 1
	if _, v, ok := strings.Cut(tag, `start="`); ok {
		v, _, _ = strings.Cut(v, `"`)
		if i, err := strconv.Atoi(v); err == nil {
			n = i
		}
	}
	return `<ol start="` + strconv.Itoa(n+1) + `">`
}
