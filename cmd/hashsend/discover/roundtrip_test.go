package discover

import (
	"bytes"
	"errors"
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

	"hashsend/connectors/imap"
	"hashsend/connectors/mailnet"
	"hashsend/connectors/smtp"
)

// provider is a mail provider on loopback with one mailbox.
type provider struct {
	refusesPlus, dropsPlus, keepsSent, newIDs bool

	user       *imapmemserver.User
	imap, smtp int
}

func (p *provider) start(t *testing.T) {
	t.Helper()
	p.user = imapmemserver.NewUser("team@example.org", "pass")
	for name, role := range map[string]goimap.MailboxAttr{"INBOX": "", "Sent": goimap.MailboxAttrSent} {
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
	}{{in.Serve, &p.imap}, {out.Serve, &p.smtp}} {
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
	p  *provider
	to string
}

func (s *submission) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *submission) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "team@example.org" || password != "pass" {
			return gosmtp.ErrAuthFailed
		}
		return nil
	}), nil
}
func (s *submission) Reset()                                 {}
func (s *submission) Logout() error                          { return nil }
func (s *submission) Mail(string, *gosmtp.MailOptions) error { return nil }
func (s *submission) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if s.to = to; s.p.refusesPlus && strings.Contains(to, "+") {
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	return nil
}

func (s *submission) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.p.newIDs {
		raw = bytes.Replace(raw, []byte("Message-ID: <"), []byte("Message-ID: <new-"), 1)
	}
	folders := []string{"INBOX"}
	if s.p.dropsPlus && strings.Contains(s.to, "+") {
		folders = nil
	}
	if s.p.keepsSent {
		folders = append(folders, "Sent")
	}
	for _, name := range folders {
		if _, err := s.p.user.Append(name, bytes.NewReader(raw), &goimap.AppendOptions{Time: time.Now()}); err != nil {
			return err
		}
	}
	return nil
}

func (p *provider) trip(t *testing.T, patience time.Duration) (Trip, error) {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	server := mailnet.Server{Host: "127.0.0.1", Port: p.imap, TLS: mailnet.Plain, User: "team@example.org", Password: "pass"}
	in, err := imap.Open("team", imap.Config{Server: server, Poll: 50 * time.Millisecond}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close() //nolint:errcheck // it is over
	server.Port = p.smtp
	out, err := smtp.Open(smtp.Config{Server: server}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close() //nolint:errcheck // it is over
	return RoundTrip(t.Context(), "team@example.org", in, out, patience)
}

func TestRoundTrip(t *testing.T) {
	for _, c := range []struct {
		name     string
		p        provider
		patience time.Duration
		want     Trip
	}{
		{"everything", provider{keepsSent: true}, time.Minute, Trip{Arrived: true, Plus: true, SameID: true, KeptSent: true}},
		{"other ids", provider{keepsSent: true, newIDs: true}, time.Minute, Trip{Arrived: true, Plus: true, KeptSent: true}},
		{"plus refused", provider{keepsSent: true, refusesPlus: true}, time.Minute, Trip{Arrived: true, SameID: true, KeptSent: true}},
		{"plus lost", provider{keepsSent: true, dropsPlus: true}, 3 * time.Second, Trip{Arrived: true, SameID: true, KeptSent: true}},
		{"no copy", provider{}, time.Minute, Trip{Arrived: true, Plus: true, SameID: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.p.start(t)
			got, err := c.p.trip(t, c.patience)
			if err != nil {
				t.Fatal(err)
			}
			if got.Arrived && got.Took <= 0 {
				t.Error("it took no time")
			}
			if got.Took = 0; got != c.want {
				t.Errorf("got %+v, wanted %+v", got, c.want)
			}
		})
	}
}

func TestRoundTripWithoutServer(t *testing.T) {
	p := provider{imap: 1, smtp: 1}
	if _, err := p.trip(t, 2*time.Second); err == nil || !strings.Contains(err.Error(), "could not be opened in time") {
		t.Error(errors.Join(err, errors.New("wanted: could not be opened in time")))
	}
}
