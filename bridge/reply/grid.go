package reply

import "strings"

// isGrid tells whether the table whose tag ends at a place in the source holds data: rows
// of short cells, two or more in one of them, and nothing in it that only tables have
// that arrange a page, or quote a mail.
func (f *fragment) isGrid(at int) bool {
	const long, most = 200, 64 << 10
	s := f.source[at:min(len(f.source), at+most)]
	rows, cells, filled, size := 0, 0, 0, 0
	columns := false
	endCell := func() {
		if size > 0 {
			filled++
		}
		size = 0
	}
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			return false // it has no end
		}
		if cells > 0 {
			if size += len(strings.TrimSpace(s[:i])); size > long {
				return false
			}
		}
		s = s[i:]
		end := strings.IndexByte(s, '>')
		if end < 0 {
			return false
		}
		name := tagWord(s[1:end])
		s = s[end+1:]
		switch name {
		case "tr":
			endCell()
			columns = columns || filled > 1
			rows++
			cells, filled = 0, 0
		case "td", "th":
			endCell()
			cells++
		case "table", "blockquote", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "hr", "style", "form", "input", "button":
			return false
		case "/table":
			endCell()
			return rows > 1 && (columns || filled > 1)
		}
	}
}

// tagWord is the name of a tag, in lower case, with the slash of an end tag.
func tagWord(s string) string {
	n := 0
	for n < len(s) && !isSpace(s[n]) && (s[n] != '/' || n == 0) {
		n++
	}
	return lowerASCII(s[:n])
}
