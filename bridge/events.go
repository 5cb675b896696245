package bridge

import (
	"context"
	"errors"
	"fmt"

	"hashsend/bridge/chat"
	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/fromchat"
	"hashsend/bridge/linking"
	"hashsend/bridge/polls"
	"hashsend/bridge/reactions"
	"hashsend/bridge/tomail"
)

// HandleChat returns the handler for the events of one chat network. All events of a call,
// their consequences and the cursor are one transaction.
func (b *Bridge) HandleChat(network string) chat.Handler {
	return func(ctx context.Context, cursor string, events ...chat.Event) error {
		// Missed events are older than these.
		for _, e := range events {
			if g, is := e.(chat.Gap); is {
				if err := b.gaps.Fill(ctx, network, g.Place.Room); err != nil {
					return err
				}
			}
		}
		return b.env.Write(ctx, "chat", func(w *core.Work) error {
			for _, e := range events {
				h := e.EventHead()
				if h.Event != "" {
					if seen, err := w.Seen(w.Now, network, string(h.Event)); err != nil || seen {
						if err != nil {
							return err
						}
						continue
					}
				}
				if err := take(w, network, e); err != nil {
					return fmt.Errorf("handle %T: %w", e, err)
				}
			}
			return w.SetCursor(network, "", cursor)
		})
	}
}

// take handles one event. It is the table of handlers for what people write; other events
// are in the tables for rooms and for what people ask of the bridge.
func take(w *core.Work, network string, e chat.Event) error {
	switch e := e.(type) {
	case chat.Posted:
		err := fromchat.Posted(w, network, e)
		if errors.Is(err, core.ErrNotLinked) {
			return linking.BeforeLinked(w, network, e)
		}
		return err
	case chat.Edited:
		return fromchat.Edited(w, network, e)
	case chat.Deleted:
		return fromchat.Deleted(w, network, e)
	case chat.Reacted:
		return fromchat.DeferIf(w, reactions.Reacted(w, network, e), network, e)
	case chat.Voted:
		return fromchat.DeferIf(w, polls.Voted(w, network, e), network, e)
	case chat.PollEnded:
		return fromchat.DeferIf(w, polls.Ended(w, network, e, func(network string, e chat.Posted) error { return fromchat.Posted(w, network, e) }), network, e)
	case chat.Revoked:
		return fromchat.Revoked(w, network, e)
	case chat.Sealed:
		return fromchat.Sealed(w, network, e)
	case chat.Unlocked:
		return fromchat.Unlocked(w, network, e)
	case chat.Typing:
		return tomail.Typing(w, network, e)
	case chat.Unknown:
		return w.AddUnread(network, e.Type, w.Now, e.Raw)
	case chat.Gap:
		return nil // filled before this transaction
	}
	return takeOfRoom(w, network, e)
}

// takeOfRoom is the table of handlers for changes of rooms and their members.
func takeOfRoom(w *core.Work, network string, e chat.Event) error {
	switch e := e.(type) {
	case chat.Joined:
		return linking.Joined(w, network, e)
	case chat.Left:
		return linking.Left(w, network, e)
	case chat.Invited:
		return linking.Invited(w, network, e)
	case chat.PutOut:
		return linking.PutOut(w, network, e)
	case chat.Renamed:
		return fromchat.Renamed(w, network, e)
	case chat.TopicSet:
		return fromchat.TopicSet(w, network, e)
	case chat.Moved:
		return linking.Moved(w, network, e)
	case chat.Shared:
		return linking.Shared(w, network, e)
	case chat.Encrypted:
		return linking.Encrypted(w, network, e)
	}
	return takeAsked(w, network, e)
}

// takeAsked is the table of handlers for what people ask of the bridge itself.
func takeAsked(w *core.Work, network string, e chat.Event) error {
	switch e := e.(type) {
	case chat.Command:
		return runCommand(w, network, e)
	case chat.PageOpened:
		return command.ShowPage(w, network, e)
	case chat.SettingsAsked:
		return command.SettingsAsked(w, network, e)
	}
	return fmt.Errorf("unknown event type %T", e)
}
