// Package bridge connects chat rooms and email conversations. It holds the rules and knows
// no network, no SQL and no protocol: docs/architecture.md is the map.
package bridge

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"hashsend/bridge/chat"
	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/fromchat"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tomail"
)

// Bridge is a running bridge. Its methods may be called by several goroutines.
type Bridge struct {
	env     *core.Env
	gaps    *fromchat.Gaps
	flusher *tomail.Flusher
	outbox  *outbox.Outbox
	ready   chan struct{}
}

// New prepares a bridge: it reads the installation's secret, or makes it at the
// first start. It starts nothing.
func New(o core.Options) (*Bridge, error) {
	e, err := core.NewEnv(o)
	if err != nil {
		return nil, err
	}
	b := &Bridge{env: e, flusher: tomail.NewFlusher(e), ready: make(chan struct{})}
	b.gaps = fromchat.NewGaps(e, b.HandleChat)
	b.outbox = outbox.New(e, gaveUp, b.kinds()...)
	return b, nil
}

// Watch returns a channel of what the bridge does from now on. A watcher that is
// slower than the bridge loses some of it. stop ends it; it may be called twice.
func (b *Bridge) Watch() (traces <-chan core.Trace, stop func()) { return b.env.Watch() }

// Overview is what the console shows.
func (b *Bridge) Overview(ctx context.Context) (core.Overview, error) {
	return command.Overview(ctx, b.env)
}

// OpenLink opens the file behind a link in a mail, by the path of the link. The error is
// ErrNoLink where it leads nowhere. The caller closes the file.
func (b *Bridge) OpenLink(ctx context.Context, path string) (files.Linked, error) {
	return files.OpenLink(ctx, b.env, path)
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
		b.env.Health.Set(core.Health{Name: name, Kind: kind, OK: true, Since: b.env.Now()})
		running.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				b.env.Health.Set(core.Health{Name: name, Kind: kind, Since: b.env.Now(), Error: err.Error()})
				cancel(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	start("outbox", "core", b.outbox.Run)
	start("flush", "core", b.flusher.Run)
	start("files", "core", func(ctx context.Context) error { return files.Run(ctx, b.env) })
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

func (b *Bridge) runSource(ctx context.Context, box *core.Box, src mail.Source) error {
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
