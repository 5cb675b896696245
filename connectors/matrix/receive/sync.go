package receive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/keys"
	"hashsend/connectors/matrix/matrixtext"
)

// syncAnswer is what we read of an answer to /sync.
type syncAnswer struct {
	NextBatch string `json:"next_batch"`
	keys.News
	Rooms struct {
		Join   map[id.RoomID]syncRoom `json:"join"`
		Leave  map[id.RoomID]syncRoom `json:"leave"`
		Invite map[id.RoomID]struct {
			State eventList `json:"invite_state"`
		} `json:"invite"`
	} `json:"rooms"`
}

type eventList struct {
	Events []json.RawMessage `json:"events"`
}

type syncRoom struct {
	Timeline struct {
		eventList
		Limited   bool   `json:"limited"`
		PrevBatch string `json:"prev_batch"`
	} `json:"timeline"`
	Ephemeral eventList `json:"ephemeral"`
}

// syncFilter leaves out what the bridge ignores.
const syncFilter = `{"presence":{"types":[]},"account_data":{"types":[]},"room":{"ephemeral":{"types":["m.typing"]},"account_data":{"types":[]},"state":{"lazy_load_members":true,"types":["m.room.member"]},"timeline":{"limit":100,"lazy_load_members":true}}}`

// firstFilter is for the very first sync: only the token to continue from, and invitations.
const firstFilter = `{"presence":{"types":[]},"account_data":{"types":[]},"room":{"ephemeral":{"types":[]},"account_data":{"types":[]},"state":{"types":[]},"timeline":{"limit":1}}}`

// sync reads with /sync until ctx ends. The handler stores the token in the transaction
// that stores the events.
func (r *Receiver) sync(ctx context.Context, since string, handle chat.Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { r.keys.Watch(ctx) })
	for failures := 0; ctx.Err() == nil; {
		next, err := r.syncOnce(ctx, since, handle)
		if err == nil {
			r.setUnheard(nil)
			if since == "" { // the token was lost, or there was none
				running.Go(func() { r.catchUp(ctx, handle, func() {}) })
			}
			since, failures = next, 0
			continue
		}
		if ctx.Err() != nil {
			return nil
		}
		if homeserver.Expired(err) && !r.server.SignedOut() {
			return err
		}
		var signIn *homeserver.SignInError
		if errors.As(err, &signIn) && retry.IsNever(err) || errors.Is(err, homeserver.ErrOtherUser) {
			return err
		}
		failures++
		r.setUnheard(fmt.Errorf("nothing can be read from the homeserver: %w", err))
		wait := retry.Backoff(failures, time.Second, time.Minute)
		if p, ok := retry.Pause(err); ok {
			wait = p
		}
		r.log.Warn("couldn't read from the homeserver", "again_in", wait.Round(time.Second), "error", err)
		retry.Sleep(ctx, wait)
	}
	return nil
}

func (r *Receiver) syncOnce(ctx context.Context, since string, handle chat.Handler) (next string, err error) {
	bot, err := r.server.Bot(ctx)
	if err != nil {
		return "", err
	}
	if err := r.server.SameUser(ctx); err != nil {
		return "", err
	}
	r.media.AskLimit(ctx)
	query := map[string]string{"timeout": "30000", "filter": syncFilter, "since": since}
	if since == "" {
		query = map[string]string{"timeout": "0", "filter": firstFilter}
	}
	var a syncAnswer
	if err := r.server.Get(ctx, bot, mautrix.ClientURLPath{"v3", "sync"}, query, &a); err != nil {
		return "", err
	}
	// Keys are processed before the messages they decrypt. They are on disk before the
	// cursor moves on.
	events, err := r.keys.Take(ctx, a.News)
	if err != nil {
		return "", err
	}
	events = append(events, r.invitations(ctx, a)...)
	if since != "" {
		more, err := r.timelines(ctx, since, a)
		if err != nil {
			return "", err
		}
		events = append(events, more...)
	}
	if a.NextBatch == since && len(events) == 0 {
		return since, nil
	}
	return a.NextBatch, handle(context.WithoutCancel(ctx), a.NextBatch, events...)
}

// timelines returns the events of all rooms, each room's in order and without gaps.
func (r *Receiver) timelines(ctx context.Context, since string, a syncAnswer) (events []chat.Event, err error) {
	for _, room := range slices.Sorted(maps.Keys(a.Rooms.Join)) {
		joined := a.Rooms.Join[room]
		raw, entered := r.sinceEntering(joined.Timeline.Events)
		if joined.Timeline.Limited && joined.Timeline.PrevBatch != "" && !entered {
			gap, err := r.gap(ctx, room, joined.Timeline.PrevBatch, since)
			if err != nil {
				return nil, fmt.Errorf("fill a gap: %w", err)
			}
			raw, _ = r.sinceEntering(append(gap, raw...))
		}
		events = append(events, r.events(ctx, room, raw)...)
		events = append(events, r.ephemerals(room, joined.Ephemeral.Events)...)
	}
	for _, room := range slices.Sorted(maps.Keys(a.Rooms.Leave)) {
		events = append(events, r.events(ctx, room, a.Rooms.Leave[room].Timeline.Events)...)
	}
	return events, nil
}

// sinceEntering leaves out what happened in a room before the bot entered it, if that is
// among the events: it was not meant for us.
func (r *Receiver) sinceEntering(raw []json.RawMessage) (after []json.RawMessage, entered bool) {
	for i := len(raw) - 1; i >= 0; i-- {
		e, err := matrixtext.ParseEvent(raw[i])
		if err == nil && e.Type == "m.room.member" && e.StateKey != nil && id.UserID(*e.StateKey) == r.reader.Bot &&
			e.Membership() == "join" && e.Unsigned.PrevContent.Membership != "join" {
			return raw[i:], true
		}
	}
	return raw, false
}

// maxGap is how many missed events of a room are fetched at most.
const maxGap = 5000

// gap returns what a limited timeline left out, oldest first.
func (r *Receiver) gap(ctx context.Context, room id.RoomID, from, to string) ([]json.RawMessage, error) {
	var missed []json.RawMessage
	for short := false; len(missed) < maxGap; {
		page, err := r.server.History(ctx, room, from, to)
		if err != nil {
			return nil, err
		}
		if short && len(page.Chunk) <= 1 { // Dendrite continues beyond the end, one event at a time
			break
		}
		short = len(page.Chunk) < homeserver.PageSize
		missed = append(missed, page.Chunk...)
		newest := slices.Clone(page.Chunk)
		slices.Reverse(newest)
		if _, entered := r.sinceEntering(newest); entered || page.Last(from) {
			break
		}
		from = page.End
	}
	slices.Reverse(missed)
	return missed, nil
}

// invitations returns the invitations of the bot.
func (r *Receiver) invitations(ctx context.Context, a syncAnswer) (events []chat.Event) {
	for _, room := range slices.Sorted(maps.Keys(a.Rooms.Invite)) {
		for _, raw := range a.Rooms.Invite[room].State.Events {
			var e matrixtext.Event
			if json.Unmarshal(raw, &e) != nil || e.Type != "m.room.member" || e.StateKey == nil || id.UserID(*e.StateKey) != r.reader.Bot {
				continue
			}
			if e.ID == "" { // a stripped event has none: one invitation of a person to a room is the same
				e.ID = id.EventID("invite " + string(room) + " " + string(e.Sender) + " " + url.QueryEscape(a.NextBatch))
			}
			e.RoomID = room
			r.rooms.Note(e)
			if ev := r.reader.Convert(e); ev != nil {
				events = append(events, r.complete(ctx, ev))
			}
		}
	}
	return events
}
