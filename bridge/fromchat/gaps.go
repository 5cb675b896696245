package fromchat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
)

// gap is a linked room in which messages may have been missed.
type gap struct {
	room   int64
	at     chat.Place
	since  chat.MessageID // the last known message when the gap was noticed; empty: none
	linked time.Time
}

// Gaps tracks the gaps that are not filled yet. Messages that arrive while filling fails do not
// shrink a gap.
type Gaps struct {
	env    *core.Env
	handle func(network string) chat.Handler // handles missed events

	mu   sync.Mutex
	open map[string]map[int64]gap // by network and room
}

// NewGaps makes Gaps that pass missed events to handle.
func NewGaps(e *core.Env, handle func(network string) chat.Handler) *Gaps {
	return &Gaps{env: e, handle: handle, open: map[string]map[int64]gap{}}
}

// ownCounts is the age from which a message of ours proves that everything before it was
// received. Younger ones may be newer than something not yet received.
const ownCounts = time.Hour

// fillingAtOnce is the number of rooms filled at the same time.
const fillingAtOnce = 4

// mostTogether is how many events of a conversation are sorted together.
const mostTogether = 10_000

// Fill requests what happened in the linked rooms of a network, or in one of them and the
// others of its conversation, while the bridge was not connected. Events in the rooms of one
// conversation are handled together, in their order. The error is temporary.
func (g *Gaps) Fill(ctx context.Context, network string, only chat.RoomID) error {
	from := g.env.Network(network).Backfiller
	if from == nil {
		return nil
	}
	unfilled, err := g.note(ctx, network, only)
	if err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	var filling sync.WaitGroup
	slots := make(chan struct{}, fillingAtOnce)
	failed := make(chan error, len(unfilled))
	for _, rooms := range unfilled {
		slots <- struct{}{}
		filling.Go(func() {
			defer func() { <-slots }()
			if err := g.fillConversation(ctx, network, from, rooms); err != nil {
				failed <- err
			}
		})
	}
	filling.Wait()
	close(failed)
	var errs []error
	for err := range failed {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// fillConversation fills the gaps in the rooms of one conversation.
func (g *Gaps) fillConversation(ctx context.Context, network string, from chat.Backfiller, rooms []gap) error {
	handle := g.handle(network)
	collected := &collector{handle: handle}
	if len(rooms) > 1 {
		handle = collected.take
	}
	var filled []gap
	for _, one := range rooms {
		err := from.Backfill(ctx, one.at, one.since, one.linked, handle)
		if err != nil && (ctx.Err() != nil || !retry.IsNever(err)) {
			return err
		}
		if err != nil {
			g.env.Log.Warn("missed messages of a room cannot be read", "network", network, "error", err)
		}
		filled = append(filled, one)
	}
	if err := collected.flush(ctx); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, one := range filled {
		delete(g.open[network], one.room)
	}
	return nil
}

// collector collects the events of several rooms and passes them on in order.
type collector struct {
	handle chat.Handler
	events []chat.Event
}

func (c *collector) take(ctx context.Context, _ string, events ...chat.Event) error {
	c.events = append(c.events, events...)
	if len(c.events) > mostTogether {
		return c.flush(ctx)
	}
	return nil
}

func (c *collector) flush(ctx context.Context) error {
	if len(c.events) == 0 {
		return nil
	}
	slices.SortStableFunc(c.events, func(a, b chat.Event) int { return a.EventHead().At.Compare(b.EventHead().At) })
	const batch = 200
	for some := range slices.Chunk(c.events, batch) {
		if err := c.handle(ctx, "", some...); err != nil {
			return err
		}
	}
	c.events = nil
	return nil
}

// note records the last known message of each linked room, and returns the gaps to fill, by
// conversation.
func (g *Gaps) note(ctx context.Context, network string, only chat.RoomID) (unfilled map[int64][]gap, err error) {
	unfilled = map[int64][]gap{}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open[network] == nil {
		g.open[network] = map[int64]gap{}
	}
	err = g.env.Store.Read(ctx, func(tx *store.Tx) error {
		rooms, err := tx.LinkedRooms(network)
		if err != nil {
			return err
		}
		wanted := map[int64]bool{} // by conversation
		for _, r := range rooms {
			if only == "" || r.Place == string(only) {
				wanted[r.Thread] = true
			}
		}
		for _, r := range rooms {
			if !wanted[r.Thread] {
				continue
			}
			one, noted := g.open[network][r.ID]
			if !noted {
				last, err := tx.LastKnown(r.ID, g.env.Now().Add(-ownCounts))
				if err != nil {
					return err
				}
				one = gap{r.ID, chat.Place{Room: chat.RoomID(r.Place), Thread: chat.ThreadID(r.Chat)}, chat.MessageID(last), r.Linked}
			}
			if one.since == "" && one.linked.IsZero() {
				continue
			}
			unfilled[r.Thread] = append(unfilled[r.Thread], one)
			g.open[network][r.ID] = one
		}
		return nil
	})
	return unfilled, err
}
