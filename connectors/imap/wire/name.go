package wire

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// nameCoding is the base64 of RFC 3501, 5.1.3.
var nameCoding = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

// encodeName writes the name of a folder in modified UTF-7 (RFC 3501, 5.1.3).
func encodeName(s string) string {
	var out strings.Builder
	var wide []uint16
	flush := func() {
		if len(wide) == 0 {
			return
		}
		b := make([]byte, 0, 2*len(wide))
		for _, u := range wide {
			b = append(b, byte(u>>8), byte(u))
		}
		out.WriteString("&" + nameCoding.EncodeToString(b) + "-")
		wide = wide[:0]
	}
	for _, r := range s {
		switch {
		case r == '&':
			flush()
			out.WriteString("&-")
		case r >= ' ' && r <= '~':
			flush()
			out.WriteRune(r)
		default:
			wide = utf16.AppendRune(wide, r)
		}
	}
	flush()
	return out.String()
}

// decodeName reads modified UTF-7. A name that is none is returned as it stands:
// servers have names in UTF-8, and with a bare ampersand.
func decodeName(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '&' {
			out.WriteByte(s[i])
			continue
		}
		end := strings.IndexByte(s[i:], '-')
		if end < 0 {
			return s
		}
		word := s[i+1 : i+end]
		i += end
		if word == "" {
			out.WriteByte('&')
			continue
		}
		b, err := nameCoding.DecodeString(strings.ReplaceAll(word, "/", ","))
		if err != nil || len(b)%2 != 0 {
			return s
		}
		wide := make([]uint16, len(b)/2)
		for k := range wide {
			wide[k] = uint16(b[2*k])<<8 | uint16(b[2*k+1])
		}
		out.WriteString(string(utf16.Decode(wide)))
	}
	if !utf8.ValidString(out.String()) {
		return s
	}
	return out.String()
}
