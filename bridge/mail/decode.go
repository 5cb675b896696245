package mail

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
)

// decoder undoes a transfer encoding (RFC 2045, 6) piece by piece. It never
// fails: what is wrong stands for itself or is left out.
type decoder struct {
	kind string
	out  func([]byte)
	buf  []byte

	acc    uint32 // base64
	bits   int
	held   []byte // quoted-printable: the beginning of an escape, or space that may be the end of a line
	uuBody bool
	line   []byte // uuencode: a line that is not whole yet
}

func newDecoder(encoding string, out func([]byte)) *decoder {
	return &decoder{kind: encoding, out: out}
}

// decodes reports whether an encoding changes anything.
func decodes(encoding string) bool {
	switch encoding {
	case "base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue", "uue":
		return true
	}
	return false
}

func known(encoding string) bool {
	switch encoding {
	case "", "7bit", "8bit", "binary", "8bits", "7bits", "7-bit", "8-bit":
		return true
	}
	return decodes(encoding)
}

func (d *decoder) write(b []byte) {
	d.buf = d.buf[:0]
	switch d.kind {
	case "base64":
		d.base64(b)
	case "quoted-printable":
		d.quotedPrintable(b)
	case "x-uuencode", "uuencode", "x-uue", "uue":
		d.uuencode(b)
	default:
		d.out(b)
		return
	}
	if len(d.buf) > 0 {
		d.out(d.buf)
	}
}

func (d *decoder) close() {
	switch {
	case len(d.held) > 0 && string(d.held) != "=":
		if h := bytes.TrimRight(d.held, " \t\r\n"); len(h) > 0 {
			d.out(h)
		}
	case len(d.line) > 0:
		d.write([]byte("\n"))
	}
}

func (d *decoder) base64(b []byte) {
	line := b
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	if d.bits == 0 && len(line)%4 == 0 {
		// A line as nearly all are: whole groups, and nothing else in it.
		had := len(d.buf)
		d.buf = slices.Grow(d.buf, base64.StdEncoding.DecodedLen(len(line)))
		n, err := base64.StdEncoding.Decode(d.buf[had:cap(d.buf)], line)
		if err == nil {
			d.buf = d.buf[:had+n]
			return
		}
	}
	if isForeign(line) {
		return // a gateway or a list has put its own words before or behind it
	}
	for _, c := range b {
		v := base64Value(c)
		if v < 0 {
			if c == '=' { // padding: what follows begins anew
				d.acc, d.bits = 0, 0
			}
			continue
		}
		d.acc, d.bits = d.acc<<6|uint32(v), d.bits+6
		if d.bits >= 8 {
			d.bits -= 8
			d.buf = append(d.buf, byte(d.acc>>d.bits))
		}
	}
}

// isForeign tells whether a line is in plain words and no base64 with a few wrong
// characters in it.
func isForeign(line []byte) bool {
	line = bytes.Trim(line, " \t\r\n")
	if bytes.IndexByte(line, '\n') >= 0 {
		return false // more than one
	}
	wrong, words := 0, false
	for _, c := range line {
		if c != '=' && c != ' ' && c != '\t' && base64Value(c) < 0 {
			wrong++
		}
	}
	for w := range bytes.FieldsSeq(line) {
		words = words || len(w) < len(line) && len(bytes.TrimRight(w, "="))%4 != 0 && !bytes.HasSuffix(w, []byte("="))
	}
	return wrong >= 4 && wrong*8 > len(line) || words
}

// quotedPrintable gets lines and their ends apart or together, in any pieces.
func (d *decoder) quotedPrintable(b []byte) {
	const longest = 256 // of space at the end of a line that may be left out
	for _, c := range b {
		switch n := len(d.held); {
		case n > 0 && d.held[0] == '=':
			d.escape(c)
		case c == '\n':
			d.held = d.held[:0]
			d.buf = append(d.buf, '\n')
		case c == '=':
			d.buf = append(d.buf, d.held...)
			d.held = append(d.held[:0], c)
		case (c == ' ' || c == '\t' || c == '\r') && n < longest:
			d.held = append(d.held, c)
		default:
			d.buf = append(d.buf, d.held...)
			d.held = d.held[:0]
			d.buf = append(d.buf, c)
		}
	}
}

// escape goes on with what began with "=".
func (d *decoder) escape(c byte) {
	d.held = append(d.held, c)
	switch n := len(d.held); {
	case c == '\n' && len(bytes.TrimRight(d.held[1:], " \t\r\n")) == 0: // a soft line end
		d.held = d.held[:0]
	case n == 2 && hexValue(c) >= 0:
	case n == 3 && hexValue(d.held[1]) >= 0 && hexValue(c) >= 0:
		d.buf = append(d.buf, byte(hexValue(d.held[1])<<4|hexValue(c)))
		d.held = d.held[:0]
	case (c == ' ' || c == '\t' || c == '\r') && n < 80 && hexValue(d.held[1]) < 0:
	default: // no escape: it stands for itself
		rest := append([]byte(nil), d.held[1:]...)
		d.held = d.held[:0]
		d.buf = append(d.buf, '=')
		d.quotedPrintable(rest)
	}
}

func (d *decoder) uuencode(b []byte) {
	const longest = 1 << 10
	for _, c := range b {
		if c != '\n' {
			if len(d.line) < longest {
				d.line = append(d.line, c)
			}
			continue
		}
		line := strings.TrimRight(string(d.line), "\r")
		d.line = d.line[:0]
		switch {
		case strings.HasPrefix(line, "begin "):
			d.uuBody = true
		case line == "end":
			d.uuBody = false
		case d.uuBody && line != "":
			d.uuLine(line)
		}
	}
}

func (d *decoder) uuLine(line string) {
	n := int(line[0]-' ') & 63
	if missing := (n+2)/3*4 + 1 - len(line); missing > 0 && missing < 4 {
		line += strings.Repeat(" ", missing) // spaces at line ends get lost
	}
	for i := 1; i+3 < len(line) && n > 0; i += 4 {
		var q [4]byte
		for j := range q {
			q[j] = (line[i+j] - ' ') & 63
		}
		three := []byte{q[0]<<2 | q[1]>>4, q[1]<<4 | q[2]>>2, q[2]<<6 | q[3]}
		d.buf = append(d.buf, three[:min(n, 3)]...)
		n -= 3
	}
}

// cleanLines ends lines with LF and removes NUL.
func cleanLines(s string) string {
	if !strings.ContainsAny(s, "\r\x00") {
		return s
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(s)
}

// unflow joins the lines of format=flowed (RFC 3676, 4.2). Quoted lines come out
// with one mark per level and a space.
func unflow(s string, delsp bool) string {
	var b strings.Builder
	b.Grow(len(s))
	open, depth := false, 0 // the last line goes on
	last := strings.HasSuffix(s, "\n")
	for line := range strings.SplitSeq(strings.TrimSuffix(s, "\n"), "\n") {
		d := 0
		for d < len(line) && line[d] == '>' {
			d++
		}
		rest := strings.TrimPrefix(line[d:], " ")
		signature := rest == "-- "
		if open && (d != depth || signature) {
			open = false
			b.WriteByte('\n')
		}
		if !open && d > 0 {
			b.WriteString(line[:d])
			if rest != "" {
				b.WriteByte(' ')
			}
		}
		soft := strings.HasSuffix(rest, " ") && !signature
		if soft && delsp {
			rest = rest[:len(rest)-1]
		}
		b.WriteString(rest)
		if open, depth = soft, d; !soft {
			b.WriteByte('\n')
		}
	}
	out := b.String()
	if !last && !open {
		out = strings.TrimSuffix(out, "\n")
	}
	return out
}
