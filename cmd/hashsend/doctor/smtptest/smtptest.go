// Package smtptest runs small mail servers on loopback addresses for the doctor's
// tests, with certificates of every kind.
package smtptest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// Authority signs certificates.
type Authority struct {
	Cert *x509.Certificate
	Pool *x509.CertPool
	key  *ecdsa.PrivateKey
}

// NewAuthority makes one for a test.
func NewAuthority(tb testing.TB) *Authority {
	tb.Helper()
	a := &Authority{Pool: x509.NewCertPool()}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		tb.Fatal(err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(365 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, t, t, &a.key.PublicKey, a.key)
	if err != nil {
		tb.Fatal(err)
	}
	if a.Cert, err = x509.ParseCertificate(raw); err != nil {
		tb.Fatal(err)
	}
	a.Pool.AddCert(a.Cert)
	return a
}

// Certificate signs one for a host that ends at a time.
func (a *Authority) Certificate(tb testing.TB, host string, until time.Time) *tls.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, t, a.Cert, &key.PublicKey, a.key)
	if err != nil {
		tb.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		tb.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{raw, a.Cert.Raw}, PrivateKey: key, Leaf: leaf}
}

// Server is a mail server that greets and begins TLS, and nothing else.
type Server struct {
	Cert     *tls.Certificate // nil: it offers no TLS
	Greeting string           // empty: as SMTP does
	IMAP     bool
	Implicit bool
	Max      uint16 // newest version of TLS; 0: any
	Mute     bool   // it says nothing
}

// Start runs it at an address until the test ends. Port 0 is any.
func (s Server) Start(tb testing.TB, addr string, port uint16) netip.AddrPort {
	tb.Helper()
	l, err := net.Listen("tcp", netip.AddrPortFrom(netip.MustParseAddr(addr), port).String())
	if err != nil {
		tb.Fatal(err)
	}
	var running sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[conn] = true
			mu.Unlock()
			running.Go(func() {
				s.serve(conn)
				conn.Close() //nolint:errcheck // the other side sees it
			})
		}
	})
	tb.Cleanup(func() {
		l.Close() //nolint:errcheck // it ends Accept
		mu.Lock()
		for c := range open {
			c.Close() //nolint:errcheck // it ends serve
		}
		mu.Unlock()
		running.Wait()
	})
	at, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	return at
}

func (s Server) config() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{*s.Cert}, MaxVersion: s.Max, MinVersion: tls.VersionTLS10} //nolint:gosec // old versions are tried on purpose
}

func (s Server) serve(conn net.Conn) {
	if s.Implicit {
		conn = tls.Server(conn, s.config())
	}
	lines := bufio.NewScanner(conn)
	if s.Mute {
		for lines.Scan() {
			continue
		}
		return
	}
	greeting := s.Greeting
	switch {
	case greeting == "" && s.IMAP:
		greeting = "* OK ready"
	case greeting == "":
		greeting = "220 mx ESMTP"
	}
	say(conn, greeting)
	for lines.Scan() {
		words := strings.Fields(strings.ToUpper(lines.Text()))
		if s.IMAP && len(words) > 1 {
			words = words[1:]
		}
		if len(words) > 0 && !s.answer(conn, words[0]) {
			return
		}
	}
}

func say(conn net.Conn, text string) { fmt.Fprintf(conn, "%s\r\n", text) } //nolint:errcheck // the other side sees it

// answer answers one command, and reports whether the talk goes on.
func (s Server) answer(conn net.Conn, cmd string) bool {
	switch {
	case cmd == "STARTTLS" && s.Cert != nil:
		if s.IMAP {
			say(conn, "* note\r\na OK begin")
		} else {
			say(conn, "220 begin")
		}
		t := tls.Server(conn, s.config())
		if t.Handshake() == nil { //nolint:noctx // it ends with the connection
			t.Close() //nolint:errcheck // it was only tried
		}
		return false
	case s.IMAP:
		say(conn, "a BAD no")
	case cmd == "EHLO" && s.Cert != nil:
		say(conn, "250-mx\r\n250-STARTTLS\r\n250 8BITMIME")
	case cmd == "EHLO":
		say(conn, "250-mx\r\n250 8BITMIME")
	case cmd == "QUIT":
		say(conn, "221 bye")
		return false
	default:
		say(conn, "502 no")
	}
	return true
}
