package wire

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	maxText  = 16 << 20 // bytes of one answer outside of literals
	maxKept  = 64 << 10 // bytes of a literal that nobody asked for
	maxParts = 10000    // pieces of one answer
)

// part is a piece of an answer: text, or a literal.
type part struct {
	text    []byte
	literal bool
	whole   int64 // announced size of a literal; text may be less
	spooled bool  // a literal that went to the sink
}

// response is one answer: a line with the literals in it.
type response struct{ parts []part }

// readResponse reads one answer and keeps at most so many bytes of each literal.
func (c *Client) readResponse(kept int64) (*response, error) { return c.readInto(kept, nil) }

// readInto reads one answer. Literals that are larger than kept go into sink,
// where there is one, and are cut otherwise.
func (c *Client) readInto(kept int64, sink io.Writer) (*response, error) {
	res := &response{}
	left := maxText
	for {
		line, err := c.readLine(&left)
		if err != nil {
			return nil, err
		}
		text, size, literal := literalEnd(line)
		res.parts = append(res.parts, part{text: text})
		if !literal {
			return res, nil
		}
		if len(res.parts) > maxParts {
			return nil, ErrTooLong
		}
		p, err := c.readLiteral(size, kept, sink)
		if err != nil {
			return nil, err
		}
		res.parts = append(res.parts, p)
	}
}

func (c *Client) readLine(left *int) ([]byte, error) {
	var line []byte
	for {
		piece, err := c.r.ReadSlice('\n')
		if *left -= len(piece); *left < 0 {
			return nil, ErrTooLong
		}
		if err == nil && line == nil {
			return bytes.Clone(bytes.TrimRight(piece, "\r\n")), nil
		}
		line = append(line, piece...)
		if err == nil {
			return bytes.TrimRight(line, "\r\n"), nil
		}
		if len(piece) < c.r.Size() {
			return nil, fmt.Errorf("read answer: %w", err)
		}
	}
}

func (c *Client) readLiteral(size, kept int64, sink io.Writer) (part, error) {
	p := part{literal: true, whole: size}
	if size > kept && sink != nil {
		p.spooled = true
		if _, err := io.CopyN(sink, c.r, size); err != nil {
			return p, fmt.Errorf("read answer: %w", err)
		}
		return p, nil
	}
	n := min(size, kept)
	// The buffer grows with what comes, not with what was announced.
	var b bytes.Buffer
	if _, err := io.CopyN(&b, c.r, n); err != nil {
		return p, fmt.Errorf("read answer: %w", err)
	}
	p.text = b.Bytes()
	if p.text == nil {
		p.text = []byte{}
	}
	if _, err := io.CopyN(io.Discard, c.r, size-n); err != nil {
		return p, fmt.Errorf("read answer: %w", err)
	}
	return p, nil
}

// literalEnd takes the announcement of a literal off the end of a line: {N}, {N+}
// or ~{N}, with or without a space behind it.
func literalEnd(line []byte) (text []byte, size int64, ok bool) {
	t := bytes.TrimRight(line, " ")
	if len(t) < 3 || t[len(t)-1] != '}' {
		return line, 0, false
	}
	i := bytes.LastIndexByte(t, '{')
	if i < 0 {
		return line, 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(string(t[i+1:len(t)-1]), "+"), 10, 64)
	if err != nil || n < 0 || t[i+1] == '-' {
		return line, 0, false
	}
	return bytes.TrimSuffix(t[:i], []byte("~")), n, true
}

// text is the first line of an answer.
func (r *response) text() string { return string(r.parts[0].text) }

// untagged returns what stands behind the star.
func (r *response) untagged() (string, bool) {
	rest, ok := strings.CutPrefix(r.text(), "*")
	return strings.TrimLeft(rest, " "), ok
}

func (r *response) isGo() bool {
	t := r.parts[0].text
	return len(t) > 0 && t[0] == '+'
}

// tagged reports whether an answer ends the command of that tag.
func (r *response) tagged(tag string) (*Said, bool) {
	rest, ok := strings.CutPrefix(r.text(), tag)
	if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return nil, false
	}
	s := parseStatus(strings.TrimLeft(rest, " \t"))
	switch s.Status {
	case "OK", "NO", "BAD":
		return s, true
	}
	return &Said{Status: "BAD", Text: strings.TrimSpace(rest)}, true
}

// parseStatus reads "NO [CODE arguments] text".
func parseStatus(line string) *Said {
	word, rest, _ := strings.Cut(line, " ")
	s := &Said{Status: strings.ToUpper(word), Text: strings.TrimSpace(rest)}
	if inner, ok := strings.CutPrefix(s.Text, "["); ok {
		if code, text, ok := strings.Cut(inner, "]"); ok {
			name, _, _ := strings.Cut(code, " ")
			s.Code, s.Text = strings.ToUpper(name), strings.TrimSpace(text)
		}
	}
	return s
}

// take takes in one untagged answer. Those that nobody knows are passed by.
func (c *Client) take(got *collected, res *response) {
	line, _ := res.untagged()
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimLeft(rest, " ")
	if n, err := strconv.ParseUint(word, 10, 32); err == nil {
		c.numbered(got, uint32(n), rest, res)
		return
	}
	switch strings.ToUpper(word) {
	case "CAPABILITY":
		c.learnCaps(line)
	case "OK":
		got.found.code(rest)
		c.learnCaps(line)
	case "BYE":
		c.bye = parseStatus(line)
	case "SEARCH":
		for _, f := range strings.Fields(rest) {
			if n, err := strconv.ParseUint(f, 10, 32); err == nil && n > 0 {
				got.search = append(got.search, uint32(n))
			} else {
				break // (MODSEQ 5), or worse
			}
		}
	case "ESEARCH":
		got.search = append(got.search, esearch(rest)...)
	case "LIST", "LSUB", "XLIST":
		if f, ok := parseList(res); ok && len(got.list) < maxParts {
			got.list = append(got.list, f)
		}
	case "NAMESPACE":
		got.prefix = parseNamespace(res)
	case "VANISHED":
		c.changed()
	}
}

// numbered takes in "* N EXISTS" and the like.
func (c *Client) numbered(got *collected, n uint32, rest string, res *response) {
	end := strings.IndexAny(rest, " (")
	if end < 0 {
		end = len(rest)
	}
	switch strings.ToUpper(rest[:end]) {
	case "EXISTS":
		got.found.Exists = n
		c.changed()
	case "EXPUNGE":
		c.changed()
	case "FETCH":
		if got.fetch != nil {
			got.fetch.take(n, res)
		}
	}
}

func (c *Client) changed() {
	if c.Changed != nil {
		c.Changed()
	}
}

// esearch reads the numbers of "(TAG "x") UID ALL 1:3,7" (RFC 4731).
func esearch(rest string) (all []uint32) {
	words := strings.Fields(rest)
	for i, w := range words {
		if !strings.EqualFold(w, "ALL") || i+1 >= len(words) {
			continue
		}
		for span := range strings.SplitSeq(words[i+1], ",") {
			from, to, two := strings.Cut(span, ":")
			a, err := strconv.ParseUint(from, 10, 32)
			if err != nil || a == 0 {
				continue
			}
			b := a
			if two {
				if b, err = strconv.ParseUint(to, 10, 32); err != nil {
					continue
				}
			}
			for n := min(a, b); n <= max(a, b) && len(all) < maxUIDs; n++ {
				all = append(all, uint32(n))
			}
		}
	}
	return all
}

// maxUIDs is how many mails of a folder are told apart.
const maxUIDs = 10_000_000
