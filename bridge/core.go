package bridge

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// Bridge is a running bridge. Its methods may be called by several goroutines.
type Bridge struct {
	o        Options
	log      *slog.Logger
	store    *store.Store
	chats    map[string]chat.Connector
	boxes    map[string]*mailbox
	boxByID  map[int64]*mailbox
	mint     mail.Mint
	digestAt time.Duration // after midnight
	instance string        // names this installation in headers and keys
	started  time.Time

	watch     watchers
	health    healths
	gaps      map[string]*gaps // by network
	outbox    *outbox
	shrinking sync.Mutex
	flushes   chan struct{} // of capacity 1: something may be due to be flushed
	ready     chan struct{}
}

// mailbox is a configured mailbox with its id in the database. It is the
// mail.Handler of its sources.
type mailbox struct {
	Mailbox
	b     *Bridge
	id    int64
	limit *pace
}

// defaultTag marks a mail as chat where the settings name nothing else.
const defaultTag = "#Send"

// New prepares a bridge: it reads the installation's secret, or makes it at the
// first start. It starts nothing.
func New(o Options) (*Bridge, error) {
	if o.Tag == "" {
		o.Tag = defaultTag
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Files = o.Files.withDefaults()
	if o.Access.Allow == nil {
		o.Access = DefaultAccess()
	}
	b := &Bridge{
		o: o, log: o.Log, store: o.Store, started: o.Now(),
		chats: map[string]chat.Connector{}, boxes: map[string]*mailbox{}, boxByID: map[int64]*mailbox{}, gaps: map[string]*gaps{},
		flushes: make(chan struct{}, 1), ready: make(chan struct{}),
	}
	var err error
	if b.digestAt, err = ParseDigestAt(o.DigestAt); err != nil {
		return nil, fmt.Errorf("when daily digests go out: %w", err)
	}
	b.outbox = newOutbox(b)
	for _, c := range o.Chats {
		if b.chats[c.Name()] != nil {
			return nil, fmt.Errorf("two chat networks are named %q: give each a name of its own", c.Name())
		}
		b.chats[c.Name()], b.gaps[c.Name()] = c, &gaps{open: map[int64]gap{}}
	}
	err = b.write(context.Background(), "start", func(w *work) error {
		if err := b.identify(w); err != nil {
			return err
		}
		for _, m := range o.Mailboxes {
			if b.boxes[m.Name] != nil {
				return fmt.Errorf("two mailboxes are named %q: give each a name of its own", m.Name)
			}
			id, err := w.Mailbox(m.Name, m.Address.Address)
			if err != nil {
				return err
			}
			box := &mailbox{Mailbox: m, b: b, id: id, limit: newPace(m.PerHour)}
			if box.Domain == "" {
				_, box.Domain, _ = strings.Cut(m.Address.Address, "@")
			}
			b.boxes[m.Name], b.boxByID[id] = box, box
		}
		return w.ForgetSeen(w.now.AddDate(0, -6, 0))
	})
	return b, err
}

// identify reads or makes what tells this installation from all others.
func (b *Bridge) identify(w *work) error {
	secret, err := w.Setting("secret")
	if err != nil {
		return err
	}
	if secret == "" {
		var fresh [32]byte
		if _, err := rand.Read(fresh[:]); err != nil {
			return err
		}
		secret = hex.EncodeToString(fresh[:])
		if err := errors.Join(w.SetSetting("secret", secret), w.SetSetting("instance", mail.NewUniq()[:8])); err != nil {
			return err
		}
	}
	raw, err := hex.DecodeString(secret)
	if err != nil {
		return fmt.Errorf("read the installation's secret: %w", err)
	}
	b.mint = mail.Mint{Secret: raw}
	b.instance, err = w.Setting("instance")
	return err
}

// Ready is closed when everything has been started.
func (b *Bridge) Ready() <-chan struct{} { return b.ready }

// Run receives and delivers until ctx ends, finishes the steps in hand and
// returns nil. It returns an error when a connection cannot go on.
func (b *Bridge) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	start := func(name, kind string, run func(context.Context) error) {
		b.health.set(Health{Name: name, Kind: kind, OK: true, Since: b.o.Now()})
		running.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				b.health.set(Health{Name: name, Kind: kind, Since: b.o.Now(), Error: err.Error()})
				cancel(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	start("outbox", "core", b.outbox.run)
	start("flush", "core", b.runFlush)
	start("files", "core", b.runFiles)
	for _, c := range b.o.Chats {
		start(c.Name(), "chat", func(ctx context.Context) error { return b.runChat(ctx, c) })
	}
	for _, box := range b.boxes {
		for _, src := range box.Sources {
			start(src.Name(), "mail", func(ctx context.Context) error { return b.runSource(ctx, box, src) })
		}
	}
	close(b.ready)
	running.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

func (b *Bridge) runChat(ctx context.Context, c chat.Connector) error {
	cursor, err := b.cursor(ctx, c.Name(), "")
	if err != nil {
		return err
	}
	return c.Run(ctx, cursor, b.HandleChat(c.Name()))
}

func (b *Bridge) runSource(ctx context.Context, box *mailbox, src mail.Source) error {
	stored := func(folder string) string {
		c, err := b.cursor(ctx, "mail/"+box.Name, folder)
		if err != nil {
			b.log.Error("read cursor", "mailbox", box.Name, "error", err)
		}
		return c
	}
	return src.Run(ctx, stored, box)
}

func (b *Bridge) cursor(ctx context.Context, connector, folder string) (c string, err error) {
	err = b.store.Read(ctx, func(tx *store.Tx) error {
		c, err = tx.Cursor(connector, folder)
		return err
	})
	return c, err
}

// work is one transaction of the bridge: the database and what is to be woken
// after the commit.
type work struct {
	*store.Tx
	b     *Bridge
	now   time.Time
	lanes map[string]bool
	flush bool
	steps []Step

	waited   bool       // what is being taken in has waited for what it is about
	unsealed *time.Time // when what is being taken in was said, if it could not be read then
}

// write runs fn in one transaction and wakes, after the commit, what it gave
// work to. name names the change of state: the program can be made to die just
// before and just after it (see failpoint).
func (b *Bridge) write(ctx context.Context, name string, fn func(*work) error) error {
	w := &work{b: b, lanes: map[string]bool{}}
	err := b.store.Write(ctx, func(tx *store.Tx) error {
		w.Tx, w.now = tx, b.o.Now()
		if err := fn(w); err != nil {
			return err
		}
		failpoint(name + ":before")
		return nil
	})
	if err != nil {
		return err
	}
	failpoint(name + ":after")
	for lane := range w.lanes {
		b.outbox.wake(lane)
	}
	if w.flush {
		b.wakeFlush()
	}
	for _, s := range w.steps {
		b.watch.tell(s)
	}
	return nil
}

// step tells those who watch what was done, once it is committed.
func (w *work) step(s Step) {
	s.At = w.now
	w.steps = append(w.steps, s)
	w.b.count(s.Kind)
}

func (b *Bridge) count(name string) {
	if b.o.Metrics != nil {
		b.o.Metrics.Count(name, 1)
	}
}
