package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// syncAnswer is what is read of an answer to /sync.
type syncAnswer struct {
	NextBatch string `json:"next_batch"`
	keyNews
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

// syncFilter leaves out what the bridge does not look at.
const syncFilter = `{"presence":{"types":[]},"account_data":{"types":[]},"room":{"ephemeral":{"types":["m.typing"]},"account_data":{"types":[]},"state":{"lazy_load_members":true,"types":["m.room.member"]},"timeline":{"limit":100,"lazy_load_members":true}}}`

// firstFilter is for the very first look: only where to go on from, and invitations.
const firstFilter = `{"presence":{"types":[]},"account_data":{"types":[]},"room":{"ephemeral":{"types":[]},"account_data":{"types":[]},"state":{"types":[]},"timeline":{"limit":1}}}`

// sync reads with /sync until ctx ends. The token is stored by the handler, in
// the transaction that stores the events.
func (c *Connector) sync(ctx context.Context, since string, handle chat.Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	var catching sync.WaitGroup
	defer catching.Wait()
	defer cancel()
	for failures := 0; ctx.Err() == nil; {
		next, err := c.syncOnce(ctx, since, handle)
		if err == nil {
			if since == "" { // the token was lost, or there was none
				catching.Go(func() { c.catchUp(ctx, handle, func() {}) })
			}
			since, failures = next, 0
			c.setTrouble(nil)
			continue
		}
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, mautrix.MUnknownToken) && !c.loggedOut() {
			return err
		}
		var login *loginError
		if errors.As(err, &login) && retry.IsNever(err) || errors.Is(err, errOtherUser) {
			return err
		}
		failures++
		c.setTrouble(fmt.Errorf("nothing can be read from the homeserver: %w", err))
		wait := retry.Backoff(failures, time.Second, time.Minute)
		if p, ok := retry.Pause(err); ok {
			wait = p
		}
		c.env.Log.Warn("reading from the homeserver was interrupted", "again_in", wait.Round(time.Second), "error", err)
		retry.Sleep(ctx, wait)
	}
	return nil
}

func (c *Connector) syncOnce(ctx context.Context, since string, handle chat.Handler) (next string, err error) {
	cl, err := c.bot(ctx)
	if err != nil {
		return "", err
	}
	if err := c.sameUser(ctx, cl); err != nil {
		return "", err
	}
	c.askLimits(ctx)
	query := map[string]string{"timeout": "30000", "filter": syncFilter, "since": since}
	if since == "" {
		query = map[string]string{"timeout": "0", "filter": firstFilter}
	}
	var a syncAnswer
	if err := c.get(ctx, cl, mautrix.ClientURLPath{"v3", "sync"}, query, &a); err != nil {
		return "", err
	}
	// Keys come before what they open. They are on disk before the cursor moves on.
	events, err := c.takeKeys(ctx, a.keyNews)
	if err != nil {
		return "", err
	}
	events = append(events, c.invitations(ctx, a)...)
	if since != "" {
		more, err := c.timelines(ctx, cl, since, a)
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

var errOtherUser = errors.New("the access token belongs to another user: set the user_id that it was made for")

// sameUser makes sure that the token is that of user_id: we would answer our own
// words otherwise.
func (c *Connector) sameUser(ctx context.Context, cl *mautrix.Client) error {
	c.mu.Lock()
	known := c.botKnown
	c.mu.Unlock()
	if known {
		return nil
	}
	resp, err := cl.Whoami(ctx)
	if err != nil {
		return wrap("ask who we are", err)
	}
	if resp.UserID != c.cfg.bot() {
		return fmt.Errorf("%w: user_id is %s, the token is for %s", errOtherUser, c.cfg.bot(), resp.UserID)
	}
	c.mu.Lock()
	c.botKnown = true
	c.mu.Unlock()
	return nil
}

// timelines returns the events of all rooms, each room's in order, gaps filled.
func (c *Connector) timelines(ctx context.Context, cl *mautrix.Client, since string, a syncAnswer) (events []chat.Event, err error) {
	for _, room := range slices.Sorted(maps.Keys(a.Rooms.Join)) {
		r := a.Rooms.Join[room]
		raw, entered := c.sinceEntering(r.Timeline.Events)
		if r.Timeline.Limited && r.Timeline.PrevBatch != "" && !entered {
			gap, err := c.gap(ctx, cl, room, r.Timeline.PrevBatch, since)
			if err != nil {
				return nil, fmt.Errorf("fill a gap: %w", err)
			}
			raw, _ = c.sinceEntering(append(gap, raw...))
		}
		events = append(events, c.events(ctx, room, raw)...)
		events = append(events, c.ephemerals(room, r.Ephemeral.Events)...)
	}
	for _, room := range slices.Sorted(maps.Keys(a.Rooms.Leave)) {
		events = append(events, c.events(ctx, room, a.Rooms.Leave[room].Timeline.Events)...)
	}
	return events, nil
}

// sinceEntering leaves out what happened in a room before our own user entered
// it, if that is among the events: it was not said to us.
func (c *Connector) sinceEntering(raw []json.RawMessage) (after []json.RawMessage, entered bool) {
	for i := len(raw) - 1; i >= 0; i-- {
		e, err := parseEvent(raw[i])
		if err == nil && e.Type == "m.room.member" && e.StateKey != nil && id.UserID(*e.StateKey) == c.cfg.bot() &&
			e.membership() == "join" && e.Unsigned.PrevContent.Membership != "join" {
			return raw[i:], true
		}
	}
	return raw, false
}

// maxGap is how many missed events of a room are fetched at most.
const maxGap = 5000

// gap returns what a limited timeline left out, oldest first.
func (c *Connector) gap(ctx context.Context, cl *mautrix.Client, room id.RoomID, from, to string) ([]json.RawMessage, error) {
	var missed []json.RawMessage
	for short := false; len(missed) < maxGap; {
		page, err := c.messages(ctx, cl, room, from, to)
		if err != nil {
			return nil, err
		}
		if short && len(page.Chunk) <= 1 { // Dendrite goes on beyond the end, by one event at a time
			break
		}
		short = len(page.Chunk) < pageSize
		missed = append(missed, page.Chunk...)
		newest := slices.Clone(page.Chunk)
		slices.Reverse(newest)
		if _, entered := c.sinceEntering(newest); entered {
			break
		}
		if page.End == "" || len(page.Chunk) == 0 || page.End == from {
			break
		}
		from = page.End
	}
	slices.Reverse(missed)
	return missed, nil
}

// pageSize is how many events of a room's history are asked for at once.
const pageSize = 100

type messagesAnswer struct {
	Chunk []json.RawMessage `json:"chunk"`
	End   string            `json:"end"`
}

// messages reads one page of a room's history backwards; an empty from begins at
// the newest event.
func (c *Connector) messages(ctx context.Context, cl *mautrix.Client, room id.RoomID, from, to string) (a messagesAnswer, err error) {
	query := map[string]string{"dir": "b", "limit": strconv.Itoa(pageSize)}
	if from != "" {
		query["from"] = from
	}
	if to != "" {
		query["to"] = to
	}
	return a, c.get(ctx, cl, mautrix.ClientURLPath{"v3", "rooms", room, "messages"}, query, &a)
}

// invitations returns the invitations of our own user.
func (c *Connector) invitations(ctx context.Context, a syncAnswer) (events []chat.Event) {
	for _, room := range slices.Sorted(maps.Keys(a.Rooms.Invite)) {
		for _, raw := range a.Rooms.Invite[room].State.Events {
			var e rawEvent
			if json.Unmarshal(raw, &e) != nil || e.Type != "m.room.member" || e.StateKey == nil || id.UserID(*e.StateKey) != c.cfg.bot() {
				continue
			}
			if e.ID == "" { // a stripped event has none: one invitation of a person into a room is the same
				e.ID = id.EventID("invite " + string(room) + " " + string(e.Sender) + " " + url.QueryEscape(a.NextBatch))
			}
			e.RoomID = room
			c.note(e)
			if ev := c.convert(e); ev != nil {
				events = append(events, c.complete(ctx, ev))
			}
		}
	}
	return events
}
