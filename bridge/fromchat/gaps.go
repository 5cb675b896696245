package fromchat

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
)

// gap is a linked room of which something may have been missed.
type gap struct {
	at     chat.Place
	since  chat.MessageID // the last message known when the gap was noticed; empty: none
	linked time.Time
}

// Gaps are those that are not filled yet. What is said while
// filling one fails does not make it smaller.
type Gaps struct {
	env    *core.Env
	handle func(network string) chat.Handler // takes in what was missed

	mu   sync.Mutex
	open map[string]map[int64]gap // by network and room
}

func NewGaps(e *core.Env, handle func(network string) chat.Handler) *Gaps {
	return &Gaps{env: e, handle: handle, open: map[string]map[int64]gap{}}
}

// ownCounts is how old a message has to be that we posted for what was said before it to
// be known: what we are not told for now may have been said before one that is younger.
const ownCounts = time.Hour

// fillingAtOnce is how many rooms are caught up with at once.
const fillingAtOnce = 4

// Fill has a network hand over what happened in its linked rooms, or in one of
// them, while nobody listened. The error is temporary: it is worth another call.
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
	for id, one := range unfilled {
		slots <- struct{}{}
		filling.Go(func() {
			defer func() { <-slots }()
			err := from.Backfill(ctx, one.at, one.since, one.linked, g.handle(network))
			if err != nil && (ctx.Err() != nil || !retry.IsNever(err)) {
				failed <- err
				return
			}
			if err != nil {
				g.env.Log.Warn("what was said in a room meanwhile cannot be read", "network", network, "error", err)
			}
			g.mu.Lock()
			delete(g.open[network], id)
			g.mu.Unlock()
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

// note notes up to where each linked room is known, and returns the gaps to fill.
func (g *Gaps) note(ctx context.Context, network string, only chat.RoomID) (unfilled map[int64]gap, err error) {
	unfilled = map[int64]gap{}
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
		for _, r := range rooms {
			if only != "" && r.Place != string(only) {
				continue
			}
			one, noted := g.open[network][r.ID]
			if !noted {
				last, err := tx.LastKnown(r.ID, g.env.Now().Add(-ownCounts))
				if err != nil {
					return err
				}
				one = gap{chat.Place{Room: chat.RoomID(r.Place), Thread: chat.ThreadID(r.Chat)}, chat.MessageID(last), r.Linked}
			}
			if one.since == "" && one.linked.IsZero() {
				continue
			}
			unfilled[r.ID], g.open[network][r.ID] = one, one
		}
		return nil
	})
	return unfilled, err
}
