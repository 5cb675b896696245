package bridge

import (
	"context"
	"errors"
	"fmt"
	"hashsend/bridge/chat"
)

// HandleChat returns the handler of the events of one chat network. All events
// of a call, what they cause, and the cursor are one transaction.
func (b *Bridge) HandleChat(network string) chat.Handler {
	return func(ctx context.Context, cursor string, events ...chat.Event) error {
		// What was missed was said before what comes now.
		for _, e := range events {
			if g, is := e.(chat.Gap); is {
				if err := b.gaps.fill(ctx, network, g.Place.Room); err != nil {
					return err
				}
			}
		}
		return b.env.write(ctx, "chat", func(w *work) error {
			for _, e := range events {
				h := e.EventHead()
				if h.Event != "" {
					if seen, err := w.Seen(w.now, network, string(h.Event)); err != nil || seen {
						if err != nil {
							return err
						}
						continue
					}
				}
				if err := take(w, network, e); err != nil {
					return fmt.Errorf("take in %T: %w", e, err)
				}
			}
			return w.SetCursor(network, "", cursor)
		})
	}
}

// take takes in one event: it is the table of what is done with each.
func take(w *work, network string, e chat.Event) error {
	switch e := e.(type) {
	case chat.Posted:
		err := w.posted(network, e)
		if errors.Is(err, ErrNotLinked) {
			return w.beforeLinked(network, e)
		}
		return err
	case chat.Edited:
		return w.edited(network, e)
	case chat.Deleted:
		return w.deleted(network, e)
	case chat.Reacted:
		return w.deferIf(w.reacted(network, e), network, e)
	case chat.Voted:
		return w.deferIf(w.voted(network, e), network, e)
	case chat.PollEnded:
		return w.deferIf(w.pollEnded(network, e, w.posted), network, e)
	case chat.Gap:
		return nil
	case chat.Joined:
		return w.joined(network, e)
	case chat.Left:
		return w.left(network, e)
	case chat.Invited:
		return w.invited(network, e)
	case chat.PutOut:
		return w.putOut(network, e)
	case chat.Renamed:
		return w.renamed(network, e)
	case chat.TopicSet:
		return w.topicSet(network, e)
	case chat.Moved:
		return w.moved(network, e)
	case chat.Command:
		return w.runCommand(network, e)
	case chat.Typing:
		return w.typing(network, e)
	case chat.Shared:
		return w.shared(network, e)
	case chat.DeskOpened:
		return w.showPage(network, e)
	case chat.SettingsAsked:
		return w.settingsAsked(network, e)
	case chat.Revoked:
		return w.revoked(network, e)
	case chat.Encrypted:
		return w.encrypted(network, e)
	case chat.Sealed:
		return w.sealed(network, e)
	case chat.Unlocked:
		return w.unlocked(network, e)
	case chat.Unknown:
		return w.AddUnread(network, e.Type, w.now, e.Raw)
	}
	return fmt.Errorf("an event of an unknown kind: %T", e)
}
