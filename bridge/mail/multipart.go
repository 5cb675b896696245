package mail

import (
	"bytes"
	"strings"
)

// multipart reads a whole and its parts (RFC 2046, 5.1).
//
// Many branches: each thing that may be wrong with the parts is put right where it is found.
func (p *parser) multipart(kind string, params map[string]string, depth int, speaks bool) (body, stop) {
	const longest = 1000 // RFC 2046 allows 70
	boundary := strings.TrimRight(params["boundary"], " \t\r\n")
	if len(boundary) > longest {
		boundary = ""
	}
	mine := len(p.boundaries)
	p.boundaries = append(p.boundaries, boundary)
	defer func() { p.boundaries = p.boundaries[:mine] }()
	if boundary == "" {
		p.shared.problem("a multipart does not name its boundary")
	}
	var preamble limited
	preamble.limit = min(p.lim.Text, p.shared.text)
	s := p.preamble(&preamble, mine)
	usual := "text/plain"
	if kind == "digest" {
		usual = "message/rfc822"
	}
	var bodies []body
	n, spoken := 0, 0
	for ; s.level == mine && !s.last; n++ {
		if p.shared.parts <= 0 {
			p.shared.problem("it has more than %d parts: the others were left out", p.lim.Parts)
			s = p.read(func([]byte) {})
			continue
		}
		h := p.header(min(p.shared.header, p.lim.Header))
		// What a related whole is about comes first; some put a picture before it.
		voice := speaks && (n == 0 || kind == "related" && spoken == 0 || kind != "related" && kind != "signed" && kind != "encrypted")
		var b body
		b, s = p.entity(h, usual, depth+1, voice)
		bodies = append(bodies, b)
		spoken += len(b.text) + len(b.html)
	}
	p.boundaries = p.boundaries[:mine]
	switch {
	case s.level == mine:
		s = p.read(func([]byte) {})
	default:
		p.shared.problem("the end of a multipart is missing")
	}
	if n == 0 {
		if name := boundaryIn(preamble.b); name != "" && name != boundary {
			p.shared.problem("a multipart names another boundary than it has")
			sub := &parser{lines: newLineReader(bytes.NewReader(preamble.b), int64(len(preamble.b))), lim: p.lim, shared: p.shared, m: p.m, signed: p.signed}
			b, _ := sub.multipart(kind, map[string]string{"boundary": name}, depth+1, speaks)
			return b, s
		}
		return p.orphan(preamble.b, speaks), s
	}
	if kind == "alternative" {
		return choose(bodies), s
	}
	return join(bodies), s
}

// preamble reads up to the first boundary. Where the header names none, the
// first line that looks like one is taken.
func (p *parser) preamble(keep *limited, mine int) stop {
	if p.boundaries[mine] != "" {
		return p.read(keep.write)
	}
	for {
		b, start := p.lines.next()
		if b == nil {
			return p.lines.ended()
		}
		if start {
			if s, ok := p.match(b); ok {
				return s
			}
			name := bytes.TrimRight(b, " \t\r\n")
			if len(name) > 4 && len(name) < 200 && bytes.HasPrefix(name, []byte("--")) && !bytes.ContainsAny(name[2:], " ") && len(bytes.Trim(name, "-")) > 0 {
				p.boundaries[mine] = string(name[2:])
				return stop{level: mine}
			}
		}
		keep.write(b)
	}
}

// boundaryIn finds the boundary that a body really has: a line of two dashes and a
// name, and a field of a part's header below it. Empty: there is none.
func boundaryIn(b []byte) string {
	const longest = 200
	for len(b) > 0 {
		var line []byte
		line, b, _ = bytes.Cut(b, []byte("\n"))
		line = bytes.TrimRight(line, " \t\r")
		if len(line) > 2 && len(line) < longest && bytes.HasPrefix(line, []byte("--")) && len(b) > 8 && bytes.EqualFold(b[:8], []byte("content-")) {
			return string(line[2:])
		}
	}
	return ""
}

// orphan makes a text of what stands in a multipart without parts.
func (p *parser) orphan(b []byte, speaks bool) body {
	text := cleanLines(repairUTF8(b))
	if strings.TrimSpace(text) == "" || !speaks {
		return body{}
	}
	if slot := p.add(Part{Type: "text/plain", Inline: true, Body: true, Size: int64(len(b)), Content: text}); slot == nil {
		return body{}
	}
	p.shared.text -= int64(len(b))
	return body{text: text}
}
