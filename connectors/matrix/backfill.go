package matrix

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// entersSoon is how long after its beginning a conversation may be entered by us: what
// was said in it in between was meant for it.
const entersSoon = 5 * time.Minute

// catchUp has what was said while nobody listened read from the history. tried is called
// once, after the first attempt.
func (c *Connector) catchUp(ctx context.Context, handle chat.Handler, tried func()) {
	for attempt := 1; ; attempt++ {
		err := handle(ctx, "", chat.Gap{})
		if attempt == 1 {
			tried()
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		wait := retry.Backoff(attempt, time.Second, 10*time.Minute)
		if p, asked := retry.Pause(err); asked {
			wait = p
		}
		c.env.Log.Warn("what was said meanwhile cannot be read", "again_in", wait.Round(time.Second), "error", err)
		if !retry.Sleep(ctx, wait) {
			return
		}
	}
}

// turn is how long a push waits for its turn at most: a homeserver gives up an answer
// after a minute.
const turn = 20 * time.Second

// inTurn has pushes wait while catching lasts: what was said before them is stored then. The homeserver
// repeats a push that failed and may push what came after it meanwhile: Synapse does when
// we are gone for a moment.
func inTurn(catching context.Context, handle chat.Handler) chat.Handler {
	return func(ctx context.Context, cursor string, events ...chat.Event) error {
		timer := time.NewTimer(turn)
		defer timer.Stop()
		select {
		case <-catching.Done():
		case <-timer.C:
		case <-ctx.Done():
		}
		return handle(ctx, cursor, events...)
	}
}

// Backfill hands over what happened in a room after a message, or, where none is known,
// since the room was linked; see chat.Backfiller.
func (c *Connector) Backfill(ctx context.Context, p chat.Place, since chat.MessageID, linked time.Time, handle chat.Handler) error {
	if since == "" && linked.IsZero() {
		return nil // the cursor, or the homeserver's pushes, go back far enough
	}
	missed, found, err := c.historySince(ctx, id.RoomID(p.Room), func(e rawEvent) bool {
		if since == "" {
			return time.UnixMilli(e.At).Before(linked)
		}
		return chat.MessageID(e.ID) == since
	})
	if err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	if since != "" && !found {
		return nil // the message is not in the history any more: nothing to go by
	}
	after, entered := c.sinceEntering(missed)
	if e, err := parseEvent(first(after)); since != "" || !entered || err != nil || time.UnixMilli(e.At).Sub(linked) > entersSoon {
		missed = after
	}
	events := c.events(ctx, id.RoomID(p.Room), missed)
	for n, ev := range events {
		events[n] = late(ev)
	}
	if len(events) > 0 {
		return handle(ctx, "", events...)
	}
	return nil
}

func first(raw []json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	return raw[0]
}

// historySince reads a room's history back to an event, which is left out, and returns
// it oldest first; not found: to its beginning, or as far as is read at most.
func (c *Connector) historySince(ctx context.Context, room id.RoomID, is func(rawEvent) bool) (missed []json.RawMessage, found bool, err error) {
	cl, err := c.bot(ctx)
	if err != nil {
		return nil, false, err
	}
	from := ""
	for len(missed) < maxGap {
		page, err := c.messages(ctx, cl, room, from, "")
		if err != nil {
			return nil, false, err
		}
		for _, raw := range page.Chunk {
			if e, err := parseEvent(raw); err == nil && is(e) {
				slices.Reverse(missed)
				return missed, true, nil
			}
			missed = append(missed, raw)
		}
		if page.End == "" || page.End == from || len(page.Chunk) == 0 {
			break
		}
		from = page.End
	}
	slices.Reverse(missed)
	return missed, len(missed) >= maxGap, nil
}
