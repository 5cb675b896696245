package mail

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/markup"
)

// Limits bound what Parse keeps and follows, whatever a mail holds.
type Limits struct {
	Header, Parts, Depth int   // bytes of the header, and of those of all parts together; parts; parts within parts
	Text, Total          int64 // decoded bytes kept of one part (of all: four times as many); bytes read of the mail
	// Files, if set, is asked for each file of the mail, before its content is read,
	// where the content is to go; a nil Sink throws it away.
	Files func(Part) (Sink, error)
}

// Sink takes the decoded content of a file.
type Sink interface {
	io.Writer
	// Close ends it and returns what is put into Part.Stored.
	Close() (stored string, err error)
}

// DefaultLimits fits every mail that a person writes.
var DefaultLimits = Limits{Header: MaxHeader, Parts: 1000, Depth: 20, Text: 2 << 20, Total: 256 << 20}

// Parse reads a mail (RFC 5322, RFC 2045 to 2049). Whatever is wrong with it is
// repaired, or left out and told in Problems; an error means that r failed. What
// is no text is given to lim.Files, or thrown away, while it is read, so that a mail
// of any size needs little memory. An error of a Sink is returned, too. Message.Text is empty when a mail has only HTML.
func Parse(r io.Reader, lim Limits) (Message, error) {
	var m Message
	p := &parser{lines: newLineReader(r, lim.Total), lim: lim, shared: &budget{parts: lim.Parts, header: lim.Header, text: 4 * lim.Text}, m: &m}
	p.message(&m, 0)
	if p.lines.cut {
		p.shared.problem("it is larger than %d bytes: the rest was left out", lim.Total)
	}
	if strings.TrimSpace(m.Text) == "" && strings.TrimSpace(m.HTML) == "" && len(m.Attachments()) == 0 {
		p.shared.problem("it has no text and no files")
	}
	m.Problems = p.shared.problems
	if p.shared.failed != nil {
		return m, fmt.Errorf("store a file of the mail: %w", p.shared.failed)
	}
	if err := p.lines.err; err != nil && !errors.Is(err, io.EOF) {
		return m, fmt.Errorf("read mail: %w", err)
	}
	return m, nil
}

// budget is what is left for a mail and all that is nested in it.
type budget struct {
	parts, header int
	text          int64
	problems      []string
	failed        error // the first error of a Sink
}

func (b *budget) problem(format string, args ...any) {
	const most = 20
	s := fmt.Sprintf(format, args...)
	if len(b.problems) < most && !slices.Contains(b.problems, s) {
		b.problems = append(b.problems, s)
	}
}

// parser walks through the MIME tree as it reads.
type parser struct {
	lines      *lineReader
	lim        Limits
	shared     *budget
	boundaries []string // of the open multiparts, outermost first
	m          *Message // whose parts are read
	signed     bool     // it is the content of a signature that is wrapped around it
}

// stop is why the reading of a body ended: at the boundary of an open multipart,
// or (level -1) at the end of the mail.
type stop struct {
	level int
	last  bool // the boundary says that no part follows
}

// message reads a mail, the outer one or one inside of a part.
func (p *parser) message(m *Message, depth int) stop {
	outer := p.m
	p.m = m
	defer func() { p.m = outer }()
	budget := p.shared.header
	if depth == 0 {
		budget = p.lim.Header
	}
	m.fill(p.header(budget))
	b, s := p.entity(m.Header, "text/plain", depth, true)
	m.Text, m.HTML = b.text, b.html
	return s
}

// fill reads the fields of the header.
func (m *Message) fill(h Header) {
	m.Header = h
	if ids := messageIDs(h.Get("Message-ID")); len(ids) > 0 {
		m.ID = ids[0]
	}
	for _, name := range []string{"X-Microsoft-Original-Message-ID", "X-Google-Original-Message-ID", "Origin-MessageId"} {
		for _, v := range h.Values(name) {
			m.OtherIDs = append(m.OtherIDs, messageIDs(v)...)
		}
	}
	m.InReplyTo = messageIDs(strings.Join(h.Values("In-Reply-To"), " "))
	m.References = messageIDs(strings.Join(h.Values("References"), " "))
	m.Subject = oneLine(decodeWords(h.Get("Subject")))
	m.From, m.Sender, m.ReplyTo = h.addresses("From"), h.addresses("Sender"), h.addresses("Reply-To")
	m.To, m.Cc = h.addresses("To"), h.addresses("Cc")
	for _, name := range []string{"Delivered-To", "X-Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To", "X-Rcpt-To"} {
		for _, a := range h.addresses(name) {
			if !slices.Contains(m.DeliveredTo, a.Address) {
				m.DeliveredTo = append(m.DeliveredTo, a.Address)
			}
		}
	}
	m.Date = parseDate(h.Get("Date"))
	if v := h.Get("Thread-Index"); v != "" && len(v) < 4096 {
		if b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(v), "")); err == nil {
			m.ThreadIndex = b
		}
	}
}

// protect takes the subject that stands inside, where the outer one only keeps its
// place (RFC 9788, and what was written before it).
func (m *Message) protect(h Header, params map[string]string) {
	if params["protected-headers"] == "" && params["hp"] == "" || m.Subject != "..." && m.Subject != "[...]" {
		return
	}
	if s := oneLine(decodeWords(h.Get("Subject"))); s != "" {
		m.Subject = s
	}
}

// addresses returns those of all fields of that name: a mail with two From
// fields has two authors, and whoever trusts it must see both.
func (h Header) addresses(name string) []Address {
	var as []Address
	for _, v := range h.Values(name) {
		as = append(as, parseAddresses(v)...)
	}
	return as
}

// messageIDs returns the ids of a field, without brackets. Of very many it
// returns the first and the last.
func messageIDs(v string) []string {
	const longest, front, back = 998, 100, 400
	var ids []string
	for rest := v; ; {
		i := strings.IndexByte(rest, '<')
		if i < 0 {
			break
		}
		rest = rest[i+1:]
		n := strings.IndexAny(rest, "<>")
		if n < 0 {
			break
		}
		if id := strings.Join(strings.Fields(rest[:n]), ""); id != "" && len(id) <= longest && rest[n] == '>' {
			ids = append(ids, id)
		}
		rest = rest[n:]
	}
	if len(ids) == 0 {
		for f := range strings.FieldsSeq(v) {
			if f = strings.Trim(f, "<>,;\"'()"); strings.Contains(f, "@") && len(f) <= longest {
				ids = append(ids, f)
			}
		}
	}
	if n := len(ids); n > front+back {
		ids = append(ids[:front:front], ids[n-back:]...)
	}
	return ids
}

// parseDate returns the zero time for what is no date.
func parseDate(v string) time.Time {
	if v = oneLine(v); v == "" || len(v) > 200 {
		return time.Time{}
	}
	t, err := netmail.ParseDate(v)
	if err != nil {
		if i := strings.IndexByte(v, '('); i > 0 {
			v = strings.TrimSpace(v[:i])
		}
		for _, layout := range []string{
			"Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05", "Mon 2 Jan 2006 15:04:05 -0700", "Mon Jan 2 15:04:05 2006",
			"Mon Jan 2 15:04:05 MST 2006", "Mon, 2 Jan 2006 15:04 -0700", "Mon, 2 Jan 2006 15:04:05 GMT-0700", "2006-01-02 15:04:05 -0700", time.RFC3339, "2006-01-02 15:04:05",
		} {
			if t, err = time.Parse(layout, v); err == nil {
				break
			}
		}
	}
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}
	}
	return t
}

// body is what a part says.
type body struct {
	text, html string
	marked     bool // the text is in Markdown: plain text goes before it
}

func (b body) empty() bool {
	return strings.TrimSpace(b.text) == "" && strings.TrimSpace(b.html) == ""
}

// join puts the bodies of several parts one under the other. Where only some
// have text or HTML, the other is made for the rest.
func join(bs []body) body {
	bs = slices.DeleteFunc(bs, body.empty)
	if len(bs) == 0 {
		return body{}
	}
	if len(bs) == 1 {
		return bs[0]
	}
	var texts, htmls []string
	someText := slices.ContainsFunc(bs, func(b body) bool { return b.text != "" })
	someHTML := slices.ContainsFunc(bs, func(b body) bool { return b.html != "" })
	for _, b := range bs {
		if someText {
			if b.text == "" {
				b.text = markup.ToText(b.html)
			}
			texts = append(texts, strings.TrimRight(b.text, "\n"))
		}
		if someHTML {
			if b.html == "" {
				b.html = "<div>" + markup.FromText(b.text) + "</div>"
			}
			htmls = append(htmls, b.html)
		}
	}
	return body{text: strings.Join(texts, "\n\n"), html: strings.Join(htmls, "\n")}
}

// choose takes the best text and the best HTML of alternatives: the last that
// says something (RFC 2046, 5.1.4).
func choose(bs []body) body {
	var out body
	for _, b := range bs {
		if strings.TrimSpace(b.text) != "" && !(b.marked && out.text != "") {
			out.text = b.text
		}
		if strings.TrimSpace(b.html) != "" {
			out.html = b.html
		}
	}
	if inPlaceOfHTML(out) {
		out.text = ""
	}
	return out
}

// htmlAlone are what stands for the words where somebody's program writes HTML alone.
var htmlAlone = []string{
	"view this email in", "view this e-mail in", "view this message in", "view it in your browser", "view in browser", "view in your browser", "view online", "in your web browser",
	"support html", "html-capable", "html capable", "html-enabled", "html enabled", "html-compatible", "html compatible", "an html message", "an html email", "contains html", "html mail reader", "html viewer", "enable html", "html version",
	"im browser an", "kein html", "html-fähig", "html-ansicht", "html-format", "dans votre navigateur", "dans le navigateur", "version html", "le html", "en el navegador", "en su navegador", "en tu navegador", "nel browser", "in uw browser", "in je browser", "no navegador",
}

// inPlaceOfHTML reports whether a text only says that there is HTML, which says
// something else.
func inPlaceOfHTML(b body) bool {
	const longest = 400
	text := strings.Join(strings.Fields(strings.ToLower(b.text)), " ")
	if text == "" || len(text) > longest || b.html == "" || !slices.ContainsFunc(htmlAlone, func(p string) bool { return strings.Contains(text, p) }) {
		return false
	}
	html := strings.Join(strings.Fields(strings.ToLower(markup.ToText(b.html))), " ")
	return html != "" && !strings.Contains(html, text)
}

// lineReader gives a mail line by line, or in pieces where lines are long.
type lineReader struct {
	r    *bufio.Reader
	left int64
	err  error // why it ended
	cut  bool  // it ended because of the limit

	midLine bool
	back    []byte // lines to be given again before anything else
	resume  *stop  // and what ended them, if something did
}

func newLineReader(r io.Reader, limit int64) *lineReader {
	const window = 16 << 10
	b := bufio.NewReaderSize(r, window)
	// A mail of an old Mac has only CR at its line ends. An error shows up again.
	if head, _ := b.Peek(window); bytes.IndexByte(head, '\r') >= 0 && bytes.IndexByte(head, '\n') < 0 {
		b = bufio.NewReaderSize(crReader{b}, window)
	}
	skipBlank(b)
	return &lineReader{r: b, left: limit}
}

// crReader turns CR into LF.
type crReader struct{ r io.Reader }

func (c crReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// ended returns why next gave nothing.
func (l *lineReader) ended() stop {
	if s := l.resume; s != nil {
		l.resume = nil
		return *s
	}
	return stop{level: -1}
}

// next returns a line with its end, or a piece of one. start: it is the first
// piece. The bytes are good until the next call. nil: the end.
func (l *lineReader) next() (b []byte, start bool) {
	if len(l.back) > 0 {
		n := bytes.IndexByte(l.back, '\n') + 1
		if n == 0 {
			n = len(l.back)
		}
		b, l.back = l.back[:n:n], l.back[n:]
		return b, true
	}
	if l.err != nil || l.resume != nil {
		return nil, false
	}
	b, err := l.r.ReadSlice('\n')
	start = !l.midLine
	l.midLine = errors.Is(err, bufio.ErrBufferFull)
	if err != nil && !l.midLine {
		l.err = err
	}
	if int64(len(b)) > l.left {
		b = b[:l.left]
		l.err, l.cut = io.EOF, true
	}
	l.left -= int64(len(b))
	if len(b) == 0 {
		return nil, false
	}
	return b, start
}
