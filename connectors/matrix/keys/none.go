//go:build !goolm

package keys

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/matrixtext"
	"hashsend/connectors/matrix/rooms"
)

// none says why there is no encryption.
const none = "this hashsend was built without encryption (build it with -tags goolm)"

// File is where keys would be kept.
type File struct{}

// NewFile returns no file.
func NewFile(Place) *File { return &File{} }

// Device returns the device to sign in as.
func (*File) Device(context.Context) id.DeviceID { return "HASHSEND" }

// Keys tells that there is no encryption.
type Keys struct {
	server *homeserver.Server
	rooms  *rooms.Rooms
}

// New returns no keys.
func New(s *homeserver.Server, r *rooms.Rooms, _ *File, _ *slog.Logger) *Keys {
	return &Keys{server: s, rooms: r}
}

// Take ignores news of keys.
func (*Keys) Take(context.Context, News) ([]chat.Event, error) { return nil, nil }

// Reader returns the bot.
func (k *Keys) Reader(ctx context.Context) (*mautrix.Client, error) { return k.server.Bot(ctx) }

// Watch returns at once.
func (*Keys) Watch(context.Context) {}

// MembersChanged does nothing: rooms have no keys here.
func (*Keys) MembersChanged(id.RoomID) {}

// Standing tells that there is no encryption; see chat.Encrypter.
func (*Keys) Standing() string { return none }

// Check tells the same before the first run.
func (*Keys) Check(context.Context) string { return none }

// Trouble tells that encrypted rooms cannot be read, if there are any.
func (k *Keys) Trouble() error {
	if !k.rooms.AnyEncrypted() {
		return nil
	}
	return errors.New("encrypted rooms cannot be read: " + none)
}

// Decrypt fails. The error is temporary: the next program may be built with encryption.
func (*Keys) Decrypt(_ context.Context, e matrixtext.Event, _ json.RawMessage, _ bool) (matrixtext.Event, error) {
	return e, errors.New(none)
}

// Seal lets nothing into an encrypted room but notices of the bridge itself.
func (k *Keys) Seal(ctx context.Context, room id.RoomID, m chat.Outgoing, kind event.Type, content any) (event.Type, any, error) {
	encrypted, err := k.rooms.IsEncrypted(ctx, room)
	if err != nil {
		return kind, nil, err
	}
	if encrypted && kind == event.EventMessage && (m.As.ID != "" || m.Kind != chat.Notice) {
		return kind, nil, retry.Never(errors.New("the room is encrypted, and this hashsend was built without encryption"))
	}
	return kind, content, nil
}
