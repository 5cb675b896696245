// Package wire speaks the few commands of IMAP (RFC 3501, RFC 9051) that the
// connector uses, and reads answers as forgivingly as mail programs do: what is
// not used cannot hurt, however it is written.
package wire

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Client is one connection. It serves one goroutine at a time, knows no time
// limits, and is of no use after an error that is not a *Said: whoever has the
// connection sets limits and closes it.
type Client struct {
	conn net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
	tags int
	caps []string
	open *response // an untagged answer whose end is not certain yet
	bye  *Said     // why the server hangs up

	Preauth bool // the greeting said that nobody has to sign in
	// Changed is called, if it is set, when the server announces something about
	// the selected folder. It must not block.
	Changed func()
}

// Said is a refusal: an answer NO, BAD or BYE.
type Said struct {
	Status string // "NO", "BAD" or "BYE"
	Code   string // response code in upper case without its arguments; may be empty (RFC 5530)
	Text   string // the server's words without the code
}

// Error is the answer as it was given.
func (s *Said) Error() string {
	if s.Code != "" {
		return s.Status + " [" + s.Code + "] " + s.Text
	}
	return strings.TrimSpace(s.Status + " " + s.Text)
}

// ErrTooLong says that an answer was longer than any that is right.
var ErrTooLong = errors.New("the answer of the server is too long")

// New takes over a connection. Greet comes next.
func New(conn net.Conn) *Client {
	return &Client{conn: conn, r: bufio.NewReaderSize(conn, 16<<10), w: bufio.NewWriterSize(conn, 16<<10)}
}

// Greet reads the greeting (RFC 3501, 7.1).
func (c *Client) Greet() error {
	for range 100 {
		line, err := c.readResponse(maxKept)
		if err != nil {
			return err
		}
		rest, ok := line.untagged()
		if !ok {
			continue // what some servers chat before they greet
		}
		s := parseStatus(rest)
		switch s.Status {
		case "PREAUTH":
			c.Preauth = true
			fallthrough
		case "OK":
			c.learnCaps(rest)
			return nil
		case "BYE":
			return s
		}
	}
	return errors.New("the server sent no greeting")
}

// Has reports whether the server offers an ability, by its upper-case name.
func (c *Client) Has(ability string) bool { return slices.Contains(c.caps, ability) }

// Abilities are what the server offers, sorted.
func (c *Client) Abilities() []string { return slices.Sorted(slices.Values(c.caps)) }

// Capability asks what the server offers, unless it has told already.
func (c *Client) Capability() error {
	if c.caps != nil {
		return nil
	}
	if _, err := c.run("CAPABILITY", nil); err != nil {
		return fmt.Errorf("CAPABILITY: %w", err)
	}
	return nil
}

// StartTLS secures the connection. What the server sent before it counts no more;
// a server that sends more than its answer is given up (RFC 9051, 6.2.1).
func (c *Client) StartTLS(config *tls.Config) error {
	if _, err := c.run("STARTTLS", nil); err != nil {
		return fmt.Errorf("STARTTLS: %w", err)
	}
	if c.r.Buffered() > 0 {
		return errors.New("STARTTLS: the server sent more than its answer in the clear")
	}
	secured := tls.Client(c.conn, config)
	if err := secured.Handshake(); err != nil {
		return fmt.Errorf("STARTTLS: %w", err)
	}
	c.conn, c.caps = secured, nil
	c.r.Reset(secured)
	c.w.Reset(secured)
	return nil
}

// Mechanism is a way of signing in (RFC 4422).
type Mechanism interface {
	Start() (name string, first []byte, err error)
	Next(challenge []byte) (answer []byte, err error)
}

// Authenticate signs in with a mechanism.
func (c *Client) Authenticate(m Mechanism) error {
	name, first, err := m.Start()
	if err != nil {
		return err
	}
	line := "AUTHENTICATE " + name
	pending := first != nil
	if pending && c.Has("SASL-IR") {
		line += " " + encodeAuth(first)
		pending = false
	}
	tag, err := c.send(line)
	if err != nil {
		return err
	}
	before := c.forgetCaps()
	asked := 0
	_, err = c.finish(tag, func(challenge string) error {
		if asked++; asked > 20 {
			return errors.New("the server asks without end")
		}
		var answer []byte
		if pending {
			answer, pending = first, false
		} else {
			said, err := base64.StdEncoding.DecodeString(strings.TrimSpace(challenge))
			if err != nil {
				return c.line("*")
			}
			if answer, err = m.Next(said); err != nil {
				return c.line("*")
			}
		}
		return c.line(base64.StdEncoding.EncodeToString(answer))
	})
	return c.afterLogin(before, err)
}

func encodeAuth(b []byte) string {
	if len(b) == 0 {
		return "="
	}
	return base64.StdEncoding.EncodeToString(b)
}

// Login signs in with the command for it.
func (c *Client) Login(user, password string) error {
	before := c.forgetCaps()
	_, err := c.run("LOGIN", []string{user, password})
	return c.afterLogin(before, err)
}

// forgetCaps makes room for what the server offers after a login: most offer more.
func (c *Client) forgetCaps() (before []string) {
	before, c.caps = c.caps, nil
	return before
}

// afterLogin asks what the server offers now, unless it has told; after a refusal
// that is what it was before.
func (c *Client) afterLogin(before []string, refused error) error {
	if refused != nil {
		c.caps = before
		return refused
	}
	return c.Capability()
}

// ID tells the server who we are (RFC 2971). What it answers is of no use.
func (c *Client) ID(name, version string) error {
	_, err := c.run("ID (\"name\" "+quoted(name)+" \"version\" "+quoted(version)+")", nil)
	return err
}

// Noop asks for news.
func (c *Client) Noop() error {
	_, err := c.run("NOOP", nil)
	return err
}

// Logout says goodbye.
func (c *Client) Logout() error {
	_, err := c.run("LOGOUT", nil)
	return err
}

// run sends a command with strings behind it and reads to the end of its answer.
func (c *Client) run(command string, args []string) (*collected, error) {
	if _, err := c.begin(command, args); err != nil {
		return nil, err
	}
	return c.finish(c.tag(), nil)
}

// begin sends a command without waiting for its answer.
func (c *Client) begin(command string, args []string) (tag string, err error) {
	if tag, err = c.write(command, args); err != nil {
		return tag, err
	}
	return tag, c.line("")
}

// write begins a command whose line does not end yet.
func (c *Client) write(command string, args []string) (tag string, err error) {
	c.tags++
	tag = c.tag()
	c.w.WriteString(tag + " " + command) //nolint:errcheck // Flush tells
	for _, a := range args {
		if plainString(a) {
			c.w.WriteString(" " + quoted(a)) //nolint:errcheck // Flush tells
			continue
		}
		fmt.Fprintf(c.w, " {%d}\r\n", len(a))
		if err := c.awaitGo(tag); err != nil {
			return tag, err
		}
		c.w.WriteString(a) //nolint:errcheck // Flush tells
	}
	return tag, nil
}

func (c *Client) send(line string) (tag string, err error) { return c.begin(line, nil) }
func (c *Client) tag() string                              { return "h" + strconv.Itoa(c.tags) }

// line ends what was written with a line end, and sends it.
func (c *Client) line(s string) error {
	c.w.WriteString(s + "\r\n") //nolint:errcheck // Flush tells
	if err := c.w.Flush(); err != nil {
		return fmt.Errorf("send command: %w", err)
	}
	return nil
}

// awaitGo waits until the server wants the literal that was announced.
func (c *Client) awaitGo(tag string) error {
	if err := c.w.Flush(); err != nil {
		return fmt.Errorf("send command: %w", err)
	}
	for {
		res, err := c.readResponse(maxKept)
		if err != nil {
			return err
		}
		if res.isGo() {
			return nil
		}
		if s, mine := res.tagged(tag); mine {
			return refusal(s)
		}
		c.note(res)
	}
}

// refusal makes an error of a tagged answer where none was due yet.
func refusal(s *Said) error {
	if s.Status == "OK" {
		return errors.New("the server ended a command before it was sent")
	}
	return s
}

// collected is what a command was answered.
type collected struct {
	search []uint32
	list   []Folder
	found  Selected
	prefix string // of the personal namespace
	fetch  *fetching
	status *Said
}

// isRefusal reports whether a server said no, on a connection that goes on.
func isRefusal(err error) bool {
	var s *Said
	return errors.As(err, &s) && s.Status != "BYE"
}

// quoted writes a quoted string (RFC 3501, 4.3).
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// plainString reports whether a string may stand between quotes.
func plainString(s string) bool {
	return len(s) < 1000 && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// finish reads answers up to the tagged one. onGo answers what the server asks
// for in between; nil: nothing is due.
func (c *Client) finish(tag string, onGo func(text string) error) (*collected, error) {
	got := &collected{}
	return got, c.finishInto(got, tag, onGo)
}

func (c *Client) finishInto(got *collected, tag string, onGo func(text string) error) error {
	for {
		kept := int64(maxKept)
		var sink io.Writer
		if got.fetch != nil {
			kept, sink = got.fetch.most, got.fetch.sink
		}
		res, err := c.readInto(kept, sink)
		if err != nil {
			return c.lost(err)
		}
		s, mine := res.tagged(tag)
		switch {
		case mine:
			c.settle(got)
			c.learnCaps(res.text())
			got.status = s
			if s.Status == "OK" {
				return nil
			}
			return s
		case res.isGo():
			c.settle(got)
			if onGo != nil {
				if err := onGo(strings.TrimPrefix(res.text(), "+")); err != nil {
					return err
				}
			}
		case bytes.HasPrefix(res.parts[0].text, []byte("*")):
			c.settle(got)
			c.open = res
		case c.open != nil && len(c.open.parts) < maxParts:
			// A line that begins like none goes on with the one before it.
			c.open.parts = append(c.open.parts, res.parts...)
		}
	}
}

// settle takes in the untagged answer that is complete now.
func (c *Client) settle(got *collected) {
	if c.open == nil {
		return
	}
	res := c.open
	c.open = nil
	c.take(got, res)
}

// note takes in an untagged answer outside of a command that wants it.
func (c *Client) note(res *response) {
	if _, ok := res.untagged(); ok {
		c.take(&collected{}, res)
	}
}

// lost says why a connection ended, if the server has told.
func (c *Client) lost(err error) error {
	c.settle(&collected{})
	if c.bye != nil {
		return fmt.Errorf("%w (%w)", c.bye, err)
	}
	return err
}

// Bye is why the server hung up, or nil.
func (c *Client) Bye() *Said { return c.bye }

// learnCaps reads what a server offers, from a line that begins with CAPABILITY
// or has it in brackets.
func (c *Client) learnCaps(line string) {
	up := strings.ToUpper(line)
	i := strings.Index(up, "CAPABILITY ")
	if i < 0 || i > 0 && up[i-1] != '[' {
		return
	}
	list := up[i+len("CAPABILITY "):]
	if i > 0 {
		list, _, _ = strings.Cut(list, "]")
	}
	c.caps = strings.Fields(list)
	if c.caps == nil {
		c.caps = []string{}
	}
}
