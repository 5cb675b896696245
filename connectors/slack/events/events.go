// Package events converts Slack's events, and messages of the history, to events of
// the bridge.
package events

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/directory"
	"hashsend/connectors/slack/slacktext"
	"hashsend/connectors/slack/web"
	"hashsend/connectors/slack/wire"
)

// Converter converts the events of one workspace. It is safe for several goroutines.
type Converter struct {
	web       *web.Client
	directory *directory.Directory
	bots      map[string][]string
}

// New makes a converter. bots maps a channel id, or "*" for all channels, to the
// names or ids of the bots whose messages count.
func New(w *web.Client, d *directory.Directory, bots map[string][]string) *Converter {
	return &Converter{web: w, directory: d, bots: bots}
}

// Request converts a request of the Events API; not known: it is of another kind.
func (c *Converter) Request(ctx context.Context, payload json.RawMessage) (all []chat.Event, known bool) {
	var cb wire.Callback
	var odd *json.UnmarshalTypeError
	if err := json.Unmarshal(payload, &cb); err != nil && !errors.As(err, &odd) {
		return nil, false
	}
	switch cb.Type {
	case "event_callback":
		return c.Convert(ctx, cb), true
	case "app_rate_limited":
		c.web.Log.Warn("Slack dropped events because there were too many; reading the missed messages from the history")
		return []chat.Event{chat.Gap{}}, true
	}
	return nil, false
}

// Convert converts one event.
func (c *Converter) Convert(ctx context.Context, cb wire.Callback) []chat.Event {
	e, err := wire.Read(cb.Event)
	if err != nil || e.Type == "" {
		return []chat.Event{chat.Unknown{Head: chat.Head{Event: chat.EventID(cb.ID), At: time.Now()}, Type: "unreadable", Raw: cb.Event}}
	}
	if cb.App != "" && (e.AppID == cb.App || e.BotProfile.AppID == cb.App) && e.Type == "message" && e.Subtype != "message_changed" {
		return nil // our own message
	}
	var all []chat.Event
	switch e.Type {
	case "message":
		if cb.Foreign {
			all = append(all, shared(e.Where()))
		}
		if ev := c.message(ctx, e); ev != nil {
			all = append(all, ev)
		}
		return all
	case "app_mention":
		if ev, is := c.message(ctx, e).(chat.Command); is {
			all = append(all, ev)
		}
		return all
	}
	head := chat.Head{Event: chat.EventID(cb.ID), At: wire.When(e.EventTS), Place: chat.Place{Room: chat.RoomID(e.Where())}}
	if ev, known := c.happening(ctx, head, e); !known {
		c.web.Log.Info("kept an event of an unknown type", "type", wire.Cut(e.Type, 100))
		all = append(all, chat.Unknown{Head: head, Type: wire.Cut(e.Type, 100), Raw: cb.Event})
	} else if ev != nil {
		all = append(all, ev)
	}
	return all
}

// shared says that a channel is shared with another organisation. It precedes each
// message from such a channel, because the event for the sharing may have been missed.
func shared(id string) chat.Event {
	return chat.Shared{Head: chat.Head{At: time.Now(), Place: chat.Place{Room: chat.RoomID(id)}}, Shared: true}
}

// happening converts an event that is not a message. nil: it means nothing to the
// bridge.
func (c *Converter) happening(ctx context.Context, head chat.Head, e wire.Event) (ev chat.Event, known bool) {
	switch e.Type {
	case "member_joined_channel", "member_left_channel":
		return c.member(ctx, head, e), true
	case "channel_left", "group_left", "channel_deleted", "group_deleted", "channel_archive", "group_archive", "channel_unarchive", "group_unarchive":
		return c.closing(ctx, head, e), true
	case "channel_rename", "group_rename", "channel_id_changed", "channel_shared", "channel_unshared":
		return c.altered(head, e), true
	case "reaction_added", "reaction_removed":
		return c.reacted(ctx, head, e), true
	case "app_home_opened":
		return c.homeOpened(ctx, head, e), true
	case "tokens_revoked", "app_uninstalled", "team_access_revoked":
		return revoked(head, e), true
	case "user_change":
		c.directory.ForgetPerson(e.Who())
		return nil, true
	case "emoji_changed", "subteam_updated", "subteam_created":
		c.directory.ForgetNames()
		return nil, true
	case "message_metadata_posted", "message_metadata_updated", "message_metadata_deleted", "user_typing", "pin_added", "pin_removed":
		return nil, true
	}
	return nil, false
}

// member converts somebody's joining or leaving a channel.
func (c *Converter) member(ctx context.Context, head chat.Head, e wire.Event) chat.Event {
	self := c.web.IsMe(ctx, e.Who())
	if self {
		c.directory.ForgetChannel(e.Where())
	} else {
		head.By = c.directory.Person(ctx, e.Who()).Author
	}
	if e.Type == "member_left_channel" {
		return chat.Left{Head: head, Self: self}
	}
	return chat.Joined{Head: head, Self: self}
}

// closing converts the end of the app's use of a channel, and its return.
func (c *Converter) closing(ctx context.Context, head chat.Head, e wire.Event) chat.Event {
	c.directory.ForgetChannel(e.Where())
	left := chat.Left{Head: head, Self: true}
	switch e.Type {
	case "channel_unarchive", "group_unarchive":
		if ch, err := c.directory.Channel(ctx, e.Where()); err == nil && !ch.Member {
			return nil
		}
		return chat.Joined{Head: head, Self: true}
	case "channel_archive", "group_archive":
		left.Why = "the channel was archived"
	case "channel_deleted", "group_deleted":
		left.Why = "the channel was deleted"
	}
	return left
}

// altered converts a channel's new name, its new id, and its being shared or not.
func (c *Converter) altered(head chat.Head, e wire.Event) chat.Event {
	switch e.Type {
	case "channel_id_changed":
		head.Place.Room = chat.RoomID(e.OldID)
		c.directory.ForgetChannel(e.OldID)
		return chat.Moved{Head: head, To: chat.RoomID(e.NewID), OldIDs: e.OldID + ":", NewIDs: e.NewID + ":"}
	case "channel_shared", "channel_unshared":
		c.directory.ForgetChannel(e.Where())
		return chat.Shared{Head: head, Shared: e.Type == "channel_shared" || e.Shared}
	}
	id, name := wire.IDOf(e.Channel)
	c.directory.ForgetChannel(id)
	return chat.Renamed{Head: head, Name: "#" + name}
}

// reacted converts a person's reaction to a message; nil: it is something else.
func (c *Converter) reacted(ctx context.Context, head chat.Head, e wire.Event) chat.Event {
	if e.Item.Type != "message" || c.web.IsMe(ctx, e.Who()) {
		return nil
	}
	head.Place.Room = chat.RoomID(e.Item.Channel)
	head.By = c.directory.Person(ctx, e.Who()).Author
	emoji, ok := slacktext.EmojiOf(e.Reaction)
	if !ok {
		emoji = ":" + wire.Cut(e.Reaction, 64) + ":"
	}
	return chat.Reacted{Head: head, Message: wire.MessageID(e.Item.Channel, e.Item.TS), Emoji: emoji, Removed: e.Type == "reaction_removed"}
}

// homeOpened converts a look at the app's Home tab; nil: it was another tab.
func (c *Converter) homeOpened(ctx context.Context, head chat.Head, e wire.Event) chat.Event {
	if e.Tab != "home" && e.Tab != "" {
		return nil
	}
	p := c.directory.Person(ctx, e.Who())
	head.By, head.Place = p.Author, chat.Place{}
	return chat.PageOpened{Head: head, Rank: p.Rank}
}

// revoked converts the loss of our access; nil: it is somebody else's.
func revoked(head chat.Head, e wire.Event) chat.Event {
	if e.Type != "tokens_revoked" {
		return chat.Revoked{Head: head, Why: "the app was removed from the workspace"}
	}
	if len(e.Tokens.Bot) == 0 {
		return nil
	}
	return chat.Revoked{Head: head, Why: "the app's token was revoked"}
}
