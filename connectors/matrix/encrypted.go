package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"maunium.net/go/mautrix"
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
	if err != nil && !errors.Is(err, mautrix.MNotFound) {
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

// pushedKeys is what a homeserver pushes to a service of keys (MSC2409, MSC3202),
// under the names of the drafts or of the standard. What is of a wrong type counts
// as absent.
type pushedKeys struct {
	ToDevice    lenient[[]json.RawMessage]   `json:"to_device"`
	DraftDevice lenient[[]json.RawMessage]   `json:"de.sorunome.msc2409.to_device"`
	Lists       lenient[changedLists]        `json:"device_lists"`
	DraftLists  lenient[changedLists]        `json:"org.matrix.msc3202.device_lists"`
	Counts      lenient[map[id.UserID]count] `json:"device_one_time_keys_count"`
	DraftCounts lenient[map[id.UserID]count] `json:"org.matrix.msc3202.device_one_time_keys_count"`
}

// lenient is a value that is empty where it cannot be read.
type lenient[T any] struct{ v T }

func (l *lenient[T]) UnmarshalJSON(raw []byte) error {
	if err := json.Unmarshal(raw, &l.v); err != nil {
		var none T
		l.v = none
	}
	return nil
}

type changedLists struct {
	Changed []id.UserID `json:"changed"`
}

// count is how many keys of each sort the devices of a user have.
type count map[id.DeviceID]map[string]int

// news is what of it concerns the bot.
func (p pushedKeys) news(bot id.UserID) (n keyNews) {
	n.ToDevice.Events = append(p.ToDevice.v, p.DraftDevice.v...)
	n.DeviceLists.Changed = append(p.Lists.v.Changed, p.DraftLists.v.Changed...)
	for _, devices := range []count{p.Counts.v[bot], p.DraftCounts.v[bot]} {
		if len(devices) == 1 {
			for _, keys := range devices {
				n.KeyCounts = keys
			}
		}
	}
	return n
}

// sealed is an encrypted event as it is kept until it can be read; false: it is none
// that could ever be.
func sealed(e rawEvent, raw json.RawMessage) (chat.Sealed, bool) {
	var content struct {
		Session id.SessionID `json:"session_id"`
	}
	if json.Unmarshal(e.Content, &content) != nil || content.Session == "" {
		return chat.Sealed{}, false
	}
	return chat.Sealed{
		Head: chat.Head{
			Event: chat.EventID(e.ID), Place: chat.Place{Room: chat.RoomID(e.RoomID)}, At: time.UnixMilli(e.At),
			By: chat.Author{ID: chat.UserID(e.Sender), Server: e.Sender.Homeserver()},
		},
		Message: chat.MessageID(e.ID), Raw: raw, Lock: string(content.Session),
	}, true
}
