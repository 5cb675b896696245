// Package probe opens a connection to a mail server, begins TLS as a mail program
// does, and says what was seen: greeting, certificate, version. It never signs in and
// never sends an email.
package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

// Protocol is what the server speaks.
type Protocol int

// The protocols.
const (
	SMTP Protocol = iota
	IMAP
)

// Target is a server to look at.
type Target struct {
	Addr     string // IP:PORT, or HOST:PORT
	Host     string // the name that its certificate should have
	Protocol Protocol
	Implicit bool           // TLS from the first byte on
	Roots    *x509.CertPool // nil: those of the system
	Name     string         // given in EHLO; empty: localhost
	Patience time.Duration  // 0: twenty seconds
	Now      time.Time
}

// Result is what was seen.
type Result struct {
	Target    Target
	Connect   error // nil: connected
	Silent    bool  // Connect is a time-out
	Refused   bool  // Connect is a refusal by the machine
	Talk      error // what went wrong before TLS
	Greeting  string
	Offers    bool  // it offers TLS
	Handshake error // nil where TLS was begun
	Version   uint16
	Chain     []*x509.Certificate
	Trust     error // the certificate is not to be trusted, other than for its name
	NameError error // the certificate is for another name
}

// Secured reports whether TLS was begun.
func (r Result) Secured() bool { return r.Version != 0 }

// String is a line of evidence.
func (r Result) String() string {
	s := r.Target.Addr + ": "
	switch {
	case r.Connect != nil:
		return s + r.Connect.Error()
	case r.Talk != nil:
		return s + r.Talk.Error()
	case !r.Offers:
		return s + "no STARTTLS; greeting " + r.Greeting
	case r.Handshake != nil:
		return s + "TLS: " + r.Handshake.Error()
	}
	s += tls.VersionName(r.Version)
	if len(r.Chain) > 0 {
		c := r.Chain[0]
		s += fmt.Sprintf(", certificate of %s for %s until %s", c.Issuer.CommonName, strings.Join(names(c), " "), c.NotAfter.UTC().Format("2 Jan 2006"))
	}
	return s
}

func names(c *x509.Certificate) []string {
	if len(c.DNSNames) > 0 {
		return c.DNSNames
	}
	return []string{c.Subject.CommonName}
}

// Look connects and looks.
func Look(ctx context.Context, t Target) (r Result) {
	r.Target = t
	if t.Patience <= 0 {
		t.Patience = 20 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, t.Patience)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", t.Addr)
	if err != nil {
		var n net.Error
		r.Connect = err
		r.Silent = errors.As(err, &n) && n.Timeout() || errors.Is(err, os.ErrDeadlineExceeded)
		r.Refused = errors.Is(err, syscall.ECONNREFUSED)
		return r
	}
	defer conn.Close()                                                           //nolint:errcheck // nothing was sent that matters
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) }) //nolint:errcheck // a closed one needs none
	defer stop()
	if !t.Implicit {
		d := &dialogue{r: bufio.NewReaderSize(conn, 4096), w: conn, name: t.Name}
		r.Greeting, r.Offers, r.Talk = d.begin(t.Protocol)
		if r.Talk != nil || !r.Offers {
			return r
		}
	}
	r.Offers = true
	secured := tls.Client(conn, &tls.Config{
		ServerName: t.Host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, //nolint:gosec // it is judged below, and nothing secret is sent
	})
	if r.Handshake = secured.HandshakeContext(ctx); r.Handshake != nil {
		return r
	}
	state := secured.ConnectionState()
	r.Version, r.Chain = state.Version, state.PeerCertificates
	r.judge(t)
	if t.Implicit {
		d := &dialogue{r: bufio.NewReaderSize(secured, 4096), w: secured}
		r.Greeting, r.Talk = d.greeting(t.Protocol)
	}
	return r
}

// judge checks the certificate: its chain and dates, and apart from that its name.
func (r *Result) judge(t Target) {
	if len(r.Chain) == 0 {
		r.Trust = errors.New("there is no certificate")
		return
	}
	between := x509.NewCertPool()
	for _, c := range r.Chain[1:] {
		between.AddCert(c)
	}
	_, r.Trust = r.Chain[0].Verify(x509.VerifyOptions{Roots: t.Roots, Intermediates: between, CurrentTime: t.Now})
	r.NameError = r.Chain[0].VerifyHostname(t.Host)
}

// dialogue is the talk before TLS.
type dialogue struct {
	r    *bufio.Reader
	w    net.Conn
	name string
}

// maxLines is how many lines of one answer are read.
const maxLines = 100

func (d *dialogue) line() (string, error) {
	text, err := d.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errors.New("the server sends lines without end")
	}
	if err != nil {
		return "", fmt.Errorf("read from the server: %w", err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// reply reads an answer of SMTP, which may have several lines.
func (d *dialogue) reply(want string) (lines []string, err error) {
	for range maxLines {
		l, err := d.line()
		if err != nil {
			return nil, err
		}
		if len(l) < 3 {
			return nil, fmt.Errorf("the server does not speak SMTP: it said %q", l)
		}
		lines = append(lines, l)
		if len(l) == 3 || l[3] != '-' {
			if !strings.HasPrefix(l, want) {
				return nil, fmt.Errorf("the server said %q", l)
			}
			return lines, nil
		}
	}
	return nil, errors.New("the server's answer has no end")
}

func (d *dialogue) greeting(p Protocol) (string, error) {
	if p == IMAP {
		l, err := d.line()
		if err == nil && !strings.HasPrefix(l, "* OK") && !strings.HasPrefix(l, "* PREAUTH") {
			err = fmt.Errorf("the server does not greet as IMAP does: it said %q", l)
		}
		return l, err
	}
	lines, err := d.reply("220")
	if err != nil {
		return "", err
	}
	return lines[0], nil
}

// begin greets and asks for TLS.
func (d *dialogue) begin(p Protocol) (greeting string, offers bool, err error) {
	if greeting, err = d.greeting(p); err != nil {
		return greeting, false, err
	}
	if p == IMAP {
		return greeting, true, d.imap()
	}
	name := d.name
	if name == "" {
		name = "localhost"
	}
	if _, err := fmt.Fprintf(d.w, "EHLO %s\r\n", name); err != nil {
		return greeting, false, err
	}
	lines, err := d.reply("250")
	if err != nil {
		return greeting, false, err
	}
	for _, l := range lines[1:] {
		offers = offers || strings.EqualFold(strings.TrimSpace(l[4:]), "STARTTLS")
	}
	if !offers {
		_, err := fmt.Fprint(d.w, "QUIT\r\n")
		return greeting, false, err
	}
	if _, err := fmt.Fprint(d.w, "STARTTLS\r\n"); err != nil {
		return greeting, true, err
	}
	_, err = d.reply("220")
	return greeting, true, err
}

func (d *dialogue) imap() error {
	if _, err := fmt.Fprint(d.w, "a STARTTLS\r\n"); err != nil {
		return err
	}
	for range maxLines {
		l, err := d.line()
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(l, "a OK"):
			return nil
		case strings.HasPrefix(l, "a "):
			return fmt.Errorf("the server does not begin TLS: it said %q", l)
		}
	}
	return errors.New("the server's answer has no end")
}

// DANE reports whether a chain fits one of the TLSA records that count for SMTP
// (RFC 7672, 3.1), and whether there is one that counts at all.
func DANE(chain []*x509.Certificate, records []*dns.TLSA) (fits, counts bool) {
	for _, t := range records {
		switch t.Usage {
		case 3: // the server's own certificate
			counts = true
			if len(chain) > 0 && t.Verify(chain[0]) == nil {
				return true, true
			}
		case 2: // an authority that it hands over
			counts = true
			for i, c := range chain {
				if t.Verify(c) == nil && signedBy(chain[:i+1]) {
					return true, true
				}
			}
		}
	}
	return false, counts
}

// signedBy reports whether each certificate of a chain was signed by the next.
func signedBy(chain []*x509.Certificate) bool {
	for i := range len(chain) - 1 {
		if chain[i].CheckSignatureFrom(chain[i+1]) != nil {
			return false
		}
	}
	return true
}
