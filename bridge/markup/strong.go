package markup

import (
	"strings"
	"unicode/utf8"
)

// Strong sets in bold where a name stands in a text of the subset as words of its
// own, with an @ in front or without, whatever the case of its letters. What is a
// link, code, or bold already stays as it is.
func Strong(subset, name string) string {
	name = escape(strings.TrimSpace(name))
	if name == "" {
		return subset
	}
	var out strings.Builder
	inside := 0 // elements in which nothing is changed
	for subset != "" {
		if subset[0] == '<' {
			end := strings.IndexByte(subset, '>') + 1
			if end == 0 {
				end = len(subset)
			}
			inside += untouched(subset[:end])
			out.WriteString(subset[:end])
			subset = subset[end:]
			continue
		}
		end := strings.IndexByte(subset, '<')
		if end < 0 {
			end = len(subset)
		}
		if inside > 0 {
			out.WriteString(subset[:end])
		} else {
			strongWords(&out, subset[:end], name)
		}
		subset = subset[end:]
	}
	return out.String()
}

// untouched counts the elements whose texts Strong leaves alone: 1 begins one, -1
// ends one.
func untouched(tag string) int {
	name := strings.TrimLeft(tag, "</")
	if i := strings.IndexAny(name, " >"); i >= 0 {
		name = name[:i]
	}
	switch name {
	case "a", "code", "pre", "strong":
		if strings.HasPrefix(tag, "</") {
			return -1
		}
		return 1
	}
	return 0
}

// strongWords writes a text without tags.
func strongWords(out *strings.Builder, text, name string) {
	done := 0
	for i := 0; i+len(name) <= len(text); {
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(name):])
		if !strings.EqualFold(text[i:i+len(name)], name) || (i > 0 && wordRune(before)) || wordRune(after) || after == '@' {
			_, size := utf8.DecodeRuneInString(text[i:])
			i += size
			continue
		}
		from := i
		if before == '@' {
			from--
		}
		if r, _ := utf8.DecodeLastRuneInString(text[:from]); from < i && from > 0 && wordRune(r) { // part of an address
			i += len(name)
			continue
		}
		out.WriteString(text[done:from] + "<strong>" + text[from:i+len(name)] + "</strong>")
		i += len(name)
		done = i
	}
	out.WriteString(text[done:])
}
