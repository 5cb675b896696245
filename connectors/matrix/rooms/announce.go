package rooms

import (
	"context"
	"errors"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/homeserver"
)

// Announce sets the state events that say that a room is linked: our own, and those by
// which clients recognise a bridge (MSC2346); see chat.Announcer. Where we may not set
// them, the bridge's notices have to do.
func (r *Rooms) Announce(ctx context.Context, p chat.Place, s chat.Sign) error {
	bot, err := r.server.Bot(ctx)
	if err != nil {
		return err
	}
	key := "org.hashsend"
	if p.Thread != "" {
		key += "/" + string(p.Thread)
	}
	ours, bridge := map[string]any{}, any(struct{}{})
	if s.Text != "" {
		ours["body"], ours["protocol"] = s.Text, map[string]string{"id": "email", "displayname": "Email"}
		bridge = event.BridgeEventContent{
			BridgeBot: r.server.Users.Bot, Protocol: event.BridgeInfoSection{ID: "email", DisplayName: "Email"},
			Channel: event.BridgeInfoSection{ID: s.Channel, DisplayName: s.Title},
		}
	}
	set := func(kind event.Type, key string, content any) error {
		_, err := bot.SendStateEvent(ctx, id.RoomID(p.Room), kind, key, content)
		if errors.Is(err, mautrix.MForbidden) {
			return nil
		}
		return homeserver.Wrap("say in the room that it is linked", err)
	}
	return errors.Join(
		set(linkEvent, string(p.Thread), ours),
		set(event.StateBridge, key, bridge),
		set(event.StateHalfShotBridge, key, bridge),
	)
}
