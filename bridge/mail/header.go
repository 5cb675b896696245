package mail

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// Field is one header field as it stands in the mail.
type Field struct {
	Name  string // as written, without the colon
	Value string // unfolded (RFC 5322, 2.2.3), not decoded, surrounding space removed
}

// Header is the header of a mail: all fields in their order, topmost first.
type Header []Field

// MaxHeader is the number of bytes of a header that are read; what comes after is left out.
const MaxHeader = 1 << 20

// Get returns the value of the first field of that name (in any case), or "".
func (h Header) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Values returns the values of all fields of that name, topmost first.
func (h Header) Values(name string) []string {
	var vs []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			vs = append(vs, f.Value)
		}
	}
	return vs
}

// ReadHeader reads a header up to and with the empty line that ends it. It
// takes what real mails have: bare LF, an mbox "From " line in front, lines
// that are no fields (left out), no empty line at all. It fails only when r
// does.
func ReadHeader(r *bufio.Reader) (h Header, err error) {
	left := MaxHeader
	var folded []byte // what continues the last field; joined once, so that many folds cost no more than their length
	unfold := func() {
		if len(folded) > 0 {
			f := &h[len(h)-1]
			f.Value = strings.TrimLeft(f.Value+string(folded), " ")
			folded = folded[:0]
		}
	}
	defer unfold()
	skipBlank(r)
	for first := true; left > 0; first = false {
		line, lineErr := readLine(r, &left)
		if lineErr != nil && !errors.Is(lineErr, io.EOF) {
			return h, lineErr
		}
		end := lineErr != nil
		switch {
		case len(line) == 0:
			return h, nil
		case first && bytes.HasPrefix(line, []byte("From ")), first && bytes.HasPrefix(line, []byte(">From ")):
		case line[0] == ' ' || line[0] == '\t':
			if t := bytes.TrimSpace(line); len(h) > 0 && len(t) > 0 {
				folded = append(append(folded, ' '), t...)
			}
		default:
			if name, value, ok := bytes.Cut(line, []byte(":")); ok && isFieldName(bytes.TrimRight(name, " \t")) {
				unfold()
				h = append(h, Field{Name: string(bytes.TrimRight(name, " \t")), Value: strings.TrimSpace(string(value))})
			}
		}
		if end {
			return h, nil
		}
	}
	return h, nil
}

// skipBlank leaves out empty lines that stand before a header.
func skipBlank(r *bufio.Reader) {
	const most, near = 10, 200
	if b, _ := r.Peek(1); len(b) == 0 || b[0] != '\r' && b[0] != '\n' {
		return
	}
	b, _ := r.Peek(near)
	n := 0
	for n < len(b) && n < most && (b[n] == '\r' || b[n] == '\n') {
		n++
	}
	name, _, ok := bytes.Cut(b[n:], []byte(":"))
	if !ok {
		return
	}
	switch strings.ToLower(string(name)) {
	case "from", "to", "date", "subject", "received", "return-path", "message-id", "mime-version", "delivered-to", "x-original-to",
		"dkim-signature", "authentication-results", "content-type", "reply-to", "sender", "envelope-to", "x-received", "received-spf", "arc-seal":
		_, _ = r.Discard(n)
	}
}

func readLine(r *bufio.Reader, left *int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		n := min(len(part), *left)
		*left -= n
		line = append(line, part[:n]...)
		if errors.Is(err, bufio.ErrBufferFull) {
			if *left > 0 {
				continue
			}
			err = nil // the rest of the line is left out
		}
		return bytes.TrimRight(line, "\r\n"), err
	}
}

// isFieldName follows RFC 5322, 3.6.8: printable US-ASCII except colon.
func isFieldName(b []byte) bool {
	for _, c := range b {
		if c < 33 || c > 126 || c == ':' {
			return false
		}
	}
	return len(b) > 0
}
