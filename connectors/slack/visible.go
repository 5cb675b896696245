package slack

import (
	"context"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
)

// visible leaves out what is not for a person's eyes: channels that are not public, and
// for guests all, unless the person is in them.
func (c *Connector) visible(ctx context.Context, to chat.UserID, rooms []chat.DeskRoom) []chat.DeskRoom {
	guest := c.person(ctx, string(to)).author.Guest
	open := func(r chat.DeskRoom) bool {
		ch, err := c.channel(ctx, string(r.Place.Room))
		return err == nil && !guest && !ch.private
	}
	if !slices.ContainsFunc(rooms, func(r chat.DeskRoom) bool { return !open(r) }) {
		return rooms
	}
	in, err := c.channelsOf(ctx, string(to))
	if err != nil {
		c.env.Log.Warn("in which channels a person is, is not known; private ones are not shown", "error", err)
	}
	return slices.DeleteFunc(slices.Clone(rooms), func(r chat.DeskRoom) bool { return !open(r) && !in[string(r.Place.Room)] })
}

// channelsOf are the channels in which a person is, of those that we may know of.
func (c *Connector) channelsOf(ctx context.Context, user string) (in map[string]bool, err error) {
	types := []string{"public_channel"}
	if c.cfg.uses("private") {
		types = append(types, "private_channel")
	}
	if c.cfg.uses("direct") {
		types = append(types, "mpim", "im")
	}
	in = map[string]bool{}
	for cursor := ""; ; {
		channels, next, err := c.api.GetConversationsForUserContext(ctx, &slack.GetConversationsForUserParameters{UserID: user, Types: types, Cursor: cursor, Limit: 200})
		if err != nil {
			return nil, fmt.Errorf("ask in which channels a person is: %w", mark(err))
		}
		for _, ch := range channels {
			in[ch.ID] = true
		}
		if cursor = next; cursor == "" {
			return in, nil
		}
	}
}
