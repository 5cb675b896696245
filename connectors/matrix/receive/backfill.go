package receive

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/matrixtext"
)

// entersSoon is how long after the start of a conversation we may enter its room: messages
// in between were meant for the conversation.
const entersSoon = 5 * time.Minute

// catchUp has the messages read from the history that were posted while nobody listened.
// tried is called once, after the first attempt.
func (r *Receiver) catchUp(ctx context.Context, handle chat.Handler, tried func()) {
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
		r.log.Warn("couldn't read missed messages", "again_in", wait.Round(time.Second), "error", err)
		if !retry.Sleep(ctx, wait) {
			return
		}
	}
}

// turn is how long a push waits for its turn at most: a homeserver gives up on an answer
// after a minute.
const turn = 20 * time.Second

// inTurn has pushes wait while catching lasts: the messages before them are stored then.
// The homeserver repeats a push that failed, and may push what came after it meanwhile:
// Synapse does when we are gone for a moment.
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

// Backfill hands over what happened in a room after a message, or, if none is known, since
// the room was linked; see chat.Backfiller.
func (r *Receiver) Backfill(ctx context.Context, p chat.Place, since chat.MessageID, linked time.Time, handle chat.Handler) error {
	if since == "" && linked.IsZero() {
		return nil // the cursor, or the homeserver's pushes, go back far enough
	}
	missed, found, err := r.historySince(ctx, id.RoomID(p.Room), func(e matrixtext.Event) bool {
		if since == "" {
			return e.Time().Before(linked)
		}
		return chat.MessageID(e.ID) == since
	})
	if err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	if since != "" && !found {
		return nil // the message is no longer in the history: there is nothing to start from
	}
	after, entered := r.sinceEntering(missed)
	if e, err := matrixtext.ParseEvent(oldest(after)); since != "" || !entered || err != nil || e.Time().Sub(linked) > entersSoon {
		missed = after
	}
	events := r.events(ctx, id.RoomID(p.Room), missed)
	for n, ev := range events {
		events[n] = late(ev)
	}
	if len(events) > 0 {
		return handle(ctx, "", events...)
	}
	return nil
}

func oldest(raw []json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	return raw[0]
}

// historySince reads a room's history back to an event, which is left out, and returns it
// oldest first. found is false if it was read to its beginning, or as far as is read at
// most, without the event.
func (r *Receiver) historySince(ctx context.Context, room id.RoomID, is func(matrixtext.Event) bool) (missed []json.RawMessage, found bool, err error) {
	from := ""
	for len(missed) < maxGap {
		page, err := r.server.History(ctx, room, from, "")
		if err != nil {
			return nil, false, err
		}
		for _, raw := range page.Chunk {
			if e, err := matrixtext.ParseEvent(raw); err == nil && is(e) {
				slices.Reverse(missed)
				return missed, true, nil
			}
			missed = append(missed, raw)
		}
		if page.Last(from) {
			break
		}
		from = page.End
	}
	slices.Reverse(missed)
	return missed, len(missed) >= maxGap, nil
}
