// Package wire has the formats of Slack's events, messages and files, the ids of the
// bridge for them, and the markers of our own messages.
package wire

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"hashsend/bridge/chat"
)

// Callback is the envelope around an event.
type Callback struct {
	Type    string          `json:"type"`
	ID      string          `json:"event_id"`
	App     string          `json:"api_app_id"`
	Event   json.RawMessage `json:"event"`
	Foreign bool            `json:"is_ext_shared_channel"`
}

// Event is an event, or a message of the history. Fields whose form depends on
// the kind of event stay raw.
type Event struct {
	Type        string          `json:"type"`
	Subtype     string          `json:"subtype"`
	Channel     json.RawMessage `json:"channel"`
	ChannelID   string          `json:"channel_id"`
	ChannelType string          `json:"channel_type"`
	User        json.RawMessage `json:"user"`
	UserTeam    string          `json:"user_team"`   // in shared channels: the user's home
	SourceTeam  string          `json:"source_team"` // in shared channels: where the message comes from
	Text        string          `json:"text"`
	TS          string          `json:"ts"`
	EventTS     string          `json:"event_ts"`
	ThreadTS    string          `json:"thread_ts"`
	DeletedTS   string          `json:"deleted_ts"`
	Hidden      bool            `json:"hidden"`
	BotID       string          `json:"bot_id"`
	AppID       string          `json:"app_id"`
	Username    string          `json:"username"`
	Name        string          `json:"name"`  // of a channel, with channel_name
	Topic       string          `json:"topic"` // with channel_topic
	Streaming   string          `json:"streaming_state"`
	Blocks      json.RawMessage `json:"blocks"`
	Attachments json.RawMessage `json:"attachments"`
	Files       []File          `json:"files"`
	Message     json.RawMessage `json:"message"`
	Previous    json.RawMessage `json:"previous_message"`
	Edited      *struct {
		TS string `json:"ts"`
	} `json:"edited"`
	BotProfile struct {
		Name  string `json:"name"`
		AppID string `json:"app_id"`
	} `json:"bot_profile"`
	UserProfile struct {
		Team string `json:"team"`
	} `json:"user_profile"`
	Metadata struct {
		Type    string         `json:"event_type"`
		Payload map[string]any `json:"event_payload"`
	} `json:"metadata"`
	Replies     int    `json:"reply_count"`
	LatestReply string `json:"latest_reply"`

	OldID    string `json:"old_channel_id"`
	NewID    string `json:"new_channel_id"`
	Shared   bool   `json:"is_ext_shared"`
	Tab      string `json:"tab"`
	Reaction string `json:"reaction"`
	Item     struct {
		Type    string `json:"type"`
		Channel string `json:"channel"`
		TS      string `json:"ts"`
	} `json:"item"`
	Tokens struct {
		Bot []string `json:"bot"`
	} `json:"tokens"`
}

// Read reads an event. A field of an unexpected type counts as absent.
func Read(raw json.RawMessage) (e Event, err error) {
	var odd *json.UnmarshalTypeError
	if err := json.Unmarshal(raw, &e); err != nil && !errors.As(err, &odd) {
		return e, err
	}
	return e, nil
}

// IDOf reads a field that is either an id or an object with an id.
func IDOf(raw json.RawMessage) (id, name string) {
	if json.Unmarshal(raw, &id) == nil {
		return id, ""
	}
	var o struct{ ID, Name string }
	json.Unmarshal(raw, &o) //nolint:errcheck // empty if there is none
	return o.ID, o.Name
}

// Where returns the id of the event's channel; empty if it names none.
func (e Event) Where() string {
	if id, _ := IDOf(e.Channel); id != "" {
		return id
	}
	return e.ChannelID
}

// Who returns the id of the event's user; empty if it names none.
func (e Event) Who() string { id, _ := IDOf(e.User); return id }

// Home returns the workspace, or organisation, that the event's user belongs to;
// empty if the event does not tell.
func (e Event) Home() string { return cmp.Or(e.UserTeam, e.UserProfile.Team, e.SourceTeam) }

// When returns the moment of a ts, the zero time if it is not one.
func When(ts string) time.Time {
	s, err := strconv.ParseFloat(ts, 64)
	if err != nil || !(s > 0 && s <= 1e11) { // also if it is NaN
		return time.Time{}
	}
	whole, part := math.Modf(s)
	return time.Unix(int64(whole), int64(math.Round(part*1e6))*1000)
}

// Stamp writes a moment as a ts.
func Stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMicro())/1e6, 'f', 6, 64) }

// MessageID makes the id of a message. It names the channel, because a ts is unique
// only within its channel.
func MessageID(channel, ts string) chat.MessageID { return chat.MessageID(channel + ":" + ts) }

// Split takes the id of a message apart.
func Split(id chat.MessageID) (channel, ts string) {
	channel, ts, _ = strings.Cut(string(id), ":")
	return channel, ts
}

// Cut shortens a text to at most limit bytes.
func Cut(s string, limit int) string {
	if len(s) > limit {
		return strings.ToValidUTF8(s[:limit], "")
	}
	return s
}

// The metadata types of our own messages: posts, which carry their key, and the
// pinned sign of a linked channel.
const (
	Marker     = "hashsend_mail"
	SignMarker = "hashsend_sign"
)

// Own reports whether a message carries one of our markers.
func (e Event) Own() bool { return e.Metadata.Type == Marker || e.Metadata.Type == SignMarker }

// HasKey reports whether a message is the one that we posted with this key. Files
// have no metadata: their key is in the id of a block.
func (e Event) HasKey(key string) bool {
	if key == "" {
		return false
	}
	said, _ := e.Metadata.Payload["key"].(string)
	return (e.Metadata.Type == Marker && said == key) || (len(e.Files) > 0 && blockKey(e.Blocks) == key)
}

const keyPrefix = "hs."

// BlockID makes the block id that carries a key.
func BlockID(key string) string { return keyPrefix + key }

// blockKey returns the key in the ids of blocks; empty if there is none.
func blockKey(blocks json.RawMessage) string {
	var all []struct {
		ID string `json:"block_id"`
	}
	json.Unmarshal(blocks, &all) //nolint:errcheck // then there is none
	for _, b := range all {
		if key, is := strings.CutPrefix(b.ID, keyPrefix); is {
			return key
		}
	}
	return ""
}
