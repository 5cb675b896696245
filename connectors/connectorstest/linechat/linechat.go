// Package linechat connects the bridge to a chat server that speaks lines of text over
// TCP. It is made by docs/adding-a-connector.md alone, as a test of that guide, and is
// an example for a network that can do little.
package linechat

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// Config is one server.
type Config struct {
	Address  string `yaml:"address"`         // HOST:PORT
	Nick     string `yaml:"nick"`            // our own name there; empty: hashsend
	Password string `yaml:"password,secret"` // of Nick
}

func (c Config) nick() string {
	if c.Nick == "" {
		return "hashsend"
	}
	return c.Nick
}

// Check returns all that is wrong with the settings.
func (c Config) Check() (errs []error) {
	if _, port, err := net.SplitHostPort(c.Address); err != nil || port == "" {
		errs = append(errs, fmt.Errorf("address: %q is not an address, such as chat.example.org:6000", c.Address))
	}
	if strings.ContainsAny(c.Nick, " \t\r\n") {
		errs = append(errs, fmt.Errorf("nick: %q has a space; expected one word", c.Nick))
	}
	if c.Password == "" || strings.ContainsAny(c.Password, "\r\n") {
		errs = append(errs, errors.New("password: missing, or longer than a line; the admin of the chat server has it"))
	}
	return errs
}

// Connector is a chat.Connector. It keeps no state.
type Connector struct {
	cfg Config
	env chat.Env
}

var (
	_ chat.Connector = (*Connector)(nil)
	_ chat.Limiter   = (*Connector)(nil)
	_ chat.Prompter  = (*Connector)(nil)
)

// Open prepares a connector; it connects in Run.
func Open(cfg Config, env chat.Env) (*Connector, error) {
	if errs := cfg.Check(); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return &Connector{cfg: cfg, env: env}, nil
}

// Name is its name in the configuration.
func (c *Connector) Name() string { return c.env.Name }

// Try logs in and says so.
func (c *Connector) Try(ctx context.Context) (string, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return "", err
	}
	return "signed in as " + c.cfg.nick(), conn.Close()
}

// Prompt is what a command begins with; see chat.Prompter.
func (c *Connector) Prompt(chat.Place) string { return prompt }

// Limits are those of a line; see chat.Limiter.
func (c *Connector) Limits() chat.Limits { return chat.Limits{Chars: longestLine} }

// line is a connection that has signed in.
type line struct {
	net.Conn
	in   *bufio.Scanner
	stop func() bool // ends what breaks the connection when its context ends
}

func (l *line) Close() error {
	l.stop()
	return l.Conn.Close()
}

// dial signs in. The connection breaks when ctx ends; the caller closes it.
func (c *Connector) dial(ctx context.Context) (*line, error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", c.cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("connect to the chat server: %w", err)
	}
	l := &line{Conn: conn, in: bufio.NewScanner(conn), stop: context.AfterFunc(ctx, func() {
		conn.Close() //nolint:errcheck // whoever uses it is told
	})}
	if _, err := l.ask(fmt.Sprintf("HELLO %s %s", c.cfg.nick(), c.cfg.Password)); err != nil {
		return nil, errors.Join(fmt.Errorf("sign in as %s: %w (check nick and password)", c.cfg.nick(), err), l.Close())
	}
	return l, nil
}

// ask sends a line and returns the number in the answer. A refusal is final.
func (l *line) ask(text string) (number string, err error) {
	if err := l.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintln(l, text); err != nil {
		return "", err
	}
	if !l.in.Scan() {
		return "", errors.Join(errors.New("the chat server has hung up"), l.in.Err())
	}
	verb, rest, _ := strings.Cut(l.in.Text(), " ")
	if verb != "OK" {
		return "", retry.Never(fmt.Errorf("the chat server refuses: %s", rest))
	}
	return rest, l.SetDeadline(time.Time{})
}

// Send posts a line. The server posts a key once, so that a repeat is harmless.
func (c *Connector) Send(ctx context.Context, m chat.Outgoing) (chat.MessageID, error) {
	if m.Place.Room == "" {
		return "", retry.Never(errors.New("no room is named"))
	}
	l, err := c.dial(ctx)
	if err != nil {
		return "", err
	}
	defer l.Close() //nolint:errcheck // the answer is what counts
	number, err := l.ask(fmt.Sprintf("SAY %s %s %s", m.Place.Room, m.Key, textOf(m)))
	if err != nil {
		return "", fmt.Errorf("post a line: %w", err)
	}
	return chat.MessageID(number), nil
}

// Run receives until ctx ends. The cursor is the number of the last line.
func (c *Connector) Run(ctx context.Context, cursor string, handle chat.Handler) error {
	for failures := 0; ctx.Err() == nil; {
		before := cursor
		err := c.listen(ctx, &cursor, handle)
		if retry.IsNever(err) {
			return err
		}
		if failures++; cursor != before {
			failures = 1
		}
		if ctx.Err() == nil {
			c.env.Log.Warn("the connection to the chat server was lost", "error", err)
			retry.Sleep(ctx, retry.Backoff(failures, 100*time.Millisecond, time.Minute))
		}
	}
	return nil
}

// listen hands over lines until the connection breaks, and moves the cursor on behind
// each that was stored.
func (c *Connector) listen(ctx context.Context, cursor *string, handle chat.Handler) error {
	l, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer l.Close() //nolint:errcheck // it is over
	from := *cursor
	if from == "" {
		from = "NOW"
	}
	number, err := l.ask("LISTEN " + from)
	if err != nil {
		return err
	}
	if err := c.store(ctx, cursor, number, nil, handle); err != nil {
		return err
	}
	for l.in.Scan() {
		number, events, err := read(l.in.Text(), c.cfg.nick())
		if err != nil {
			c.env.Log.Warn("a line cannot be understood and is left out", "error", err)
			continue
		}
		if err := c.store(ctx, cursor, strconv.Itoa(number), events, handle); err != nil {
			return err
		}
	}
	return errors.Join(errors.New("the chat server has hung up"), l.in.Err())
}

// store hands events over. When the handler refuses them, the server is asked for the
// same lines again.
func (c *Connector) store(ctx context.Context, cursor *string, number string, events []chat.Event, handle chat.Handler) error {
	// What is in hand is finished when ctx ends.
	if err := handle(context.WithoutCancel(ctx), number, events...); err != nil {
		return fmt.Errorf("store what was said: %w", err)
	}
	*cursor = number
	return nil
}
