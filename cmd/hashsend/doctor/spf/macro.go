package spf

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// piece is a part of a macro-string: text, or a macro.
type piece struct {
	text       string
	letter     byte // in lower case; 0: text
	escape     bool // the letter was upper case
	keep       int  // parts that are kept, from the right; 0: all
	reverse    bool
	delimiters string
}

// parseMacros takes a macro-string apart (RFC 7208, 7.1). exp: c, r and t are
// allowed, and spaces.
func parseMacros(s string, exp bool) (parts []piece, err error) {
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			parts = append(parts, piece{text: text.String()})
			text.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && !exp {
				return nil, errors.New("a character is not allowed there")
			}
			text.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return nil, errors.New("a % stands alone")
		}
		switch s[i] {
		case '%':
			text.WriteByte('%')
		case '_':
			text.WriteByte(' ')
		case '-':
			text.WriteString("%20")
		case '{':
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return nil, errors.New("a macro does not end")
			}
			p, err := parseMacro(s[i+1:i+end], exp)
			if err != nil {
				return nil, err
			}
			flush()
			parts = append(parts, p)
			i += end
		default:
			return nil, fmt.Errorf("%%%c is not a macro", s[i])
		}
	}
	flush()
	return parts, nil
}

func parseMacro(s string, exp bool) (p piece, err error) {
	if s == "" {
		return p, errors.New("a macro is empty")
	}
	p.letter = s[0] | 0x20
	p.escape = s[0] != p.letter
	switch {
	case strings.IndexByte("slodiphv", p.letter) >= 0:
	case exp && strings.IndexByte("crt", p.letter) >= 0:
	default:
		return p, fmt.Errorf("%%{%s} is not a macro here", s)
	}
	rest := s[1:]
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	if digits > 0 {
		p.keep, err = strconv.Atoi(rest[:digits])
		if err != nil || p.keep == 0 {
			return p, fmt.Errorf("%%{%s} keeps no part", s)
		}
	}
	rest = rest[digits:]
	if rest != "" && (rest[0] == 'r' || rest[0] == 'R') {
		p.reverse, rest = true, rest[1:]
	}
	if strings.Trim(rest, ".-+,/_=") != "" {
		return p, fmt.Errorf("%%{%s} is not a macro", s)
	}
	p.delimiters = rest
	if rest == "" {
		p.delimiters = "."
	}
	return p, nil
}

// expand fills in a macro-string that has been parsed before.
func (e *evaluator) expand(ctx context.Context, s, domain string, exp bool) (string, error) {
	parts, err := parseMacros(s, exp)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range parts {
		if p.letter == 0 {
			b.WriteString(p.text)
			continue
		}
		value := e.value(ctx, p.letter, domain)
		words := split(value, p.delimiters)
		if p.reverse {
			slices.Reverse(words)
		}
		if p.keep > 0 && len(words) > p.keep {
			words = words[len(words)-p.keep:]
		}
		value = strings.Join(words, ".")
		if p.escape {
			value = strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// split cuts at every delimiter, and keeps empty parts.
func split(s, delimiters string) (words []string) {
	start := 0
	for i := range len(s) {
		if strings.IndexByte(delimiters, s[i]) >= 0 {
			words = append(words, s[start:i])
			start = i + 1
		}
	}
	return append(words, s[start:])
}

func (e *evaluator) value(ctx context.Context, letter byte, domain string) string {
	local, host := e.local, e.senderDomain
	switch letter {
	case 's':
		return local + "@" + host
	case 'l':
		return local
	case 'o':
		return host
	case 'd':
		return domain
	case 'i':
		return dotted(e.q.IP)
	case 'c':
		return e.q.IP.String()
	case 'v':
		if e.q.IP.Is4() {
			return "in-addr"
		}
		return "ip6"
	case 'h':
		return e.q.Helo
	case 'p':
		return e.validated(ctx, domain)
	case 'r':
		if e.q.Receiver == "" {
			return "unknown"
		}
		return e.q.Receiver
	case 't':
		return strconv.FormatInt(e.q.Now.Unix(), 10)
	}
	return ""
}

// dotted is an address as the i macro has it.
func dotted(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	var words []string
	for _, b := range a.As16() {
		words = append(words, fmt.Sprintf("%X", b>>4), fmt.Sprintf("%X", b&15))
	}
	return strings.Join(words, ".")
}
