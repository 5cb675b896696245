package reply

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// tagName reads the name of a tag as it stands in the source, in lower case. tag is
// zero for one that HTML does not have.
func tagName(raw string) (tag atom.Atom, name, rest string) {
	raw = strings.TrimPrefix(strings.TrimPrefix(raw, "<"), "/")
	i := 0
	for i < len(raw) && !isSpace(raw[i]) && raw[i] != '/' && raw[i] != '>' {
		i++
	}
	name, rest = lowerASCII(raw[:i]), raw[i:]
	return atom.Lookup([]byte(name)), name, rest
}

func lowerASCII(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// attribute takes the first attribute of what stands in a tag behind its name
// (HTML, 13.2.5.32 and the states behind it). The value is not decoded. An empty
// rest: there was none.
func attribute(s string) (key, value, rest string) {
	i := 0
	for i < len(s) && (isSpace(s[i]) || s[i] == '/') {
		i++
	}
	if i == len(s) || s[i] == '>' {
		return "", "", ""
	}
	begin := i
	for i++; i < len(s) && !isSpace(s[i]) && s[i] != '/' && s[i] != '>' && s[i] != '='; i++ { //nolint:revive // a name may begin with "="
	}
	key = s[begin:i]
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	if i == len(s) || s[i] != '=' {
		return key, "", s[i:]
	}
	for i++; i < len(s) && isSpace(s[i]); i++ { //nolint:revive // it skips
	}
	if i == len(s) {
		return key, "", ""
	}
	if q := s[i]; q == '"' || q == '\'' {
		v, rest, _ := strings.Cut(s[i+1:], s[i:i+1])
		return key, v, rest
	}
	begin = i
	for i < len(s) && !isSpace(s[i]) && s[i] != '>' {
		i++
	}
	return key, s[begin:i], s[i:]
}

// attributes reads those of a tag that say something; what is longer than maxLine
// is left out. Of two with one name the first counts.
func attributes(rest string) (a attrs) {
	var key, v string
	var seen uint16
	for rest != "" {
		if key, v, rest = attribute(rest); key == "" {
			break
		}
		a.flag(key, v)
		p, bit := a.field(key)
		if p == nil || seen&bit != 0 {
			continue
		}
		if seen |= bit; len(v) <= maxLine {
			*p = strings.TrimSpace(decoded(v))
		}
	}
	return a
}

// flag reads the attributes that are one bit.
func (a *attrs) flag(key, value string) {
	switch len(key) {
	case len("hidden"):
		a.hidden = a.hidden || lowerASCII(key) == "hidden"
	case len("type"): // and cite
		switch lowerASCII(key) {
		case "cite":
			a.cite = true
		case "type":
			a.cite = a.cite || lowerASCII(value) == "cite"
		}
	}
}

// decoded undoes the character references of a value. One without a semicolon is
// part of an address: "?a=1&copy=2".
func decoded(v string) string {
	const longest = 32
	for i := 0; ; i++ {
		n := strings.IndexByte(v[i:], '&')
		if n < 0 {
			return v
		}
		i += n
		end := strings.IndexAny(v[i:min(len(v), i+longest)], ";= ")
		if end > 0 && v[i+end] == ';' {
			c := html.UnescapeString(v[i : i+end+1])
			v = v[:i] + c + v[i+end+1:]
		}
	}
}

// field is where an attribute is kept, and a bit of its own; nil: it says nothing.
func (a *attrs) field(key string) (p *string, bit uint16) {
	if len(key) > len("data-smartmail") {
		return nil, 0
	}
	switch lowerASCII(key) {
	case "id":
		return &a.id, 1
	case "class":
		return &a.class, 2
	case "style":
		return &a.style, 4
	case "name":
		return &a.name, 8
	case "href":
		return &a.href, 16
	case "alt":
		return &a.alt, 32
	case "width":
		return &a.width, 64
	case "start":
		return &a.start, 256
	case "value":
		return &a.value, 512
	case "data-marker", "data-smartmail":
		return &a.marker, 128
	}
	return nil, 0
}
