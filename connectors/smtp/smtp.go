// Package smtp hands finished mails to a submission server (RFC 6409): it keeps
// the connection for the next mail, tells refusals of a recipient from those of a
// mail and of the whole mailbox, and learns the Message-ID that the server really
// uses.
package smtp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
	"hashsend/connectors/mailnet"
)

// Config is a submission server.
type Config struct {
	Server      mailnet.Server `yaml:",inline"`
	LocalName   string         `yaml:"local_name"`  // name given in EHLO; empty: that of the machine, or its address
	Connections int            `yaml:"connections"` // how many at most at the same time; 0: 2
}

// Check returns all that is wrong with the settings.
func (c Config) Check() []error {
	errs := c.Server.Check()
	if c.LocalName != "" && !isName(c.LocalName) {
		errs = append(errs, fmt.Errorf("local_name: %q is not a host name, such as mail.example.org, nor an address in brackets", c.LocalName))
	}
	return errs
}

var _ mail.Submitter = (*Submitter)(nil)

// Submitter is a mail.Submitter. It is safe for several goroutines.
type Submitter struct {
	maxSize atomic.Int64 // bytes; 0: not known
	cfg     Config
	log     *slog.Logger
	login   *mailnet.Login
	slots   chan struct{}

	mu      sync.Mutex
	idle    []*session
	closed  bool
	refused map[string]bool // parameters that the server offers and refuses, by keyword
	name    string          // that it took in EHLO; empty: not known yet
}

var (
	_ mail.Submitter = (*Submitter)(nil)
	_ mail.Sizer     = (*Submitter)(nil)
)

// session is one connection that is logged in.
type session struct {
	c    *client
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
	if errs := cfg.Check(); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if cfg.Connections <= 0 {
		cfg.Connections = 2
	}
	return &Submitter{cfg: cfg, log: log, login: mailnet.NewLogin(cfg.Server), slots: make(chan struct{}, cfg.Connections), refused: map[string]bool{}}, nil
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
		if x.c.has(e) {
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
	res, err := s.send(ctx, x, o, beforeDot)
	if isStale(err, kept) && ctx.Err() == nil {
		// Nothing was taken on it, and a new connection may do better: at once.
		x.drop()
		if x, err = s.connect(ctx); err != nil {
			return mail.Result{}, err
		}
		res, err = s.send(ctx, x, o, beforeDot)
	}
	s.put(x, err)
	return res, s.explained(err)
}

// isStale reports whether a mail that was not taken is worth a new connection at
// once: the server closes the old one, or it had been closed, or holds something
// against a connection that was kept.
func isStale(err error, kept bool) bool {
	var r *refusal
	switch {
	case err == nil || retry.IsUnclear(err) || retry.IsNever(err) || errors.Is(err, errOurs):
		return false
	case errors.As(err, &r):
		return r.Code == 421 || r.part || r.stage == atData && r.Code < 400 || kept && r.stage == atSender && (r.Code == 451 || r.Code == 452 || r.Code == 503)
	}
	return true
}

// errOurs marks what went wrong on our side.
var errOurs = errors.New("")

// send sends a mail in as many transactions as the server wants.
func (s *Submitter) send(ctx context.Context, x *session, o mail.Outgoing, beforeDot func() error) (mail.Result, error) {
	stop := context.AfterFunc(ctx, func() { x.conn.Close() }) //nolint:errcheck // it is to be broken off
	defer stop()
	res, rest, err := s.transaction(x, o, beforeDot)
	for err == nil && len(rest) > 0 {
		part := o
		part.To = rest
		var more mail.Result
		var failed error
		if more, rest, failed = s.transaction(x, part, beforeDot); failed == nil {
			res.Outcomes = append(res.Outcomes, more.Outcomes...)
			continue
		}
		// The first ones have it: the others are tried again by themselves.
		x.conn.Close() //nolint:errcheck // nobody knows its state
		res.Outcomes = append(res.Outcomes, putOff(part.To, more.Outcomes, failed)...)
		break
	}
	return res, err
}

// putOff are the outcomes for recipients whose transaction failed: but for those
// that were refused by name, they wait.
func putOff(to []string, known []mail.Outcome, why error) (all []mail.Outcome) {
	for i, address := range to {
		if i < len(known) && known[i].State != mail.Accepted {
			all = append(all, known[i])
			continue
		}
		out := mail.Outcome{Address: address, State: mail.Deferred, ServerSay: oneLine(why.Error())}
		if r := (*refusal)(nil); errors.As(why, &r) {
			out.Code, out.Status, out.ServerSay = r.Code, r.Status, r.Text
		}
		all = append(all, out)
	}
	return all
}

// explained makes an error of the account of a refusal that is one.
func (s *Submitter) explained(err error) error {
	var r *refusal
	var known *mail.AccountError
	if !errors.As(err, &r) || errors.As(err, &known) || retry.IsNever(err) {
		return err
	}
	owner, trouble := judge(r.stage, r.reply, false)
	if owner != ofAccount {
		return err
	}
	return s.accountError(r, trouble)
}

func (s *Submitter) accountError(r *refusal, trouble mail.AccountTrouble) error {
	a := &mail.AccountError{Trouble: trouble, Code: r.Code, Status: r.Status, ServerSay: r.Text, Advice: s.advice(trouble)}
	return retry.Congested(fmt.Errorf("%s refused %s: %w", s.cfg.Server.Address(), who(s.cfg.Server.User), &accountRefusal{a, r}))
}

// accountRefusal is both: what it means, and what was said.
type accountRefusal struct {
	*mail.AccountError
	said *refusal
}

func (a *accountRefusal) Unwrap() []error { return []error{a.AccountError, a.said} }

func who(user string) string {
	if user == "" {
		return "the connection"
	}
	return user
}

// advice is what an admin can do.
func (s *Submitter) advice(t mail.AccountTrouble) string {
	switch t {
	case mail.OverLimit:
		return "the sending limit of the account is reached; what waits is sent later"
	case mail.NotSignedIn:
		return s.login.Advice()
	case mail.SenderRefused:
		return "the account may not send as this address: check address and smtp.user, or add the address to the account"
	case mail.NoRelay:
		return "the server sends nothing to other domains for this connection: set smtp.user and password, and check the port"
	case mail.NameRefused:
		return "set smtp.local_name to a host name that the server accepts"
	case mail.NeedsTLS:
		return "set smtp.tls to starttls, or to tls with port 465"
	case mail.AccountBlocked:
		return "the provider has blocked sending: sign in to its website and follow what it says"
	case mail.RefusedAll:
		return "every recipient was refused in the same words, so this is about the account: ask the provider"
	}
	return ""
}

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
	var r *refusal
	if err != nil && (!errors.As(err, &r) || r.Code == 421 || r.part || r.stage == atData && r.Code < 400) {
		x.drop()
		return
	}
	if err != nil {
		if _, err := x.c.command(atSender, "2", "RSET"); err != nil {
			x.drop()
			return
		}
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
	x.conn.Close() //nolint:errcheck // it is given up
	x.done()
}

func (x *session) quit() {
	x.conn.SetLimit(5 * time.Second)
	x.c.command(atGreeting, "2", "QUIT") //nolint:errcheck // it is closed anyway
	x.drop()
}

func (s *Submitter) connect(ctx context.Context) (*session, error) {
	// The connection outlives the mail that it was made for.
	life, done := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, done)
	x, err := s.open(life)
	if err != nil {
		done()
		return nil, s.explained(err)
	}
	if !stop() {
		x.conn.Close() //nolint:errcheck // nobody wants it any more
		return nil, ctx.Err()
	}
	x.done = done
	return x, nil
}

func (s *Submitter) open(ctx context.Context) (*session, error) {
	conn, err := s.cfg.Server.Dial(ctx)
	if err != nil {
		return nil, err
	}
	x := &session{conn: gather(conn)}
	x.c = newClient(x.conn)
	if err := s.hello(ctx, x); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return x, nil
}

func (s *Submitter) hello(ctx context.Context, x *session) error {
	server := s.cfg.Server
	if err := x.c.greet(); err != nil {
		return fmt.Errorf("greeting of %s: %w", server.Address(), err)
	}
	if err := s.introduce(x); err != nil {
		return err
	}
	if server.Mode() == mailnet.StartTLS {
		config, err := server.TLSConfig()
		if err != nil {
			return err
		}
		if err := x.c.startTLS(config); err != nil {
			return fmt.Errorf("STARTTLS with %s: %w", server.Address(), err)
		}
		if err := s.introduce(x); err != nil {
			return err
		}
	}
	if limit, err := strconv.ParseInt(strings.TrimSpace(x.c.offers["SIZE"]), 10, 64); err == nil && limit >= 0 {
		s.maxSize.Store(limit)
	}
	if server.User == "" {
		return nil
	}
	return s.signIn(ctx, x)
}

// introduce says a name that the server takes: the one that it has taken before,
// else the first of ours, and after a refusal once another.
func (s *Submitter) introduce(x *session) (err error) {
	s.mu.Lock()
	known := s.name
	s.mu.Unlock()
	for n, name := range localNames(known, s.cfg.LocalName, hostname(), x.conn.LocalAddr(), s.cfg.Server.User) {
		if n == 2 {
			break
		}
		if err = x.c.hello(name); err == nil {
			s.mu.Lock()
			s.name = name
			s.mu.Unlock()
			return nil
		}
		var r *refusal
		if !errors.As(err, &r) || r.Code == 421 {
			break
		}
	}
	return fmt.Errorf("EHLO with %s: %w", s.cfg.Server.Address(), err)
}

// signIn signs in, with a new token where the server does not take the old one.
func (s *Submitter) signIn(ctx context.Context, x *session) error {
	err := s.tryMechanisms(ctx, x)
	var r *refusal
	if errors.As(err, &r) && !isBusy(r) && s.login.Renew() {
		err = s.tryMechanisms(ctx, x)
	}
	if err == nil {
		return nil
	}
	trouble := mail.NotSignedIn
	a := &mail.AccountError{Trouble: trouble}
	var no *mailnet.SignInError
	switch {
	case errors.As(err, &r):
		if a.Code, a.Status, a.ServerSay = r.Code, r.Status, r.Text; isBusy(r) {
			a.Trouble = mail.ServerBusy
		} else {
			err = s.login.Refused(err)
		}
	case errors.As(err, &no) || retry.IsNever(err):
		a.ServerSay = err.Error()
	default:
		return fmt.Errorf("sign in at %s: %w", s.cfg.Server.Address(), err)
	}
	a.Advice = s.advice(a.Trouble)
	// Never final for a mail; and each further attempt may lock the account.
	return retry.Congested(&signInError{err: err, account: a, said: r})
}

// isBusy reports whether the password may be right, and the server too busy to say.
func isBusy(r *refusal) bool { return r.Code == 421 || r.Code == 454 }

// tryMechanisms tries the ways that the server offers, two of them at most: more
// may lock the account.
func (s *Submitter) tryMechanisms(ctx context.Context, x *session) error {
	mechs, err := s.login.Mechanisms(ctx, x.c.takes)
	if err != nil {
		return err
	}
	var refused error
	for _, m := range mechs[:min(len(mechs), 2)] {
		var r *refusal
		if err = x.c.auth(m); err == nil || errors.As(err, &r) && isBusy(r) {
			return err
		}
		if r == nil && refused != nil {
			return refused // it hung up then
		}
		if r == nil {
			return err
		}
		refused = err
	}
	return refused
}

// signInError says that nobody could sign in, in the words of mailnet.
type signInError struct {
	err     error
	account *mail.AccountError
	said    *refusal
}

func (e *signInError) Error() string { return e.err.Error() }

func (e *signInError) Unwrap() []error {
	if e.said == nil {
		return []error{e.account}
	}
	return []error{e.account, e.said}
}

// MaxSize is what the server said at the last greeting; see mail.Sizer.
func (s *Submitter) MaxSize() int64 { return s.maxSize.Load() }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
