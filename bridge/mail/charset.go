package mail

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// decodeCharset turns bytes of a labelled charset into UTF-8. Labels lie: what is
// valid UTF-8 is taken as such, and bytes that are wrong in UTF-8 are read as
// windows-1252. known is false when nobody knows the label.
//
// Many branches: each label that lies does so in its own way.
func decodeCharset(label string, b []byte) (text string, known bool) {
	label = strings.ToLower(strings.Trim(strings.TrimSpace(label), `"'`))
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		label = "utf-16"
	}
	ascii, longest := scanUTF8(b)
	switch label {
	case "utf-7", "unicode-1-1-utf-7", "x-unicode-1-1-utf-7":
		return decodeUTF7(b), true
	case "iso-2022-kr", "csiso2022kr":
		return decodeISO2022KR(b), true
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "7bit", "8bit", "default":
		if ascii && (bytes.Contains(b, []byte("\x1b$B")) || bytes.Contains(b, []byte("\x1b$@"))) {
			return decodeCharset("iso-2022-jp", b)
		}
		return undeclared(b, longest), true
	case "utf-8", "utf8", "unknown-8bit", "unknown", "x-unknown", "binary":
		if ascii && (bytes.Contains(b, []byte("\x1b$B")) || bytes.Contains(b, []byte("\x1b$@"))) {
			return decodeCharset("iso-2022-jp", b)
		}
		return undeclared(b, longest), true
	}
	enc, single := lookupCharset(label)
	switch {
	case enc == nil:
		return repairUTF8(b), false
	case strings.HasPrefix(label, "iso-2022"), strings.HasPrefix(label, "utf-16"), strings.HasPrefix(label, "hz"):
	case ascii:
		return string(b), true
	case longest >= 3, single && longest == 2:
		return string(b), true
	}
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return repairUTF8(b), false
	}
	return strings.TrimPrefix(string(bytes.ToValidUTF8(out, []byte("\uFFFD"))), "\uFEFF"), true
}

// undeclared reads a text that is said to be in UTF-8, or of which nothing is said.
// longest: see scanUTF8.
func undeclared(b []byte, longest int) string {
	if longest == 0 && mostlyBroken(b) {
		if enc := guessCharset(b); enc != nil {
			if out, err := enc.NewDecoder().Bytes(b); err == nil {
				return string(bytes.ToValidUTF8(out, []byte("\uFFFD")))
			}
		}
	}
	return repairUTF8(b)
}

// mostlyBroken tells whether many bytes are no UTF-8, of the ones
// beyond ASCII.
func mostlyBroken(b []byte) bool {
	good, bad := 0, 0
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good += n
		}
		i += n
	}
	return bad*4 > good
}

// lookupCharset returns nil for a charset that nobody knows. single: one byte
// is one character.
func lookupCharset(label string) (enc encoding.Encoding, single bool) {
	switch label {
	case "gb2312", "gbk", "gb18030", "gb_2312-80", "cp936", "ms936", "x-gbk", "euc-cn", "chinese", "csgb2312":
		return simplifiedchinese.GB18030, false // each is a part of the next
	case "ks_c_5601-1987", "ks_c_5601", "cp949", "ms949", "uhc", "x-windows-949":
		return korean.EUCKR, false
	case "cp932", "ms932", "windows-932", "sjis":
		label = "shift_jis"
	case "cp950", "ms950", "x-big5", "big5-hkscs":
		label = "big5"
	case "hz-gb-2312", "hz":
		return simplifiedchinese.HZGB2312, false
	case "ansi", "windows", "iso8859-1", "iso_8859_1", "latin-1", "iso-8859-1-windows-1252":
		return charmap.Windows1252, true
	}
	if enc, err := htmlindex.Get(label); err == nil && enc != encoding.Replacement {
		_, single = enc.(*charmap.Charmap)
		return enc, single
	}
	if enc, err := ianaindex.MIME.Encoding(label); err == nil && enc != nil {
		_, single = enc.(*charmap.Charmap)
		return enc, single
	}
	if rest, ok := strings.CutPrefix(label, "cp"); ok && len(rest) >= 3 && !strings.HasPrefix(rest, "cp") {
		if enc, single := lookupCharset("ibm" + rest); enc != nil {
			return enc, single
		}
		return lookupCharset("windows-" + rest)
	}
	return nil, false
}

// scanUTF8 returns the length of the longest sequence in b if all of b is valid
// UTF-8, else 0. ascii: b has only bytes below 128.
func scanUTF8(b []byte) (ascii bool, longest int) {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			longest = max(longest, 1)
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return false, 0
		}
		longest = max(longest, n)
		i += n
	}
	return longest <= 1, longest
}

// repairUTF8 keeps what is valid and reads each other byte as windows-1252.
func repairUTF8(b []byte) string {
	b = bytes.TrimPrefix(b, []byte("\uFEFF"))
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	s.Grow(len(b) + len(b)/8)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			r = charmap.Windows1252.DecodeByte(b[i])
		}
		s.WriteRune(r)
		i += n
	}
	return s.String()
}

// decodeUTF7 follows RFC 2152; what is no UTF-7 stays as it is.
func decodeUTF7(b []byte) string {
	var s strings.Builder
	for i := 0; i < len(b); {
		if b[i] != '+' {
			_, n := utf8.DecodeRune(b[i:])
			s.WriteString(repairUTF8(b[i : i+n]))
			i += n
			continue
		}
		j := i + 1
		for j < len(b) && isBase64Byte(b[j]) {
			j++
		}
		s.WriteString(utf7Run(b[i+1 : j]))
		if j == i+1 && (j == len(b) || b[j] != '-') || j == i+2 {
			s.Write(b[i:j])
		} else if j < len(b) && b[j] == '-' {
			if j == i+1 {
				s.WriteByte('+')
			}
			j++
		}
		i = j
	}
	return s.String()
}

func utf7Run(run []byte) string {
	raw := make([]byte, base64.RawStdEncoding.DecodedLen(len(run)))
	n, _ := base64.RawStdEncoding.Decode(raw, run)
	var units []uint16
	for i := 0; i+1 < n; i += 2 {
		units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
	}
	return string(utf16.Decode(units))
}

// decodeISO2022KR follows RFC 1557: between SO and SI stand EUC-KR codes without
// their eighth bit.
func decodeISO2022KR(b []byte) string {
	b = bytes.ReplaceAll(b, []byte("\x1b$)C"), nil)
	out := make([]byte, 0, len(b))
	var high byte
	for _, c := range b {
		switch {
		case c == 0x0e:
			high = 0x80
		case c == 0x0f:
			high = 0
		case c == '\n':
			high = 0
			out = append(out, c)
		case c > 0x20:
			out = append(out, c|high)
		default:
			out = append(out, c)
		}
	}
	dec, err := korean.EUCKR.NewDecoder().Bytes(out)
	if err != nil {
		return repairUTF8(out)
	}
	return string(dec)
}

func isBase64Byte(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}
