package imap

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
)

// watcher follows one folder.
type watcher struct {
	s      *Source
	folder string
	place  mail.Place
	every  time.Duration // it is looked at once in this time, over a connection of its own; 0: watched
	h      mail.Handler
	log    *slog.Logger
	at     position
	known  map[imap.UID]bool // UIDs near the end that were looked at, for those that become visible late
}

// run watches until ctx ends, over as many connections as it takes.
func (w *watcher) run(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		begun := time.Now()
		err := w.session(ctx)
		if err == nil && retry.Sleep(ctx, w.every) {
			failures = 0
			continue
		}
		if ctx.Err() != nil {
			return
		}
		if time.Since(begun) > time.Minute {
			failures = 0
		}
		failures++
		wait := retry.Backoff(failures, time.Second, 5*time.Minute)
		w.log.Warn("watching the folder was interrupted", "again_in", wait.Round(time.Second), "error", err)
		retry.Sleep(ctx, wait)
	}
}

// renewIdle is how long one IDLE lasts; servers and routers forget longer ones.
const renewIdle = 9 * time.Minute

// session watches over one connection until it fails; a folder that is looked at now
// and then is looked at once.
func (w *watcher) session(ctx context.Context) error {
	changed := make(chan struct{}, 1)
	x, err := w.s.connect(ctx, func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return err
	}
	defer x.close()
	if err := w.selectFolder(ctx, x); err != nil {
		return err
	}
	if w.every > 0 {
		_, err := w.look(ctx, x)
		return err
	}
	w.log.Debug("watching")
	idle := x.c.Caps().Has(imap.CapIdle)
	poll := w.s.cfg.Poll
	if poll <= 0 {
		if poll = 15 * time.Second; idle {
			poll = time.Minute
		}
	}
	quickUntil := time.Now()
	for {
		n, err := w.look(ctx, x)
		if err != nil {
			return err
		}
		if n > 0 && w.s.cfg.Burst > 0 {
			quickUntil = time.Now().Add(w.s.cfg.Burst)
		}
		switch {
		case time.Now().Before(quickUntil):
			err = w.ask(ctx, x, changed, quickUntil)
		case idle:
			err = w.idle(ctx, x, changed, min(poll, renewIdle))
		default:
			if !retry.Sleep(ctx, poll) {
				return nil
			}
			err = x.do(ctx, func() error { return x.c.Noop().Wait() })
		}
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// ask asks the server in a quick rhythm whether something has changed, as long
// as a conversation is live: Dovecot announces new mail half a second late.
func (w *watcher) ask(ctx context.Context, x *session, changed <-chan struct{}, until time.Time) error {
	for time.Now().Before(until) {
		if !retry.Sleep(ctx, 40*time.Millisecond) {
			return nil
		}
		if err := x.do(ctx, func() error { return x.c.Noop().Wait() }); err != nil {
			return err
		}
		select {
		case <-changed:
			return nil
		default:
		}
	}
	return nil
}

// idle waits for an announcement, at most for limit.
func (w *watcher) idle(ctx context.Context, x *session, changed <-chan struct{}, limit time.Duration) error {
	cmd, err := x.c.Idle()
	if err != nil {
		return fmt.Errorf("begin IDLE: %w", err)
	}
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-changed:
	case <-t.C:
	case <-x.c.Closed():
	case <-ctx.Done():
	}
	return x.do(ctx, func() error {
		if err := cmd.Close(); err != nil {
			return fmt.Errorf("end IDLE: %w", err)
		}
		return cmd.Wait()
	})
}

// selectFolder opens the folder and finds out from where to read on.
func (w *watcher) selectFolder(ctx context.Context, x *session) error {
	var d *imap.SelectData
	err := x.do(ctx, func() (err error) {
		d, err = x.c.Select(w.folder, &imap.SelectOptions{ReadOnly: w.s.cfg.Mark == ""}).Wait()
		return err
	})
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	next := d.UIDNext
	if next == 0 { // RFC 3501 lets a server leave it out
		all, err := x.search(ctx, &imap.SearchCriteria{})
		if err != nil {
			return err
		}
		next = 1
		if len(all) > 0 {
			next = slices.Max(all) + 1
		}
	}
	w.known = nil
	switch {
	case w.at.Validity == 0 && w.at.Date.IsZero():
		w.at = position{Validity: d.UIDValidity, UID: next - 1, Date: time.Now()}
		return w.h.Pass(ctx, w.s.mailbox, w.folder, w.at.String())
	case w.at.Validity != d.UIDValidity || w.at.UID >= next:
		return w.rescan(ctx, x, d.UIDValidity, next)
	}
	return nil
}

// rescan reads a folder whose numbering has changed: all mail since shortly
// before the last look is handed over; what was taken in before is recognised.
func (w *watcher) rescan(ctx context.Context, x *session, validity uint32, next imap.UID) error {
	w.log.Warn("the numbering of the folder has changed: looking for what was missed by date", "since", w.at.Date.Format(time.DateOnly))
	uids, err := x.search(ctx, &imap.SearchCriteria{Since: w.at.Date.AddDate(0, 0, -2)})
	if err != nil {
		return err
	}
	from := w.at.Date
	w.at = position{Validity: validity, Date: from}
	for _, uid := range uids {
		if uid < next {
			next = uid
		}
	}
	// The position stands before the first of them, so that an interruption begins anew.
	w.at.UID = next - 1
	_, err = w.take(ctx, x, uids)
	return err
}

// lateUIDs is how many of the newest UIDs are looked at again: some servers show
// a mail only after one with a higher UID.
const lateUIDs = 50

// look takes in what is new and returns how many mails there were.
func (w *watcher) look(ctx context.Context, x *session) (int, error) {
	from := imap.UID(1)
	if w.at.UID > lateUIDs {
		from = w.at.UID - lateUIDs
	}
	var all imap.UIDSet
	all.AddRange(from, 0)
	uids, err := x.search(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{all}})
	if err != nil {
		return 0, err
	}
	first := w.known == nil
	if first {
		w.known = map[imap.UID]bool{}
	}
	var fresh []imap.UID
	for _, uid := range uids {
		switch {
		case w.known[uid] || uid < from:
		case first && uid <= w.at.UID:
			w.known[uid] = true
		default:
			fresh = append(fresh, uid)
		}
	}
	n, err := w.take(ctx, x, fresh)
	for uid := range w.known {
		if uid+2*lateUIDs < w.at.UID {
			delete(w.known, uid)
		}
	}
	return n, err
}

// batch is how many headers are fetched at once.
const batch = 50

// take hands over the mails of these UIDs, in order.
func (w *watcher) take(ctx context.Context, x *session, uids []imap.UID) (n int, err error) {
	slices.Sort(uids)
	for part := range slices.Chunk(uids, batch) {
		heads, err := x.heads(ctx, part)
		if err != nil {
			return n, err
		}
		stored := true
		for _, uid := range part {
			h, there := heads[uid]
			if there {
				n++
				if stored, err = w.one(ctx, x, h); err != nil {
					return n, err
				}
			}
			w.pass(uid)
		}
		if !stored {
			if err := w.h.Pass(ctx, w.s.mailbox, w.folder, w.at.String()); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// pass moves the position behind a mail.
func (w *watcher) pass(uid imap.UID) {
	if w.known == nil {
		w.known = map[imap.UID]bool{}
	}
	w.known[uid] = true
	w.at.UID, w.at.Date = max(w.at.UID, uid), time.Now()
}

// one hands over one mail. stored: the position behind it is on disk.
func (w *watcher) one(ctx context.Context, x *session, h head) (stored bool, err error) {
	head := mail.Head{Mailbox: w.s.mailbox, Folder: w.folder, Place: w.place, Size: h.size, Received: h.received, Header: h.header}
	wanted, err := w.h.Wants(ctx, head)
	if err != nil || !wanted {
		return false, err
	}
	b := &body{x: x, head: h}
	defer b.drop()
	next := w.at
	next.UID, next.Date = max(next.UID, h.uid), time.Now()
	err = w.h.Handle(ctx, next.String(), mail.Incoming{Head: head, Open: b.open})
	if retry.IsNever(err) {
		w.log.Warn("a mail was refused and passed by", "uid", h.uid, "error", err)
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("take in mail %d: %w", h.uid, err)
	}
	if w.s.cfg.Mark != "" && w.place != mail.Sent {
		return true, x.mark(ctx, h.uid, w.s.cfg.Mark)
	}
	return true, nil
}
