package mail

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// ParseAddress reads one address as a person types it or a program gives it:
// ann@example.org, Ann <ann@example.org>, mailto:ann@example.org. The error is
// for the person who typed it.
func ParseAddress(s string) (Address, error) {
	s = strings.TrimSpace(s)
	if len(s) > 1000 {
		return Address{}, errors.New("this is too long for an email address")
	}
	typed := s
	if i := strings.IndexFunc(s, func(r rune) bool { return isInvisible(r) || r == 0x2028 || r == 0x2029 }); i >= 0 {
		return Address{}, fmt.Errorf("%q is no email address: it has an invisible character", typed)
	}
	if !strings.ContainsAny(s, "<(\"") && len(strings.Fields(s)) > 1 {
		return Address{}, fmt.Errorf("%q is no email address: write a name as in Ann <ann@example.org>", typed)
	}
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s, _, _ = strings.Cut(s[7:], "?")
	}
	as := parseAddresses(s)
	switch {
	case len(as) == 0 || len(as) == 1 && !strings.Contains(as[0].Address, "@"):
		return Address{}, fmt.Errorf("%q is no email address: one looks like ann@example.org", typed)
	case len(as) > 1:
		return Address{}, fmt.Errorf("%q has more than one email address", typed)
	}
	if err := checkAddress(as[0].Address); err != nil {
		return Address{}, fmt.Errorf("%q is no email address: %w", as[0].Address, err)
	}
	return as[0], nil
}

// checkAddress says what is wrong with an address (RFC 5321, 4.1.2; RFC 6531).
func checkAddress(a string) error {
	i := strings.LastIndexByte(a, '@')
	if i < 0 {
		return errors.New(`it has no "@"`)
	}
	if err := checkLocal(a[:i]); err != nil {
		return err
	}
	if !isDomain(a[i+1:]) {
		return errors.New(`what stands after the "@" is no domain`)
	}
	return nil
}

// checkLocal checks what stands before the "@" (RFC 5321, 4.1.2, and 6531).
func checkLocal(local string) error {
	if local == "" || len(local) > 64 {
		return errors.New(`what stands before the "@" is empty or longer than 64 bytes`)
	}
	quoted := len(local) > 2 && local[0] == '"' && local[len(local)-1] == '"'
	for _, r := range strings.Trim(local, `"`) {
		never := r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`"\`, r)
		if never || !quoted && (unicode.IsSpace(r) || strings.ContainsRune("()<>[]:;,@", r)) {
			return fmt.Errorf("it may not have %q before the \"@\"", r)
		}
	}
	if !quoted && (strings.ContainsAny(local, `"`) || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..")) {
		return errors.New(`what stands before the "@" has a dot or a quote in a place where none may be`)
	}
	return nil
}

// isDomain reports whether a text is a domain, or an address literal (RFC 5321, 4.1.3).
func isDomain(domain string) bool {
	if strings.HasPrefix(domain, "[") && strings.HasSuffix(domain, "]") && strings.Trim(domain, "[]0123456789abcdefABCDEFIPv:.") == "" {
		return true
	}
	ascii := asciiDomain(domain)
	if ascii == "" || len(ascii) > 253 {
		return false
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || label[0] == '-' {
			return false
		}
	}
	return true
}

// asciiDomain returns a domain in lower case and without letters beyond ASCII
// (RFC 5890).
func asciiDomain(d string) string {
	d = strings.ToLower(strings.TrimSuffix(d, "."))
	if isASCII(d) {
		return d
	}
	if a, err := idna.Lookup.ToASCII(d); err == nil {
		return a
	}
	return d
}

// WireAddress returns an address as it goes over the wire: its domain in ASCII.
// utf8 reports that it needs SMTPUTF8 all the same (RFC 6531).
func WireAddress(a string) (wire string, utf8 bool) {
	i := strings.LastIndexByte(a, '@')
	if i < 0 {
		return a, !isASCII(a)
	}
	if d := a[i+1:]; !isASCII(d) {
		a = a[:i+1] + asciiDomain(d)
	}
	return a, !isASCII(a)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// SameAddress reports whether two addresses lead to the same mailbox, as far as
// can be told from outside.
func SameAddress(a, b string) bool { return CanonicalAddress(a) == CanonicalAddress(b) }

// CanonicalAddress returns the form under which an address is compared: lower
// case, domain in ASCII, without what follows a plus sign (RFC 5233), for Gmail
// without dots. It is nothing to send mail to.
func CanonicalAddress(a string) string {
	a = strings.ToLower(norm.NFC.String(strings.Trim(strings.TrimSpace(a), "<>")))
	i := strings.LastIndexByte(a, '@')
	if i < 0 {
		return a
	}
	local, domain := a[:i], asciiDomain(a[i+1:])
	if n := len(local); n > 2 && local[0] == '"' && local[n-1] == '"' && !strings.ContainsAny(local[1:n-1], "\"\\ @") {
		local = local[1 : n-1]
	}
	if j := strings.IndexByte(local, '+'); j > 0 {
		local = local[:j]
	}
	if domain == "gmail.com" || domain == "googlemail.com" {
		local, domain = strings.ReplaceAll(local, ".", ""), "gmail.com"
	}
	return local + "@" + domain
}

// CleanName returns a display name that cannot pass for something else: without
// controls, invisible characters, marks of writing direction, quotes, brackets
// and "@", in NFKC form, at most 64 characters. It may be empty.
func CleanName(s string) string {
	const most, marks = 64, 3
	if len(s) > 4000 {
		s = s[:4000]
	}
	s = norm.NFKC.String(strings.ToValidUTF8(s, ""))
	var out []rune
	run := 0
	for _, r := range s {
		switch {
		case unicode.IsSpace(r), r == '@', r == 0x2800:
			r = ' '
		case strings.ContainsRune("\"\\<>“”„‟«»", r), isInvisible(r):
			continue
		}
		if unicode.In(r, unicode.Mn, unicode.Me) {
			if run++; run > marks {
				continue
			}
		} else {
			run = 0
		}
		out = append(out, r)
	}
	name := []rune(strings.Join(strings.Fields(string(out)), " "))
	if len(name) > most {
		name = name[:most]
	}
	return strings.TrimSpace(string(name))
}

// isInvisible knows characters that show nothing. The joiner inside of emoji is
// among them: a family falls apart into its members, and nobody is fooled.
func isInvisible(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x3164, 0xffa0, 0xfffd:
		return true
	case 0xfe0e, 0xfe0f: // text or emoji style
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Variation_Selector)
}

// parseAddresses reads an address list (RFC 5322, 3.4) and takes what real mails
// have: missing brackets and quotes, ";" between addresses, encoded words inside
// quotes. Where one entry has two addresses, both are returned, so that nobody
// takes one of them for the only one. It is linear in the length of s.
func parseAddresses(s string) []Address {
	p := addressParser{s: s}
	for p.i < len(p.s) {
		p.step()
	}
	p.finish()
	return p.out
}

type addressParser struct {
	s     string
	i     int
	out   []Address
	plain strings.Builder // words outside of brackets
	note  string          // the last comment
	angle *string
	// before are names without an address in front of a comma: they may be the first part
	// of the next, as in "Lee, Ann <ann@example.org>".
	before []string

	openQuote, openComment bool // one was never closed: the next will not be either
}

// step takes one character.
//
// Many branches: one for each character that means something.
func (p *addressParser) step() {
	c := p.s[p.i]
	p.i++
	switch c {
	case '"':
		p.quoted()
	case '(':
		p.comment()
	case '<':
		if p.angle != nil {
			p.finish()
		}
		end := strings.IndexAny(p.s[p.i:], "<>")
		skip := 1
		switch {
		case end < 0:
			end, skip = len(p.s)-p.i, 0
		case p.s[p.i+end] == '<':
			skip = 0
		}
		a := p.s[p.i : p.i+end]
		p.i += end + skip
		p.angle = &a
	case ',':
		const most = 4
		if words := strings.TrimSpace(p.plain.String()); p.angle == nil && words != "" && p.note == "" && !strings.ContainsAny(words, "@") && len(p.before) < most {
			p.before = append(p.before, words)
			p.plain.Reset()
			return
		}
		p.finish()
	case ';':
		p.finish()
	case ':':
		if p.angle == nil && !strings.Contains(p.plain.String(), "@") { // name of a group
			p.plain.Reset()
			return
		}
		p.plain.WriteByte(c)
	default:
		p.plain.WriteByte(c)
	}
}

func (p *addressParser) quoted() {
	var text strings.Builder
	for j := p.i; j < len(p.s) && !p.openQuote; j++ {
		switch p.s[j] {
		case '\\':
			if j++; j < len(p.s) {
				text.WriteByte(p.s[j])
			}
		case '"':
			if strings.HasPrefix(p.s[j+1:], "@") { // a quoted local part
				p.plain.WriteString(p.s[p.i-1 : j+1])
			} else {
				p.plain.WriteString(strings.ReplaceAll(text.String(), "@", "\x00"))
			}
			p.i = j + 1
			return
		default:
			text.WriteByte(p.s[j])
		}
	}
	p.openQuote = true
}

func (p *addressParser) comment() {
	depth := 1
	for j := p.i; j < len(p.s) && !p.openComment; j++ {
		switch p.s[j] {
		case '\\':
			j++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				p.note = p.s[p.i:j]
				p.i = j + 1
				return
			}
		}
	}
	p.openComment = true
}

// finish ends an entry. An "@" inside a quoted name was kept apart as NUL.
func (p *addressParser) finish() {
	plain := strings.TrimSpace(p.plain.String())
	angle, note := p.angle, p.note
	if len(p.before) > 0 {
		before := p.before
		p.before = nil
		if angle != nil {
			plain = strings.Join(append(before, plain), ", ")
		} else {
			for _, words := range before { // each is an entry of its own, as it was written
				p.entry(words, "")
			}
		}
	}
	p.plain.Reset()
	p.angle, p.note = nil, ""
	name := func(s string) string { return oneLine(decodeWords(strings.ReplaceAll(s, "\x00", "@"))) }
	if angle != nil {
		a := *angle
		if i := strings.LastIndexByte(a, ':'); strings.HasPrefix(strings.TrimSpace(a), "@") && i > 0 {
			a = a[i+1:] // a source route (RFC 5322, 4.4)
		}
		if len(a) > 7 && strings.EqualFold(a[:7], "mailto:") {
			a = a[7:]
		}
		if a = strings.Join(strings.Fields(oneLine(a)), ""); a != "" {
			p.out = append(p.out, Address{Name: name(plain), Address: a})
		}
		return
	}
	p.entry(plain, note)
}

// entry takes one without angle brackets.
func (p *addressParser) entry(plain, note string) {
	name := func(s string) string { return oneLine(decodeWords(strings.ReplaceAll(s, "\x00", "@"))) }
	if plain == "" {
		return
	}
	words := strings.Fields(plain)
	if strings.HasPrefix(plain, `"`) && strings.Contains(plain, `"@`) {
		words = []string{plain}
	}
	var rest, found []string
	for _, w := range words {
		if strings.Contains(w, "@") && !strings.Contains(w, "=?") {
			found = append(found, strings.TrimPrefix(strings.Trim(w, "<>"), "mailto:"))
		} else {
			rest = append(rest, w)
		}
	}
	if len(found) == 0 {
		if len(words) == 1 && !strings.Contains(plain, "=?") && !strings.Contains(plain, "\x00") {
			p.out = append(p.out, Address{Name: name(note), Address: oneLine(plain)})
		}
		return
	}
	if len(rest) == 0 && note != "" {
		rest = []string{note}
	}
	for _, a := range found {
		p.out = append(p.out, Address{Name: name(strings.Join(rest, " ")), Address: oneLine(strings.ReplaceAll(a, "\x00", "@"))})
	}
}
