//go:build goolm

package matrix

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
)

// seal encrypts what goes into an encrypted room. The marker and the relation stay
// beside the ciphertext. Reactions are never encrypted.
func (c *Connector) seal(ctx context.Context, room id.RoomID, m chat.Outgoing, kind event.Type, content any) (event.Type, any, error) {
	if kind == event.EventReaction {
		return kind, content, nil
	}
	locked, err := c.isEncrypted(ctx, room)
	if err != nil || !locked {
		return kind, content, wrap("ask whether the room is encrypted", err)
	}
	k := &c.keys
	k.busy.Lock()
	defer k.busy.Unlock()
	machine, err := c.ready(ctx)
	if err != nil {
		return kind, nil, fmt.Errorf("the room is encrypted: %w", err)
	}
	if k.fresh[room] == nil {
		if err := machine.CryptoStore.RemoveOutboundGroupSession(ctx, room); err != nil {
			return kind, nil, err
		}
	}
	encrypted, err := machine.EncryptMegolmEvent(ctx, room, kind, content)
	if crypto.IsShareError(err) {
		if err := c.share(ctx, machine, room); err != nil {
			return kind, nil, wrap("give the room's members our key", err)
		}
		encrypted, err = machine.EncryptMegolmEvent(ctx, room, kind, content)
	}
	if err != nil {
		return kind, nil, fmt.Errorf("encrypt a message: %w", err)
	}
	raw, err := json.Marshal(encrypted)
	if err != nil {
		return kind, nil, err
	}
	var outer map[string]any
	if err := json.Unmarshal(raw, &outer); err != nil {
		return kind, nil, err
	}
	if m.Key != "" {
		outer[marker] = m.Key
	}
	return event.EventEncrypted, outer, nil
}

// share makes a new key for a room and gives it to the devices that its members
// have now.
func (c *Connector) share(ctx context.Context, m *crypto.OlmMachine, room id.RoomID) error {
	var answer struct {
		Chunk []rawEvent `json:"chunk"`
	}
	if err := c.get(ctx, m.Client, mautrix.ClientURLPath{"v3", "rooms", room, "members"}, nil, &answer); err != nil {
		return err
	}
	members := map[id.UserID]bool{}
	for _, e := range answer.Chunk {
		if how := e.membership(); e.StateKey != nil && (how == "join" || how == "invite") {
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
	c.keys.fresh[room] = members
	return nil
}

// open reads an encrypted event, or hands it over sealed.
func (c *Connector) open(ctx context.Context, e rawEvent, raw json.RawMessage) []chat.Event {
	s, is := sealed(e, raw)
	if !is {
		return nil
	}
	said, err := c.unseal(ctx, s, false)
	if err != nil {
		c.env.Log.Info("a message cannot be read yet", "event", e.ID, "reason", err)
		return []chat.Event{s}
	}
	if said == nil {
		return nil
	}
	return []chat.Event{said}
}

// Unseal reads a message whose key may have come; see chat.Unsealer.
func (c *Connector) Unseal(ctx context.Context, s chat.Sealed) (chat.Event, error) {
	return c.unseal(ctx, s, true)
}

func (c *Connector) unseal(ctx context.Context, s chat.Sealed, late bool) (chat.Event, error) {
	e, err := parseEvent(s.Raw)
	if err != nil {
		return nil, retry.Never(err)
	}
	e.RoomID = id.RoomID(s.Place.Room)
	plain, err := c.decrypt(ctx, e, s.Raw, late)
	if err != nil {
		return nil, err
	}
	e.Type, e.Content = plain.Type.Type, plain.Content.VeryRaw
	said := c.convert(e)
	if said == nil {
		return nil, nil
	}
	said = c.complete(ctx, said)
	if p, is := said.(chat.Posted); is && late {
		p.Late = true
		return p, nil
	}
	return said, nil
}

func (c *Connector) decrypt(ctx context.Context, e rawEvent, raw json.RawMessage, ask bool) (*event.Event, error) {
	c.keys.busy.Lock()
	defer c.keys.busy.Unlock()
	m, err := c.ready(ctx)
	if err != nil {
		return nil, errors.New("there is no encryption: " + err.Error()) // it may be mended while the message waits
	}
	var in event.Event
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, retry.Never(err)
	}
	in.RoomID, in.Type = e.RoomID, event.EventEncrypted
	if err := in.Content.ParseRaw(in.Type); err != nil {
		return nil, retry.Never(err)
	}
	content := in.Content.AsEncrypted()
	plain, err := m.DecryptMegolmEvent(ctx, &in)
	if err == nil {
		key, err := m.CryptoStore.GetGroupSession(ctx, e.RoomID, content.SessionID)
		if err != nil {
			return nil, err
		}
		if key.SourceUser != "" && key.SourceUser != e.Sender && key.SourceUser != m.Client.UserID {
			return nil, errors.New("its key came from somebody else than its writer")
		}
		return plain, nil
	}
	if ask {
		c.askForKey(ctx, m, e, content)
	}
	return nil, fmt.Errorf("read an encrypted message: %w", err)
}

// askForKey asks the writer's devices, and our own others, for a key.
func (c *Connector) askForKey(ctx context.Context, m *crypto.OlmMachine, e rawEvent, content *event.EncryptedEventContent) {
	k := &c.keys
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
		c.env.Log.Warn("ask for a key", "error", err)
	}
}

// declineVerification answers who wants to compare signs with our device: nobody
// sits here to do so.
func (c *Connector) declineVerification(ctx context.Context, m *crypto.OlmMachine, e *event.Event) {
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
		"transaction_id": content.Transaction, "code": "m.user", "reason": "This is a program; nobody can compare signs here.",
	}}
	_, err := m.Client.SendToDevice(ctx, event.ToDeviceVerificationCancel, &mautrix.ReqSendToDevice{
		Messages: map[id.UserID]map[id.DeviceID]*event.Content{e.Sender: {content.From: no}},
	})
	if err != nil {
		c.env.Log.Warn("decline a verification", "error", err)
	}
}
