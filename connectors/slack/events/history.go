package events

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/web"
	"hashsend/connectors/slack/wire"
)

const (
	overlap   = time.Hour          // read again before the last known message: events may have come out of order
	rootsBack = 7 * 24 * time.Hour // read for threads with new replies, and edited messages
	together  = 50                 // events handed over at once
)

// Backfill hands over the events of a channel, or of one thread in it, since a message;
// see chat.Backfiller.
func (c *Converter) Backfill(ctx context.Context, p chat.Place, since chat.MessageID, linked time.Time, handle chat.Handler) error {
	_, ts := wire.Split(since)
	from := wire.When(ts).Add(-overlap)
	if wire.When(ts).IsZero() || from.Before(linked) {
		from = linked
	}
	ch, err := c.directory.ChannelNow(ctx, string(p.Room))
	if err != nil {
		return fmt.Errorf("catch up with the channel: %w", err)
	}
	if ch.Shared {
		if err := handle(ctx, "", shared(string(p.Room))); err != nil {
			return err
		}
	}
	missed, err := c.missed(ctx, string(p.Room), string(p.Thread), from.Add(-time.Second))
	if err != nil {
		return fmt.Errorf("catch up with the channel: %w", err)
	}
	slices.SortStableFunc(missed, func(a, b wire.Event) int { return cmp.Compare(a.TS, b.TS) })
	var all []chat.Event
	for _, m := range missed {
		all = append(all, c.late(ctx, string(p.Room), m, from)...)
	}
	for part := range slices.Chunk(all, together) {
		if err := handle(ctx, "", part...); err != nil {
			return err
		}
	}
	return nil
}

// late makes events of a message of the history.
func (c *Converter) late(ctx context.Context, channel string, m wire.Event, from time.Time) (all []chat.Event) {
	m.Type = "message"
	m.Channel, _ = json.Marshal(channel) //nolint:errcheck // a text
	if m.Subtype == "tombstone" {
		if gone, is := c.deleted(ctx, channel, m.TS, "", m.TS).(chat.Deleted); is {
			gone.Late = true
			all = append(all, gone)
		}
		return all
	}
	m.Hidden = false
	if said, is := c.message(ctx, m).(chat.Posted); is && wire.When(m.TS).After(from.Add(-time.Second)) {
		said.Late = true
		all = append(all, said)
	}
	if m.Edited != nil && wire.When(m.Edited.TS).After(from) {
		if ev, is := c.edited(ctx, channel, m).(chat.Edited); is {
			ev.Late = true
			all = append(all, ev)
		}
	}
	return all
}

// missed collects the messages of a channel from a moment on, those in threads with
// later replies, and older messages that may have been edited.
func (c *Converter) missed(ctx context.Context, channel, under string, from time.Time) (all []wire.Event, err error) {
	if under != "" {
		err := c.web.Each(ctx, channel, under, from, func(e wire.Event) bool {
			all = append(all, e)
			return true
		})
		return all, err
	}
	var roots []string
	err = c.web.Each(ctx, channel, "", from.Add(-rootsBack), func(e wire.Event) bool {
		if wire.When(e.TS).After(from) || e.Edited != nil || e.Subtype == "tombstone" {
			all = append(all, e)
		}
		if e.Replies > 0 && wire.When(e.LatestReply).After(from) {
			roots = append(roots, e.TS)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	for _, ts := range roots {
		err := c.web.Each(ctx, channel, ts, from, func(e wire.Event) bool {
			if e.TS != ts {
				all = append(all, e)
			}
			return true
		})
		// Some tokens may not read threads. Then the messages of the channel have to do.
		if err != nil && !web.Says(err, web.CannotRead...) {
			return nil, err
		}
	}
	return all, nil
}

// Fetch reads one message; see chat.Fetcher.
func (c *Converter) Fetch(ctx context.Context, p chat.Place, id chat.MessageID) (chat.Posted, error) {
	channel, ts := wire.Split(id)
	found, err := c.web.Message(ctx, p, channel, ts)
	if err != nil {
		return chat.Posted{}, fmt.Errorf("read the message: %w", err)
	}
	if found == nil {
		return chat.Posted{}, retry.Never(errors.New("the message no longer exists"))
	}
	for _, ev := range c.late(ctx, channel, *found, time.Time{}) {
		if said, is := ev.(chat.Posted); is {
			return said, nil
		}
	}
	return chat.Posted{}, retry.Never(errors.New("it isn't a message by a person, so it can't be sent by email"))
}
