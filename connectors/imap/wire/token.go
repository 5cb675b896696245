package wire

// token is a word of an answer: an atom, a string, a literal, or one of ( and ).
type token struct {
	kind byte // 'a' atom, 'q' quoted string, 'l' literal, '(' or ')'
	text []byte
	lit  *part
}

// nothing reports whether a word is NIL.
func (t token) nothing() bool {
	return t.kind == 'a' && len(t.text) == 3 && (t.text[0]|0x20) == 'n' && (t.text[1]|0x20) == 'i' && (t.text[2]|0x20) == 'l'
}

// text reports whether a word can be a value that is a string.
func (t token) isText() bool { return t.kind == 'a' || t.kind == 'q' || t.kind == 'l' }

// tokens cuts an answer into words. It never fails: what does not close goes to
// the end.
func (r *response) tokens() (all []token) {
	for i := range r.parts {
		p := &r.parts[i]
		if p.literal {
			all = append(all, token{kind: 'l', text: p.text, lit: p})
			continue
		}
		for b := p.text; len(b) > 0 && len(all) < maxWords; {
			var t token
			t, b = cutToken(b)
			if t.kind != 0 {
				all = append(all, t)
			}
		}
	}
	return all
}

// maxWords is how many words of one answer are read.
const maxWords = 200_000

func cutToken(b []byte) (token, []byte) {
	switch b[0] {
	case ' ', '\t', '\r', '\n', 0:
		return token{}, b[1:]
	case '(', ')':
		return token{kind: b[0], text: b[:1]}, b[1:]
	case '"':
		return cutQuoted(b)
	}
	return cutAtom(b)
}

// cutQuoted reads a quoted string (RFC 3501, 4.3).
func cutQuoted(b []byte) (token, []byte) {
	var s []byte
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '\\' && i+1 < len(b):
			i++
			s = append(s, b[i])
		case b[i] == '"':
			return token{kind: 'q', text: s}, b[i+1:]
		default:
			s = append(s, b[i])
		}
	}
	return token{kind: 'q', text: s}, nil
}

// cutAtom reads up to the next space, quote or parenthesis; BODY[HEADER.FIELDS (A B)]
// is one word.
func cutAtom(b []byte) (token, []byte) {
	depth := 0
	for i, ch := range b {
		switch ch {
		case '[':
			depth++
		case ']':
			depth = max(depth-1, 0)
		case ' ', '\t', '(', ')', '"':
			if depth == 0 {
				return token{kind: 'a', text: b[:i]}, b[i:]
			}
		}
	}
	return token{kind: 'a', text: b}, nil
}
