package matrix

import (
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
)

// marker is the field of a message's content by which we find it again.
const marker = "org.hashsend.key"

// relation is m.relates_to.
type relation struct {
	Type        string `json:"rel_type"`
	EventID     string `json:"event_id"`
	Key         string `json:"key"`
	FallingBack bool   `json:"is_falling_back"`
	InReplyTo   struct {
		EventID string `json:"event_id"`
	} `json:"m.in_reply_to"`
}

// content is what is read of a message's content.
type content struct {
	MsgType    string
	Text       string
	Format     string
	HTML       string
	FileName   string
	URL        string
	File       json.RawMessage // encrypted media
	GeoURI     string
	Info       mediaInfo
	Voice      bool
	RelatesTo  relation
	NewContent json.RawMessage
	Key        string
	Mentions   struct {
		UserIDs []string `json:"user_ids"`
		Room    bool     `json:"room"`
	}
	Profile struct {
		Name     string `json:"displayname"`
		Fallback bool   `json:"has_fallback"`
	}
}

type mediaInfo struct {
	Type     string `json:"mimetype"`
	Size     int64  `json:"size"`
	Duration int64  `json:"duration"` // milliseconds
}

// parseContent reads each field by itself: one of a wrong type counts as absent.
// It fails when the content is no object.
func parseContent(raw json.RawMessage) (c content, ok bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return c, false
	}
	for name, into := range map[string]any{
		"msgtype": &c.MsgType, "body": &c.Text, "format": &c.Format, "formatted_body": &c.HTML, "filename": &c.FileName,
		"url": &c.URL, "geo_uri": &c.GeoURI, "info": &c.Info, "m.relates_to": &c.RelatesTo, marker: &c.Key,
		"m.mentions": &c.Mentions, "com.beeper.per_message_profile": &c.Profile,
	} {
		if v, there := fields[name]; there {
			json.Unmarshal(v, into) //nolint:errcheck // a field of a wrong type counts as absent
		}
	}
	if c.Text == "" {
		c.Text = extensible(fields)
	}
	c.NewContent, c.File = fields["m.new_content"], fields["file"]
	_, c.Voice = fields["org.matrix.msc3245.voice"]
	return c, true
}

// extensible reads the plain text of events that have no body (MSC1767), polls for one.
func extensible(fields map[string]json.RawMessage) string {
	var parts []struct {
		Type string `json:"mimetype"`
		Body string `json:"body"`
	}
	if json.Unmarshal(fields["m.text"], &parts) == nil {
		for _, p := range parts {
			if p.Type == "" || p.Type == "text/plain" {
				return p.Body
			}
		}
	}
	var text string
	if json.Unmarshal(fields["org.matrix.msc1767.text"], &text) != nil {
		return ""
	}
	return text
}

// isPoll reports whether events of this type begin or end a poll. Votes have no
// text and stay in the room.
func isPoll(eventType string) bool {
	switch eventType {
	case "m.poll.start", "m.poll.end", "org.matrix.msc3381.poll.start", "org.matrix.msc3381.poll.end":
		return true
	}
	return false
}

// body makes the bridge's form of the content; false: there is nothing in it.
func (c content) body(eventType string) (b chat.Body, kind chat.Kind, ok bool) {
	switch {
	case eventType == "m.sticker":
		c.MsgType = "m.sticker"
	case isPoll(eventType):
		c.MsgType = "m.poll"
	}
	switch c.MsgType {
	case "m.text", "m.emote", "m.notice":
		kind = map[string]chat.Kind{"m.emote": chat.Emote, "m.notice": chat.Notice}[c.MsgType]
		b.Text, b.HTML = c.words()
	case "m.image", "m.file", "m.audio", "m.video", "m.sticker":
		f := chat.File{ID: chat.FileID(c.URL), Name: c.FileName, Type: cut(c.Info.Type, 100), Size: max(c.Info.Size, 0), Sort: sortOf[c.MsgType]}
		if f.Name == "" {
			f.Name = c.Text
		} else if c.FileName != c.Text {
			b.Text, b.HTML = c.words() // a caption
		}
		if c.Voice {
			f.Sort = chat.Voice
			f.Name = fmt.Sprintf("voice message, %d:%02d", c.Info.Duration/60000, c.Info.Duration/1000%60)
		}
		f.Name = cleanFileName(f.Name)
		b.Files = []chat.File{f}
	case "m.location":
		b.Text = strings.TrimSpace(c.Text + "\n" + mapLink(c.GeoURI))
	case "m.key.verification.request", "m.server_notice":
		return b, kind, false
	case "m.poll":
		if c.Text != "" {
			b.Text = "📊 " + c.Text
		}
	default:
		b.Text = c.Text // a kind that we do not know says what it is in its body
	}
	return b, kind, strings.TrimSpace(b.Text) != "" || len(b.Files) > 0
}

var sortOf = map[string]chat.FileSort{"m.image": chat.Picture, "m.audio": chat.Sound, "m.video": chat.Film, "m.sticker": chat.Sticker}

var replyBlock = regexp.MustCompile(`(?s)^\s*<mx-reply>.*?</mx-reply>`)

// words returns text and HTML without what clients add for those who do not
// understand answers and profiles.
func (c content) words() (text, formatted string) {
	text = c.plain()
	if c.Format != "org.matrix.custom.html" || c.HTML == "" {
		return text, ""
	}
	formatted = replyBlock.ReplaceAllString(c.HTML, "")
	if c.Profile.Fallback {
		formatted = profileFallback.ReplaceAllString(formatted, "")
	}
	formatted = markup.Sanitise(formatted)
	plain := markup.ToText(formatted)
	if strings.TrimSpace(plain) == "" {
		return text, ""
	}
	if formatted == html.EscapeString(text) {
		return text, ""
	}
	return plain, formatted
}

// plain is the text as it was typed, without those additions.
func (c content) plain() string {
	text := stripReply(c.Text, c.RelatesTo.InReplyTo.EventID != "")
	if c.Profile.Fallback && c.Profile.Name != "" {
		text = strings.TrimPrefix(text, c.Profile.Name+": ")
	}
	return text
}

var profileFallback = regexp.MustCompile(`<strong data-mx-profile-fallback[^>]*>[^<]*</strong>`)

// stripReply takes the quote off that older clients put before an answer. What
// the person quoted by hand stays.
func stripReply(text string, answers bool) string {
	if !answers || (!strings.HasPrefix(text, "> <@") && !strings.HasPrefix(text, "> * <@")) {
		return text
	}
	lines := strings.Split(text, "\n")
	for len(lines) > 0 && strings.HasPrefix(lines[0], "> ") || len(lines) > 0 && lines[0] == ">" {
		lines = lines[1:]
	}
	return strings.TrimPrefix(strings.Join(lines, "\n"), "\n")
}

// cleanFileName leaves the last part of a path without control and bidi characters.
func cleanFileName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if r < 32 || r == 127 || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) || r == 0x200e || r == 0x200f {
			return -1
		}
		return r
	}, name)
	if name = cut(strings.TrimSpace(name), 200); name == "" {
		return "file"
	}
	return name
}

var geo = regexp.MustCompile(`^geo:(-?\d{1,3}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)`)

// mapLink makes a link of a geo URI (RFC 5870); empty: it is none.
func mapLink(uri string) string {
	m := geo.FindStringSubmatch(uri)
	if m == nil {
		return ""
	}
	return fmt.Sprintf("https://www.openstreetmap.org/?mlat=%s&mlon=%s", m[1], m[2])
}

// compose makes the content of a message that we send. profile: the sender is
// shown by a profile in it; called: the name of the person whom it is meant for.
func compose(m chat.Outgoing, profile bool, called string) map[string]any {
	kind := map[chat.Kind]string{chat.Said: "m.text", chat.Notice: "m.notice", chat.Emote: "m.emote"}[m.Kind]
	text, formatted := m.Body.Text, m.Body.HTML
	if profile {
		if formatted == "" {
			formatted = markup.FromText(text)
		}
		text = m.As.Name + ": " + text
		formatted = "<strong data-mx-profile-fallback>" + html.EscapeString(m.As.Name) + ": </strong>" + formatted
	}
	mentions := map[string]any{}
	if m.For != "" {
		mentions["user_ids"] = []string{string(m.For)}
		if formatted == "" {
			formatted = markup.FromText(text)
		}
		formatted = fmt.Sprintf(`<a href="https://matrix.to/#/%s">%s</a>: %s`, html.EscapeString(string(m.For)), html.EscapeString(called), formatted)
		text = called + ": " + text
	}
	c := map[string]any{"msgtype": kind, "body": text, "m.mentions": mentions}
	if m.Key != "" {
		c[marker] = m.Key
	}
	if formatted != "" {
		c["format"], c["formatted_body"] = "org.matrix.custom.html", formatted
	}
	if profile {
		c["com.beeper.per_message_profile"] = map[string]any{"id": m.As.ID, "displayname": m.As.Name, "has_fallback": true}
	}
	rel := map[string]any{}
	if m.ReplyTo != "" {
		rel["m.in_reply_to"] = map[string]any{"event_id": string(m.ReplyTo)}
	}
	if m.Place.Thread != "" {
		rel["rel_type"], rel["event_id"], rel["is_falling_back"] = "m.thread", string(m.Place.Thread), m.ReplyTo == ""
		if m.ReplyTo == "" {
			rel["m.in_reply_to"] = map[string]any{"event_id": string(m.Place.Thread)}
		}
	}
	if len(rel) > 0 {
		c["m.relates_to"] = rel
	}
	return c
}
