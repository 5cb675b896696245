package bridge

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
)

// gap is a linked room of which something may have been missed.
type gap struct {
	at     chat.Place
	since  chat.MessageID // the last message known when the gap was noticed; empty: none
	linked time.Time
}

// gaps are those of one network that are not filled yet, by room. What is said while
// filling one fails does not make it smaller.
type gaps struct {
	mu   sync.Mutex
	open map[int64]gap
}

// ownCounts is how old a message has to be that we posted for what was said before it to
// be known: what we are not told for now may have been said before one that is younger.
const ownCounts = time.Hour

// fillingAtOnce is how many rooms are caught up with at once.
const fillingAtOnce = 4

// fillGaps has a network hand over what happened in its linked rooms, or in one of
// them, while nobody listened. The error is temporary: it is worth another call.
func (b *Bridge) fillGaps(ctx context.Context, network string, only chat.RoomID) error {
	from, can := b.chats[network].(chat.Backfiller)
	if !can {
		return nil
	}
	missing := b.gaps[network]
	unfilled, err := b.noteGaps(ctx, network, only)
	if err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	var filling sync.WaitGroup
	slots := make(chan struct{}, fillingAtOnce)
	failed := make(chan error, len(unfilled))
	for id, g := range unfilled {
		slots <- struct{}{}
		filling.Go(func() {
			defer func() { <-slots }()
			err := from.Backfill(ctx, g.at, g.since, g.linked, b.HandleChat(network))
			if err != nil && (ctx.Err() != nil || !retry.IsNever(err)) {
				failed <- err
				return
			}
			if err != nil {
				b.log.Warn("what was said in a room meanwhile cannot be read", "network", network, "error", err)
			}
			missing.mu.Lock()
			delete(missing.open, id)
			missing.mu.Unlock()
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

// noteGaps notes up to where each linked room is known, and returns the gaps to fill.
func (b *Bridge) noteGaps(ctx context.Context, network string, only chat.RoomID) (unfilled map[int64]gap, err error) {
	unfilled = map[int64]gap{}
	missing := b.gaps[network]
	missing.mu.Lock()
	defer missing.mu.Unlock()
	err = b.store.Read(ctx, func(tx *store.Tx) error {
		rooms, err := tx.LinkedRooms(network)
		if err != nil {
			return err
		}
		for _, r := range rooms {
			if only != "" && r.Place != string(only) {
				continue
			}
			g, noted := missing.open[r.ID]
			if !noted {
				last, err := tx.LastKnown(r.ID, b.o.Now().Add(-ownCounts))
				if err != nil {
					return err
				}
				g = gap{chat.Place{Room: chat.RoomID(r.Place), Thread: chat.ThreadID(r.Chat)}, chat.MessageID(last), r.Linked}
			}
			if g.since == "" && g.linked.IsZero() {
				continue
			}
			unfilled[r.ID], missing.open[r.ID] = g, g
		}
		return nil
	})
	return unfilled, err
}
