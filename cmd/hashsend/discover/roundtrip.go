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
	Took     time.Duration
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
	w := &postman{watching: make(chan struct{}), news: make(chan struct{}, 1), seen: map[string]string{}}
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
		id, arrived := w.has(plain.trace)
		if arrived && !t.Arrived {
			t.Arrived, t.SameID, t.Took = true, id == plain.MessageID, time.Since(start)
		}
		_, t.Plus = w.has(plus.trace)
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

// testMail is a mail to oneself.
type testMail struct {
	mail.Outgoing
	trace string
}

func newTestMail(from, to string) testMail {
	trace := "test-" + strings.ToLower(rand.Text())
	id := strings.ToLower(rand.Text()) + from[strings.LastIndex(from, "@"):]
	text := fmt.Appendf(nil, "From: <%s>\r\nTo: <%s>\r\nSubject: Test of hashsend\r\nDate: %s\r\nMessage-ID: <%s>\r\n%s: %s\r\n"+
		"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"+
		"hashsend init sent this mail to find out what your mailbox does with mail.\r\nYou may delete it.\r\n",
		from, to, time.Now().Format(time.RFC1123Z), id, mail.HeaderTrace, trace)
	return testMail{trace: trace, Outgoing: mail.Outgoing{
		MessageID: id, From: from, To: []string{to}, Size: int64(len(text)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
	}}
}

// postman is a mail.Handler that only notes what arrives.
type postman struct {
	watching chan struct{} // closed when an incoming folder is watched
	once     sync.Once
	news     chan struct{}

	mu   sync.Mutex
	seen map[string]string // trace -> Message-ID
}

// Wants notes the test mails, and wants none.
func (w *postman) Wants(_ context.Context, h mail.Head) (bool, error) {
	trace := h.Header.Get(mail.HeaderTrace)
	if trace == "" || (h.Place != mail.Inbox && h.Place != mail.Pushed) {
		return false, nil // what was sent lies in Sent, and in the folder of all mail
	}
	w.mu.Lock()
	w.seen[trace] = h.Header.Message().ID
	w.mu.Unlock()
	select {
	case w.news <- struct{}{}:
	default:
	}
	return false, nil
}

// Handle is never called: no mail is wanted.
func (w *postman) Handle(context.Context, string, mail.Incoming) error { return nil }

// Pass tells that a folder is being watched from now on.
func (w *postman) Pass(_ context.Context, _, folder, _ string) error {
	if strings.EqualFold(folder, "INBOX") {
		w.once.Do(func() { close(w.watching) })
	}
	return nil
}

func (w *postman) has(trace string) (id string, arrived bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id, arrived = w.seen[trace]
	return id, arrived
}
