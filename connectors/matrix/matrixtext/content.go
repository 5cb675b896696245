package matrixtext

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
)

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

// replyTo is the message that a person replied to. The reply that clients add to messages
// in a chat thread, for clients without threads, does not count.
func (r relation) replyTo() chat.MessageID {
	if r.Type == "m.thread" && r.FallingBack {
		return ""
	}
	return chat.MessageID(r.InReplyTo.EventID)
}

// content is what we read of a message's content.
type content struct {
	MsgType  string
	Text     string
	Format   string
	HTML     string
	FileName string
	URL      string
	File     json.RawMessage // encrypted media
	GeoURI   string
	Location struct {
		URI string `json:"uri"` // MSC3488
	}
	Info       mediaInfo
	Voice      bool
	Gallery    []content // the files of a gallery
	RelatesTo  relation
	NewContent json.RawMessage
	Key        string
	Poll       *chat.Poll
	Mentions   struct {
		UserIDs []string `json:"user_ids"`
		Room    bool     `json:"room"`
	}
	Profile struct {
		Name     string `json:"displayname"`
		Fallback bool   `json:"has_fallback"`
	}
}

// parseContent reads each field by itself: one of the wrong type counts as absent. It
// returns false when the content is not an object.
func parseContent(eventType string, raw json.RawMessage) (c content, ok bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return c, false
	}
	for name, into := range map[string]any{
		"msgtype": &c.MsgType, "body": &c.Text, "format": &c.Format, "formatted_body": &c.HTML, "filename": &c.FileName,
		"url": &c.URL, "geo_uri": &c.GeoURI, "org.matrix.msc3488.location": &c.Location, "info": &c.Info, "m.relates_to": &c.RelatesTo, Marker: &c.Key,
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
	c.gallery(fields)
	if verb, form := pollVerb(eventType); verb == "start" {
		c.Poll = poll(fields, form)
	}
	return c, true
}

// alias is the name under which the message is posted (MSC4144); empty: that of the account.
func (c content) alias() string {
	return strings.TrimSpace(cleanName(cut(c.Profile.Name, 200)))
}

// cleanName removes control characters, and those that change the direction of text.
func cleanName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 32 || r == 127 || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) || r == 0x200e || r == 0x200f {
			return -1
		}
		return r
	}, name)
}

// mentioned are the users that the content mentions.
func (c content) mentioned() (users []chat.Mention) {
	for _, u := range c.Mentions.UserIDs {
		users = append(users, chat.Mention{User: chat.UserID(u)})
	}
	return users
}

// extensible reads the plain text of events without a body (MSC1767).
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

// body returns the bridge's form of the content; false: there is nothing in it.
func (c content) body(eventType string) (b chat.Body, kind chat.Kind, ok bool) {
	switch {
	case eventType == "m.sticker":
		c.MsgType = "m.sticker"
	case c.Poll != nil:
		return b, kind, true
	}
	switch c.MsgType {
	case "m.text", "m.emote", "m.notice":
		kind = map[string]chat.Kind{"m.emote": chat.Emote, "m.notice": chat.Notice}[c.MsgType]
		b.Text, b.HTML = c.text()
	case "m.image", "m.file", "m.audio", "m.video", "m.sticker":
		f, captioned := c.file()
		if captioned {
			b.Text, b.HTML = c.text()
		}
		b.Files = []chat.File{f}
	case "com.beeper.gallery":
		b.Text, b.HTML = c.text()
		for _, item := range c.Gallery {
			f, _ := item.file()
			b.Files = append(b.Files, f)
		}
	case "m.location":
		b.Text = c.location()
	case "m.key.verification.request", "m.server_notice":
		return b, kind, false
	default:
		b.Text = c.Text // the body of an unknown type says what it is
	}
	return b, kind, strings.TrimSpace(b.Text) != "" || len(b.Files) > 0
}

var replyBlock = regexp.MustCompile(`(?s)^\s*<mx-reply>.*?</mx-reply>`)

// text returns text and HTML without what clients add for those that know no replies
// and profiles.
func (c content) text() (text, formatted string) {
	text = c.plain()
	if c.Format != htmlFormat || c.HTML == "" {
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
	switch {
	case formatted == html.EscapeString(text):
		return text, ""
	case strings.Contains(c.HTML, "data-mx-maths") && text != "": // the text has the formulas as they were typed
		return text, formatted
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

// stripReply removes the quote that older clients put before a reply. Quotes typed by
// hand stay.
func stripReply(text string, replies bool) string {
	if !replies || (!strings.HasPrefix(text, "> <@") && !strings.HasPrefix(text, "> * <@")) {
		return text
	}
	lines := strings.Split(text, "\n")
	for len(lines) > 0 && strings.HasPrefix(lines[0], "> ") || len(lines) > 0 && lines[0] == ">" {
		lines = lines[1:]
	}
	return strings.TrimPrefix(strings.Join(lines, "\n"), "\n")
}
