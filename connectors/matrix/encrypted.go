package matrix

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
)

// keyNews is what the homeserver tells of keys, beside events.
type keyNews struct {
	ToDevice struct {
		Events []json.RawMessage `json:"events"`
	} `json:"to_device"`
	DeviceLists struct {
		Changed []id.UserID `json:"changed"`
	} `json:"device_lists"`
	KeyCounts map[string]int `json:"device_one_time_keys_count"`
}

// isEncrypted reports whether a room is encrypted. One that is stays so; of one
// that is not, the homeserver tells when it comes to be.
func (c *Connector) isEncrypted(ctx context.Context, room id.RoomID) (bool, error) {
	c.keys.mu.Lock()
	is, known := c.keys.rooms[room]
	c.keys.mu.Unlock()
	if known {
		return is, nil
	}
	cl, err := c.bot(ctx)
	if err != nil {
		return false, err
	}
	err = cl.StateEvent(ctx, room, event.StateEncryption, "", &struct{}{})
	if err != nil && httpStatus(err) != http.StatusNotFound {
		return false, mark(err)
	}
	c.keys.mu.Lock()
	defer c.keys.mu.Unlock()
	if c.keys.rooms == nil {
		c.keys.rooms = map[id.RoomID]bool{}
	}
	c.keys.rooms[room] = c.keys.rooms[room] || err == nil
	return c.keys.rooms[room], nil
}

// encryptedRoom notes that a room is encrypted and tells the bridge so, once in a run.
func (c *Connector) encryptedRoom(e rawEvent) []chat.Event {
	c.keys.mu.Lock()
	defer c.keys.mu.Unlock()
	if c.keys.told[e.RoomID] {
		return nil
	}
	if c.keys.told == nil {
		c.keys.told = map[id.RoomID]bool{}
	}
	if c.keys.rooms == nil {
		c.keys.rooms = map[id.RoomID]bool{}
	}
	c.keys.told[e.RoomID], c.keys.rooms[e.RoomID] = true, true
	return []chat.Event{chat.Encrypted{Head: chat.Head{
		Place: chat.Place{Room: chat.RoomID(e.RoomID)}, At: time.UnixMilli(e.At), By: chat.Author{ID: chat.UserID(e.Sender), Server: e.Sender.Homeserver()},
	}}}
}
