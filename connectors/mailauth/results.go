package mailauth

import (
	"errors"
	"strings"
)

// authResults is one Authentication-Results field (RFC 8601, 2.2).
type authResults struct {
	id      string // authserv-id in lower case; empty: none was written
	results []authResult
}

// authResult is what one method found.
type authResult struct {
	method string            // in lower case, without its version
	value  string            // in lower case
	props  map[string]string // "header.from" → as written
	notes  string            // the comments of this result
}

// maxResults is the longest field that is read.
const maxResults = 16 << 10

var errResults = errors.New("the field does not follow RFC 8601")

// parseResults reads the value of a field. It is strict where a stranger's words
// could come to stand: what follows a quote, a comment or a doubled property is
// never guessed, the whole field is refused. It takes what servers of large
// providers write beside the standard: no authserv-id (Microsoft), properties
// without a type, a semicolon at the end.
func parseResults(s string) (authResults, error) {
	if len(s) > maxResults || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return authResults{}, errResults
	}
	p := resultParser{s: s}
	var a authResults
	p.space()
	if p.peek() != ';' {
		word, quoted := p.value(";( \t=")
		p.space()
		if p.peek() == '=' && !quoted { // no authserv-id: the first result begins here
			p.i = 0
			p.notes = ""
			if !p.result(&a) {
				return authResults{}, errResults
			}
		} else {
			a.id = strings.ToLower(word)
			if c := p.peek(); c >= '0' && c <= '9' {
				p.value(";( \t")
				p.space()
			}
		}
	}
	for !p.bad && p.i < len(p.s) {
		if p.peek() != ';' {
			return authResults{}, errResults
		}
		p.i++
		p.notes = ""
		p.space()
		if p.i == len(p.s) || p.peek() == ';' {
			continue
		}
		if !p.result(&a) {
			return authResults{}, errResults
		}
	}
	if p.bad {
		return authResults{}, errResults
	}
	return a, nil
}

// resultParser walks through a field. Once bad is set nothing it returns counts.
type resultParser struct {
	s     string
	i     int
	notes string
	bad   bool
}

func (p *resultParser) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

// space skips white space and comments, which may nest (RFC 5322, 3.2.2).
func (p *resultParser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t':
			p.i++
		case '(':
			start, depth := p.i+1, 0
			for {
				if p.i >= len(p.s) {
					p.bad = true
					return
				}
				c := p.s[p.i]
				p.i++
				switch {
				case c == '\\' && p.i < len(p.s):
					p.i++
				case c == '(':
					depth++
				case c == ')':
					depth--
				}
				if depth == 0 {
					break
				}
			}
			p.notes += " " + p.s[start:p.i-1]
		default:
			return
		}
	}
}

// value reads a quoted string, or what stands before one of the stop characters.
func (p *resultParser) value(stop string) (text string, quoted bool) {
	var b strings.Builder
	if p.peek() == '"' {
		quoted = true
		p.i++
		for {
			c := p.peek()
			if p.i >= len(p.s) {
				p.bad = true
				return "", true
			}
			p.i++
			if c == '"' {
				break
			}
			if c == '\\' {
				if p.i >= len(p.s) {
					p.bad = true
					return "", true
				}
				c = p.s[p.i]
				p.i++
			}
			b.WriteByte(c)
		}
	}
	start := p.i
	for p.i < len(p.s) && strings.IndexByte(stop, p.s[p.i]) < 0 {
		if c := p.s[p.i]; c == '"' || c == ')' {
			p.bad = true
			return "", quoted
		}
		p.i++
	}
	b.WriteString(p.s[start:p.i])
	return b.String(), quoted
}

// result reads "method=value property=value …" up to the next semicolon.
func (p *resultParser) result(a *authResults) bool {
	p.space()
	method, quoted := p.value(";( \t=/")
	p.space()
	if p.peek() == '/' { // version of the method
		p.i++
		p.space()
		p.value(";( \t=")
		p.space()
	}
	if p.i >= len(p.s) || p.peek() == ';' {
		return strings.EqualFold(method, "none") && !quoted
	}
	if quoted || method == "" || p.peek() != '=' {
		return false
	}
	p.i++
	p.space()
	value, quoted := p.value(";( \t")
	if quoted || value == "" {
		return false
	}
	r := authResult{method: strings.ToLower(method), value: strings.ToLower(value), props: map[string]string{}}
	for p.space(); !p.bad && p.i < len(p.s) && p.peek() != ';'; p.space() {
		if !p.property(r.props) {
			return false
		}
	}
	r.notes = p.notes
	a.results = append(a.results, r)
	return !p.bad
}

func (p *resultParser) property(props map[string]string) bool {
	name, quoted := p.value(";( \t=.")
	p.space()
	if p.peek() == '.' {
		p.i++
		p.space()
		rest, q := p.value(";( \t=")
		name, quoted = name+"."+rest, quoted || q
		p.space()
	}
	if quoted || name == "" || p.peek() != '=' {
		return false
	}
	p.i++
	p.space()
	value, _ := p.value(";( \t")
	name = strings.ToLower(name)
	if old, twice := props[name]; twice && old != value {
		return false
	}
	props[name] = value
	return !p.bad
}
