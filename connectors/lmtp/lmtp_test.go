package lmtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
)

// handler takes mails as a test says.
type handler struct {
	mu    sync.Mutex
	wants bool
	err   error
	got   []string
	to    [][]string
}

func (h *handler) Wants(context.Context, mail.Head) (bool, error) { return h.wants, nil }

func (h *handler) Pass(context.Context, string, string, string) error { return nil }

func (h *handler) Handle(ctx context.Context, _ string, m mail.Incoming) error {
	if h.err != nil {
		return h.err
	}
	r, err := m.Open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got, h.to = append(h.got, string(raw)), append(h.to, m.Envelope.To)
	return err
}

func start(t testing.TB, h *handler) *smtp.Client { return startWith(t, h, 1<<20) }

func startWith(t testing.TB, h *handler, most int64) *smtp.Client {
	t.Helper()
	s, err := Open("main", Config{Listen: "127.0.0.1:0", MaxSize: most}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, nil, h) }()
	for s.Addr() == nil {
		time.Sleep(time.Millisecond)
	}
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := smtp.NewClientLMTP(conn)
	t.Cleanup(func() {
		c.Close() //nolint:errcheck // the test is over
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return c
}

func push(c *smtp.Client, text string, to ...string) error {
	if err := c.Mail("ann@example.com", nil); err != nil {
		return err
	}
	for _, a := range to {
		if err := c.Rcpt(a, nil); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	return w.Close()
}

// Many mails on one connection do not run into each other.
func TestOneConnection(t *testing.T) {
	h := &handler{wants: true}
	c := start(t, h)
	for i := range 10 {
		if err := push(c, fmt.Sprintf("Subject: %d\r\n\r\nbody %d\r\n", i, i), fmt.Sprintf("team+%d@example.org", i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10 {
		if !strings.Contains(h.got[i], fmt.Sprintf("body %d\r\n", i)) || len(h.to[i]) != 1 || h.to[i][0] != fmt.Sprintf("team+%d@example.org", i) {
			t.Errorf("mail %d: %q to %v", i, h.got[i], h.to[i])
		}
	}
}

func TestAnswers(t *testing.T) {
	for _, x := range []struct {
		name string
		h    *handler
		code int
	}{
		{"not ours", &handler{}, 550},
		{"refused for good", &handler{wants: true, err: retry.Never(errors.New("no"))}, 550},
		{"not stored", &handler{wants: true, err: errors.New("database is locked at secret place")}, 451},
	} {
		t.Run(x.name, func(t *testing.T) {
			err := push(start(t, x.h), "Subject: x\r\n\r\nhi\r\n", "team@example.org")
			var said *smtp.SMTPError
			if !errors.As(err, &said) || said.Code != x.code || strings.Contains(said.Message, "secret") {
				t.Errorf("answered %v, want %d", err, x.code)
			}
		})
	}
}

// A mail too large for memory goes over a file and arrives whole; one too large
// at all is refused.
func TestLarge(t *testing.T) {
	h := &handler{wants: true}
	c := start(t, h)
	text := "Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("y", 70)+"\r\n", 10000)
	if err := push(c, text, "team@example.org"); err != nil {
		t.Fatal(err)
	}
	if h.got[0] != text {
		t.Errorf("of %d bytes %d arrived", len(text), len(h.got[0]))
	}
	if err := push(c, text+text, "team@example.org"); err == nil {
		t.Error("a mail over the limit was taken")
	}
}

func BenchmarkAccept(b *testing.B) {
	c := start(b, &handler{wants: true})
	for b.Loop() {
		if err := push(c, "Subject: x\r\n\r\nhi\r\n", "team@example.org"); err != nil {
			b.Fatal(err)
		}
	}
}

// Those who are not in the list are refused; the list is asked for where others
// than this machine reach the port.
func TestPeers(t *testing.T) {
	for _, c := range []struct {
		peers   []string
		allowed bool
	}{
		{nil, true},
		{[]string{"127.0.0.0/8"}, true},
		{[]string{"192.0.2.7", "127.0.0.1"}, true},
		{[]string{"::ffff:127.0.0.1"}, true},
		{[]string{"192.0.2.0/24"}, false},
	} {
		s, err := Open("main", Config{Listen: "127.0.0.1:0", Peers: c.peers}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, nil, &handler{}) }()
		for s.Addr() == nil {
			time.Sleep(time.Millisecond)
		}
		conn, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(5 * time.Second)) //nolint:errcheck // the read tells
		n, err := conn.Read(make([]byte, 3))
		if allowed := n == 3 && err == nil; allowed != c.allowed {
			t.Errorf("%q: allowed %v, %v", c.peers, allowed, err)
		}
		conn.Close() //nolint:errcheck // it was only looked at
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for listen, want := range map[string]string{
		"0.0.0.0:2424": "peers: required", ":2424": "peers: required", "[::]:2424": "peers: required", "192.0.2.1:2424": "peers: required",
		"127.0.0.1:2424": "", "localhost:2424": "", "[::1]:2424": "", "/run/hashsend/lmtp": "", "2424": "listen:", "": "listen: required",
	} {
		if got := errors.Join(Config{Listen: listen}.Check()...); (got == nil) != (want == "") || got != nil && !strings.HasPrefix(got.Error(), want) {
			t.Errorf("%q: %v", listen, got)
		}
	}
	if err := errors.Join(Config{Listen: ":2424", Peers: []string{"mail.example.org"}}.Check()...); err == nil {
		t.Error("a name is taken for an address")
	}
}

// A long line is no trouble, nor one that fills a buffer at the end of what is read
// of a header: a connection that breaks off, or 451, would come for ever.
func TestLongLines(t *testing.T) {
	h := &handler{wants: true}
	if err := push(startWith(t, h, 64<<20), "Subject: x\r\nX-Pad: "+strings.Repeat("x", 3<<20)+"\r\n\r\nhi\r\n", "us@example.org"); err != nil {
		t.Errorf("a line of 3 MB: %v", err)
	}
	c := startWith(t, h, 64<<20)
	fold := "X-Pad: " + strings.Repeat("x", 4089) + "\r\n" // 4098 bytes
	for _, last := range []int{0, 1000, 2048, 4096, 8192} {
		head := "Subject: x\r\n" + strings.Repeat(fold, 250)
		line := "X-Last: " + strings.Repeat("x", max(mail.MaxHeader-len(head)-8-last, 0)+last+100) + "\r\n"
		if err := push(c, head+line+"\r\nhi\r\n", "us@example.org"); err != nil {
			t.Errorf("a header of 1 MiB: %v", err)
		}
	}
	if len(h.got) != 6 {
		t.Errorf("%d were taken", len(h.got))
	}
}
