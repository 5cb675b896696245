//go:build goolm

package secret

import (
	"context"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// states tells a person's machine what it must know of rooms: all are encrypted.
type states struct{}

func (*states) IsEncrypted(context.Context, id.RoomID) (bool, error) { return true, nil }

func (*states) GetEncryptionEvent(context.Context, id.RoomID) (*event.EncryptionEventContent, error) {
	return &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}, nil
}

func (*states) GetHistoryVisibility(context.Context, id.RoomID) (*event.HistoryVisibilityEventContent, error) {
	return &event.HistoryVisibilityEventContent{HistoryVisibility: event.HistoryVisibilityJoined}, nil
}

func (*states) FindSharedRooms(context.Context, id.UserID) ([]id.RoomID, error) { return nil, nil }

// shareWithAll gives the key to whoever asks.
func shareWithAll(context.Context, *id.Device, event.RequestedKeyInfo) *crypto.KeyShareRejection {
	return nil
}
