package mail

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// decodeWords decodes the encoded words of a header value (RFC 2047), also where
// none may stand: inside quotes, glued to other text, with spaces in them.
// Characters that a sender cut in two between words are put together again.
// Bytes above 127 outside of words are UTF-8 or windows-1252. What is longer than
// 64 KiB is cut.
func decodeWords(s string) string {
	const longest = 64 << 10
	if len(s) > longest {
		s = s[:longest]
	}
	if !strings.Contains(s, "=?") {
		return repairUTF8([]byte(s))
	}
	var out strings.Builder
	var pending []byte // decoded bytes of words in the charset last
	var last string
	flush := func() {
		if pending != nil {
			text, _ := decodeCharset(last, pending)
			out.WriteString(text)
			pending = nil
		}
	}
	for s != "" {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		w, ok := cutWord(s[i:])
		if !ok {
			if w.size == 0 { // no word ends behind this place: none can follow
				break
			}
			flush()
			out.WriteString(repairUTF8([]byte(s[:i+2])))
			s = s[i+2:]
			continue
		}
		if gap := s[:i]; pending == nil || strings.Trim(gap, " \t\r\n") != "" {
			flush()
			out.WriteString(repairUTF8([]byte(gap)))
		} else if !strings.EqualFold(last, w.charset) {
			flush()
		}
		if pending == nil {
			pending = []byte{}
		}
		last, pending = w.charset, append(pending, w.content...)
		s = s[i+w.size:]
	}
	flush()
	out.WriteString(repairUTF8([]byte(s)))
	return out.String()
}

type word struct {
	charset string
	content []byte // not yet in UTF-8
	size    int    // bytes that it takes in the value; 0: no word ends in what is left
}

// cutWord reads the encoded word at the front of s.
func cutWord(s string) (word, bool) {
	const longest = 4000 // RFC 2047 allows 75; some write a whole subject as one
	rest := s[2:]
	charset, rest, ok := cutWithin(rest, "?", 60)
	if !ok || charset == "" || len(rest) < 2 || rest[1] != '?' {
		return word{size: 2}, false
	}
	charset, _, _ = strings.Cut(charset, "*") // RFC 2231, 5: a language may follow
	kind, rest := rest[0]|0x20, rest[2:]
	text, after, ok := cutWithin(rest, "?=", longest)
	if !ok {
		if len(rest) < longest {
			return word{}, false
		}
		return word{size: 2}, false
	}
	w := word{charset: charset, size: len(s) - len(after)}
	switch kind {
	case 'b':
		w.content = decodeBase64(text)
	case 'q':
		w.content = decodeQ(text)
	default:
		return word{size: 2}, false
	}
	return w, true
}

func cutWithin(s, sep string, within int) (before, after string, ok bool) {
	i := strings.Index(s[:min(len(s), within)], sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(sep):], true
}

// decodeQ decodes the Q encoding (RFC 2047, 4.2); a wrong "=" stands for itself.
func decodeQ(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && i+2 < len(s) && hexValue(s[i+1]) >= 0 && hexValue(s[i+2]) >= 0:
			out = append(out, byte(hexValue(s[i+1])<<4|hexValue(s[i+2])))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}

// decodeBase64 takes base64 with missing padding and with other bytes in between.
func decodeBase64(s string) []byte {
	out := make([]byte, 0, len(s)*3/4)
	var acc uint32
	bits := 0
	for i := range len(s) {
		v := base64Value(s[i])
		if v < 0 {
			if s[i] == '=' { // padding: what follows begins anew
				acc, bits = 0, 0
			}
			continue
		}
		acc, bits = acc<<6|uint32(v), bits+6
		if bits >= 8 {
			bits -= 8
			out = append(out, byte(acc>>bits))
		}
	}
	return out
}

func base64Value(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case c >= '0' && c <= '9':
		return int(c-'0') + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return -1
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// encodeWords writes a text as it may stand in a header: as it is when it is
// plain ASCII, else as encoded words of at most 75 characters (RFC 2047, 2).
func encodeWords(s string) string {
	plain := !strings.Contains(s, "=?")
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] < 0x7f && s[i] >= ' '
	}
	if plain {
		return s
	}
	const most = 45 // bytes: 60 characters of base64
	var words []string
	for s != "" {
		n := 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			if n+size > most {
				break
			}
			n += size
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}
