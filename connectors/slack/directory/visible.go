package directory

import (
	"context"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/web"
)

// Visible returns the rooms that a person may know of: public channels, except for
// guests, and the channels that the person is in.
func (d *Directory) Visible(ctx context.Context, to chat.UserID, rooms []chat.PageRoom) []chat.PageRoom {
	guest := d.Person(ctx, string(to)).Author.Guest
	open := func(r chat.PageRoom) bool {
		ch, err := d.Channel(ctx, string(r.Place.Room))
		return err == nil && !guest && !ch.Private
	}
	if !slices.ContainsFunc(rooms, func(r chat.PageRoom) bool { return !open(r) }) {
		return rooms
	}
	in, err := d.channelsOf(ctx, string(to))
	if err != nil {
		d.web.Log.Warn("could not list a person's channels; hiding private ones", "error", err)
	}
	return slices.DeleteFunc(slices.Clone(rooms), func(r chat.PageRoom) bool { return !open(r) && !in[string(r.Place.Room)] })
}

// channelsOf returns the channels that a person is in, of those that the app may
// know of.
func (d *Directory) channelsOf(ctx context.Context, user string) (in map[string]bool, err error) {
	types := []string{"public_channel"}
	if d.web.Uses(web.Private) {
		types = append(types, "private_channel")
	}
	if d.web.Uses(web.Direct) {
		types = append(types, "mpim", "im")
	}
	in = map[string]bool{}
	for cursor := ""; ; {
		channels, next, err := d.web.API.GetConversationsForUserContext(ctx, &slack.GetConversationsForUserParameters{UserID: user, Types: types, Cursor: cursor, Limit: 200})
		if err != nil {
			return nil, fmt.Errorf("list a person's channels: %w", web.Mark(err))
		}
		for _, ch := range channels {
			in[ch.ID] = true
		}
		if cursor = next; cursor == "" {
			return in, nil
		}
	}
}
