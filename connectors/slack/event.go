package slack

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"
)

// callback is what Slack wraps around an event.
type callback struct {
	Type    string          `json:"type"`
	ID      string          `json:"event_id"`
	App     string          `json:"api_app_id"`
	Event   json.RawMessage `json:"event"`
	Foreign bool            `json:"is_ext_shared_channel"`
}

// rawEvent is an event, or a message of the history. What has another form in one
// kind than in another stays raw.
type rawEvent struct {
	Type        string          `json:"type"`
	Subtype     string          `json:"subtype"`
	Channel     json.RawMessage `json:"channel"`
	ChannelID   string          `json:"channel_id"`
	ChannelType string          `json:"channel_type"`
	User        json.RawMessage `json:"user"`
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
	Files       []rawFile       `json:"files"`
	Message     json.RawMessage `json:"message"`
	Previous    json.RawMessage `json:"previous_message"`
	Edited      *struct {
		TS string `json:"ts"`
	} `json:"edited"`
	BotProfile struct {
		Name  string `json:"name"`
		AppID string `json:"app_id"`
	} `json:"bot_profile"`
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

type rawFile struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Title string `json:"title"`
	Type  string `json:"mimetype"`
	Size  int64  `json:"size"`
	Mode  string `json:"mode"`

	Filetype    string `json:"filetype"`
	Subtype     string `json:"subtype"`
	Access      string `json:"file_access"`
	External    bool   `json:"is_external"`
	ExternalURL string `json:"external_url"`
	Private     string `json:"url_private"`
	Download    string `json:"url_private_download"`
	Permalink   string `json:"permalink"`
	Preview     string `json:"preview"`
	PlainText   string `json:"plain_text"`
	Created     int64  `json:"created"`
	Duration    int64  `json:"duration_ms"`
	Width       int    `json:"original_w"`
	Height      int    `json:"original_h"`
	FilmW       int    `json:"thumb_video_w"`
	FilmH       int    `json:"thumb_video_h"`

	Transcription struct {
		Preview struct {
			Content string `json:"content"`
		} `json:"preview"`
	} `json:"transcription"`
	Shares struct {
		Public  map[string][]fileShare `json:"public"`
		Private map[string][]fileShare `json:"private"`
	} `json:"shares"`
}

// fileShare is a message in which a file stands.
type fileShare struct {
	TS string `json:"ts"`
}

// read reads an event. A field of a wrong type counts as absent.
func read(raw json.RawMessage) (e rawEvent, err error) {
	var odd *json.UnmarshalTypeError
	if err := json.Unmarshal(raw, &e); err != nil && !errors.As(err, &odd) {
		return e, err
	}
	return e, nil
}

// idOf reads a field that is an id, or an object that has one.
func idOf(raw json.RawMessage) (id, name string) {
	if json.Unmarshal(raw, &id) == nil {
		return id, ""
	}
	var o struct{ ID, Name string }
	json.Unmarshal(raw, &o) //nolint:errcheck // empty if it has none
	return o.ID, o.Name
}

func (e rawEvent) channel() string {
	if id, _ := idOf(e.Channel); id != "" {
		return id
	}
	return e.ChannelID
}

func (e rawEvent) user() string { id, _ := idOf(e.User); return id }

// when is the moment of a ts.
func when(ts string) time.Time {
	s, err := strconv.ParseFloat(ts, 64)
	if err != nil || s <= 0 || s > 1e11 {
		return time.Time{}
	}
	whole, part := math.Modf(s)
	return time.Unix(int64(whole), int64(math.Round(part*1e6))*1000)
}
