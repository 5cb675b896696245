package mail

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mediaType reads Content-Type. What cannot be read is the usual type (RFC 2045,
// 5.2).
func mediaType(v, usual string) (kind string, params map[string]string) {
	kind, params = splitParams(v)
	switch kind {
	case "":
		return usual, params
	case "text", "plain":
		return "text/plain", params
	case "html":
		return "text/html", params
	case "multipart":
		return "multipart/mixed", params
	}
	major, minor, ok := strings.Cut(kind, "/")
	if !ok || major == "" || minor == "" || strings.ContainsAny(kind, " \t,\"<>()") {
		if params["boundary"] != "" {
			return "multipart/mixed", params
		}
		return usual, params
	}
	return kind, params
}

// splitParams reads a value with parameters (RFC 2045, 5.1; RFC 2231) and takes
// the illegal forms that are common: spaces without quotes, encoded words, a
// quote that is not closed, percent signs without a charset. Names are in lower
// case; of two with the same name the first counts.
func splitParams(v string) (value string, params map[string]string) {
	const longest, most = 64 << 10, 300
	v = v[:min(len(v), longest)]
	head, rest := cutParam(v)
	value = strings.ToLower(strings.TrimSpace(stripComments(head)))
	params = map[string]string{}
	var pieces map[string][]piece
	for n := 0; rest != "" && n < most; n++ {
		var p string
		p, rest = cutParam(rest)
		name, val, ok := strings.Cut(p, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok || name == "" {
			continue
		}
		val = unquote(strings.TrimSpace(val))
		base, suffix, extended := strings.Cut(name, "*")
		if !extended {
			if _, double := params[name]; !double {
				params[name] = oneLine(decodeWords(val))
			}
			continue
		}
		encoded := strings.HasSuffix(suffix, "*") || suffix == ""
		i, err := strconv.Atoi(strings.TrimSuffix(suffix, "*"))
		if err != nil || i < 0 || i > most {
			i = 0
		}
		if pieces == nil {
			pieces = map[string][]piece{}
		}
		pieces[base] = append(pieces[base], piece{i, encoded, val})
	}
	for name, ps := range pieces {
		params[name] = oneLine(joinPieces(ps))
	}
	return value, params
}

// cutParam cuts at the next ";" outside of quotes.
func cutParam(s string) (first, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		case c == ';' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	if quoted { // never closed: the quote means nothing
		if i := strings.IndexByte(s, ';'); i >= 0 {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// unquote takes the quotes away, and backslashes only where they must be there:
// file names of Windows have others.
func unquote(s string) string {
	if s == "" || s[0] != '"' {
		return stripComments(s)
	}
	var b strings.Builder
	for i := 1; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// stripComments removes a comment at the end.
func stripComments(s string) string {
	if i := strings.Index(s, " ("); i >= 0 && strings.HasSuffix(strings.TrimSpace(s), ")") {
		return strings.TrimSpace(s[:i])
	}
	return s
}

// piece is a part of a value that goes on in other parameters (RFC 2231, 3).
type piece struct {
	index   int
	encoded bool
	value   string
}

func joinPieces(ps []piece) string {
	byIndex := map[int]piece{}
	for _, p := range ps {
		if _, double := byIndex[p.index]; !double {
			byIndex[p.index] = p
		}
	}
	charset := ""
	var out []byte
	for i := range len(ps) {
		p, ok := byIndex[i]
		if !ok && i > 0 {
			break
		}
		v := p.value
		if i == 0 && p.encoded {
			if cs, rest, ok := strings.Cut(v, "'"); ok {
				if _, text, ok := strings.Cut(rest, "'"); ok {
					charset, v = cs, text
				}
			}
		}
		if p.encoded {
			out = append(out, unpercent(v)...)
		} else {
			out = append(out, v...)
		}
	}
	text, _ := decodeCharset(charset, out)
	if strings.Contains(text, "=?") {
		text = decodeWords(text)
	}
	return text
}

func unpercent(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hexValue(s[i+1]) >= 0 && hexValue(s[i+2]) >= 0 {
			out = append(out, byte(hexValue(s[i+1])<<4|hexValue(s[i+2])))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}

// cleanFileName returns a name that is safe to show and to store: no folders, no
// controls, nothing that turns the direction of text, at most 200 bytes with the
// extension kept.
func cleanFileName(s string) string {
	const most, extension = 200, 20
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs), r == 0x2028, r == 0x2029:
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, s)
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Trim(strings.Join(strings.Fields(s), " "), " .")
	if len(s) <= most {
		return s
	}
	ext := ""
	if i := strings.LastIndexByte(s, '.'); i > 0 && len(s)-i <= extension {
		ext = s[i:]
	}
	n := most - len(ext)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + ext
}

// CleanFileName leaves the last part of a path, without what cannot be seen.
func CleanFileName(name string) string { return cleanFileName(name) }
