package receive

import (
	"context"

	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
)

// complete fills in what only the homeserver knows: names and ranks.
func (r *Receiver) complete(ctx context.Context, ev chat.Event) chat.Event {
	switch e := ev.(type) {
	case chat.Posted:
		e.Head = r.named(ctx, e.Head)
		e.MentionsAll = e.MentionsAll && r.rooms.MayMentionAll(ctx, id.RoomID(e.Place.Room), id.UserID(e.By.ID))
		return e
	case chat.Edited:
		e.Head = r.named(ctx, e.Head)
		e.MentionsAll = e.MentionsAll && r.rooms.MayMentionAll(ctx, id.RoomID(e.Place.Room), id.UserID(e.By.ID))
		return e
	case chat.PollEnded:
		e.Head = r.named(ctx, e.Head)
		e.Moderates = r.rooms.MayRedact(ctx, id.RoomID(e.Place.Room), id.UserID(e.By.ID))
		return e
	case chat.Command:
		e.Head = r.named(ctx, e.Head)
		e.Rank = r.rooms.Rank(ctx, id.RoomID(e.Place.Room), id.UserID(e.By.ID))
		return e
	case chat.Invited:
		e.Head = r.named(ctx, e.Head)
		if e.As != "" {
			e.Rank = r.rooms.Rank(ctx, id.RoomID(e.Place.Room), id.UserID(e.By.ID))
		}
		return e
	}
	return r.nameOnly(ctx, ev)
}

// nameOnly completes the events of which only the author's name is missing.
func (r *Receiver) nameOnly(ctx context.Context, ev chat.Event) chat.Event {
	switch e := ev.(type) {
	case chat.Deleted:
		e.Head = r.named(ctx, e.Head)
		return e
	case chat.Reacted:
		e.Head = r.named(ctx, e.Head)
		return e
	case chat.Voted:
		e.Head = r.named(ctx, e.Head)
		return e
	case chat.Renamed:
		e.Head = r.named(ctx, e.Head)
		return e
	case chat.TopicSet:
		e.Head = r.named(ctx, e.Head)
		return e
	case chat.Moved:
		e.Head = r.named(ctx, e.Head)
		return e
	case chat.Joined:
		e.Head = r.named(ctx, e.Head)
		return e
	case chat.Left:
		e.Head = r.named(ctx, e.Head)
		return e
	case chat.PutOut:
		e.Head = r.named(ctx, e.Head)
		return e
	}
	return ev
}

// named fills in the author's name, unless the event told it.
func (r *Receiver) named(ctx context.Context, h chat.Head) chat.Head {
	if h.By.Name == "" {
		h.By.Name = r.rooms.DisplayName(ctx, id.RoomID(h.Place.Room), id.UserID(h.By.ID))
	}
	return h
}
