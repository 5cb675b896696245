package imap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
)

// watcher follows one folder.
type watcher struct {
	s      *Source
	folder string
	place  mail.Place
	first  bool          // the folder that comes first when there are few connections
	ready  func()        // called when the folder was looked at, or could not be
	every  time.Duration // it is looked at once in this time, over a connection of its own; 0: watched
	h      mail.Handler
	log    *slog.Logger

	at       position // as it was stored
	troubled bool     // the handler was told of trouble
	chunk    int      // how many headers are fetched at once; fewer after a connection was lost over them

	side   sync.WaitGroup // mails whose bodies come slowly
	handle sync.Mutex     // held while the handler has a mail
	mu     sync.Mutex
	book   *ledger   // guarded by mu; nil: the folder was not opened yet
	slow   int       // guarded by mu: how many bodies come slowly
	worked time.Time // guarded by mu: when the server has last given the header of a mail
}

// errHandedOver says that the connection is left to a slow body, and that a new
// one is needed at once.
var errHandedOver = errors.New("the connection is left to a mail that comes slowly")

// run watches until ctx ends, over as many connections as it takes.
func (w *watcher) run(ctx context.Context) {
	defer w.side.Wait()
	for failures := 0; ctx.Err() == nil; {
		begun, single := time.Now(), w.s.seats.isSingle()
		err := w.session(ctx)
		w.ready()
		if ctx.Err() != nil {
			return
		}
		if err == nil || errors.Is(err, errHandedOver) || single != w.s.seats.isSingle() {
			failures = 0
			if err == nil && !retry.Sleep(ctx, w.between()) {
				return
			}
			continue
		}
		if time.Since(begun) > time.Minute {
			failures = 0
		}
		if failures++; errors.Is(err, errKnown) {
			failures = 1
		}
		// The first attempt comes soon: most connections end for no reason.
		wait := retry.Backoff(failures, w.s.firstWait, 5*time.Minute)
		if asked, ok := retry.Pause(err); ok {
			wait = max(wait, asked)
		}
		w.health(err)
		w.log.Warn("watching the folder was interrupted", "again_in", wait.Round(time.Millisecond), "error", err)
		retry.Sleep(ctx, wait)
	}
}

// health tells the handler how the folder fares, if it wants to know.
func (w *watcher) health(err error) {
	teller, ok := w.h.(mail.HealthHandler)
	if ok && (err != nil || w.troubled) {
		teller.Health(w.s.mailbox, w.folder, err)
	}
	w.troubled = err != nil
}

// between is how long a folder is left alone after a look that ended well.
func (w *watcher) between() time.Duration {
	switch {
	case w.every > 0:
		return w.every
	case w.first:
		return 0
	}
	return min(w.s.poll(false), w.s.turnTime)
}

// renewIdle is how long one IDLE lasts; servers and routers forget longer ones.
const renewIdle = 9 * time.Minute

// session watches over one connection until it fails, or for one turn where all
// folders share it. A folder that is looked at now and then is looked at once.
func (w *watcher) session(ctx context.Context) (err error) {
	changed := make(chan struct{}, 1)
	x, leave, err := w.s.board(ctx, func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return err
	}
	single := w.s.seats.isSingle()
	defer func() {
		if !errors.Is(err, errHandedOver) {
			leave(err != nil)
		}
	}()
	if err := w.open(ctx, x); err != nil {
		return err
	}
	select {
	case <-changed: // by opening the folder
	default:
	}
	n, err := w.look(ctx, x)
	if err == nil {
		w.health(nil)
	}
	if err != nil || w.every > 0 || single && !w.first {
		return err
	}
	w.ready()
	w.log.Debug("watching")
	return w.watch(ctx, x, single, n > 0, changed)
}

// watch waits for news and looks at them, again and again; in a turn, once.
func (w *watcher) watch(ctx context.Context, x *session, single, live bool, changed <-chan struct{}) error {
	quickUntil := time.Now()
	for {
		if live && w.s.cfg.Burst > 0 && w.s.seats.mayHurry() {
			quickUntil = time.Now().Add(w.s.cfg.Burst)
		}
		quick := time.Now().Before(quickUntil)
		told, err := w.wait(ctx, x, single, quick, changed)
		if err != nil || ctx.Err() != nil {
			return err
		}
		n, err := w.look(ctx, x)
		if err != nil || single {
			return err
		}
		if live = n > 0; live && !quick {
			w.s.quirks.announced(told)
		}
	}
}

// wait waits until another look is worth it. told: the server has announced something.
func (w *watcher) wait(ctx context.Context, x *session, single, quick bool, changed <-chan struct{}) (told bool, err error) {
	idle := x.c.Has("IDLE") && w.s.quirks.idles()
	limit := min(w.s.poll(idle), renewIdle)
	switch {
	case quick:
		limit = min(limit, quickest)
	case w.s.isLive() && !(idle && w.s.quirks.announces()):
		limit = min(limit, liveLook)
	}
	if single {
		limit = min(limit, w.s.turnTime)
	}
	w.mu.Lock()
	if next := w.book.nextTry(); !next.IsZero() {
		limit = min(limit, max(time.Until(next), time.Millisecond))
	}
	w.mu.Unlock()
	var wanted <-chan struct{}
	if single {
		wanted = w.s.seats.wanted
	}
	if idle {
		told, err := x.idle(ctx, limit, changed, wanted)
		if !isSaid(err) {
			return told, err
		}
		w.log.Info("the server refuses IDLE: new mail is looked for", "error", err)
		w.s.quirks.idleRefused()
		return false, nil
	}
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-t.C:
	case <-wanted:
	case <-ctx.Done():
		return false, nil
	}
	if err := x.do(ctx, x.c.Noop); err != nil {
		return false, fmt.Errorf("NOOP: %w", w.s.explained(err))
	}
	return false, nil
}

// quickest is how often the server is asked while a conversation is live: some
// announce new mail half a second late.
const quickest = 500 * time.Millisecond

// liveLook is how often a folder is looked at while a conversation is live and no
// mail has come just now: some servers announce nothing.
const liveLook = 3 * time.Second

// idle waits for an announcement, at most for limit, and reports whether there was one.
func (x *session) idle(ctx context.Context, limit time.Duration, changed, wanted <-chan struct{}) (told bool, err error) {
	select {
	case <-changed: // told while the last look went on
		return true, nil
	default:
	}
	stop, ended := make(chan struct{}), make(chan struct{})
	var waiting sync.WaitGroup
	waiting.Go(func() {
		defer close(stop)
		t := time.NewTimer(limit)
		defer t.Stop()
		select {
		case <-wanted:
		case <-t.C:
		case <-ctx.Done():
		case <-ended:
		}
	})
	// The server answers at once to the begin and to the end; in between it is silent.
	err = guard(ctx, x.conn, limit+x.answer, func() error { return x.c.Idle(stop) })
	close(ended)
	waiting.Wait()
	select {
	case <-changed:
		told = true
	default:
	}
	if err != nil {
		return told, fmt.Errorf("IDLE: %w", x.s.explained(err))
	}
	return told, nil
}

// open opens the folder and finds out from where to read on.
func (w *watcher) open(ctx context.Context, x *session) error {
	d, err := x.selectFolder(ctx, w.folder, w.s.cfg.Mark == "")
	if err != nil {
		return err
	}
	w.mu.Lock()
	if w.book == nil {
		w.book = newLedger(w.at)
	}
	at := w.book.at
	w.mu.Unlock()
	next := d.UIDNext
	if next == 0 { // RFC 3501 lets a server leave it out
		all, err := x.search(ctx, 1, time.Time{}, "")
		if err != nil {
			return err
		}
		next = 1
		if len(all) > 0 {
			next = slices.Max(all) + 1
		}
		if at.Validity == d.UIDValidity {
			next = max(next, at.UID+1) // the newest mail may have been deleted
		}
	}
	switch {
	case at.Validity == 0 && at.Date.IsZero():
		return w.begin(ctx, position{Validity: d.UIDValidity, UID: next - 1, Floor: next - 1, Seen: ^uint64(0)})
	case at.Validity != d.UIDValidity || at.UID >= next:
		return w.renumbered(ctx, x, d.UIDValidity, next)
	}
	return nil
}

// begin notes a new position.
func (w *watcher) begin(ctx context.Context, p position) error {
	w.mu.Lock()
	w.book = newLedger(p)
	cursor := w.book.cursor(0, time.Now())
	w.mu.Unlock()
	return w.h.Pass(ctx, w.s.mailbox, w.folder, cursor)
}

// renumbered finds the position in a folder whose numbering has changed: all mail
// since shortly before the last look is looked at; what was taken in before is
// recognised.
func (w *watcher) renumbered(ctx context.Context, x *session, validity, next uint32) error {
	w.mu.Lock()
	from := w.book.at.Date
	w.mu.Unlock()
	w.log.Warn("the numbering of the folder has changed: looking for what was missed by date", "since", from.Format(time.DateOnly))
	uids, err := x.search(ctx, 1, from.AddDate(0, 0, -2), "")
	if err != nil {
		return err
	}
	floor := next - 1
	if len(uids) > 0 {
		floor = min(floor, uids[0]-1)
	}
	w.mu.Lock()
	w.book = newLedger(position{Validity: validity, UID: floor, Date: from, Floor: floor, Seen: ^uint64(0)})
	w.mu.Unlock()
	return nil
}
