package markup

import (
	"net/url"
	"strings"
	"unicode"
)

// safeURL returns a link as it may stand in the subset, or "".
func safeURL(href string) string {
	const longest = 4096
	href = strings.Map(func(r rune) rune { // as browsers read it
		if r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, strings.TrimFunc(href, func(r rune) bool { return r <= ' ' }))
	if href == "" || len(href) > longest || strings.IndexFunc(href, func(r rune) bool { return unwanted(r) }) >= 0 {
		return ""
	}
	u, err := url.Parse(strings.ReplaceAll(href, `\`, "/"))
	if err != nil {
		return ""
	}
	switch u.Scheme { // lower case already
	case "http", "https":
		host := strings.ToLower(u.Hostname())
		if host == "" || host == "matrix.to" || strings.HasSuffix(host, ".matrix.to") || !isHost(host) {
			return ""
		}
		u.Host = strings.ToLower(u.Host)
		u.User = nil // http://bank.example@elsewhere.example
	case "mailto":
		if !strings.Contains(u.Opaque, "@") {
			return ""
		}
	default:
		return ""
	}
	return stable(u)
}

func isHost(h string) bool {
	if strings.Contains(h, ":") { // IPv6, which url.Parse has seen in brackets
		return strings.Trim(h, "0123456789abcdef:.") == ""
	}
	return strings.IndexFunc(h, func(r rune) bool { return r != '.' && r != '-' && !wordRune(r) && !unicode.Is(unicode.Mn, r) }) < 0
}

// stable writes a URL so that reading and writing it again changes nothing.
func stable(u *url.URL) string {
	s := u.String()
	again, err := url.Parse(s)
	if err != nil || again.String() != s || len(s) > 3*4096 {
		return ""
	}
	return s
}

// trueHost returns what must be told beside a label that seems to lead somewhere
// else than href does: the host, or the address. Empty: nothing.
func trueHost(href, label string) string {
	label = strings.TrimSpace(strings.Map(func(r rune) rune { // as it is seen
		if unwanted(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, label))
	u, err := url.Parse(href)
	if err != nil {
		return ""
	}
	if u.Scheme == "mailto" {
		addr, err := url.PathUnescape(u.Opaque)
		if err != nil || strings.IndexFunc(addr, func(r rune) bool { return r <= ' ' || unwanted(r) || unicode.Is(unicode.Cf, r) || unicode.IsSpace(r) }) >= 0 {
			addr = u.Opaque
		}
		if !strings.Contains(label, "@") || strings.Contains(strings.ToLower(label), strings.ToLower(addr)) {
			return ""
		}
		return addr
	}
	if strings.HasSuffix(label, "("+strings.ToLower(u.Hostname())+")") {
		return ""
	}
	real := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	other := false
	for i, w := 0, label; i < 50; i++ {
		var f string
		if f, w = nextWord(w); f == "" {
			break
		}
		h := hostIn(f)
		if h == "" {
			continue
		}
		if real == h || strings.HasSuffix(real, "."+h) && strings.Contains(h, ".") {
			return ""
		}
		other = true
	}
	if !other {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

func nextWord(s string) (first, rest string) {
	s = strings.TrimLeft(s, " \t\n\u00a0")
	if i := strings.IndexAny(s, " \t\n\u00a0"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// hostIn returns the host that a word of a label names, without "www.".
func hostIn(w string) string {
	w = strings.ToLower(strings.Trim(w, "()[]{}<>\"'.,;:!?«»“”‘’"))
	if i := strings.Index(w, "://"); i >= 0 {
		w = w[i+3:]
	}
	if i := strings.IndexAny(w, "/?#"); i >= 0 {
		w = w[:i]
	}
	if i := strings.LastIndexByte(w, '@'); i >= 0 {
		w = w[i+1:]
	}
	if i := strings.IndexByte(w, ':'); i >= 0 {
		w = w[:i]
	}
	w = strings.TrimPrefix(w, "www.")
	dot := strings.LastIndexByte(w, '.')
	if dot <= 0 || len(w)-dot < 3 || strings.IndexFunc(w[dot+1:], func(r rune) bool { return !wordRune(r) || r >= '0' && r <= '9' }) >= 0 {
		return ""
	}
	if strings.IndexFunc(w, func(r rune) bool { return r != '.' && r != '-' && !wordRune(r) }) >= 0 {
		return ""
	}
	return w
}
