// Package mailtest is a mail provider on loopback with one mailbox, real SMTP and
// IMAP, for tests of what providers do differently.
package mailtest

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// The mailbox.
const (
	Address  = "team@example.org"
	Password = "a-planted-password"
)

// Provider is a mail provider on loopback with one mailbox.
type Provider struct {
	RefusesPlus bool   // answers 550 to plus addresses
	DropsPlus   bool   // takes mail to plus addresses and loses it
	KeepsSent   bool   // puts what is submitted into Sent
	NewIDs      bool   // gives mails another Message-ID
	Junks       bool   // puts all that comes among junk
	Headers     string // what it writes above what comes, lines ended by CRLF

	user       *imapmemserver.User
	IMAP, SMTP int // ports on 127.0.0.1, from Start on
}

// Start starts it; it ends with the test.
func (p *Provider) Start(t testing.TB) {
	t.Helper()
	p.user = imapmemserver.NewUser(Address, Password)
	for name, role := range map[string]goimap.MailboxAttr{"INBOX": "", "Sent": goimap.MailboxAttrSent, "Junk": goimap.MailboxAttrJunk} {
		var options goimap.CreateOptions
		if role != "" {
			options.SpecialUse = []goimap.MailboxAttr{role}
		}
		if err := p.user.Create(name, &options); err != nil {
			t.Fatal(err)
		}
	}
	mem := imapmemserver.New()
	mem.AddUser(p.user)
	in := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps: goimap.CapSet{goimap.CapIMAP4rev1: {}, goimap.CapSpecialUse: {}, goimap.CapCreateSpecialUse: {}}, InsecureAuth: true,
		Logger: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	})
	out := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) { return &submission{p: p}, nil }))
	out.Domain, out.AllowInsecureAuth = "mail.example.org", true
	out.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	var serving sync.WaitGroup
	for _, s := range []struct {
		serve func(net.Listener) error
		port  *int
	}{{in.Serve, &p.IMAP}, {out.Serve, &p.SMTP}} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		*s.port = l.Addr().(*net.TCPAddr).Port
		serving.Go(func() { s.serve(l) }) //nolint:errcheck // it ends with Close
	}
	t.Cleanup(func() {
		in.Close()  //nolint:errcheck // it is over
		out.Close() //nolint:errcheck // it is over
		serving.Wait()
	})
}

type submission struct {
	p  *Provider
	to string
}

func (s *submission) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *submission) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != Address || password != Password {
			return gosmtp.ErrAuthFailed
		}
		return nil
	}), nil
}
func (s *submission) Reset()                                 {}
func (s *submission) Logout() error                          { return nil }
func (s *submission) Mail(string, *gosmtp.MailOptions) error { return nil }
func (s *submission) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if s.to = to; s.p.RefusesPlus && strings.Contains(to, "+") {
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	return nil
}

func (s *submission) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.p.NewIDs {
		raw = bytes.Replace(raw, []byte("Message-ID: <"), []byte("Message-ID: <new-"), 1)
	}
	inbox := "INBOX"
	if s.p.Junks {
		inbox = "Junk"
	}
	folders := []string{inbox}
	if s.p.DropsPlus && strings.Contains(s.to, "+") {
		folders = nil
	}
	if s.p.KeepsSent {
		folders = append(folders, "Sent")
	}
	for _, name := range folders {
		raw := raw
		if name == inbox {
			raw = append([]byte(s.p.Headers), raw...)
		}
		if _, err := s.p.user.Append(name, bytes.NewReader(raw), &goimap.AppendOptions{Time: time.Now()}); err != nil {
			return err
		}
	}
	return nil
}
