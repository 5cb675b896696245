//go:build goolm

package keys

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/matrixtext"
)

// Seal encrypts an event that is to be posted in an encrypted room. The marker and the
// relation stay beside the ciphertext. In other rooms, and for reactions, which are never
// encrypted, it returns the event unchanged.
func (k *Keys) Seal(ctx context.Context, room id.RoomID, m chat.Outgoing, kind event.Type, content any) (event.Type, any, error) {
	if kind == event.EventReaction {
		return kind, content, nil
	}
	encrypted, err := k.rooms.IsEncrypted(ctx, room)
	if err != nil || !encrypted {
		return kind, content, err
	}
	k.busy.Lock()
	defer k.busy.Unlock()
	machine, err := k.ready(ctx)
	if err != nil {
		return kind, nil, fmt.Errorf("the room is encrypted: %w", err)
	}
	sealed, err := k.encrypt(ctx, machine, room, kind, content)
	if err != nil {
		return kind, nil, err
	}
	raw, err := json.Marshal(sealed)
	if err != nil {
		return kind, nil, err
	}
	var outer map[string]any
	if err := json.Unmarshal(raw, &outer); err != nil {
		return kind, nil, err
	}
	if m.Key != "" {
		outer[matrixtext.Marker] = m.Key
	}
	return event.EventEncrypted, outer, nil
}

// encrypt encrypts an event. The first one of a run, and one after a change of members,
// gets a new key. busy is held.
func (k *Keys) encrypt(ctx context.Context, machine *crypto.OlmMachine, room id.RoomID, kind event.Type, content any) (*event.EncryptedEventContent, error) {
	if k.fresh[room] == nil {
		if err := machine.CryptoStore.RemoveOutboundGroupSession(ctx, room); err != nil {
			return nil, err
		}
	}
	sealed, err := machine.EncryptMegolmEvent(ctx, room, kind, content)
	if crypto.IsShareError(err) {
		if err := k.share(ctx, machine, room); err != nil {
			return nil, homeserver.Wrap("give the room's members our key", err)
		}
		sealed, err = machine.EncryptMegolmEvent(ctx, room, kind, content)
	}
	if err != nil {
		return nil, fmt.Errorf("encrypt a message: %w", err)
	}
	return sealed, nil
}

// share makes a new key for a room and gives it to the devices that its members have now.
// busy is held.
func (k *Keys) share(ctx context.Context, m *crypto.OlmMachine, room id.RoomID) error {
	var answer struct {
		Chunk []matrixtext.Event `json:"chunk"`
	}
	if err := k.server.Get(ctx, m.Client, mautrix.ClientURLPath{"v3", "rooms", room, "members"}, nil, &answer); err != nil {
		return err
	}
	members := map[id.UserID]bool{}
	for _, e := range answer.Chunk {
		if how := e.Membership(); e.StateKey != nil && (how == "join" || how == "invite") {
			members[id.UserID(*e.StateKey)] = true
		}
	}
	all := slices.Sorted(maps.Keys(members))
	if _, err := m.FetchKeys(ctx, all, true); err != nil {
		return err
	}
	if err := m.ShareGroupSession(ctx, room, all); err != nil {
		return err
	}
	k.fresh[room] = members
	return nil
}

// Decrypt decrypts an event; raw is the whole of it. The error is temporary while the key
// may still come. ask: ask the sender's devices for the key if it is missing.
func (k *Keys) Decrypt(ctx context.Context, e matrixtext.Event, raw json.RawMessage, ask bool) (matrixtext.Event, error) {
	k.busy.Lock()
	defer k.busy.Unlock()
	m, err := k.ready(ctx)
	if err != nil {
		return e, errors.New("encryption does not work: " + err.Error()) // it may be fixed while the message waits
	}
	var in event.Event
	if err := json.Unmarshal(raw, &in); err != nil {
		return e, retry.Never(err)
	}
	in.RoomID, in.Type = e.RoomID, event.EventEncrypted
	if err := in.Content.ParseRaw(in.Type); err != nil {
		return e, retry.Never(err)
	}
	content := in.Content.AsEncrypted()
	plain, err := m.DecryptMegolmEvent(ctx, &in)
	if err != nil {
		if ask {
			k.askForKey(ctx, m, e, content)
		}
		return e, fmt.Errorf("decrypt a message: %w", err)
	}
	key, err := m.CryptoStore.GetGroupSession(ctx, e.RoomID, content.SessionID)
	if err != nil {
		return e, err
	}
	if key.SourceUser != "" && key.SourceUser != e.Sender && key.SourceUser != m.Client.UserID {
		return e, errors.New("decrypt a message: its key came from somebody other than its sender")
	}
	e.Type, e.Content = plain.Type.Type, plain.Content.VeryRaw
	return e, nil
}

// askForKey asks the sender's devices, and our own other ones, for a key. busy is held.
func (k *Keys) askForKey(ctx context.Context, m *crypto.OlmMachine, e matrixtext.Event, content *event.EncryptedEventContent) {
	if k.asked == nil || len(k.asked) > 1000 {
		k.asked = map[id.SessionID]time.Time{}
	}
	if time.Since(k.asked[content.SessionID]) < 5*time.Minute {
		return
	}
	k.asked[content.SessionID] = time.Now()
	sum := sha256.Sum256([]byte(content.SessionID))
	err := m.SendRoomKeyRequest(ctx, e.RoomID, content.SenderKey, content.SessionID, "hs"+base64.RawURLEncoding.EncodeToString(sum[:12]), //nolint:staticcheck // older programs want the sender's key
		map[id.UserID][]id.DeviceID{e.Sender: {"*"}, m.Client.UserID: {"*"}})
	if err != nil {
		k.log.Warn("couldn't ask for a key", "error", err)
	}
}

// declineVerification answers a request to compare emoji with our device: nobody is here
// to do so.
func (k *Keys) declineVerification(ctx context.Context, m *crypto.OlmMachine, e *event.Event) {
	if e.Type.Type != event.ToDeviceVerificationRequest.Type && e.Type.Type != event.ToDeviceVerificationStart.Type {
		return
	}
	var content struct {
		From        id.DeviceID `json:"from_device"`
		Transaction string      `json:"transaction_id"`
	}
	if json.Unmarshal(e.Content.VeryRaw, &content) != nil || content.From == "" || content.Transaction == "" {
		return
	}
	no := &event.Content{Raw: map[string]any{
		"transaction_id": content.Transaction, "code": "m.user", "reason": "This is a bot. Nobody can compare emoji here.",
	}}
	_, err := m.Client.SendToDevice(ctx, event.ToDeviceVerificationCancel, &mautrix.ReqSendToDevice{
		Messages: map[id.UserID]map[id.DeviceID]*event.Content{e.Sender: {content.From: no}},
	})
	if err != nil {
		k.log.Warn("couldn't decline a verification request", "error", err)
	}
}
