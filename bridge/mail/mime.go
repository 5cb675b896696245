package mail

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
)

// header reads a header up to the empty line behind it, at most that many bytes
// (what is longer is left out). A header that no empty line ends is a mail
// whose writer forgot it: what follows the fields is given back as body.
func (p *parser) header(limit int) Header {
	var raw []byte
	junk := -1 // where the first line stands that is no field
	var s *stop
	ended := false
	cut := false
	for !ended {
		b, start := p.lines.next()
		if b == nil {
			if s = p.lines.resume; s == nil {
				s = &stop{level: -1}
			}
			break
		}
		if start {
			if st, ok := p.match(b); ok {
				s = &st
				break
			}
			line := bytes.TrimRight(b, "\r\n")
			if ended = len(line) == 0; ended {
				break
			}
			if junk < 0 && isJunk(line, len(raw) == 0) {
				junk = len(raw)
				if len(line) > 2 && bytes.HasPrefix(line, []byte("--")) && bytes.Contains(raw, bytes.TrimSpace(line[2:])) {
					p.lines.back = append(slices.Clone(b), p.lines.back...)
					s = p.lines.resume
					p.shared.problem("a header has no end")
					break
				}
			}
		}
		if len(raw)+len(b) > limit {
			cut = true
			continue
		}
		raw = append(raw, b...)
	}
	if cut {
		p.shared.problem("a header is too long: its end was left out")
	}
	if !ended && s != nil {
		if junk >= 0 && junk < len(raw) {
			p.lines.back = slices.Clone(raw[junk:])
			raw = raw[:junk]
			p.shared.problem("a header has no end")
		}
		p.lines.resume = s
	}
	if len(p.boundaries) > 0 {
		p.shared.header = max(p.shared.header-len(raw), 0)
	}
	h, _ := ReadHeader(bufio.NewReaderSize(bytes.NewReader(raw), 256)) // cannot fail: it reads from memory
	return h
}

// isJunk: no field, not the rest of one, no line of a mailbox file.
func isJunk(line []byte, first bool) bool {
	if line[0] == ' ' || line[0] == '\t' {
		return first
	}
	if first && (bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))) {
		return false
	}
	name, _, ok := bytes.Cut(line, []byte(":"))
	return !ok || !isFieldName(bytes.TrimRight(name, " \t"))
}

// match reports whether a line is a boundary of an open multipart; the innermost
// comes first (RFC 2046, 5.1.1).
func (p *parser) match(line []byte) (stop, bool) {
	if len(line) < 3 || line[0] != '-' || line[1] != '-' {
		return stop{}, false
	}
	line = bytes.TrimRight(line[2:], " \t\r\n")
	for i := len(p.boundaries) - 1; i >= 0; i-- {
		rest, ok := bytes.CutPrefix(line, []byte(p.boundaries[i]))
		if ok && p.boundaries[i] != "" && (len(rest) == 0 || string(rest) == "--") {
			return stop{i, len(rest) > 0}, true
		}
	}
	return stop{}, false
}

// read hands the lines of a body to take, up to what ends it. The line end in
// front of a boundary belongs to the boundary.
func (p *parser) read(take func(b []byte)) stop {
	var held [2]byte
	holds := 0
	for {
		b, start := p.lines.next()
		if b == nil {
			s := p.lines.ended()
			if s.level < 0 {
				take(held[:holds])
			}
			return s
		}
		if start {
			if s, ok := p.match(b); ok {
				return s
			}
		}
		if holds > 0 {
			take(held[:holds])
		}
		end := len(b)
		if b[end-1] == '\n' {
			if end--; end > 0 && b[end-1] == '\r' {
				end--
			}
		}
		holds = copy(held[:], b[end:])
		if end > 0 {
			take(b[:end])
		}
	}
}

// entity reads the body that belongs to a header. speaks: its text is part of
// what the mail says, unless it is a file.
func (p *parser) entity(h Header, usual string, depth int, speaks bool) (body, stop) {
	kind, params := mediaType(h.Get("Content-Type"), usual)
	encoding := strings.ToLower(strings.Trim(firstWord(h.Get("Content-Transfer-Encoding")), `"';`))
	p.m.protect(h, params)
	deep := depth >= p.lim.Depth
	switch {
	case deep && (strings.HasPrefix(kind, "multipart/") || isMessage(kind)):
		p.shared.problem("parts are nested more than %d deep: the inner ones were left out", p.lim.Depth)
	case strings.HasPrefix(kind, "multipart/"):
		return p.multipart(strings.TrimPrefix(kind, "multipart/"), params, depth, speaks)
	case isMessage(kind) && !decodes(encoding):
		part := newPart(h, kind, params)
		before := p.lines.left
		slot := p.add(part)
		nested := &Message{}
		s := p.message(nested, depth+1)
		if slot != nil {
			slot.Size, slot.Nested = before-p.lines.left, nested
		}
		return body{}, s
	}
	return p.leaf(h, kind, params, encoding, depth, speaks)
}

func isMessage(kind string) bool {
	return kind == "message/rfc822" || kind == "message/global" || kind == "message/news"
}

func firstWord(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return f[0]
	}
	return ""
}

// add records a part. nil: there are too many.
func (p *parser) add(part Part) *Part {
	if p.shared.parts <= 0 {
		p.shared.problem("it has more than %d parts: the others were left out", p.lim.Parts)
		return nil
	}
	p.shared.parts--
	p.m.Parts = append(p.m.Parts, part)
	return &p.m.Parts[len(p.m.Parts)-1]
}

func newPart(h Header, kind string, params map[string]string) Part {
	disposition, dparams := splitParams(h.Get("Content-Disposition"))
	part := Part{Type: kind, Params: params, Header: h, Inline: disposition == "" || disposition == "inline"}
	if part.Name = cleanFileName(dparams["filename"]); part.Name == "" {
		part.Name = cleanFileName(params["name"])
	}
	if ids := messageIDs(h.Get("Content-ID")); len(ids) > 0 {
		part.ContentID = ids[0]
	} else {
		part.ContentID = strings.Trim(oneLine(h.Get("Content-ID")), "<>")
	}
	return part
}

// leaf reads a part that has no parts.
func (p *parser) leaf(h Header, kind string, params map[string]string, encoding string, depth int, speaks bool) (body, stop) {
	part, wraps := newPart(h, kind, params), speaks
	if isSigned(part) && !p.signed {
		return p.signedLeaf(part, encoding, depth, speaks)
	}
	keeps := keepsContent(kind) || IsCalendar(part) || isMessage(kind) && depth < p.lim.Depth
	var content limited
	if keeps {
		content.limit = min(p.lim.Text, p.shared.text)
	}
	if p.shared.parts <= 0 {
		content.limit = 0
	}
	speaks = speaks && isBody(part, h, p.m)
	take := content.write
	var wrapped *tnef
	var file *filed
	switch {
	case isTNEF(part):
		wrapped = &tnef{left: min(p.lim.Text, p.shared.text), sink: p.sink}
		take = func(b []byte) { content.write(b); wrapped.write(b) }
	case !speaks && (!keeps || strings.HasPrefix(kind, "text/") || IsCalendar(part)) && kind != "text/rfc822-headers":
		file = p.sink(part)
		take = func(b []byte) { content.write(b); file.write(b) }
	}
	dec := newDecoder(encoding, take)
	s := p.read(dec.write)
	dec.close()
	part.Stored = file.close()
	if !known(encoding) {
		p.shared.problem("the transfer encoding %q is unknown", oneLine(encoding))
	}
	part.Size = content.size
	if wrapped != nil {
		p.shared.text -= wrapped.kept
		if b, ok := p.unpack(wrapped, wraps); ok {
			return b, s
		}
	}
	slot := p.add(part)
	if slot == nil || !keeps {
		return body{}, s
	}
	p.shared.text -= int64(len(content.b))
	if content.size > int64(len(content.b)) {
		p.shared.problem("a text is longer than %d bytes: its end was left out", len(content.b))
	}
	if isMessage(kind) || kind == "text/rfc822-headers" {
		slot.Nested = p.nested(content.b, depth)
	}
	if isMessage(kind) {
		return body{}, s
	}
	slot.Content = p.decodeText(kind, params, content.b)
	if !speaks {
		return body{}, s
	}
	return p.spoken(slot), s
}

// spoken makes a text part of what the mail says.
func (p *parser) spoken(slot *Part) body {
	slot.Body = true
	if slot.Type == "text/html" {
		return body{html: slot.Content}
	}
	marked := isMarkdown(slot.Type)
	text, files := withoutUU(slot.Content)
	slot.Content = text
	for _, f := range files {
		p.uu(f)
	}
	return body{text: text, marked: marked}
}

// isMarkdown knows the texts that are written to be read as they are (RFC 7763).
func isMarkdown(kind string) bool { return kind == "text/markdown" || kind == "text/x-markdown" }

// uu adds a file that stood in a text.
func (p *parser) uu(f uuFile) {
	part := Part{Type: "application/octet-stream", Name: f.name, Size: f.size}
	file := p.sink(part)
	dec := newDecoder("uuencode", file.write)
	dec.write([]byte("begin 644 file\n" + f.data + "\n"))
	dec.close()
	part.Stored = file.close()
	p.add(part)
}

// nested reads a mail that stands encoded in a part, or the header of one.
func (p *parser) nested(b []byte, depth int) *Message {
	m := &Message{}
	sub := &parser{lines: newLineReader(bytes.NewReader(b), int64(len(b))), lim: p.lim, shared: p.shared, m: m}
	sub.message(m, depth+1)
	return m
}

// filed is a file whose content goes to a Sink. A nil one takes nothing.
type filed struct {
	p *parser
	s Sink
}

// sink asks where the content of a file is to go; nil: nowhere.
func (p *parser) sink(part Part) *filed {
	if p.lim.Files == nil || p.shared.failed != nil || p.shared.parts <= 0 {
		return nil
	}
	s, err := p.lim.Files(part)
	if err != nil || s == nil {
		p.shared.failed = err
		return nil
	}
	return &filed{p, s}
}

func (f *filed) write(b []byte) {
	if f == nil || f.p.shared.failed != nil {
		return
	}
	if _, err := f.s.Write(b); err != nil {
		f.p.shared.failed = err
	}
}

func (f *filed) close() string {
	if f == nil {
		return ""
	}
	stored, err := f.s.Close()
	if err != nil && f.p.shared.failed == nil {
		f.p.shared.failed = err
	}
	return stored
}

// isBody: a text that is no file. A text with a name is the body where there is
// none yet, unless it says that it is an attachment.
func isBody(part Part, h Header, m *Message) bool {
	if part.Type != "text/plain" && part.Type != "text/html" && !isMarkdown(part.Type) {
		return false
	}
	disposition, _ := splitParams(h.Get("Content-Disposition"))
	if disposition != "" && disposition != "inline" {
		return len(m.Parts) == 0 && part.Name == "" && disposition != "attachment" && disposition != "reaction"
	}
	return part.Name == "" || !slices.ContainsFunc(m.Parts, func(p Part) bool { return p.Body })
}

func keepsContent(kind string) bool {
	switch kind {
	case "message/delivery-status", "message/global-delivery-status", "message/disposition-notification", "message/global-disposition-notification",
		"message/feedback-report", "message/global-headers":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

// decodeText brings a text into UTF-8 with LF, and joins the lines of
// format=flowed.
func (p *parser) decodeText(kind string, params map[string]string, b []byte) string {
	charset := params["charset"]
	if kind == "text/html" && charset == "" {
		charset = htmlCharset(b)
	}
	text, ok := decodeCharset(charset, b)
	if !ok {
		p.shared.problem("the character set %q is unknown", oneLine(charset))
	}
	text = cleanLines(text)
	if kind == "text/plain" && strings.EqualFold(params["format"], "flowed") {
		text = unflow(text, strings.EqualFold(params["delsp"], "yes"))
	}
	return text
}

// htmlCharset returns the one that HTML says of itself near its beginning.
func htmlCharset(b []byte) string {
	head := bytes.ToLower(b[:min(len(b), 2048)])
	_, v, ok := bytes.Cut(head, []byte("charset="))
	if !ok {
		return ""
	}
	v = bytes.TrimLeft(v, `"' `)
	if i := bytes.IndexAny(v, `"' />;`); i >= 0 && i < 40 {
		return string(v[:i])
	}
	return ""
}

// limited keeps the first bytes and counts all.
type limited struct {
	b     []byte
	limit int64
	size  int64
}

func (l *limited) write(b []byte) {
	l.size += int64(len(b))
	if room := l.limit - int64(len(l.b)); room > 0 {
		l.b = append(l.b, b[:min(int64(len(b)), room)]...)
	}
}
