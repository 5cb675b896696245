// Package rooms knows the rooms of a homeserver and the people in them, and enters and
// creates rooms for the bridge's users. It keeps no state: everything in its caches can be
// asked for again.
package rooms

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/matrixtext"
)

// Rooms are the rooms of a homeserver. It is safe for several goroutines.
type Rooms struct {
	server *homeserver.Server
	log    *slog.Logger

	mu        sync.Mutex
	names     map[member]string    // display names
	ghosts    map[id.UserID]string // the display name that a ghost was given
	joined    map[member]bool      // rooms that a ghost is in
	via       map[id.RoomID]string // a server that knows a room that we may be about to enter
	encrypted map[id.RoomID]bool   // whether a room is encrypted, where it is known
}

type member struct {
	room id.RoomID
	user id.UserID
}

// New returns the rooms of a homeserver.
func New(s *homeserver.Server, log *slog.Logger) *Rooms {
	return &Rooms{
		server: s, log: log, names: map[member]string{}, ghosts: map[id.UserID]string{}, joined: map[member]bool{},
		via: map[id.RoomID]string{}, encrypted: map[id.RoomID]bool{},
	}
}

// Note keeps the caches true to an event.
func (r *Rooms) Note(e matrixtext.Event) {
	if e.StateKey == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Type {
	case "m.room.member":
		key := member{e.RoomID, id.UserID(*e.StateKey)}
		delete(r.names, key)
		if e.Membership() != "join" {
			delete(r.joined, key)
		}
		if e.Membership() == "invite" && key.user == r.server.Users.Bot {
			r.via[e.RoomID] = e.Sender.Homeserver()
		}
	case "m.room.tombstone":
		if to := e.Replacement(); to != "" {
			r.via[to] = e.Sender.Homeserver()
		}
	}
}

// IsEncrypted reports whether a room is encrypted. An encrypted room stays so; when a
// room becomes encrypted, the homeserver sends an event.
func (r *Rooms) IsEncrypted(ctx context.Context, room id.RoomID) (bool, error) {
	r.mu.Lock()
	is, known := r.encrypted[room]
	r.mu.Unlock()
	if known {
		return is, nil
	}
	bot, err := r.server.Bot(ctx)
	if err != nil {
		return false, err
	}
	err = bot.StateEvent(ctx, room, event.StateEncryption, "", &struct{}{})
	if err != nil && !errors.Is(err, mautrix.MNotFound) {
		return false, homeserver.Wrap("ask whether the room is encrypted", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.encrypted[room] = r.encrypted[room] || err == nil
	return r.encrypted[room], nil
}

// SetEncrypted notes that a room is encrypted.
func (r *Rooms) SetEncrypted(room id.RoomID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.encrypted[room] = true
}

// KnownEncrypted reports whether a room is known to be encrypted.
func (r *Rooms) KnownEncrypted(room id.RoomID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.encrypted[room]
}

// AnyEncrypted reports whether any room is known to be encrypted.
func (r *Rooms) AnyEncrypted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, is := range r.encrypted {
		if is {
			return true
		}
	}
	return false
}
