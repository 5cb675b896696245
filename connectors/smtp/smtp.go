// Package smtp hands finished mails to a submission server (RFC 6409): it keeps
// the connection for the next mail, tells temporary from permanent refusals for
// each recipient, and learns the Message-ID that the server really uses.
package smtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
	"hashsend/connectors/mailnet"
)

// Config is a submission server.
type Config struct {
	Server      mailnet.Server `yaml:",inline"`
	LocalName   string         `yaml:"local_name"`  // name given in EHLO; empty: localhost
	Connections int            `yaml:"connections"` // how many at most at the same time; 0: 2
}

// Submitter is a mail.Submitter. It is safe for several goroutines.
type Submitter struct {
	maxSize atomic.Int64 // bytes; 0: not known
	cfg     Config
	log     *slog.Logger
	login   *mailnet.Login
	slots   chan struct{}

	mu     sync.Mutex
	idle   []*session
	closed bool
}

// session is one connection that is logged in.
type session struct {
	c    *smtp.Client
	conn *gathered
	used time.Time
	done context.CancelFunc
}

// keepIdle is how long an unused connection is kept: servers close theirs after
// some minutes.
const keepIdle = 30 * time.Second

// dotTime is how long the answer to the end of DATA may take (RFC 5321, 4.5.3.2.6).
const dotTime = 10 * time.Minute

// Open prepares a Submitter; it connects when the first mail is submitted. The
// caller closes it.
func Open(cfg Config, log *slog.Logger) (*Submitter, error) {
	if errs := cfg.Server.Check(); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if cfg.Connections <= 0 {
		cfg.Connections = 2
	}
	return &Submitter{cfg: cfg, log: log, login: mailnet.NewLogin(cfg.Server), slots: make(chan struct{}, cfg.Connections)}, nil
}

// Close ends the connections that are kept.
func (s *Submitter) Close() error {
	s.mu.Lock()
	idle := s.idle
	s.idle, s.closed = nil, true
	s.mu.Unlock()
	for _, x := range idle {
		x.quit()
	}
	return nil
}

// Check connects and logs in, and returns what the server offers.
func (s *Submitter) Check(ctx context.Context) (extensions []string, err error) {
	x, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer x.quit()
	for _, e := range []string{"SIZE", "8BITMIME", "SMTPUTF8", "DSN", "PIPELINING", "CHUNKING"} {
		if ok, _ := x.c.Extension(e); ok {
			extensions = append(extensions, e)
		}
	}
	return extensions, nil
}

// Submit sends one mail; see mail.Submitter.
func (s *Submitter) Submit(ctx context.Context, o mail.Outgoing, beforeDot func() error) (mail.Result, error) {
	if len(o.To) == 0 {
		return mail.Result{}, retry.Never(errors.New("the mail has no recipient"))
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return mail.Result{}, ctx.Err()
	}
	x, kept, err := s.session(ctx)
	if err != nil {
		return mail.Result{}, err
	}
	res, err := s.transaction(ctx, x, o, beforeDot)
	var stale *staleError
	if kept && errors.As(err, &stale) {
		// The server had closed the kept connection; nothing was sent on it.
		x.drop()
		if x, err = s.connect(ctx); err != nil {
			return mail.Result{}, err
		}
		res, err = s.transaction(ctx, x, o, beforeDot)
	}
	s.put(x, err)
	return res, err
}

// staleError is a failure of the first command on a connection.
type staleError struct{ err error }

func (e *staleError) Error() string { return e.err.Error() }
func (e *staleError) Unwrap() error { return e.err }

func (s *Submitter) session(ctx context.Context) (x *session, kept bool, err error) {
	s.mu.Lock()
	for len(s.idle) > 0 && x == nil {
		last := s.idle[len(s.idle)-1]
		s.idle = s.idle[:len(s.idle)-1]
		if time.Since(last.used) < keepIdle {
			x = last
		} else {
			go last.drop() // an old one may answer slowly
		}
	}
	s.mu.Unlock()
	if x != nil {
		return x, true, nil
	}
	x, err = s.connect(ctx)
	return x, false, err
}

// put keeps a connection for the next mail if it is in order.
func (s *Submitter) put(x *session, err error) {
	var said *smtp.SMTPError
	if err != nil && !errors.As(err, &said) || (said != nil && said.Code == 421) {
		x.drop()
		return
	}
	if err != nil && x.c.Reset() != nil {
		x.drop()
		return
	}
	x.used = time.Now()
	s.mu.Lock()
	if !s.closed {
		s.idle = append(s.idle, x)
		x = nil
	}
	s.mu.Unlock()
	if x != nil {
		x.quit()
	}
}

func (x *session) drop() {
	x.c.Close() //nolint:errcheck // it is given up
	x.done()
}

func (x *session) quit() {
	x.conn.SetLimit(5 * time.Second)
	if x.c.Quit() != nil {
		x.c.Close() //nolint:errcheck // it is given up
	}
	x.done()
}

func (s *Submitter) connect(ctx context.Context) (*session, error) {
	// The connection outlives the mail that it was made for.
	life, done := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, done)
	x, err := s.open(life)
	if err != nil {
		done()
		return nil, err
	}
	if !stop() {
		return nil, ctx.Err()
	}
	x.done = done
	return x, nil
}

func (s *Submitter) open(ctx context.Context) (*session, error) {
	server := s.cfg.Server
	conn, err := server.Dial(ctx)
	if err != nil {
		return nil, err
	}
	x := &session{conn: gather(conn)}
	x.c = smtp.NewClient(x.conn)
	if err := s.hello(ctx, x); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return x, nil
}

func (s *Submitter) hello(ctx context.Context, x *session) error {
	server := s.cfg.Server
	if server.Mode() == mailnet.StartTLS {
		config, err := server.TLSConfig()
		if err != nil {
			return err
		}
		if x.c, err = smtp.NewClientStartTLS(x.conn, config); err != nil {
			return fmt.Errorf("STARTTLS with %s: %w", server.Address(), err)
		}
	}
	name := s.cfg.LocalName
	if name == "" {
		name = "localhost"
	}
	if err := x.c.Hello(name); err != nil {
		return fmt.Errorf("greet %s: %w", server.Address(), mark(err))
	}
	if limit, ok := x.c.MaxMessageSize(); ok {
		s.maxSize.Store(int64(limit))
	}
	if server.User == "" {
		return nil
	}
	mechs, err := s.login.Mechanisms(ctx, x.c.SupportsAuth)
	if err != nil {
		return err
	}
	if err := x.c.Auth(mechs[0]); err != nil {
		// A password that was right may be refused for a while (454): never final
		// for the mail, and said clearly.
		var said *smtp.SMTPError
		if errors.As(err, &said) {
			return retry.Congested(s.login.Refused(ctx, err)) // each further attempt may lock the account
		}
		return fmt.Errorf("log in at %s: %w", server.Address(), err)
	}
	return nil
}

// transaction sends one mail over a connection that is logged in.
func (s *Submitter) transaction(ctx context.Context, x *session, o mail.Outgoing, beforeDot func() error) (mail.Result, error) {
	stop := context.AfterFunc(ctx, func() { x.conn.Close() }) //nolint:errcheck // it is to be broken off
	defer stop()
	opts, err := s.options(x.c, o)
	if err != nil {
		return mail.Result{}, err
	}
	if err := x.c.Mail(o.From, opts); err != nil {
		var said *smtp.SMTPError
		if !errors.As(err, &said) {
			return mail.Result{}, &staleError{fmt.Errorf("begin mail: %w", err)}
		}
		return mail.Result{}, fmt.Errorf("sender refused: %w", mark(err))
	}
	res, err := recipients(x.c, o)
	if err != nil {
		return res, err
	}
	w, err := x.c.Data()
	if err != nil {
		return res, fmt.Errorf("mail refused: %w", mark(err))
	}
	if err := copyMail(w, o); err != nil {
		x.conn.Close() //nolint:errcheck // breaks the transaction off unsent
		return res, err
	}
	if err := x.conn.out.Flush(); err != nil {
		return res, fmt.Errorf("send mail: %w", err)
	}
	if err := beforeDot(); err != nil {
		x.conn.Close() //nolint:errcheck // breaks the transaction off unsent
		return res, fmt.Errorf("note that the mail goes out: %w", err)
	}
	x.conn.SetLimit(dotTime)
	answer, err := w.CloseWithResponse()
	x.conn.SetLimit(s.cfg.Server.AnswerTime())
	if err != nil {
		var said *smtp.SMTPError
		if errors.As(err, &said) {
			return res, fmt.Errorf("mail refused: %w", mark(err))
		}
		return res, retry.Unclear(fmt.Errorf("the answer to the end of the mail was lost: %w", err))
	}
	res.ServerSay = oneLine(answer.StatusText)
	res.FinalID = finalID(s.cfg.Server.Host, res.ServerSay)
	return res, nil
}

func copyMail(w io.Writer, o mail.Outgoing) error {
	r, err := o.Open()
	if err != nil {
		return fmt.Errorf("open mail: %w", err)
	}
	_, err = io.Copy(w, r)
	if err := errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("send mail: %w", err)
	}
	return nil
}

func (s *Submitter) options(c *smtp.Client, o mail.Outgoing) (*smtp.MailOptions, error) {
	opts := &smtp.MailOptions{Size: o.Size}
	if limit, ok := c.MaxMessageSize(); ok && limit > 0 && o.Size > int64(limit) {
		return nil, retry.Never(fmt.Errorf("the mail is too large: it has %d bytes, the mail server takes at most %d", o.Size, limit))
	}
	if ok, _ := c.Extension("8BITMIME"); ok {
		opts.Body = smtp.Body8BitMIME
	}
	if o.UTF8 {
		if ok, _ := c.Extension("SMTPUTF8"); !ok {
			return nil, retry.Never(errors.New("an address of this mail has letters that the mail server does not take (no SMTPUTF8)"))
		}
		opts.UTF8 = true
	}
	if ok, _ := c.Extension("DSN"); ok {
		opts.Return, opts.EnvelopeID = smtp.DSNReturnHeaders, o.EnvelopeID
	}
	return opts, nil
}

// recipients names the recipients. The error is that of all, if none was accepted.
func recipients(c *smtp.Client, o mail.Outgoing) (res mail.Result, err error) {
	opts := &smtp.RcptOptions{}
	if ok, _ := c.Extension("DSN"); ok {
		opts.Notify = []smtp.DSNNotify{smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed}
	}
	var refusals []error
	accepted, temporary := 0, false
	for _, to := range o.To {
		out := mail.Outcome{Address: to}
		if err := c.Rcpt(to, opts); err != nil {
			var said *smtp.SMTPError
			if !errors.As(err, &said) {
				return res, fmt.Errorf("name recipient: %w", err)
			}
			if isCongested(said) {
				return res, fmt.Errorf("name recipient: %w", mark(err))
			}
			out.Code, out.ServerSay, out.State = said.Code, oneLine(said.Message), mail.Refused
			if e := said.EnhancedCode; e[0] > 0 {
				out.Status = fmt.Sprintf("%d.%d.%d", e[0], e[1], e[2])
			}
			if said.Temporary() {
				out.State, temporary = mail.Deferred, true
			}
			refusals = append(refusals, err)
		} else {
			accepted++
			out.Code = 250
		}
		res.Outcomes = append(res.Outcomes, out)
	}
	if accepted > 0 {
		return res, nil
	}
	err = fmt.Errorf("recipient refused: %w", refusals[0])
	if !temporary {
		err = retry.Never(err)
	}
	return res, err
}

// mark tells a permanent refusal (5xx) from a temporary one, and one of the mail from
// one of the whole account.
func mark(err error) error {
	var said *smtp.SMTPError
	switch {
	case !errors.As(err, &said):
		return err
	case isCongested(said):
		return retry.Congested(err)
	case said.EnhancedCode == smtp.EnhancedCode{5, 3, 4}:
		return retry.Never(fmt.Errorf("the mail is too large: %w", err))
	case !said.Temporary():
		return retry.Never(err)
	}
	return err
}

// isCongested knows the refusals of an account for now: the server is closing or
// wants no logins (421, 454), or the account has sent what it may in a day (Gmail says
// that with 550 5.4.5, as if it were for good).
func isCongested(said *smtp.SMTPError) bool {
	return said.Code == 421 || said.Code == 454 || said.EnhancedCode == smtp.EnhancedCode{5, 4, 5} || said.EnhancedCode == smtp.EnhancedCode{4, 7, 28}
}

// MaxSize is what the server said at the last greeting; see mail.Sizer.
func (s *Submitter) MaxSize() int64 { return s.maxSize.Load() }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
