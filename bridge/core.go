package bridge

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/pace"
	"hashsend/bridge/store"
)

// Env is what every step of the bridge works with. It does not change after New.
type Env struct {
	Options
	Mint       mail.Mint
	DigestTime time.Duration // when daily digests leave, after midnight
	Instance   string        // names this installation in headers and keys
	Started    time.Time
	Boxes      map[int64]*Box // by their ids in the database
	// Wake has a lane of the outbox looked at, and WakeFlush the holds: after the
	// commit of what gave them work. Who does that work sets them before it begins.
	Wake      func(lane string)
	WakeFlush func()
	Shrinking sync.Mutex // pictures and sounds are made smaller one at a time: it takes memory

	networks map[string]*Network
	watch    watchers
	health   healths
}

// Box is a configured mailbox with its id in the database.
type Box struct {
	Mailbox
	ID   int64
	Pace *pace.Pace
}

// Bridge is a running bridge. Its methods may be called by several goroutines.
type Bridge struct {
	env     *Env
	gaps    *gaps
	flusher *flusher
	outbox  *outbox
	ready   chan struct{}
}

// defaultTag marks a mail as chat where the settings name nothing else.
const defaultTag = "#Send"

// New prepares a bridge: it reads the installation's secret, or makes it at the
// first start. It starts nothing.
func New(o Options) (*Bridge, error) {
	e, err := newEnv(o)
	if err != nil {
		return nil, err
	}
	b := &Bridge{env: e, flusher: newFlusher(e), ready: make(chan struct{})}
	b.gaps = newGaps(e, b.HandleChat)
	b.outbox = newOutbox(e, gaveUp, b.kinds()...)
	return b, nil
}

// newEnv makes what every step of a bridge works with.
func newEnv(o Options) (*Env, error) {
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
	e := &Env{Options: o, Started: o.Now(), Boxes: map[int64]*Box{}, networks: map[string]*Network{}, Wake: func(string) {}, WakeFlush: func() {}}
	var err error
	if e.DigestTime, err = ParseDigestAt(o.DigestAt); err != nil {
		return nil, fmt.Errorf("when daily digests go out: %w", err)
	}
	for _, c := range o.Chats {
		if e.networks[c.Name()] != nil {
			return nil, fmt.Errorf("two chat networks are named %q: give each a name of its own", c.Name())
		}
		e.networks[c.Name()] = NewNetwork(c)
	}
	err = e.write(context.Background(), "start", func(w *work) error {
		if err := e.identify(w); err != nil {
			return err
		}
		for _, m := range o.Mailboxes {
			if e.BoxNamed(m.Name) != nil {
				return fmt.Errorf("two mailboxes are named %q: give each a name of its own", m.Name)
			}
			id, err := w.Mailbox(m.Name, m.Address.Address)
			if err != nil {
				return err
			}
			box := &Box{Mailbox: m, ID: id, Pace: pace.New(m.PerHour)}
			if box.Domain == "" {
				_, box.Domain, _ = strings.Cut(m.Address.Address, "@")
			}
			e.Boxes[id] = box
		}
		return w.ForgetSeen(w.now.AddDate(0, -6, 0))
	})
	return e, err
}

// BoxNamed is the mailbox of a name in the configuration; nil: there is none.
func (e *Env) BoxNamed(name string) *Box {
	for _, box := range e.Boxes {
		if box.Name == name {
			return box
		}
	}
	return nil
}

// identify reads or makes what tells this installation from all others.
func (e *Env) identify(w *work) error {
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
	e.Mint = mail.Mint{Secret: raw}
	e.Instance, err = w.Setting("instance")
	return err
}

// Watch returns a channel of what the bridge does from now on. A watcher that is
// slower than the bridge loses some of it. stop ends it; it may be called twice.
func (b *Bridge) Watch() (traces <-chan Trace, stop func()) { return b.env.Watch() }

// Overview is what the console shows.
func (b *Bridge) Overview(ctx context.Context) (Overview, error) { return b.env.overview(ctx) }

// OpenLink opens the file behind a link in a mail, by the path of the link. The error is
// ErrNoLink where it leads nowhere. The caller closes the file.
func (b *Bridge) OpenLink(ctx context.Context, path string) (Linked, error) {
	return b.env.openLink(ctx, path)
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
		b.env.health.set(Health{Name: name, Kind: kind, OK: true, Since: b.env.Now()})
		running.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				b.env.health.set(Health{Name: name, Kind: kind, Since: b.env.Now(), Error: err.Error()})
				cancel(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	start("outbox", "core", b.outbox.run)
	start("flush", "core", b.flusher.run)
	start("files", "core", b.env.runFiles)
	for _, c := range b.env.Chats {
		start(c.Name(), "chat", func(ctx context.Context) error { return b.runChat(ctx, c) })
	}
	for _, box := range b.env.Boxes {
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

func (b *Bridge) runSource(ctx context.Context, box *Box, src mail.Source) error {
	stored := func(folder string) string {
		c, err := b.cursor(ctx, "mail/"+box.Name, folder)
		if err != nil {
			b.env.Log.Error("read cursor", "mailbox", box.Name, "error", err)
		}
		return c
	}
	return src.Run(ctx, stored, b.inbox(box))
}

func (b *Bridge) cursor(ctx context.Context, connector, folder string) (c string, err error) {
	err = b.env.Store.Read(ctx, func(tx *store.Tx) error {
		c, err = tx.Cursor(connector, folder)
		return err
	})
	return c, err
}

// work is one transaction of the bridge: the database and what is to be woken
// after the commit.
type work struct {
	*store.Tx
	Env    *Env
	now    time.Time
	lanes  map[string]bool
	flush  bool
	traces []Trace

	waited bool       // what is being taken in has waited for what it is about
	saidAt *time.Time // when what is being taken in was said, if it could not be read then
}

// NotYet says that an event is about a message which is not known yet, and may come.
// Nothing was changed.
type NotYet struct{ Message chat.MessageID }

func (NotYet) Error() string { return "it is about a message that is not known" }

// ErrNotLinked says that an event belongs to no linked room. Nothing was changed.
var ErrNotLinked = errors.New("its room is not linked")

// taker takes in an event in the transaction of its caller.
type taker func(w *work, network string, e chat.Event) error

// write runs fn in one transaction and wakes, after the commit, what it gave
// work to. name names the change of state: the program can be made to die just
// before and just after it (see failpoint).
func (e *Env) write(ctx context.Context, name string, fn func(*work) error) error {
	w := &work{Env: e, lanes: map[string]bool{}}
	err := e.Store.Write(ctx, func(tx *store.Tx) error {
		w.Tx, w.now = tx, e.Now()
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
		e.Wake(lane)
	}
	if w.flush {
		e.WakeFlush()
	}
	for _, s := range w.traces {
		e.watch.tell(s)
	}
	return nil
}

// trace tells those who watch what was done, once it is committed.
func (w *work) trace(s Trace) {
	s.At = w.now
	w.traces = append(w.traces, s)
	w.Env.count(s.Kind)
}

func (e *Env) count(name string) {
	if e.Metrics != nil {
		e.Metrics.Count(name, 1)
	}
}

// boxNames are the names of the mailboxes in order.
func (e *Env) boxNames() []string {
	var names []string
	for _, box := range e.Boxes {
		names = append(names, box.Name)
	}
	slices.Sort(names)
	return names
}
