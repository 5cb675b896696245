package markup

import (
	"strconv"
	"strings"
)

// Sight is what the attributes of an element say of whether its text is seen.
type Sight struct {
	Gone  bool // neither it nor anything in it is seen
	Shown bool // it is displayed, whatever a style sheet says of its class
	// Tiny (a font of no size) and Veiled (visibility) are inherited until an inner
	// element says otherwise: 1 begins it, -1 ends it.
	Tiny, Veiled int8
}

// SightOf reads a style attribute. mso-hide, which only Word follows, does not hide a
// link: buttons of newsletters have it for browsers.
func SightOf(style, tag string) (s Sight) {
	const most = 4000
	style = style[:min(len(style), most)]
	var flat, clipped, clear, word, none bool
	for style != "" {
		var d string
		d, style, _ = strings.Cut(style, ";")
		i := strings.IndexByte(d, ':')
		if i < 0 {
			continue
		}
		switch key := strings.Trim(d[:i], " \t\r\n"); len(key) {
		case 5, 6, 9, 10: // width, height, max-width, font-size, max-height, visibility
			s.sized(key, d[i+1:], &flat)
		case 7:
			switch {
			case strings.EqualFold(key, "display"):
				none = valueIs(d[i+1:], "none")
				s.Shown = !none
			case strings.EqualFold(key, "opacity"):
				clear = isZero(d[i+1:])
			}
		case 8:
			switch {
			case strings.EqualFold(key, "overflow"):
				clipped = valueIs(d[i+1:], "hidden")
			case strings.EqualFold(key, "mso-hide"):
				word = valueIs(d[i+1:], "all") && tag != "a"
			}
		}
	}
	s.Gone = none || clear || word || flat && clipped
	return s
}

// sized reads a size, or the visibility.
func (s *Sight) sized(key, value string, flat *bool) {
	switch {
	case strings.EqualFold(key, "font-size"):
		value = bareValue(value)
		if size, ok := pixels(value); ok {
			s.Tiny = -1
			if size <= 1 && !strings.HasSuffix(value, "em") || size < 0.02 {
				s.Tiny = 1
			}
		}
	case strings.EqualFold(key, "visibility"):
		s.Veiled = 0
		if valueIs(value, "hidden") || valueIs(value, "collapse") {
			s.Veiled = 1
		} else if valueIs(value, "visible") {
			s.Veiled = -1
		}
	case strings.EqualFold(key, "width"), strings.EqualFold(key, "height"), strings.EqualFold(key, "max-width"), strings.EqualFold(key, "max-height"):
		*flat = *flat || isZero(value)
	}
}

// bareValue is a value in lower case, without blanks and "!important".
func bareValue(v string) string {
	return strings.TrimSpace(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(v)), "!important"))
}

func valueIs(v, want string) bool {
	v = strings.TrimLeft(v, " \t\r\n")
	return len(v) >= len(want) && strings.EqualFold(v[:len(want)], want)
}

func isZero(v string) bool {
	v = strings.TrimLeft(v, " \t\r\n")
	if v == "" || v[0] != '0' && v[0] != '.' {
		return false
	}
	size, ok := pixels(bareValue(v))
	return ok && size < 0.02
}

// pixels reads the number of a size, whatever its unit.
func pixels(size string) (float64, bool) {
	n := 0
	for n < len(size) && (size[n] >= '0' && size[n] <= '9' || size[n] == '.') {
		n++
	}
	v, err := strconv.ParseFloat(size[:n], 64)
	if err != nil {
		return 0, n > 0
	}
	if strings.HasSuffix(size, "%") {
		v /= 10 // a percentage counts as small as a pixel when it is one
	}
	return v, true
}

// Sheet is what the style sheets of a mail hide.
type Sheet struct {
	gone map[string]bool // ".class", "tag.class", "#id", "tag#id"
}

// Bounds of what is read of style sheets.
const (
	maxSheet = 256 << 10
	maxRules = 2000
)

// Read takes the rules of a style element. Those for small screens and the like, and
// selectors of more than one element, say nothing.
func (s *Sheet) Read(css string) {
	css = css[:min(len(css), maxSheet)]
	for n := 0; n < maxRules; n++ {
		prelude, rest, ok := strings.Cut(css, "{")
		if !ok {
			return
		}
		prelude = selectorOf(prelude)
		if strings.HasPrefix(prelude, "@") {
			if css = rest; strings.HasPrefix(prelude, "@media") && (strings.TrimSpace(prelude[6:]) == "screen" || strings.TrimSpace(prelude[6:]) == "all") {
				continue // its rules hold; the bracket that ends it is in the next prelude
			}
			css = behindBlock(rest)
			continue
		}
		var body string
		body, css, _ = strings.Cut(rest, "}")
		s.rule(prelude, body)
	}
}

// selectorOf is what stands right before a block: without comments, marks of
// comments, ends of other blocks and statements.
func selectorOf(s string) string {
	if strings.Contains(s, "/*") {
		var out strings.Builder
		for s != "" {
			before, after, _ := strings.Cut(s, "/*")
			out.WriteString(before + " ")
			_, s, _ = strings.Cut(after, "*/")
		}
		s = out.String()
	}
	if i := strings.LastIndexAny(s, "};"); i >= 0 {
		s = s[i+1:]
	}
	return strings.ToLower(strings.TrimSpace(strings.ReplaceAll(s, "<!--", " ")))
}

// behindBlock returns what follows the end of an open block.
func behindBlock(s string) string {
	depth := 1
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return s[i+1:]
			}
		}
	}
	return ""
}

func (s *Sheet) rule(selectors, body string) {
	sight := SightOf(body, "")
	if !sight.Gone && !sight.Shown {
		return
	}
	for one := range strings.SplitSeq(selectors, ",") {
		one = strings.TrimSpace(one)
		if i := strings.IndexAny(one, ".#"); i < 0 || i+1 == len(one) || strings.ContainsAny(one[i+1:], ".#") || strings.ContainsAny(one, " >+~:[*") {
			continue
		}
		if s.gone == nil {
			s.gone = make(map[string]bool)
		}
		s.gone[one] = sight.Gone
	}
}

// Hides reports whether a style sheet hides an element; tag is in lower case.
func (s *Sheet) Hides(tag, id, class string) bool {
	if len(s.gone) == 0 {
		return false
	}
	if id = strings.ToLower(id); id != "" && (s.gone["#"+id] || s.gone[tag+"#"+id]) {
		return true
	}
	for c := range strings.FieldsSeq(strings.ToLower(class)) {
		if s.gone["."+c] || s.gone[tag+"."+c] {
			return true
		}
	}
	return false
}
