package imap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
)

// maxAttempts is how often the server is asked for a mail before that is set aside.
const maxAttempts = 3

// look takes in what is new and returns how many mails there were.
func (w *watcher) look(ctx context.Context, x *session) (n int, err error) {
	w.mu.Lock()
	from := w.book.from()
	w.mu.Unlock()
	uids, err := x.search(ctx, from, time.Time{}, "")
	if err != nil {
		return 0, err
	}
	w.mu.Lock()
	first, again := w.book.fresh(uids, time.Now())
	w.forget(uids)
	w.mu.Unlock()
	if n, err = w.take(ctx, x, first); err != nil {
		return n, err
	}
	// One by one, and behind all others: each of these may cost the connection.
	for _, uid := range again {
		m, err := w.take(ctx, x, []uint32{uid})
		if n += m; err != nil {
			return n, fmt.Errorf("%w%w", err, errKnown)
		}
	}
	w.chunk = batch
	return n, nil
}

// errKnown marks the end of a connection that a mail has ended before: the next one
// comes soon, and without that mail.
var errKnown = errors.New("")

// forget drops what is known of mails that have failed and are gone since.
func (w *watcher) forget(there []uint32) {
	for uid := range w.book.failures {
		if !slices.Contains(there, uid) {
			w.book.done(uid)
		}
	}
}

// take hands over the mails of these UIDs, in order.
func (w *watcher) take(ctx context.Context, x *session, uids []uint32) (n int, err error) {
	for part := range slices.Chunk(uids, max(w.chunk, 1)) {
		heads, bad, err := x.heads(ctx, part)
		if err != nil {
			return n, w.lost(ctx, part, err)
		}
		stored := true
		for _, uid := range part {
			if err := bad[uid]; err != nil {
				if err := w.notGiven(ctx, uid, nil, err); err != nil {
					return n, err
				}
				continue
			}
			stored = false
			if h, there := heads[uid]; there {
				n++
				w.itWorks()
				if stored, err = w.one(ctx, x, h); err != nil {
					return n, err
				}
			} else {
				w.done(uid)
			}
		}
		if !stored {
			if err := w.h.Pass(ctx, w.s.mailbox, w.folder, w.cursor(0)); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// itWorks notes that the server has given a mail.
func (w *watcher) itWorks() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.worked = time.Now()
}

func (w *watcher) done(uid uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.book.done(uid)
}

func (w *watcher) cursor(uid uint32) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.book.cursor(uid, time.Now())
}

// lost notes that a connection ended while headers were fetched. Of several mails
// nobody knows which one it was: fewer are asked for the next time.
func (w *watcher) lost(ctx context.Context, uids []uint32, err error) error {
	if kind, _ := troubleOf(err); kind.ofAll() || ctx.Err() != nil {
		return w.s.explained(err)
	}
	if len(uids) > 1 {
		w.chunk = len(uids) / 8
		return err
	}
	return errors.Join(err, w.notGiven(ctx, uids[0], nil, err))
}

// notGiven notes that the server did not give a mail; after some attempts it is
// set aside and told.
func (w *watcher) notGiven(ctx context.Context, uid uint32, h mail.Header, cause error) error {
	now, not := time.Now(), (*notGiven)(nil)
	kind, _ := troubleOf(cause)
	answered := isSaid(cause) && kind == noTrouble || errors.As(cause, &not)
	w.mu.Lock()
	f := w.book.failed(uid, now, w.s.firstWait)
	worked := w.worked.After(f.first)
	w.mu.Unlock()
	w.log.Warn("the server did not give a mail", "uid", uid, "attempt", f.times, "error", cause)
	if !hopeless(f, now, answered, worked, w.s.patience) {
		return nil
	}
	w.log.Error("a mail was set aside: the server does not give it", "uid", uid, "error", cause)
	w.handle.Lock()
	defer w.handle.Unlock()
	cursor := w.cursor(uid)
	var err error
	if teller, ok := w.h.(mail.MissedHandler); ok {
		err = teller.Missed(ctx, cursor, mail.Missed{Mailbox: w.s.mailbox, Folder: w.folder, Place: w.place, Number: uid, Header: h, Err: cause})
	} else {
		err = w.h.Pass(ctx, w.s.mailbox, w.folder, cursor)
	}
	if err != nil {
		return fmt.Errorf("set mail %d aside: %w", uid, err)
	}
	w.done(uid)
	return nil
}

// hopeless decides whether a mail is set aside. The attempts go on for some time:
// the server may have a bad moment, and where each attempt costs the connection, the
// network may be to blame. Where no other mail came meanwhile, nothing says that it
// is this one, and they go on for longer.
func hopeless(f failure, now time.Time, answered, worked bool, patience time.Duration) bool {
	switch since := now.Sub(f.first); {
	case f.times < maxAttempts:
		return false
	case !worked:
		return since >= 10*patience
	case answered:
		return since >= patience/3
	default:
		return since >= patience
	}
}

// one hands over one mail. stored: the position behind it is on disk.
func (w *watcher) one(ctx context.Context, x *session, h head) (stored bool, err error) {
	about := mail.Head{Mailbox: w.s.mailbox, Folder: w.folder, Place: w.place, Size: h.size, Received: h.received, Header: h.header}
	wanted, err := w.h.Wants(ctx, about)
	if err != nil {
		return false, err
	}
	if !wanted {
		w.done(h.uid)
		return false, nil
	}
	w.s.enliven()
	w.mu.Lock()
	w.book.begin(h.uid)
	w.mu.Unlock()
	if h.header.Get(mail.HeaderTrace) != "" && h.size > echoSize {
		return w.echo(ctx, x, h, about)
	}
	b, err := w.fetch(ctx, x, h, about)
	if err != nil {
		return false, w.bodyFailed(ctx, h, err)
	}
	defer b.drop()
	return true, w.hand(ctx, x, h, about, b)
}

// echoSize is up to which size a mail that we have sent is fetched whole.
const echoSize = 64 << 10

// echo hands over a mail that we have sent: its header is enough, and its body is
// fetched only if somebody opens it.
func (w *watcher) echo(ctx context.Context, x *session, h head, about mail.Head) (stored bool, err error) {
	if about.Header, err = x.wholeHeader(ctx, h.uid); err != nil {
		return false, w.bodyFailed(ctx, h, err)
	}
	var kept *spool
	var lost error
	defer func() { kept.drop() }()
	err = w.give(ctx, h, mail.Incoming{Head: about, Open: func(ctx context.Context) (io.ReadCloser, error) {
		if kept == nil {
			b, err := x.body(ctx, h)
			if err != nil {
				lost = err
				return nil, err
			}
			kept = b
		}
		return io.NopCloser(kept.open()), nil
	}})
	if err != nil && lost != nil {
		return false, w.bodyFailed(ctx, h, lost)
	}
	return err == nil, err
}

// bodyFailed notes that the body of a mail did not come.
func (w *watcher) bodyFailed(ctx context.Context, h head, err error) error {
	var not *notGiven
	kind, _ := troubleOf(err)
	switch {
	case errors.Is(err, errHandedOver):
		return err
	case errors.Is(err, errGone):
		w.done(h.uid)
		return nil
	case kind.ofAll() || ctx.Err() != nil:
		return w.s.explained(err)
	case isSaid(err) || errors.As(err, &not):
		return w.notGiven(ctx, h.uid, h.header, err)
	}
	return errors.Join(err, w.notGiven(ctx, h.uid, h.header, err))
}

// maxSlow is how many bodies of one folder may come slowly at the same time.
const maxSlow = 2

// fetch gets the body of a mail. One that comes slowly is left its connection,
// and is handed over when it is there; the error is errHandedOver then.
func (w *watcher) fetch(ctx context.Context, x *session, h head, about mail.Head) (*spool, error) {
	w.mu.Lock()
	aside := w.slow < maxSlow && !w.s.seats.isSingle() && w.every == 0
	w.mu.Unlock()
	if !aside {
		return x.body(ctx, h)
	}
	type fetched struct {
		b   *spool
		err error
	}
	got := make(chan fetched, 1)
	w.side.Go(func() {
		b, err := x.body(ctx, h)
		got <- fetched{b, err}
	})
	t := time.NewTimer(w.s.slowAfter)
	defer t.Stop()
	select {
	case f := <-got:
		return f.b, f.err
	case <-t.C:
	}
	w.log.Info("a mail comes slowly: the others are read beside it", "uid", h.uid, "size", h.size)
	w.mu.Lock()
	w.slow++
	w.mu.Unlock()
	w.side.Go(func() {
		defer x.close()
		f := <-got
		err := f.err
		if err == nil {
			err = w.hand(ctx, x, h, about, f.b)
			f.b.drop()
		} else {
			err = w.bodyFailed(ctx, h, err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.slow--
		if err != nil && w.book.open[h.uid] && w.book.failures[h.uid].times == 0 {
			delete(w.book.seen, h.uid) // it is looked at again
		}
	})
	return nil, errHandedOver
}

// hand hands over a mail whose body is there. Its header is read anew, whole.
func (w *watcher) hand(ctx context.Context, x *session, h head, about mail.Head, b *spool) (err error) {
	if about.Header, err = readHeader(b.open()); err != nil {
		return fmt.Errorf("read mail %d: %w", h.uid, err)
	}
	err = w.give(ctx, h, mail.Incoming{Head: about, Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(b.open()), nil }})
	if err == nil && w.s.cfg.Mark != "" && w.place != mail.Sent {
		return x.mark(ctx, h.uid, w.s.cfg.Mark)
	}
	return err
}

// give calls the handler, one mail of the folder at a time.
func (w *watcher) give(ctx context.Context, h head, m mail.Incoming) error {
	w.handle.Lock()
	defer w.handle.Unlock()
	err := w.h.Handle(ctx, w.cursor(h.uid), m)
	if retry.IsNever(err) {
		w.log.Warn("a mail was refused and passed by", "uid", h.uid, "error", err)
		err = w.h.Pass(ctx, w.s.mailbox, w.folder, w.cursor(h.uid))
	}
	if err != nil {
		w.mu.Lock()
		delete(w.book.seen, h.uid) // it is looked at again
		w.mu.Unlock()
		return fmt.Errorf("take in mail %d: %w", h.uid, err)
	}
	w.done(h.uid)
	return nil
}
