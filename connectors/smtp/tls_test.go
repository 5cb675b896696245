package smtp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"hashsend/connectors/mailnet"
)

// certificate makes one for this machine, and the file of its authority.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	self := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, self, self, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// Mails of many sizes go over each kind of connection as they are, several over one;
// what fits into no piece, and lines with dots, among them.
func TestProtectedConnections(t *testing.T) {
	cert, ca := certificate(t)
	for _, mode := range []string{mailnet.TLS, mailnet.StartTLS, mailnet.Plain} {
		t.Run(mode, func(t *testing.T) {
			s := &server{rcpt: map[string]error{}}
			srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.sessions++
				return &submission{s: s, c: c}, nil
			}))
			srv.AllowInsecureAuth, srv.Domain, srv.ErrorLog = mode == mailnet.Plain, "provider.test", log.New(io.Discard, "", 0)
			if mode != mailnet.Plain {
				srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			port := l.Addr().(*net.TCPAddr).Port
			if mode == mailnet.TLS {
				l = tls.NewListener(l, srv.TLSConfig)
			}
			done := make(chan struct{})
			go func() { srv.Serve(l); close(done) }() //nolint:errcheck // it ends with Close
			out, err := Open(Config{Server: mailnet.Server{Host: "127.0.0.1", Port: port, TLS: mode, CAFile: ca, User: "team", Password: "secret", Timeout: 5 * time.Second}}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { out.Close(); srv.Close(); <-done }()
			var want []string
			for _, size := range []int{0, 1, 4000, 4096, 65_000, 65_536, 65_537, 300_000} {
				text := "Subject: x\r\n\r\n" + strings.Repeat(".dots and words\r\n", size/17+1)
				want = append(want, text)
				if _, dots, err := submit(t, out, outgoing(text, "ann@example.com")); err != nil || dots != 1 {
					t.Fatalf("%d bytes: %d dots, %v", size, dots, err)
				}
			}
			for i := range want {
				if s.mails[i] != want[i] {
					t.Errorf("mail %d arrived with %d bytes, not %d", i, len(s.mails[i]), len(want[i]))
				}
			}
			if len(s.mails) != len(want) || s.sessions > 2 { // STARTTLS begins anew
				t.Errorf("%d mails on %d connections", len(s.mails), s.sessions)
			}
			// Broken off before the dot, nothing of it is taken.
			if _, err := out.Submit(t.Context(), outgoing(want[3], "ann@example.com"), func() error { return errors.New("disk full") }); err == nil {
				t.Error("it went on")
			}
			if _, _, err := submit(t, out, outgoing(small, "ann@example.com")); err != nil || s.mails[len(s.mails)-1] != small || len(s.mails) != len(want)+1 {
				t.Errorf("afterwards there are %d mails, %v", len(s.mails), err)
			}
		})
	}
}
