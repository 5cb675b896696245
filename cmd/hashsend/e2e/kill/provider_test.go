package kill

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-smtp"

	"hashsend/bridge/mail"
)

const owner = "bridge@example.test"

// provider is a mail provider in this process that counts what it is given, and
// that lets its answer to a mail wait after it has taken it.
type provider struct {
	smtpPort, imapPort int
	keepsSent          bool
	user               *imapmemserver.User
	answering          atomic.Int64 // mails that are taken and not yet answered
	putOff             atomic.Value // string: a recipient who is refused for now

	mu    sync.Mutex
	taken []taken // in order
}

// taken is an email as one of its recipients has got it.
type taken struct {
	mail.Message
	to string
}

func newProvider(t *testing.T, keepsSent bool) *provider {
	p := &provider{keepsSent: keepsSent, user: imapmemserver.NewUser(owner, "secret")}
	for _, f := range []string{"INBOX", "Sent"} {
		if err := p.user.Create(f, nil); err != nil {
			t.Fatal(err)
		}
	}
	mem := imapmemserver.New()
	mem.AddUser(p.user)
	quiet := log.New(io.Discard, "", 0)
	in := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}}, InsecureAuth: true, Logger: quiet,
	})
	out := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{p: p}, nil }))
	out.Domain, out.ErrorLog = "provider.test", quiet
	var serving sync.WaitGroup
	listen := func(serve func(net.Listener) error) int {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		serving.Go(func() { serve(l) }) //nolint:errcheck // it ends with Close
		return l.Addr().(*net.TCPAddr).Port
	}
	p.imapPort, p.smtpPort = listen(in.Serve), listen(out.Serve)
	t.Cleanup(func() {
		in.Close()  //nolint:errcheck // the test is over
		out.Close() //nolint:errcheck // the test is over
		serving.Wait()
	})
	return p
}

// mailbox is the bridge's setting for it, with more settings if given.
func (p *provider) mailbox(more ...string) string {
	return fmt.Sprintf("  - {name: main, title: Acme, address: %s, plus_addresses: true, keeps_sent: %v, grace: 1s, trust: {dkim: false, authserv_ids: [provider.test]}, imap: {host: 127.0.0.1, port: %d, tls: none, user: %s, password: secret, poll: 1s}, smtp: {host: 127.0.0.1, port: %d, tls: none}%s}",
		owner, p.keepsSent, p.imapPort, owner, p.smtpPort, strings.Join(append([]string{""}, more...), ", "))
}

type literal struct{ *bytes.Reader }

func (p *provider) put(folder string, raw []byte) error {
	_, err := p.user.Append(folder, literal{bytes.NewReader(raw)}, &imap.AppendOptions{Time: time.Now()})
	return err
}

// session is a submission.
type session struct {
	p  *provider
	to []string
}

func (s *session) Reset()                               { s.to = nil }
func (s *session) Logout() error                        { return nil }
func (s *session) Mail(string, *smtp.MailOptions) error { s.Reset(); return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.p.putOff.Load() == to {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "come again"}
	}
	s.to = append(s.to, to)
	return nil
}

// Data takes the mail, then waits before it answers: a kill in that time leaves
// the bridge in doubt about a mail that is on its way.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	limits := mail.DefaultLimits
	limits.Files = func(mail.Part) (mail.Sink, error) { return &summed{}, nil }
	m, err := mail.Parse(bytes.NewReader(raw), limits)
	if err != nil {
		return err
	}
	s.p.mu.Lock()
	for _, to := range s.to {
		if !strings.EqualFold(to, owner) {
			s.p.taken = append(s.p.taken, taken{m, to})
		} else if err := s.p.put("INBOX", raw); err != nil {
			s.p.mu.Unlock()
			return err
		}
	}
	s.p.mu.Unlock()
	if s.p.keepsSent {
		if err := s.p.put("Sent", raw); err != nil {
			return err
		}
	}
	s.p.answering.Add(1)
	time.Sleep(time.Duration(60+rand.IntN(140)) * time.Millisecond)
	s.p.answering.Add(-1)
	return nil
}

// mails are those that Bob has got, in order.
func (p *provider) mails() (all []mail.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.taken {
		if strings.HasPrefix(m.to, "bob@") {
			all = append(all, m.Message)
		}
	}
	return all
}

// summed keeps the sum of a file alone.
type summed struct{ bytes.Buffer }

func (s *summed) Close() (string, error) { return sumOf(s.Bytes()), nil }
