package discover

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
)

// Trip is what two mails from a mailbox to itself have shown.
type Trip struct {
	Arrived  bool // the mail to the address itself
	Plus     bool // the one to ADDRESS+anything
	SameID   bool // it still had its Message-ID
	KeptSent bool // the provider put a copy into the Sent folder
	Junk     bool // the mail to the address itself lay among junk; then Arrived is false
	Took     time.Duration
	Copy     *mail.Header // that of the mail as it arrived; nil: it did not
}

// Inbox is the mailbox that is tried.
type Inbox interface {
	mail.Source
	FindSent(ctx context.Context, trace string, since time.Time) (id string, found bool, err error)
}

// RoundTrip sends two mails from address to itself, one with a plus address, and
// looks at what becomes of them, at most for patience. The mails stay in the
// mailbox. An error says that the mailbox could not be read or a mail not be sent.
func RoundTrip(ctx context.Context, address string, in Inbox, out mail.Submitter, patience time.Duration) (t Trip, err error) {
	whole := ctx
	ctx, cancel := context.WithTimeout(whole, patience)
	defer cancel()
	w := &postman{watching: make(chan struct{}), news: make(chan struct{}, 1), seen: map[string]arrival{}}
	running := make(chan error, 1)
	go func() { running <- in.Run(ctx, func(string) string { return "" }, w) }()
	defer func() {
		cancel()
		if e := <-running; err == nil && e != nil && !errors.Is(e, context.Canceled) {
			err = e
		}
	}()
	select {
	case <-w.watching:
	case e := <-running:
		running <- nil
		return t, errors.Join(errors.New("the mailbox cannot be watched"), e)
	case <-ctx.Done():
		return t, errors.New("the mailbox could not be opened in time")
	}
	local, domain, _ := strings.Cut(address, "@")
	start := time.Now()
	plain := newTestMail(address, address)
	if _, err := out.Submit(ctx, plain.Outgoing, func() error { return nil }); err != nil {
		return t, fmt.Errorf("send a mail to %s: %w", address, err)
	}
	plus := newTestMail(address, local+"+hashsendtest@"+domain)
	_, refused := out.Submit(ctx, plus.Outgoing, func() error { return nil })
	if refused != nil && !retry.IsNever(refused) {
		return t, fmt.Errorf("send a mail to %s: %w", plus.To[0], refused)
	}
	t = w.await(ctx, start, plain, plus, refused == nil)
	t.KeptSent, err = kept(whole, in, plain.trace, start)
	return t, err
}

// await waits for the plain mail, sent at start, and for that to a plus address if it was
// sent, until ctx ends.
func (w *postman) await(ctx context.Context, start time.Time, plain, plus testMail, sent bool) (t Trip) {
	for waiting := true; waiting && (!t.Arrived || (!t.Plus && sent)); {
		select {
		case <-w.news:
		case <-ctx.Done():
			waiting = false
		}
		if a, there := w.has(plain.trace); there && t.Copy == nil {
			t.Arrived, t.Junk = !a.junk, a.junk
			t.SameID, t.Took, t.Copy = a.header.Message().ID == plain.MessageID, time.Since(start), &a.header
		}
		a, there := w.has(plus.trace)
		t.Plus = there && !a.junk
		waiting = waiting && !(t.Junk && (there || !sent))
	}
	return t
}

// kept looks for the copy in Sent, several times: some providers put it there late.
func kept(ctx context.Context, in Inbox, trace string, since time.Time) (bool, error) {
	for range 4 {
		if _, found, err := in.FindSent(ctx, trace, since); found || err != nil {
			return found, err
		}
		if !retry.Sleep(ctx, 2*time.Second) {
			return false, nil
		}
	}
	return false, nil
}

// tracePrefix begins the X-Hashsend-ID of test mails.
const tracePrefix = "test-"

// testMail is a mail to oneself.
type testMail struct {
	mail.Outgoing
	trace string
}

func newTestMail(from, to string) testMail {
	trace := tracePrefix + strings.ToLower(rand.Text())
	id := strings.ToLower(rand.Text()) + from[strings.LastIndex(from, "@"):]
	text := fmt.Appendf(nil, "From: <%s>\r\nTo: <%s>\r\nSubject: Test of hashsend\r\nDate: %s\r\nMessage-ID: <%s>\r\n%s: %s\r\n"+
		"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"+
		"hashsend sent this email to find out what your mailbox does with email.\r\nYou may delete it.\r\n",
		from, to, time.Now().Format(time.RFC1123Z), id, mail.HeaderTrace, trace)
	return testMail{trace: trace, Outgoing: mail.Outgoing{
		MessageID: id, From: from, To: []string{to}, Size: int64(len(text)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
	}}
}

// postman is a mail.Handler that notes the test mails that arrive.
type postman struct {
	watching chan struct{} // closed when an incoming folder is watched
	once     sync.Once
	news     chan struct{}

	mu   sync.Mutex
	seen map[string]arrival // by trace
}

// arrival is a test mail that has come.
type arrival struct {
	header mail.Header
	junk   bool
}

// Wants wants the test mails where they count: what was sent lies in Sent, and in the
// folder of all mail.
func (w *postman) Wants(_ context.Context, h mail.Head) (bool, error) {
	where := h.Place == mail.Inbox || h.Place == mail.Pushed || h.Place == mail.Junk
	return where && strings.HasPrefix(h.Header.Get(mail.HeaderTrace), tracePrefix), nil
}

// Handle notes a test mail. Only here a mail has its whole header.
func (w *postman) Handle(_ context.Context, _ string, m mail.Incoming) error {
	w.mu.Lock()
	w.seen[m.Header.Get(mail.HeaderTrace)] = arrival{m.Header, m.Place == mail.Junk}
	w.mu.Unlock()
	select {
	case w.news <- struct{}{}:
	default:
	}
	return nil
}

// Pass tells that a folder is being watched from now on.
func (w *postman) Pass(_ context.Context, _, folder, _ string) error {
	if strings.EqualFold(folder, "INBOX") {
		w.once.Do(func() { close(w.watching) })
	}
	return nil
}

func (w *postman) has(trace string) (a arrival, there bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, there = w.seen[trace]
	return a, there
}
