package smtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
	"hashsend/connectors/mailnet"
)

// server is a submission server whose answers a test chooses.
type server struct {
	mu       sync.Mutex
	sessions int
	mails    []string
	rcpt     map[string]error
	data     error
	hangUp   bool // break the connection off instead of answering to DATA
	conns    []*smtp.Conn
	asked    []string // parameters of MAIL and RCPT
}

type submission struct {
	s    *server
	c    *smtp.Conn
	auth bool
}

func (x *submission) AuthMechanisms() []string { return []string{sasl.Plain} }

func (x *submission) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "team" || password != "secret" {
			return smtp.ErrAuthFailed
		}
		x.auth = true
		return nil
	}), nil
}

func (x *submission) Reset()        {}
func (x *submission) Logout() error { return nil }

func (x *submission) Mail(_ string, o *smtp.MailOptions) error {
	if !x.auth {
		return smtp.ErrAuthRequired
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.asked = append(x.s.asked, fmt.Sprint("size ", o.Size, " utf8 ", o.UTF8, " ret ", o.Return, " envid ", o.EnvelopeID))
	return nil
}

func (x *submission) Rcpt(to string, o *smtp.RcptOptions) error {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.asked = append(x.s.asked, fmt.Sprint(to, " notify ", o.Notify))
	return x.s.rcpt[to]
}

func (x *submission) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if x.s.data != nil {
		return x.s.data
	}
	x.s.mails = append(x.s.mails, string(raw))
	if x.s.hangUp {
		x.c.Close() //nolint:errcheck // that is the point
	}
	return nil
}

func start(t *testing.T, offers ...func(*smtp.Server)) (*server, *Submitter) {
	t.Helper()
	s := &server{rcpt: map[string]error{}}
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sessions++
		s.conns = append(s.conns, c)
		return &submission{s: s, c: c}, nil
	}))
	srv.AllowInsecureAuth, srv.Domain, srv.MaxMessageBytes, srv.EnableDSN = true, "provider.test", 10000, true
	srv.ErrorLog = log.New(io.Discard, "", 0)
	for _, offer := range offers {
		offer(srv)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { srv.Serve(l); close(done) }() //nolint:errcheck // it ends with Close
	out, err := Open(Config{Server: mailnet.Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: mailnet.Plain, User: "team", Password: "secret", Timeout: 5 * time.Second}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close(); srv.Close(); <-done })
	return s, out
}

func outgoing(text string, to ...string) mail.Outgoing {
	return mail.Outgoing{From: "team@example.org", To: to, Size: int64(len(text)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

const small = "Subject: x\r\n\r\nhello\r\n.\r\nend\r\n"

func submit(t *testing.T, out *Submitter, o mail.Outgoing) (mail.Result, int, error) {
	t.Helper()
	dots := 0
	res, err := out.Submit(context.Background(), o, func() error { dots++; return nil })
	return res, dots, err
}

func TestConnectionIsKept(t *testing.T) {
	s, out := start(t)
	for range 5 {
		if _, dots, err := submit(t, out, outgoing(small, "ann@example.com")); err != nil || dots != 1 {
			t.Fatal(dots, err)
		}
	}
	if s.sessions != 1 || len(s.mails) != 5 || s.mails[0] != small {
		t.Errorf("%d connections, mails %q", s.sessions, s.mails)
	}
	// The server closes the kept connection: the next mail takes a new one, in silence.
	s.mu.Lock()
	for _, c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	if _, _, err := submit(t, out, outgoing(small, "ann@example.com")); err != nil {
		t.Error(err)
	}
	if len(s.mails) != 6 {
		t.Errorf("%d mails", len(s.mails))
	}
}

// D30, D32: what the server says of each recipient, and of a mail that is too large.
func TestOutcomes(t *testing.T) {
	s, out := start(t)
	s.rcpt["gone@example.com"] = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	s.rcpt["grey@example.com"] = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "come again"}
	res, _, err := submit(t, out, outgoing(small, "ann@example.com", "gone@example.com", "grey@example.com"))
	if err != nil || len(res.Outcomes) != 3 || res.Outcomes[0].State != mail.Accepted || res.Outcomes[1].State != mail.Refused || res.Outcomes[2].State != mail.Deferred || res.Outcomes[1].Status != "5.1.1" {
		t.Errorf("%+v, %v", res, err)
	}
	if _, dots, err := submit(t, out, outgoing(small, "gone@example.com")); !retry.IsNever(err) || dots != 0 {
		t.Errorf("refused for good: %v, %d dots", err, dots)
	}
	if _, _, err := submit(t, out, outgoing(small, "grey@example.com")); err == nil || retry.IsNever(err) || retry.IsUnclear(err) {
		t.Errorf("refused for now: %v", err)
	}
	s.data = &smtp.SMTPError{Code: 452, Message: "full"}
	if _, dots, err := submit(t, out, outgoing(small, "ann@example.com")); err == nil || retry.IsNever(err) || retry.IsUnclear(err) || dots != 1 {
		t.Errorf("refused at the end of DATA for now: %v", err)
	}
	s.data = &smtp.SMTPError{Code: 554, Message: "spam"}
	if _, _, err := submit(t, out, outgoing(small, "ann@example.com")); !retry.IsNever(err) {
		t.Errorf("refused at the end of DATA for good: %v", err)
	}
	s.data = nil
	if _, _, err := submit(t, out, outgoing(strings.Repeat("x", 20000), "ann@example.com")); !retry.IsNever(err) || !strings.Contains(err.Error(), "10000") {
		t.Errorf("too large: %v", err)
	}
	count := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.mails)
	}
	before := count()
	if _, err := out.Submit(context.Background(), outgoing(small, "ann@example.com"), func() error { return errors.New("disk full") }); err == nil || retry.IsUnclear(err) {
		t.Errorf("broken off before the dot: %v", err)
	}
	s.hangUp = true
	if _, _, err := submit(t, out, outgoing(small, "ann@example.com")); !retry.IsUnclear(err) {
		t.Errorf("the answer was lost: %v", err)
	}
	if n := count() - before; n != 1 {
		t.Errorf("%d mails were taken, not 1", n)
	}
}

// D25, D29, D30: what the server offers is used, and what it does not offer is not
// asked of it. (RFC 3461, RFC 6531, RFC 1870)
func TestOffers(t *testing.T) {
	mailTo := func(to string) mail.Outgoing {
		o := outgoing(small, to)
		o.EnvelopeID, o.UTF8 = "abc", strings.ContainsRune(to, 'ö')
		return o
	}
	s, out := start(t, func(s *smtp.Server) { s.EnableSMTPUTF8 = true })
	for _, to := range []string{"ann@example.com", "jörg@example.com"} {
		if _, _, err := submit(t, out, mailTo(to)); err != nil {
			t.Fatal(to, err)
		}
	}
	want := []string{
		"size 29 utf8 false ret HDRS envid abc", "ann@example.com notify [FAILURE DELAY]",
		"size 29 utf8 true ret HDRS envid abc", "jörg@example.com notify [FAILURE DELAY]",
	}
	if !slices.Equal(s.asked, want) {
		t.Errorf("all is offered: %q", s.asked)
	}
	s, out = start(t, func(s *smtp.Server) { s.EnableDSN = false })
	if _, _, err := submit(t, out, mailTo("ann@example.com")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"size 29 utf8 false ret  envid ", "ann@example.com notify []"}; !slices.Equal(s.asked, want) {
		t.Errorf("nothing is offered: %q", s.asked)
	}
	if _, dots, err := submit(t, out, mailTo("jörg@example.com")); !retry.IsNever(err) || dots != 0 || !strings.Contains(err.Error(), "SMTPUTF8") {
		t.Errorf("an address that the server does not take: %v", err)
	}
}

// D31: what is said of the account is no fault of the mail.
func TestCongested(t *testing.T) {
	s, out := start(t)
	for _, said := range []*smtp.SMTPError{
		{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 28}, Message: "unusual rate"},
		{Code: 454, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "too many logins"},
		{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 4, 5}, Message: "daily sending quota exceeded"},
	} {
		s.rcpt["ann@example.com"], s.data = said, nil
		if _, dots, err := submit(t, out, outgoing(small, "bob@example.com", "ann@example.com")); !retry.IsCongested(err) || retry.IsNever(err) || dots != 0 {
			t.Errorf("%d at RCPT: %v, %d dots", said.Code, err, dots)
		}
		s.rcpt["ann@example.com"], s.data = nil, said
		if _, _, err := submit(t, out, outgoing(small, "ann@example.com")); !retry.IsCongested(err) || retry.IsUnclear(err) {
			t.Errorf("%d at the end of DATA: %v", said.Code, err)
		}
	}
	s.data = &smtp.SMTPError{Code: 451, Message: "come again"}
	if _, _, err := submit(t, out, outgoing(small, "ann@example.com")); err == nil || retry.IsCongested(err) {
		t.Errorf("451 is of the mail: %v", err)
	}
	s.data = nil
	if _, _, err := submit(t, out, outgoing(small, "ann@example.com")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestWrongPassword(t *testing.T) {
	_, out := start(t)
	out.cfg.Server.Password = "wrong"
	out.login = mailnet.NewLogin(out.cfg.Server)
	_, err := out.Check(context.Background())
	if err == nil || !retry.IsCongested(err) || !strings.Contains(err.Error(), "app password") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("wrong password: %v", err)
	}
}

func TestFinalID(t *testing.T) {
	for _, c := range []struct{ host, answer, want string }{
		{"smtp-mail.outlook.com", "2.0.0 OK <AM0PR01@AM0PR01MB1.eurprd01.prod.outlook.com> [Hostname=AM0]", "AM0PR01@AM0PR01MB1.eurprd01.prod.outlook.com"},
		{"email-smtp.eu-west-1.amazonaws.com", "Ok 0102019000000000-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee-000000", "0102019000000000-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee-000000@eu-west-1.amazonses.com"},
		{"email-smtp.us-east-1.amazonaws.com", "2.0.0 Ok 0102019000000000-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee-000000", "0102019000000000-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee-000000@email.amazonses.com"},
		{"smtp.example.org", "2.0.0 Ok: queued as 4F1A2B3C4D", ""},
		{"smtp.example.org", "Ok 0102019000000000-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee-000000", ""},
	} {
		if got := finalID(c.host, c.answer); got != c.want {
			t.Errorf("finalID(%q, %q) = %q, want %q", c.host, c.answer, got, c.want)
		}
	}
}

func FuzzFinalID(f *testing.F) {
	f.Add("email-smtp.eu-west-1.amazonaws.com", "Ok 0102019000000000-aaaaaaaa-bbbb")
	f.Add("smtp.office365.com", "2.0.0 OK <a@b.prod.outlook.com>")
	f.Fuzz(func(t *testing.T, host, answer string) {
		if id := finalID(host, answer); id != "" && (strings.ContainsAny(id, "<> \r\n") || strings.Count(id, "@") != 1) {
			t.Errorf("%q is no Message-ID", id)
		}
	})
}

func BenchmarkSubmit(b *testing.B) {
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &submission{s: &server{rcpt: map[string]error{}}, c: c, auth: true}, nil
	}))
	s.Domain, s.ErrorLog = "provider.test", log.New(io.Discard, "", 0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go s.Serve(l)   //nolint:errcheck // it ends with Close
	defer s.Close() //nolint:errcheck // the benchmark is over
	out, err := Open(Config{Server: mailnet.Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: mailnet.Plain}}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close() //nolint:errcheck // the benchmark is over
	for b.Loop() {
		if _, err := out.Submit(context.Background(), outgoing(small, "ann@example.com"), func() error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
