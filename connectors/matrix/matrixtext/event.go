package matrixtext

import (
	"encoding/json"
	"errors"
	"time"

	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
)

// Event is an event as the homeserver sends it. Its content is parsed by type, so that
// a malformed event affects nothing but itself.
type Event struct {
	ID       id.EventID      `json:"event_id"`
	Type     string          `json:"type"`
	RoomID   id.RoomID       `json:"room_id"`
	Sender   id.UserID       `json:"sender"`
	StateKey *string         `json:"state_key"`
	At       int64           `json:"origin_server_ts"`
	Redacts  id.EventID      `json:"redacts"` // before room version 11
	Content  json.RawMessage `json:"content"`
	Unsigned struct {
		PrevContent struct {
			Membership string `json:"membership"`
		} `json:"prev_content"`
		Age int64 `json:"age"` // milliseconds, by the homeserver's clock
	} `json:"unsigned"`
}

// ParseEvent reads an event. A field of the wrong type counts as absent.
func ParseEvent(raw json.RawMessage) (e Event, err error) {
	var odd *json.UnmarshalTypeError
	if err := json.Unmarshal(raw, &e); err != nil && !errors.As(err, &odd) {
		return e, err
	}
	if e.ID == "" || e.Type == "" || e.Sender == "" {
		return e, errors.New("the event has no id, type or sender")
	}
	return e, nil
}

// Head is what the bridge's form of the event starts with. The author's name is not set.
func (e Event) Head() chat.Head {
	return chat.Head{
		Event: chat.EventID(e.ID), Place: chat.Place{Room: chat.RoomID(e.RoomID)}, At: e.Time(),
		By: chat.Author{ID: chat.UserID(e.Sender), Server: e.Sender.Homeserver()},
	}
}

// Time is when the event was sent, by its sender's homeserver.
func (e Event) Time() time.Time { return time.UnixMilli(e.At) }

// Age is how old the event was when the homeserver handed it over.
func (e Event) Age() time.Duration { return time.Duration(e.Unsigned.Age) * time.Millisecond }

// Membership is the membership that an m.room.member event sets.
func (e Event) Membership() string {
	var content struct {
		Membership string `json:"membership"`
	}
	if json.Unmarshal(e.Content, &content) != nil {
		return ""
	}
	return content.Membership
}

// Replacement is the room that an m.room.tombstone event leads to.
func (e Event) Replacement() id.RoomID {
	var content struct {
		To id.RoomID `json:"replacement_room"`
	}
	if json.Unmarshal(e.Content, &content) != nil {
		return ""
	}
	return content.To
}

// Sealed is the form in which an encrypted event is kept until its key arrives. raw is
// the whole event. It returns false for an event that no key could ever decrypt.
func (e Event) Sealed(raw json.RawMessage) (chat.Sealed, bool) {
	var content struct {
		Session id.SessionID `json:"session_id"`
	}
	if json.Unmarshal(e.Content, &content) != nil || content.Session == "" {
		return chat.Sealed{}, false
	}
	return chat.Sealed{Head: e.Head(), Message: chat.MessageID(e.ID), Raw: raw, Lock: string(content.Session)}, true
}
