// Package bridge connects chat rooms and email conversations. It holds the rules, independent
// of networks, SQL and protocols; docs/architecture.md is the map.
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

// New prepares a bridge. It reads the secret of the installation, or makes it on the first
// start, and starts nothing.
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

// Watch returns a channel of traces from now on. A watcher that is too slow loses some. stop
// ends it and may be called twice.
func (b *Bridge) Watch() (traces <-chan core.Trace, stop func()) { return b.env.Watch() }

// Overview returns the state that the console shows.
func (b *Bridge) Overview(ctx context.Context) (core.Overview, error) {
	return command.Overview(ctx, b.env)
}

// OpenLink opens the file of a link in an email. It returns files.ErrNoLink if the link is not
// valid. The caller closes the file.
func (b *Bridge) OpenLink(ctx context.Context, path string) (files.Linked, error) {
	return files.OpenLink(ctx, b.env, path)
}

// Ready is closed when everything has started.
func (b *Bridge) Ready() <-chan struct{} { return b.ready }

// Run receives and delivers until ctx ends, finishes the steps in progress and returns nil. It
// returns an error if a connection fails for good.
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
