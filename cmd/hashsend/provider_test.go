package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	gosmtp "github.com/emersion/go-smtp"

	"hashsend/bridge"
	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/connectors/imap"
	"hashsend/connectors/mailnet"
	"hashsend/connectors/smtp"
)

// postOffice is a mail provider that does with mails what some providers do.
type postOffice struct {
	t          *testing.T
	user       *imapmemserver.User
	imap, smtp int
	newID      func(old string, to string) (id, answer string) // nil: the id is kept
	keepsSent  bool
	hangsUp    bool // takes the first mail and does not say so

	mu    sync.Mutex
	taken map[string][]mail.Message // by recipient
}

const ownBox = "team@example.org"

func (p *postOffice) open(t *testing.T) {
	p.t, p.taken, p.user = t, map[string][]mail.Message{}, imapmemserver.NewUser(ownBox, "secret")
	for _, name := range []string{"INBOX", "Sent"} {
		if err := p.user.Create(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	mem := imapmemserver.New()
	mem.AddUser(p.user)
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	in := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps: goimap.CapSet{goimap.CapIMAP4rev1: {}, goimap.CapIMAP4rev2: {}}, InsecureAuth: true, Logger: quiet,
	})
	out := gosmtp.NewServer(gosmtp.BackendFunc(func(c *gosmtp.Conn) (gosmtp.Session, error) { return &handover{p: p, c: c}, nil }))
	out.Domain, out.ErrorLog = "provider.example", quiet
	var serving sync.WaitGroup
	listen := func(serve func(net.Listener) error) int {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		serving.Go(func() { serve(l) }) //nolint:errcheck // it ends with Close
		return l.Addr().(*net.TCPAddr).Port
	}
	p.imap, p.smtp = listen(in.Serve), listen(out.Serve)
	t.Cleanup(func() {
		in.Close()  //nolint:errcheck // the test is over
		out.Close() //nolint:errcheck // the test is over
		serving.Wait()
	})
}

func (p *postOffice) put(folder string, raw []byte) error {
	_, err := p.user.Append(folder, struct{ *bytes.Reader }{bytes.NewReader(raw)}, &goimap.AppendOptions{Time: time.Now()})
	return err
}

// handover is a submission.
type handover struct {
	p  *postOffice
	c  *gosmtp.Conn
	to []string
}

func (s *handover) Reset()                                 { s.to = nil }
func (s *handover) Logout() error                          { return nil }
func (s *handover) Mail(string, *gosmtp.MailOptions) error { s.Reset(); return nil }
func (s *handover) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *handover) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := mail.Parse(bytes.NewReader(raw), mail.DefaultLimits)
	if err != nil {
		return err
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	answer := ""
	for _, to := range s.to {
		got, copied := m, raw
		if s.p.newID != nil {
			got.ID, answer = s.p.newID(m.ID, to)
			copied = bytes.Replace(raw, []byte("<"+m.ID+">"), []byte("<"+got.ID+">"), 1)
		}
		s.p.taken[to] = append(s.p.taken[to], got)
		if to == ownBox {
			if err := s.p.put("INBOX", copied); err != nil {
				return err
			}
		} else if s.p.keepsSent && to == s.to[0] {
			if err := s.p.put("Sent", copied); err != nil {
				return err
			}
		}
	}
	if s.p.hangsUp {
		s.p.hangsUp = false
		s.c.Close() //nolint:errcheck // that is the point
	}
	if answer != "" {
		return &gosmtp.SMTPError{Code: 250, EnhancedCode: gosmtp.EnhancedCode{2, 0, 0}, Message: answer}
	}
	return nil
}

func (p *postOffice) gave(to string) []mail.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.taken[to])
}

// in counts the mails of a folder.
func (p *postOffice) in(folder string) int {
	p.t.Helper()
	c, err := imapclient.DialInsecure(fmt.Sprintf("127.0.0.1:%d", p.imap), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // it was only asked
	if err := c.Login(ownBox, "secret").Wait(); err != nil {
		p.t.Fatal(err)
	}
	data, err := c.Select(folder, nil).Wait()
	if err != nil {
		p.t.Fatal(err)
	}
	return int(data.NumMessages)
}

// wall is a chat network on which one only reads what is posted.
type wall struct {
	mu     sync.Mutex
	posted []string
}

func (w *wall) Name() string { return "wall" }

func (w *wall) Run(ctx context.Context, _ string, _ chat.Handler) error { <-ctx.Done(); return nil }

func (w *wall) Send(_ context.Context, m chat.Outgoing) (chat.MessageID, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.posted = append(w.posted, string(m.Place.Room)+": "+m.Body.Text)
	return chat.MessageID(m.Key), nil
}

func (w *wall) says(text string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.posted {
		if strings.HasPrefix(p, text) {
			n++
		}
	}
	return n
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: waited in vain", what)
		}
	}
}

// EVENTS 6.2, 6.8, D9: whatever a provider does with Message-IDs, Sent and connections,
// the answer lands in the right room, a copy of each mail is in Sent once, and nothing
// of ours is taken in as news.
func TestProviders(t *testing.T) {
	n := 0
	for name, p := range map[string]*postOffice{
		"keeps everything, as Gmail does": {keepsSent: true},
		"keeps no copy":                   {},
		"Outlook.com tells the new id": {keepsSent: true, newID: func(old, _ string) (string, string) {
			id := "AM0PR01" + old[:20] + "@AM0PR01MB1.eurprd01.prod.outlook.com"
			return id, "2.0.0 OK <" + id + "> [Hostname=AM0PR01MB1.eurprd01.prod.outlook.com]"
		}},
		"SES tells a part of the new id": {newID: func(old, _ string) (string, string) {
			return "0102-" + old[3:19] + "@eu-west-1.amazonses.com", "Ok 0102-" + old[3:19]
		}},
		"gives each recipient another id, and tells none": {newID: func(old, to string) (string, string) {
			n++
			return fmt.Sprintf("silent%d.%s@relay.example", n, old[3:19]), ""
		}},
		"breaks the connection off after the mail": {keepsSent: true, hangsUp: true},
		"the same, and keeps no copy":              {hangsUp: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			talkOver(t, p)
		})
	}
}

func talkOver(t *testing.T, p *postOffice) {
	p.open(t)
	quiet := slog.New(slog.DiscardHandler)
	st, err := store.Open(t.Context(), t.TempDir(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	in, err := imap.Open("main", imap.Config{Server: mailnet.Server{Host: "127.0.0.1", Port: p.imap, TLS: mailnet.Plain, User: ownBox, Password: "secret"}, Sent: "Sent", Poll: 100 * time.Millisecond}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	out, err := smtp.Open(smtp.Config{Server: mailnet.Server{Host: "127.0.0.1", Port: p.smtp, TLS: mailnet.Plain}}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	w := &wall{}
	b, err := bridge.New(core.Options{Store: st, Chats: []chat.Connector{w}, Mailboxes: []core.Mailbox{{
		Name: "main", Address: mail.Address{Name: "Acme", Address: ownBox}, Sources: []mail.Source{in}, Keeper: in, Submitter: out, KeepsSent: p.keepsSent, Grace: 200 * time.Millisecond,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		in.Close()  //nolint:errcheck // it is over
		out.Close() //nolint:errcheck // it is over
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, room := range []string{"boat", "lunch"} {
		line := "link ann@example.com bob@example.net open title " + room + " yes"
		if a, err := b.Do(ctx, bridge.Request{Place: chat.Place{Room: chat.RoomID(room)}, Line: line}); err != nil || !a.OK {
			t.Fatal(a, err)
		}
	}
	say := func(room, text string) {
		e := chat.Posted{Head: chat.Head{Event: chat.EventID(text), At: time.Now(), Place: chat.Place{Room: chat.RoomID(room)}, By: chat.Author{ID: "alice", Name: "Alice"}}, Message: chat.MessageID(text), Body: chat.Body{Text: text}}
		if err := b.HandleChat("wall")(ctx, "", e); err != nil {
			t.Fatal(err)
		}
	}
	say("lunch", "Lunch at 12?")
	eventually(t, "Ann's mail", func() bool { return len(p.gave("ann@example.com")) > 0 })
	say("boat", "A boat?")
	eventually(t, "the mail of the other room", func() bool {
		mails := p.gave("ann@example.com")
		return strings.HasPrefix(mails[len(mails)-1].Text, "A boat?")
	})
	eventually(t, "the copies in Sent", func() bool { return p.in("Sent") == 2 && p.in("INBOX") == 0 })
	for i, who := range []string{"ann@example.com", "bob@example.net"} {
		first := p.gave(who)[0]
		raw := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: Re: #Send lunch\r\nMessage-ID: <answer%d@example.com>\r\nIn-Reply-To: <%s>\r\nReferences: <%s> <%s>\r\n\r\nYes, says %s.\r\n", who, ownBox, i, first.ID, first.References[0], first.ID, who)
		if err := p.put("INBOX", []byte(raw)); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the answer of "+who, func() bool { return w.says("lunch: Yes, says "+who) > 0 })
	}
	eventually(t, "the answers of each for the other", func() bool {
		mails := p.gave("ann@example.com")
		return strings.Contains(mails[len(mails)-1].Text, "Yes, says bob@example.net")
	})
	eventually(t, "the copies in Sent", func() bool { return p.in("Sent") == 4 && p.in("INBOX") == 2 })
	if w.says("boat: Yes") > 0 || w.says("lunch: Lunch") > 0 || w.says("lunch: Yes, says ann@example.com") != 1 || w.says("boat: A boat") > 0 {
		t.Errorf("posted was %q", w.posted)
	}
}
