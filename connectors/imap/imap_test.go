package imap

import (
	"bytes"
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

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
	"hashsend/connectors/imap/wire"
	"hashsend/connectors/mailnet"
)

// box is a mailbox on a real IMAP server in this process.
type box struct {
	t    *testing.T
	user *imapmemserver.User
	port int
}

func newBox(t *testing.T) *box {
	t.Helper()
	b := &box{t: t, user: imapmemserver.NewUser("team", "secret")}
	mem := imapmemserver.New()
	mem.AddUser(b.user)
	for name, role := range map[string]imap.MailboxAttr{"INBOX": "", "Gesendet": imap.MailboxAttrSent} {
		opts := &imap.CreateOptions{}
		if role != "" {
			opts.SpecialUse = []imap.MailboxAttr{role}
		}
		if err := b.user.Create(name, opts); err != nil {
			t.Fatal(err)
		}
	}
	srv := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}, imap.CapSpecialUse: {}}, InsecureAuth: true, Logger: log.New(io.Discard, "", 0),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.port = l.Addr().(*net.TCPAddr).Port
	done := make(chan struct{})
	go func() { srv.Serve(l); close(done) }() //nolint:errcheck // it ends with Close
	t.Cleanup(func() { srv.Close(); <-done })
	return b
}

type literal struct{ *bytes.Reader }

func (b *box) put(folder, raw string) {
	b.t.Helper()
	if _, err := b.user.Append(folder, literal{bytes.NewReader([]byte(raw))}, &imap.AppendOptions{Time: time.Now()}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) open() *Source {
	b.t.Helper()
	s, err := Open("main", Config{Server: mailnet.Server{Host: "127.0.0.1", Port: b.port, TLS: mailnet.Plain, User: "team", Password: "secret", Timeout: 5 * time.Second}, Poll: 200 * time.Millisecond}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { s.Close() })
	return s
}

// taker takes mails whose subject begins with "ours".
type taker struct {
	mu      sync.Mutex
	got     []string // "folder: text"
	cursors map[string]string
	fail    map[string]error // once, by text
	folders int              // how many are watched; 0: 2
}

func (k *taker) Wants(_ context.Context, h mail.Head) (bool, error) {
	return strings.HasPrefix(h.Header.Get("Subject"), "ours"), nil
}

func (k *taker) Pass(_ context.Context, _, folder, cursor string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cursors[folder] = cursor
	return nil
}

func (k *taker) Handle(ctx context.Context, cursor string, m mail.Incoming) error {
	r, err := m.Open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, text, _ := strings.Cut(string(raw), "\r\n\r\n")
	text = strings.TrimSpace(text)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.fail[text]; err != nil {
		delete(k.fail, text)
		return err
	}
	k.cursors[m.Folder] = cursor
	k.got = append(k.got, m.Folder+": "+text[:min(len(text), 30)])
	return nil
}

func (k *taker) all() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.got)
}

// run runs a source until the taker has got n mails.
func (k *taker) run(t *testing.T, s *Source, n int, meanwhile func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- s.Run(ctx, func(folder string) string { k.mu.Lock(); defer k.mu.Unlock(); return k.cursors[folder] }, k)
	}()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		k.mu.Lock()
		ready := len(k.cursors) >= max(k.folders, 2)
		k.mu.Unlock()
		if ready {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the folders were not opened")
		}
	}
	if meanwhile != nil {
		meanwhile()
	}
	for end := time.Now().Add(10 * time.Second); len(k.all()) < n && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func raw(subject, text string) string {
	return fmt.Sprintf("Subject: %s\r\nMessage-ID: <%s@example.com>\r\nX-Hashsend-ID: trace.%s\r\n\r\n%s\r\n", subject, text, text, text)
}

func TestWatch(t *testing.T) {
	b, k := newBox(t), &taker{cursors: map[string]string{}, fail: map[string]error{}}
	b.put("INBOX", raw("ours", "from before the first start"))
	k.run(t, b.open(), 3, func() {
		b.put("INBOX", raw("ours", "one"))
		b.put("INBOX", raw("something else", "not for us"))
		b.put("Gesendet", raw("ours", "sent"))
		b.put("INBOX", raw("ours", strings.Repeat("large ", 400000)))
	})
	got := k.all()
	slices.Sort(got)
	if want := []string{"Gesendet: sent", "INBOX: large large large large large ", "INBOX: one"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// What arrives while nobody watches is taken at the next start; nothing twice.
	b.put("INBOX", raw("ours", "meanwhile"))
	k.fail["later"] = errors.New("database is locked")
	k.fail["never"] = retry.Never(errors.New("it cannot be"))
	b.put("INBOX", raw("ours", "later"))
	b.put("INBOX", raw("ours", "never"))
	b.put("INBOX", raw("ours", "last"))
	k.run(t, b.open(), 6, nil)
	if got := k.all()[3:]; !slices.Equal(got, []string{"INBOX: meanwhile", "INBOX: later", "INBOX: last"}) {
		t.Errorf("after the second start: %q", got)
	}
}

// When the server numbers its mails anew, what came since the last look is
// handed over again: the bridge recognises what it has.
func TestNewNumbers(t *testing.T) {
	b, k := newBox(t), &taker{cursors: map[string]string{}, fail: map[string]error{}}
	k.run(t, b.open(), 1, func() { b.put("INBOX", raw("ours", "one")) })
	if err := b.user.Delete("INBOX"); err != nil {
		t.Fatal(err)
	}
	if err := b.user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	b.put("INBOX", raw("ours", "one"))
	b.put("INBOX", raw("ours", "two"))
	k.run(t, b.open(), 3, nil)
	if got := k.all(); !slices.Equal(got, []string{"INBOX: one", "INBOX: one", "INBOX: two"}) {
		t.Errorf("got %q", got)
	}
}

// Answers lie in the folder of junk, which is looked at now and then, and in that of
// all mail, where rules file them (C45, C46).
func TestJunkAndAllMail(t *testing.T) {
	b, k := newBox(t), &taker{cursors: map[string]string{}, fail: map[string]error{}, folders: 4}
	for _, name := range []string{"Spam", "Alle", "Other"} {
		if err := b.user.Create(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	b.put("Spam", raw("ours", "from before the first start"))
	s := b.open()
	s.cfg.JunkPoll, s.cfg.All = 50*time.Millisecond, "Alle"
	k.fail["in junk"] = errors.New("database is locked")
	k.run(t, s, 4, func() {
		b.put("Spam", raw("ours", "in junk"))
		b.put("Alle", raw("ours", "filed by a rule"))
		b.put("Other", raw("ours", "not watched"))
		b.put("INBOX", raw("ours", "in the inbox"))
		b.put("Gesendet", raw("ours", "sent"))
	})
	b.put("Spam", raw("ours", "meanwhile"))
	s = b.open()
	s.cfg.JunkPoll, s.cfg.All = time.Hour, "Alle" // at the start, too
	k.run(t, s, 5, nil)
	got := k.all()
	slices.Sort(got)
	want := []string{"Alle: filed by a rule", "Gesendet: sent", "INBOX: in the inbox", "Spam: in junk", "Spam: meanwhile"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Gmail names its folders in the language of their owner and tells their roles.
func TestRoles(t *testing.T) {
	all := []wire.Folder{
		{Name: "INBOX"},
		{Name: "Spam", Delimiter: "/"}, // a label of the owner's
		{Name: "[Gmail]", Roles: []string{`\noselect`}},
		{Name: "[Gmail]/Alle Nachrichten", Delimiter: "/", Roles: []string{`\all`}},
		{Name: "[Gmail]/Spamverdacht", Delimiter: "/", Roles: []string{`\junk`}},
	}
	if got := withRole(all, roleAll, nil); got != "[Gmail]/Alle Nachrichten" {
		t.Errorf("all mail: %q", got)
	}
	if got := withRole(all, roleJunk, junkNames()); got != "[Gmail]/Spamverdacht" {
		t.Errorf("junk: %q", got)
	}
	if got := withRole(all[:2], roleJunk, junkNames()); got != "Spam" {
		t.Errorf("junk without roles: %q", got)
	}
}

// Folders that are named, or that nobody wants looked at, are not looked for.
func TestFolders(t *testing.T) {
	b := newBox(t)
	if err := b.user.Create("Work/Spam", nil); err != nil {
		t.Fatal(err)
	}
	if err := b.user.Create("Rules", nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(*Config)
		want   string
	}{
		{func(*Config) {}, "INBOX 0 0s, Gesendet 1 0s, Work/Spam 2 10m0s"},
		{func(c *Config) { c.Junk, c.All, c.Sent = None, None, "Sent" }, "INBOX 0 0s, Sent 1 0s"},
		{func(c *Config) { c.Inbox, c.All = []string{"INBOX", "Rules"}, "Rules" }, "INBOX 0 0s, Rules 0 0s, Gesendet 1 0s, Work/Spam 2 10m0s"},
		{func(c *Config) { c.All, c.Junk = "Rules", "Rules" }, "INBOX 0 0s, Gesendet 1 0s, Rules 4 0s"},
	} {
		s := b.open()
		c.change(&s.cfg)
		var got []string
		for _, f := range s.folders(t.Context()) {
			got = append(got, fmt.Sprint(f.name, " ", int(f.place), " ", f.every))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// What is looked at is told before the first start.
func TestCheckTellsTheFolders(t *testing.T) {
	b := newBox(t)
	if err := b.user.Create("Spam", nil); err != nil {
		t.Fatal(err)
	}
	s := b.open()
	s.cfg.All = "Alles"
	if _, found, err := s.Check(t.Context()); err != nil || found != (Folders{Sent: "Gesendet", Junk: "Spam", All: "Alles"}) {
		t.Errorf("%+v, %v", found, err)
	}
}

func outgoing(text string) mail.Outgoing {
	return mail.Outgoing{Size: int64(len(text)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

func TestKeeper(t *testing.T) {
	b := newBox(t)
	s, ctx := b.open(), context.Background()
	if _, found, err := s.FindSent(ctx, "trace.x", time.Now()); found || err != nil {
		t.Errorf("an empty folder: %v, %v", found, err)
	}
	text := raw("ours", "kept")
	if err := s.KeepSent(ctx, outgoing(text), time.Now()); err != nil {
		t.Fatal(err)
	}
	if id, found, err := s.FindSent(ctx, "trace.kept", time.Now()); id != "kept@example.com" || !found || err != nil {
		t.Errorf("what was kept: %q, %v, %v", id, found, err)
	}
	b.put("INBOX", raw("ours", "copy"))
	b.put("INBOX", raw("mine", "other"))
	if id, found, err := s.AdoptSent(ctx, "trace.copy", time.Now()); id != "copy@example.com" || !found || err != nil {
		t.Errorf("our own copy: %q, %v, %v", id, found, err)
	}
	if _, found, err := s.AdoptSent(ctx, "trace.copy", time.Now()); found || err != nil {
		t.Errorf("it is still in the inbox: %v, %v", found, err)
	}
	if _, found, err := s.FindSent(ctx, "trace.copy", time.Now()); !found || err != nil {
		t.Errorf("it is not in Sent: %v, %v", found, err)
	}
	if _, found, err := s.AdoptSent(ctx, "trace.other", time.Now()); !found || err != nil {
		t.Errorf("the owner's other mail was touched: %v, %v", found, err)
	}
}

// A server that says nothing does not hold us for ever.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := Open("main", Config{Server: mailnet.Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: mailnet.Plain, User: "team", Password: "secret", Timeout: 100 * time.Millisecond}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Check(context.Background()); err == nil || !strings.Contains(err.Error(), "did not answer") {
		t.Errorf("silent server: %v", err)
	}
}

func TestWrongPassword(t *testing.T) {
	b := newBox(t)
	s := b.open()
	s.cfg.Server.Password = "wrong"
	s.login = mailnet.NewLogin(s.cfg.Server)
	if _, _, err := s.Check(context.Background()); err == nil || !strings.Contains(err.Error(), "app password") {
		t.Errorf("wrong password: %v", err)
	}
}

func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "1:2:3", "4294967295:1:0", "a:b:c", "1:2", "-1:2:3", "1:99999999999:3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseCursor(s)
		if err != nil || s == "" {
			return
		}
		if again, err := parseCursor(p.String()); err != nil || again.String() != p.String() {
			t.Errorf("%q reads as %v and then as %v, %v", s, p, again, err)
		}
	})
}
