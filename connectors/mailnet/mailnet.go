// Package mailnet opens connections to mail servers: dialling, TLS, time limits
// and authentication, the same for IMAP and SMTP.
package mailnet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"hashsend/bridge/retry"
)

// The ways of protecting a connection.
const (
	TLS      = "tls"      // from the first byte on (RFC 8314)
	StartTLS = "starttls" // begun by a command of the protocol
	Plain    = "none"     // not at all; only to this machine, unless Insecure is set
)

// Server is a mail server and how to log in there.
type Server struct {
	Host     string        `yaml:"host"`     // name or address
	Port     int           `yaml:"port"`     // 1 to 65535
	TLS      string        `yaml:"tls"`      // tls, starttls or none; empty: tls
	CAFile   string        `yaml:"ca_file"`  // PEM file with the authority that signed the server's certificate; empty: those of the system
	Insecure bool          `yaml:"insecure"` // allow none to another machine
	User     string        `yaml:"user"`
	Password string        `yaml:"password"`
	OAuth2   *OAuth2       `yaml:"oauth2"`  // instead of a password
	Tokens   *Tokens       `yaml:"-"`       // gives out tokens for OAuth2, shared by the connections of a mailbox; nil: this one has its own
	Timeout  time.Duration `yaml:"timeout"` // for one answer of the server; 0: two minutes
}

// Check returns all that is wrong with the settings.
func (s Server) Check() (errs []error) {
	if s.Host == "" {
		errs = append(errs, errors.New("host: missing; wanted is the name of the mail server, as mail.example.org"))
	}
	if s.Port < 1 || s.Port > 65535 {
		errs = append(errs, fmt.Errorf("port: %d is not a number from 1 to 65535", s.Port))
	}
	switch s.TLS {
	case "", TLS, StartTLS:
	case Plain:
		if !s.Insecure && s.Host != "" && !loopback(s.Host) {
			errs = append(errs, fmt.Errorf("tls: none would send the password in the clear to %s; use tls or starttls (or set insecure: true if the way there is safe)", s.Host))
		}
	default:
		errs = append(errs, fmt.Errorf("tls: %q is none of tls, starttls, none", s.TLS))
	}
	if s.User != "" && s.Password == "" && s.OAuth2 == nil {
		errs = append(errs, errors.New("password: missing; give password or oauth2"))
	}
	if s.OAuth2 != nil {
		errs = append(errs, s.OAuth2.check()...)
	}
	return errs
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Mode is the effective way of protection.
func (s Server) Mode() string {
	if s.TLS == "" {
		return TLS
	}
	return s.TLS
}

// Address is HOST:PORT.
func (s Server) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// AnswerTime is how long one answer of the server may take.
func (s Server) AnswerTime() time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return 2 * time.Minute
}

// TLSConfig is that for this server; an error is one of reading CAFile.
func (s Server) TLSConfig() (*tls.Config, error) {
	c := &tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12}
	if s.CAFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		return nil, retry.Never(fmt.Errorf("read ca_file: %w", err))
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, retry.Never(fmt.Errorf("ca_file %s holds no certificate in PEM form", s.CAFile))
	}
	return c, nil
}

// Dial connects, with TLS from the start where the settings say so; STARTTLS is
// left to the protocol. The connection breaks off every read and write that takes
// longer than its limit, and is closed when ctx ends.
func (s Server) Dial(ctx context.Context) (*Conn, error) {
	dialCtx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(dialCtx, "tcp", s.Address())
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", s.Address(), err)
	}
	if s.Mode() == TLS {
		config, err := s.TLSConfig()
		if err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		secured := tls.Client(raw, config)
		if err := secured.HandshakeContext(dialCtx); err != nil {
			return nil, errors.Join(fmt.Errorf("TLS with %s: %w%s", s.Address(), err, tlsHint(err)), raw.Close())
		}
		raw = secured
	}
	c := &Conn{Conn: raw}
	c.SetLimit(s.AnswerTime())
	c.unwatch = context.AfterFunc(ctx, func() { raw.Close() }) //nolint:errcheck // it is to be broken off
	return c, nil
}

func tlsHint(err error) string {
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &unknown):
		return " (if the server has a certificate of your own authority, name it in ca_file)"
	case errors.As(err, &record):
		return " (the server does not begin with TLS at this port: try tls: starttls)"
	}
	return ""
}
