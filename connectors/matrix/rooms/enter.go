package rooms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/homeserver"
)

// Join accepts an invitation; see chat.Joiner.
func (r *Rooms) Join(ctx context.Context, room chat.RoomID, as chat.UserID) error {
	cl, err := r.invited(ctx, as)
	if err != nil {
		return err
	}
	req := &mautrix.ReqJoinRoom{}
	r.mu.Lock()
	if via := r.via[id.RoomID(room)]; via != "" {
		req.Via = []string{via}
	}
	r.mu.Unlock()
	if _, server, named := strings.Cut(string(room), ":"); named && len(req.Via) == 0 {
		req.Via = []string{server}
	}
	if _, err = cl.JoinRoom(ctx, string(room), req); err != nil || as == "" {
		if crossed(err) {
			return chat.MayNot(fmt.Errorf("join the room: %w", err))
		}
		return homeserver.Wrap("join the room", err)
	}
	r.setJoined(id.RoomID(room), id.UserID(as), true)
	return r.bringBot(ctx, cl, room)
}

// crossed reports whether Dendrite may have refused an event because another one came
// into the room at the same moment: it accepts the event when it is sent again. It gives
// the same answer where nobody is invited.
func crossed(err error) bool {
	var he mautrix.HTTPError
	return errors.As(err, &he) && he.RespError != nil && he.RespError.Err == "InputWasRejected"
}

// bringBot brings the bot into a room that a ghost is in: only the bot reads the room's
// state and has keys.
func (r *Rooms) bringBot(ctx context.Context, ghost *mautrix.Client, room chat.RoomID) error {
	bot, err := r.server.Bot(ctx)
	if err != nil {
		return err
	}
	_, err = bot.JoinRoomByID(ctx, id.RoomID(room))
	if err == nil || !errors.Is(err, mautrix.MForbidden) {
		return homeserver.Wrap("join a ghost's room", err)
	}
	if _, err := ghost.InviteUser(ctx, id.RoomID(room), &mautrix.ReqInviteUser{UserID: bot.UserID}); err != nil {
		return homeserver.Wrap("invite "+string(bot.UserID)+" as a ghost", err)
	}
	_, err = bot.JoinRoomByID(ctx, id.RoomID(room))
	return homeserver.Wrap("join a ghost's room", err)
}

// Follow enters the room that replaces another one; see chat.Follower. The new room must
// name the old one as its predecessor.
func (r *Rooms) Follow(ctx context.Context, from, to chat.RoomID, by chat.Author) error {
	bot, err := r.server.Bot(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	if r.via[id.RoomID(to)] == "" { // since room version 12 the id does not name a server
		r.via[id.RoomID(to)] = by.Server
	}
	r.mu.Unlock()
	stranger := retry.Never(errors.New("the new room does not say that it comes from this one"))
	was, err := predecessor(ctx, bot, to) // known before we are in the room if it is open to all
	known := err == nil
	if known && was != id.RoomID(from) {
		return stranger
	}
	if err := r.Join(ctx, to, ""); err != nil {
		if errors.Is(err, chat.ErrMayNot) { // an invitation may still come
			err = retry.After(chat.MayNot(errors.New("nobody has invited me into the new room")), 5*time.Second)
		}
		return err
	}
	if known {
		return nil
	}
	if was, err = predecessor(ctx, bot, to); err != nil {
		return homeserver.Wrap("ask where the new room comes from", err)
	}
	if was != id.RoomID(from) {
		_, err := bot.LeaveRoom(ctx, id.RoomID(to))
		return errors.Join(stranger, homeserver.Mark(err))
	}
	return nil
}

// predecessor is the room that a room says it replaces; empty: none.
func predecessor(ctx context.Context, cl *mautrix.Client, room chat.RoomID) (id.RoomID, error) {
	var create struct {
		Predecessor struct {
			Room id.RoomID `json:"room_id"` // since room version 12 without an event
		} `json:"predecessor"`
	}
	err := cl.StateEvent(ctx, id.RoomID(room), event.StateCreate, "", &create)
	return create.Predecessor.Room, err
}

// Refuse rejects an invitation; see chat.Joiner.
func (r *Rooms) Refuse(ctx context.Context, room chat.RoomID, as chat.UserID, reason string) error {
	cl, err := r.invited(ctx, as)
	if err != nil {
		return err
	}
	// Dendrite drops the reason when a user leaves in the usual way. Rooms of other servers
	// can be left in no other way.
	_, err = cl.SendStateEvent(ctx, id.RoomID(room), event.StateMember, string(cl.UserID), map[string]any{"membership": event.MembershipLeave, "reason": reason})
	if err != nil {
		_, err = cl.LeaveRoom(ctx, id.RoomID(room), &mautrix.ReqLeave{Reason: reason})
	}
	return homeserver.Mark(err)
}

// invited returns the client of the user who was invited; empty: the bot.
func (r *Rooms) invited(ctx context.Context, as chat.UserID) (*mautrix.Client, error) {
	if as == "" {
		return r.server.Bot(ctx)
	}
	if !r.server.IsService() || !r.server.Users.Ours(id.UserID(as)) {
		return nil, retry.Never(fmt.Errorf("%s is not one of our users", as))
	}
	if err := r.server.Register(ctx, id.UserID(as)); err != nil { // a ghost may be invited before its first message
		return nil, fmt.Errorf("create a ghost: %w", err)
	}
	return r.server.As(id.UserID(as))
}

// Create creates a private room, or finds the one created before with this Key; see
// chat.Creator. The key is kept in the room's alias.
func (r *Rooms) Create(ctx context.Context, n chat.NewRoom) (chat.RoomID, error) {
	bot, err := r.server.Bot(ctx)
	if err != nil {
		return "", err
	}
	prefix := "hashsend_"
	if r.server.IsService() {
		prefix = r.server.Users.Ghosts // the registration reserves it
	}
	alias := prefix + strings.ReplaceAll(n.Key, ".", "_")
	if found, err := bot.ResolveAlias(ctx, id.NewRoomAlias(alias, r.server.Users.Domain)); err == nil {
		return chat.RoomID(found.RoomID), nil
	} else if homeserver.Status(err) != http.StatusNotFound {
		return "", homeserver.Wrap("look for the room", err)
	}
	var invite []id.UserID
	for _, u := range n.Invite {
		invite = append(invite, id.UserID(u))
	}
	resp, err := bot.CreateRoom(ctx, &mautrix.ReqCreateRoom{Preset: "private_chat", Name: n.Name, RoomAliasName: alias, Invite: invite})
	if err != nil {
		return "", homeserver.Wrap("create a room", err)
	}
	return chat.RoomID(resp.RoomID), nil
}
