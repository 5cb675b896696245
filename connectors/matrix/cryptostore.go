//go:build goolm

package matrix

import (
	"context"
	"errors"
	"fmt"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// keyStore is the file of keys. While a message to our device is being taken in,
// that it was read is noted only after the key in it is on disk: a crash between
// the two would lose the key otherwise.
type keyStore struct{ *crypto.SQLCryptoStore }

// waiting is what is to be noted when a message to our device has been taken in.
type waiting struct {
	notes []func(context.Context) error
	err   error // a key could not be stored
}

func (w *waiting) write(ctx context.Context, s *keyStore) error {
	if w.err != nil || len(w.notes) == 0 {
		return w.err
	}
	return s.DB.DoTxn(ctx, nil, func(ctx context.Context) error {
		for _, note := range w.notes {
			if err := note(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// later runs a note when the message in hand has been taken in; at once, if none is.
func later(ctx context.Context, note func(context.Context) error) error {
	if w, in := ctx.Value(waitingKey{}).(*waiting); in {
		w.notes = append(w.notes, note)
		return nil
	}
	return note(ctx)
}

type waitingKey struct{}

func (s *keyStore) PutOlmHash(ctx context.Context, hash [32]byte, at time.Time) error {
	return later(ctx, func(ctx context.Context) error { return s.SQLCryptoStore.PutOlmHash(ctx, hash, at) })
}

func (s *keyStore) AddSession(ctx context.Context, key id.SenderKey, session *crypto.OlmSession) error {
	return later(ctx, func(ctx context.Context) error { return s.SQLCryptoStore.AddSession(ctx, key, session) })
}

func (s *keyStore) UpdateSession(ctx context.Context, key id.SenderKey, session *crypto.OlmSession) error {
	return later(ctx, func(ctx context.Context) error { return s.SQLCryptoStore.UpdateSession(ctx, key, session) })
}

func (s *keyStore) PutAccount(ctx context.Context, a *crypto.OlmAccount) error {
	return later(ctx, func(ctx context.Context) error { return s.SQLCryptoStore.PutAccount(ctx, a) })
}

func (s *keyStore) PutGroupSession(ctx context.Context, key *crypto.InboundGroupSession) error {
	err := s.SQLCryptoStore.PutGroupSession(ctx, key)
	if w, in := ctx.Value(waitingKey{}).(*waiting); in {
		w.err = errors.Join(w.err, err)
	}
	return err
}

// roomStates tells the machine what it must know of rooms.
type roomStates struct{ c *Connector }

func (r *roomStates) IsEncrypted(_ context.Context, room id.RoomID) (bool, error) {
	r.c.keys.mu.Lock()
	defer r.c.keys.mu.Unlock()
	return r.c.keys.rooms[room], nil
}

func (r *roomStates) GetEncryptionEvent(ctx context.Context, room id.RoomID) (*event.EncryptionEventContent, error) {
	cl, err := r.c.client(r.c.cfg.bot())
	if err != nil {
		return nil, err
	}
	var content event.EncryptionEventContent
	if err := cl.StateEvent(ctx, room, event.StateEncryption, "", &content); err != nil {
		return nil, fmt.Errorf("ask how the room is encrypted: %w", err)
	}
	return &content, nil
}

// GetHistoryVisibility says that who comes later is to be given no earlier keys.
func (r *roomStates) GetHistoryVisibility(context.Context, id.RoomID) (*event.HistoryVisibilityEventContent, error) {
	return &event.HistoryVisibilityEventContent{HistoryVisibility: event.HistoryVisibilityJoined}, nil
}

// FindSharedRooms is called while the machine is in use.
func (r *roomStates) FindSharedRooms(_ context.Context, user id.UserID) (rooms []id.RoomID, err error) {
	for room, members := range r.c.keys.fresh {
		if members[user] {
			rooms = append(rooms, room)
		}
	}
	return rooms, nil
}
