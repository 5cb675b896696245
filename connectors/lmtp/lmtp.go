// Package lmtp takes mail that a mail server pushes (RFC 2033), for people who
// run their own: each mail is answered when it is on disk, for each recipient.
package lmtp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
)

// Config says where the mail server reaches us.
type Config struct {
	Listen  string   // HOST:PORT, or the path of a Unix socket (mode 0660)
	Peers   []string // addresses and networks ("192.0.2.7", "10.1.0.0/16") that may push; required where others than this machine reach Listen
	MaxSize int64    // bytes of one mail; 0: 100 MB
}

// Check returns all that is wrong with the settings.
func (c Config) Check() (errs []error) {
	if c.Listen == "" {
		return append(errs, errors.New("listen: required: an address, such as 127.0.0.1:2424, or the path of a socket"))
	}
	if _, err := c.peers(); err != nil {
		errs = append(errs, err)
	}
	if c.isSocket() {
		return errs
	}
	host, _, err := net.SplitHostPort(c.Listen)
	ip, _ := netip.ParseAddr(host) //nolint:errcheck // a name is no address
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("listen: %q is not an address, such as 127.0.0.1:2424, nor the path of a socket", c.Listen))
	case host != "localhost" && !ip.IsLoopback() && len(c.Peers) == 0:
		errs = append(errs, fmt.Errorf("peers: required: other machines can reach %s, so list the addresses of your mail server", c.Listen))
	}
	return errs
}

func (c Config) isSocket() bool { return strings.Contains(c.Listen, "/") }

// peers are the networks that may push; nil: everybody who reaches us.
func (c Config) peers() (all []netip.Prefix, err error) {
	for _, p := range c.Peers {
		if a, err := netip.ParseAddr(p); err == nil {
			all = append(all, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
			continue
		}
		net, err := netip.ParsePrefix(p)
		if err != nil {
			return nil, fmt.Errorf("peers: %q is not an address, such as 192.0.2.7, nor a network, such as 10.1.0.0/16", p)
		}
		all = append(all, net.Masked())
	}
	return all, nil
}

var _ mail.Source = (*Source)(nil)

// Source is a mail.Source.
type Source struct {
	mailbox string
	cfg     Config
	log     *slog.Logger

	mu   sync.Mutex
	addr net.Addr
}

// longestLine breaks the connection off, and the mail comes again and again: it is
// far above what mail servers let through, and below what memory has.
const longestLine = 16 << 20

// inMemory is up to which size a mail is not written to a file.
const inMemory = 256 << 10

// Open prepares a Source for the mailbox of that name; it listens in Run.
func Open(mailbox string, cfg Config, log *slog.Logger) (*Source, error) {
	if errs := cfg.Check(); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if cfg.MaxSize <= 0 {
		cfg.MaxSize = 100 << 20
	}
	return &Source{mailbox: mailbox, cfg: cfg, log: log.With("mailbox", mailbox)}, nil
}

// Name is unique among the sources of the program.
func (s *Source) Name() string { return "lmtp " + s.mailbox }

// Addr is where it listens; nil before Run has begun.
func (s *Source) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// Run takes mails until ctx ends; those in hand are finished. See mail.Source.
func (s *Source) Run(ctx context.Context, _ func(string) string, h mail.Handler) error {
	l, err := s.listen()
	if err != nil {
		return fmt.Errorf("listen for mail (lmtp.listen): %w", err)
	}
	s.mu.Lock()
	s.addr = l.Addr()
	s.mu.Unlock()
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{s: s, ctx: context.WithoutCancel(ctx), h: h}, nil
	}))
	srv.LMTP, srv.Domain, srv.EnableSMTPUTF8 = true, "hashsend", true
	srv.ReadTimeout, srv.WriteTimeout = 10*time.Minute, time.Minute // DATA must end within the first
	srv.MaxLineLength, srv.MaxMessageBytes, srv.MaxRecipients = longestLine, s.cfg.MaxSize, 1000
	srv.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("take mail: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if err := srv.Shutdown(last); err != nil {
		return srv.Close()
	}
	return nil
}

func (s *Source) listen() (net.Listener, error) {
	if !s.cfg.isSocket() {
		l, err := net.Listen("tcp", s.cfg.Listen)
		if err != nil {
			return nil, err
		}
		allowed, err := s.cfg.peers()
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		return &guarded{Listener: l, allowed: allowed, log: s.log}, nil
	}
	if err := os.Remove(s.cfg.Listen); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", s.cfg.Listen)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(s.cfg.Listen, 0o660); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// guarded is a listener that hangs up on those who may not push.
type guarded struct {
	net.Listener
	allowed []netip.Prefix // nil: everybody may
	log     *slog.Logger
}

// Accept waits for the next who may.
func (g *guarded) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from, err := netip.ParseAddrPort(c.RemoteAddr().String())
		if len(g.allowed) == 0 || err == nil && slices.ContainsFunc(g.allowed, func(p netip.Prefix) bool { return p.Contains(from.Addr().Unmap().WithZone("")) }) {
			return c, nil
		}
		g.log.Warn("a machine that is not in lmtp.peers was refused", "address", from.Addr())
		c.Close() //nolint:errcheck // nobody is told anything
	}
}

// session is one connection of the mail server.
type session struct {
	s    *Source
	ctx  context.Context
	h    mail.Handler
	from string
	to   []string
}

// Reset forgets the mail that was begun: nothing of it may leak into the next.
func (x *session) Reset() { x.from, x.to = "", nil }

// Logout has nothing to free.
func (x *session) Logout() error { return nil }

// Mail begins a mail.
func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	x.Reset()
	x.from = from
	return nil
}

// Rcpt names a recipient.
func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.to = append(x.to, to)
	return nil
}

// Data is not used: LMTP answers for each recipient.
func (x *session) Data(r io.Reader) error { return x.take(r) }

// LMTPData takes the mail and answers every recipient when it is on disk.
func (x *session) LMTPData(r io.Reader, status smtp.StatusCollector) error {
	err := x.take(r)
	for _, to := range x.to {
		status.SetStatus(to, err)
	}
	return nil
}

// take hands the mail over once, for all recipients, and makes the answer.
func (x *session) take(r io.Reader) error {
	spool, err := read(r)
	if err != nil {
		var said *smtp.SMTPError
		if errors.As(err, &said) {
			return err
		}
		return later(err)
	}
	defer spool.drop()
	header, err := mail.ReadHeader(bufio.NewReader(spool.open()))
	if err != nil {
		return later(err)
	}
	head := mail.Head{Mailbox: x.s.mailbox, Place: mail.Pushed, Envelope: mail.Envelope{From: x.from, To: x.to}, Size: spool.size, Received: time.Now(), Header: header}
	wanted, err := x.h.Wants(x.ctx, head)
	if err == nil && !wanted {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "this address accepts only replies to its own emails, and emails with its tag in the subject"}
	}
	if err == nil {
		err = x.h.Handle(x.ctx, "", mail.Incoming{Head: head, Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(spool.open()), nil
		}})
	}
	switch {
	case err == nil:
		return nil
	case retry.IsNever(err):
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: err.Error()}
	}
	x.s.log.Error("take in a mail", "error", err)
	return later(err)
}

// later asks the mail server to come again; what went wrong inside is not told.
func later(error) error {
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "the mail could not be stored, try again later"}
}

// spool holds a mail as long as it is taken in.
type spool struct {
	data []byte
	file *os.File
	size int64
}

func read(r io.Reader) (*spool, error) {
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r, inMemory+1))
	if err != nil {
		return nil, err
	}
	if n <= inMemory {
		return &spool{data: b.Bytes(), size: n}, nil
	}
	f, err := os.CreateTemp("", "hashsend-lmtp-*")
	if err != nil {
		return nil, err
	}
	s := &spool{file: f}
	if err := os.Remove(f.Name()); err != nil { // it lives as long as it is open
		s.drop()
		return nil, err
	}
	if s.size, err = io.Copy(f, io.MultiReader(&b, r)); err != nil {
		s.drop()
		return nil, err
	}
	return s, nil
}

func (s *spool) open() io.Reader {
	if s.file == nil {
		return bytes.NewReader(s.data)
	}
	return io.NewSectionReader(s.file, 0, s.size)
}

func (s *spool) drop() {
	if s.file != nil {
		s.file.Close() //nolint:errcheck // a temporary file that has no name any more
	}
}
