package slack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// How far back is looked.
const (
	overlap   = time.Hour          // before the last message known: events may have come out of order
	rootsBack = 7 * 24 * time.Hour // for threads that were answered, and messages that were edited
	maxPages  = 20
	pageSize  = 200
	together  = 50 // events handed over at once
)

// stamp is a moment as Slack writes it.
func stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMicro())/1e6, 'f', 6, 64) }

// page asks for a page of a channel's history, or of a thread. A pause that Slack
// asks for is made.
func (c *Connector) page(ctx context.Context, method string, form url.Values) (messages []json.RawMessage, next string, err error) {
	var answer struct {
		Messages []json.RawMessage `json:"messages"`
		Meta     struct {
			Next string `json:"next_cursor"`
		} `json:"response_metadata"`
	}
	form.Set("include_all_metadata", "true")
	for {
		err := c.call(ctx, method, form, &answer)
		pause, asked := retry.Pause(err)
		if !asked {
			return answer.Messages, answer.Meta.Next, err
		}
		if !retry.Sleep(ctx, pause) {
			return nil, "", err
		}
	}
}

// each calls do for every message of a channel's history, newest first, or of a
// thread, oldest first, from oldest on, until it returns false.
func (c *Connector) each(ctx context.Context, channel, under string, oldest time.Time, do func(rawEvent) bool) error {
	form := url.Values{"channel": {channel}, "limit": {strconv.Itoa(pageSize)}, "inclusive": {"true"}}
	if !oldest.IsZero() {
		form.Set("oldest", stamp(oldest))
	}
	method := "conversations.history"
	if under != "" {
		method = "conversations.replies"
		form.Set("ts", under)
	}
	for range maxPages {
		messages, next, err := c.page(ctx, method, form)
		if err != nil {
			return err
		}
		for _, raw := range messages {
			if e, err := read(raw); err == nil && e.TS != "" && !do(e) {
				return nil
			}
		}
		if next == "" {
			return nil
		}
		form.Set("cursor", next)
	}
	return nil
}

// channelNow asks what a channel is. A pause that Slack asks for is made.
func (c *Connector) channelNow(ctx context.Context, id string) (channel, error) {
	for {
		c.forgetChannel(id)
		ch, err := c.channel(ctx, id)
		pause, asked := retry.Pause(err)
		if !asked {
			return ch, err
		}
		if !retry.Sleep(ctx, pause) {
			return ch, err
		}
	}
}

// Backfill hands over what happened in a channel, or one thread in it, after a
// message; see chat.Backfiller.
func (c *Connector) Backfill(ctx context.Context, p chat.Place, since chat.MessageID, linked time.Time, handle chat.Handler) error {
	_, ts := split(since)
	from := when(ts).Add(-overlap)
	if when(ts).IsZero() {
		from = linked
	}
	if from.Before(linked) {
		from = linked
	}
	ch, err := c.channelNow(ctx, string(p.Room))
	if err != nil {
		return fmt.Errorf("catch up with the channel: %w", err)
	}
	if ch.shared {
		if err := handle(ctx, "", shared(string(p.Room))); err != nil {
			return err
		}
	}
	missed, err := c.missed(ctx, string(p.Room), string(p.Thread), from.Add(-time.Second))
	if err != nil {
		return fmt.Errorf("catch up with the channel: %w", err)
	}
	slices.SortStableFunc(missed, func(a, b rawEvent) int { return cmp.Compare(a.TS, b.TS) })
	var events []chat.Event
	for _, m := range missed {
		events = append(events, c.late(ctx, string(p.Room), m, from)...)
	}
	for part := range slices.Chunk(events, together) {
		if err := handle(ctx, "", part...); err != nil {
			return err
		}
	}
	return nil
}

// late makes events of a message of the history.
func (c *Connector) late(ctx context.Context, channel string, m rawEvent, from time.Time) (events []chat.Event) {
	m.Type = "message"
	m.Channel, _ = json.Marshal(channel) //nolint:errcheck // a text
	if m.Subtype == "tombstone" {
		if gone, is := c.deleted(ctx, channel, m.TS, "", m.TS).(chat.Deleted); is {
			gone.Late = true
			events = append(events, gone)
		}
		return events
	}
	m.Hidden = false
	if said, is := c.message(ctx, m).(chat.Posted); is && when(m.TS).After(from.Add(-time.Second)) {
		said.Late = true
		events = append(events, said)
	}
	if m.Edited != nil && when(m.Edited.TS).After(from) {
		if ev, is := c.edited(ctx, channel, m).(chat.Edited); is {
			ev.Late = true
			events = append(events, ev)
		}
	}
	return events
}

// missed collects the messages of a channel from a moment on, those in threads
// that were answered since, and older ones that may have been edited.
func (c *Connector) missed(ctx context.Context, channel, under string, from time.Time) (all []rawEvent, err error) {
	if under != "" {
		err := c.each(ctx, channel, under, from, func(e rawEvent) bool {
			all = append(all, e)
			return true
		})
		return all, err
	}
	var roots []string
	err = c.each(ctx, channel, "", from.Add(-rootsBack), func(e rawEvent) bool {
		if when(e.TS).After(from) || e.Edited != nil || e.Subtype == "tombstone" {
			all = append(all, e)
		}
		if e.Replies > 0 && when(e.LatestReply).After(from) {
			roots = append(roots, e.TS)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	for _, ts := range roots {
		err := c.each(ctx, channel, ts, from, func(e rawEvent) bool {
			if e.TS != ts {
				all = append(all, e)
			}
			return true
		})
		// Some tokens may not read threads; what stands in the channel counts then.
		if err != nil && !says(err, cannotRead...) {
			return nil, err
		}
	}
	return all, nil
}

// Find looks for a message of ours by its key; see chat.Finder.
func (c *Connector) Find(ctx context.Context, p chat.Place, key string, since time.Time) (found chat.MessageID, ok bool, err error) {
	err = c.each(ctx, string(p.Room), string(p.Thread), since.Add(-time.Minute), func(e rawEvent) bool {
		if said, _ := e.Metadata.Payload["key"].(string); (e.Metadata.Type == marker && said == key) || (key != "" && len(e.Files) > 0 && keyOf(e.Blocks) == key) {
			found, ok = messageID(string(p.Room), e.TS), true
		}
		return !ok
	})
	if err != nil && says(err, "thread_not_found") {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look for a message: %w", err)
	}
	return found, ok, nil
}

// cannotRead are what Slack answers tokens that may read the history of a channel in
// one way and not in the other.
var cannotRead = []string{"missing_scope", "not_allowed_token_type", "unknown_method", "thread_not_found"}

// single reads one message: from its thread, or from the channel, where the roots of
// threads stand, too. nil: it is not there.
func (c *Connector) single(ctx context.Context, p chat.Place, channel, ts string) (found *rawEvent, err error) {
	form := url.Values{"channel": {channel}, "latest": {ts}, "oldest": {ts}, "inclusive": {"true"}, "limit": {"1"}}
	if p.Thread != "" && string(p.Thread) != ts {
		form.Set("ts", string(p.Thread))
		form.Set("limit", "2") // the root comes too
		found, err = c.pick(ctx, "conversations.replies", form, ts)
		if err == nil || !says(err, cannotRead...) {
			return found, err
		}
		form.Del("ts")
		form.Set("limit", "1")
	}
	found, err = c.pick(ctx, "conversations.history", form, ts)
	if found != nil || (err != nil && !says(err, cannotRead...)) {
		return found, err
	}
	// The thread of a root begins with the root.
	root, other := c.pick(ctx, "conversations.replies", url.Values{"channel": {channel}, "ts": {ts}, "limit": {"1"}}, ts)
	if other == nil || (err == nil && says(other, cannotRead...)) {
		return root, nil
	}
	return nil, cmp.Or(err, other)
}

// pick is the message with a ts among those that a method gives; nil: it is not there.
func (c *Connector) pick(ctx context.Context, method string, form url.Values, ts string) (*rawEvent, error) {
	messages, _, err := c.page(ctx, method, form)
	if err != nil {
		return nil, err
	}
	for _, raw := range messages {
		if e, err := read(raw); err == nil && e.TS == ts {
			return &e, nil
		}
	}
	return nil, nil
}

// Fetch reads one message; see chat.Fetcher.
func (c *Connector) Fetch(ctx context.Context, p chat.Place, id chat.MessageID) (chat.Posted, error) {
	channel, ts := split(id)
	found, err := c.single(ctx, p, channel, ts)
	if err != nil {
		return chat.Posted{}, fmt.Errorf("read the message: %w", err)
	}
	if found == nil {
		return chat.Posted{}, retry.Never(errors.New("the message is not there any more"))
	}
	for _, ev := range c.late(ctx, channel, *found, time.Time{}) {
		if said, is := ev.(chat.Posted); is {
			return said, nil
		}
	}
	return chat.Posted{}, retry.Never(errors.New("it is no message of a person that could be mailed"))
}
