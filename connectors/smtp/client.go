package smtp

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
)

// client speaks SMTP (RFC 5321) over one connection: one command, one answer. It
// knows no time limits; the connection does.
type client struct {
	conn   net.Conn
	r      *bufio.Reader
	offers map[string]string // what the server offers, by upper-case keyword
}

// reply is an answer of the server.
type reply struct {
	Code   int
	Status string // enhanced status code, "5.7.1" (RFC 3463); may be empty
	Text   string // without codes, one line
	lines  []string
	part   bool // the connection ended in the middle of it
}

const (
	maxReply = 1 << 20 // bytes of one answer
	keptLine = 2 << 10 // bytes of one line of it that are kept
	keptText = 4 << 10 // bytes of its text
)

func newClient(conn net.Conn) *client { return &client{conn: conn, r: bufio.NewReader(conn)} }

// read reads an answer. One whose connection ends in the middle is returned with
// part set, if its code has come.
func (c *client) read() (reply, error) {
	var p reply
	left := maxReply
	for {
		line, err := c.line(&left)
		more, ok := p.add(line)
		switch {
		case err != nil:
			p.part = true
			p.settle()
			return p, fmt.Errorf("read answer: %w", err)
		case !ok && p.Code == 0:
			return p, fmt.Errorf("%.40q is no answer of SMTP", line)
		case !more:
			p.settle()
			return p, nil
		}
	}
}

// line reads a line up to its end and keeps the begin of it.
func (c *client) line(left *int) (string, error) {
	var kept []byte
	for {
		piece, err := c.r.ReadSlice('\n')
		if *left -= len(piece); *left < 0 {
			return "", errors.New("the answer is too long")
		}
		kept = append(kept, piece[:min(len(piece), keptLine-len(kept))]...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return string(bytes.TrimRight(kept, "\r\n")), err
	}
}

// add takes in one line: "250-text", "250 text" or "250". A line that has no code
// belongs to the text.
func (p *reply) add(line string) (more, ok bool) {
	code, err := strconv.Atoi(line[:min(len(line), 3)])
	if err != nil || len(line) < 3 || code < 200 || code > 599 {
		if len(line) > 0 && p.Code == 0 && (line[0] == '4' || line[0] == '5') {
			p.Code = int(line[0]-'0') * 100 // half a code tells enough
		}
		p.keep(line)
		return p.Code != 0, false
	}
	p.Code = code
	p.keep(strings.TrimPrefix(line[3:], "-"))
	return len(line) > 3 && line[3] == '-', true
}

func (p *reply) keep(text string) {
	if len(p.lines) < 100 {
		p.lines = append(p.lines, strings.TrimSpace(text))
	}
}

// settle takes the enhanced status code out of the text.
func (p *reply) settle() {
	texts := make([]string, len(p.lines))
	for i, l := range p.lines {
		word, rest, _ := strings.Cut(l, " ")
		if isStatus(word) && p.Code/100 == int(word[0]-'0') {
			p.Status, l = word, rest
		}
		texts[i] = l
	}
	p.Text = oneLine(strings.ToValidUTF8(strings.Join(texts, " "), "?"))
	p.Text = p.Text[:min(len(p.Text), keptText)]
}

// isStatus knows enhanced status codes (RFC 3463, 2).
func isStatus(s string) bool {
	f := strings.Split(s, ".")
	if len(f) != 3 || len(f[0]) != 1 || !strings.Contains("245", f[0]) {
		return false
	}
	for _, n := range f[1:] {
		if v, err := strconv.Atoi(n); err != nil || v < 0 || v > 999 {
			return false
		}
	}
	return true
}

// refusal is an answer that says no.
type refusal struct {
	stage stage
	reply
}

func (r *refusal) Error() string {
	s := strconv.Itoa(r.Code)
	if r.Status != "" {
		s += " " + r.Status
	}
	return strings.TrimSpace(s + " " + r.Text)
}

// command sends a line and reads the answer, which has to begin with one of the
// digits of want.
func (c *client) command(at stage, want, line string) (reply, error) {
	if strings.ContainsAny(line, "\r\n") {
		return reply{}, errors.New("a command with a line end in it")
	}
	if _, err := io.WriteString(c.conn, line+"\r\n"); err != nil {
		return reply{}, fmt.Errorf("send command: %w", err)
	}
	return c.answer(at, want)
}

func (c *client) answer(at stage, want string) (reply, error) {
	p, err := c.read()
	if err == nil && !strings.ContainsRune(want, rune('0'+p.Code/100)) {
		return p, &refusal{stage: at, reply: p}
	}
	return p, err
}

// greet reads the greeting.
func (c *client) greet() error {
	_, err := c.answer(atGreeting, "2")
	return err
}

// hello introduces us, by HELO to servers that know nothing else.
func (c *client) hello(name string) error {
	p, err := c.command(atHello, "2", "EHLO "+name)
	c.offers = map[string]string{}
	if r := (*refusal)(nil); errors.As(err, &r) && (r.Code == 500 || r.Code == 502) {
		_, err = c.command(atHello, "2", "HELO "+name)
		return err
	}
	if err != nil {
		return err
	}
	for _, l := range p.lines[min(1, len(p.lines)):] {
		word, args, _ := strings.Cut(strings.ToUpper(l), " ")
		if mechs, ok := strings.CutPrefix(word, "AUTH="); ok { // old servers: AUTH=LOGIN
			word, args = "AUTH", mechs+" "+args
		}
		if word == "AUTH" {
			args = c.offers["AUTH"] + " " + args
		}
		c.offers[word] = args
	}
	return nil
}

func (c *client) has(keyword string) bool {
	_, ok := c.offers[keyword]
	return ok
}

// takes reports whether a way of signing in is offered.
func (c *client) takes(mechanism string) bool {
	for w := range strings.FieldsSeq(c.offers["AUTH"]) {
		if w == mechanism {
			return true
		}
	}
	return false
}

// startTLS secures the connection (RFC 3207); a server that sends more than its
// answer is given up. hello comes again.
func (c *client) startTLS(config *tls.Config) error {
	if !c.has("STARTTLS") {
		return errors.New("the server does not offer STARTTLS")
	}
	if _, err := c.command(atTLS, "2", "STARTTLS"); err != nil {
		return err
	}
	if c.r.Buffered() > 0 {
		return errors.New("the server sent more than its answer in the clear")
	}
	secured := tls.Client(c.conn, config)
	if err := secured.Handshake(); err != nil {
		return err
	}
	c.conn = secured
	c.r.Reset(secured)
	return nil
}

// mechanism is a way of signing in (RFC 4422).
type mechanism interface {
	Start() (name string, first []byte, err error)
	Next(challenge []byte) (answer []byte, err error)
}

// auth signs in (RFC 4954).
func (c *client) auth(m mechanism) error {
	name, first, err := m.Start()
	if err != nil {
		return err
	}
	line := "AUTH " + name
	switch {
	case len(first) > 0:
		line += " " + base64.StdEncoding.EncodeToString(first)
	case first != nil:
		line += " ="
	}
	p, err := c.command(atAuth, "23", line)
	for n := 0; err == nil && p.Code/100 == 3; n++ {
		said, decoded := base64.StdEncoding.DecodeString(strings.TrimSpace(p.lines[0]))
		answer, refused := m.Next(said)
		if decoded != nil || refused != nil || n > 20 {
			p, err = c.command(atAuth, "", "*")
			continue
		}
		p, err = c.command(atAuth, "23", base64.StdEncoding.EncodeToString(answer))
	}
	return err
}

// data writes the lines of a mail, with dots as RFC 5321, 4.5.2 asks. Close ends it.
func (c *client) data(w *bufio.Writer) io.WriteCloser { return textproto.NewWriter(w).DotWriter() }
