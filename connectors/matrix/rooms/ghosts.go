package rooms

import (
	"context"
	"errors"
	"fmt"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"hashsend/connectors/matrix/homeserver"
)

// Prepare makes sure that a ghost exists, has its name, and is in a room.
func (r *Rooms) Prepare(ctx context.Context, ghost id.UserID, name string, room id.RoomID) error {
	r.mu.Lock()
	shown, known := r.ghosts[ghost]
	in := r.joined[member{room, ghost}]
	r.mu.Unlock()
	if known && shown == name && in {
		return nil
	}
	cl, err := r.server.As(ghost)
	if err != nil {
		return err
	}
	if !known {
		if err := r.server.Register(ctx, ghost); err != nil {
			return fmt.Errorf("create a ghost: %w", err)
		}
	}
	if !known || shown != name {
		if err := cl.SetDisplayName(ctx, name); err != nil {
			return homeserver.Wrap("set a ghost's name", err)
		}
	}
	if !in {
		if err := r.letIn(ctx, cl, ghost, room); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ghosts[ghost] = name
	r.joined[member{room, ghost}] = true
	return nil
}

// Forget forgets that a ghost is in a room.
func (r *Rooms) Forget(ghost id.UserID, room id.RoomID) { r.setJoined(room, ghost, false) }

func (r *Rooms) setJoined(room id.RoomID, ghost id.UserID, in bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.joined[member{room, ghost}] = in
}

// letIn brings a ghost into a room. The bot invites it where that is needed.
func (r *Rooms) letIn(ctx context.Context, cl *mautrix.Client, ghost id.UserID, room id.RoomID) error {
	_, err := cl.JoinRoomByID(ctx, room)
	if err == nil {
		return nil
	}
	if !errors.Is(err, mautrix.MForbidden) {
		return homeserver.Wrap("let a ghost into the room", err)
	}
	bot, err := r.server.Bot(ctx)
	if err != nil {
		return err
	}
	if _, err := bot.InviteUser(ctx, room, &mautrix.ReqInviteUser{UserID: ghost}); err != nil && !errors.Is(err, mautrix.MForbidden) {
		return homeserver.Wrap("invite a ghost", err)
	}
	if _, err := cl.JoinRoomByID(ctx, room); err != nil {
		return homeserver.Wrap("let a ghost into the room (check that I may invite there)", err)
	}
	return nil
}
