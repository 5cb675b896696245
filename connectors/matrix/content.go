package matrix

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"path"
	"regexp"
	"strings"
	"time"

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
	MsgType  string
	Text     string
	Format   string
	HTML     string
	FileName string
	URL      string
	File     json.RawMessage // encrypted media
	GeoURI   string
	Location struct {
		URI string `json:"uri"` // as MSC3488 has it
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

type mediaInfo struct {
	Type     string  `json:"mimetype"`
	Size     int64   `json:"size"`
	Duration float64 `json:"duration"` // milliseconds
	Width    float64 `json:"w"`
	Height   float64 `json:"h"`
}

// parseContent reads each field by itself: one of a wrong type counts as absent.
// It fails when the content is no object.
func parseContent(eventType string, raw json.RawMessage) (c content, ok bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return c, false
	}
	for name, into := range map[string]any{
		"msgtype": &c.MsgType, "body": &c.Text, "format": &c.Format, "formatted_body": &c.HTML, "filename": &c.FileName,
		"url": &c.URL, "geo_uri": &c.GeoURI, "org.matrix.msc3488.location": &c.Location, "info": &c.Info, "m.relates_to": &c.RelatesTo, marker: &c.Key,
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

// maxGallery is how many files of one message are taken in.
const maxGallery = 50

// gallery reads a message of several files. What goes for all of them is told
// beside, not in its body.
func (c *content) gallery(fields map[string]json.RawMessage) {
	var items []json.RawMessage
	if c.MsgType != "com.beeper.gallery" || json.Unmarshal(fields["com.beeper.gallery.images"], &items) != nil {
		return
	}
	for _, raw := range items[:min(len(items), maxGallery)] {
		if item, ok := parseContent("m.room.message", raw); ok && item.MsgType != c.MsgType {
			c.Gallery = append(c.Gallery, item)
		}
	}
	c.Text, c.HTML, c.Format = "", "", "org.matrix.custom.html"
	json.Unmarshal(fields["com.beeper.gallery.caption"], &c.Text)      //nolint:errcheck // a field of a wrong type counts as absent
	json.Unmarshal(fields["com.beeper.gallery.caption_html"], &c.HTML) //nolint:errcheck // the same
}

// alias is the name under which the message is said (MSC4144); empty: that of the account.
func (c content) alias() string {
	return strings.TrimSpace(cleanName(cut(c.Profile.Name, 200)))
}

// cleanName leaves out what changes the direction of a text, and controls.
func cleanName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 32 || r == 127 || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) || r == 0x200e || r == 0x200f {
			return -1
		}
		return r
	}, name)
}

// mentioned are the users whom the content mentions.
func (c content) mentioned() (users []chat.Mention) {
	for _, u := range c.Mentions.UserIDs {
		users = append(users, chat.Mention{User: chat.UserID(u)})
	}
	return users
}

// extensible reads the plain text of events that have no body (MSC1767).
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

// body makes the bridge's form of the content; false: there is nothing in it.
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
		b.Text, b.HTML = c.words()
	case "m.image", "m.file", "m.audio", "m.video", "m.sticker":
		f, captioned := c.file()
		if captioned {
			b.Text, b.HTML = c.words()
		}
		b.Files = []chat.File{f}
	case "com.beeper.gallery":
		b.Text, b.HTML = c.words()
		for _, item := range c.Gallery {
			f, _ := item.file()
			b.Files = append(b.Files, f)
		}
	case "m.location":
		b.Text = c.location()
	case "m.key.verification.request", "m.server_notice":
		return b, kind, false
	default:
		b.Text = c.Text // a kind that we do not know says what it is in its body
	}
	return b, kind, strings.TrimSpace(b.Text) != "" || len(b.Files) > 0
}

// file makes a file of the content, and reports whether its text is a caption
// (MSC2530): in messages of older clients it is the file's name.
func (c content) file() (f chat.File, captioned bool) {
	f = chat.File{
		ID: c.fileID(), Name: c.FileName, Type: cut(c.Info.Type, 100), Size: max(c.Info.Size, 0), Sort: sortOf[c.MsgType],
		Width: pixels(c.Info.Width), Height: pixels(c.Info.Height), Duration: length(c.Info.Duration),
	}
	if captioned = f.Name != "" && f.Name != c.plain(); f.Name == "" {
		f.Name = c.Text
	}
	f.Name = cleanFileName(f.Name)
	switch {
	case c.Voice:
		f.Sort, f.Name = chat.Voice, "voice message"+cmp.Or(extensions[plainType(f.Type)], suffix(f.Name), ".ogg")
	case f.Sort == chat.Sticker && suffix(f.Name) == "": // its name says what it shows
		f.Name += extensions[plainType(f.Type)]
	}
	return f, captioned
}

// pixels and length are what somebody says of a file, within reason.
func pixels(n float64) int { return int(max(0, min(n, 1<<20))) }

func length(ms float64) time.Duration {
	return time.Duration(max(0, min(ms, 1e9))) * time.Millisecond
}

// extensions are what names end in that no person gave.
var extensions = map[string]string{
	"audio/ogg": ".ogg", "audio/opus": ".opus", "audio/mp4": ".m4a", "audio/x-m4a": ".m4a", "audio/aac": ".aac", "audio/mpeg": ".mp3",
	"audio/webm": ".webm", "audio/wav": ".wav", "audio/x-wav": ".wav", "audio/flac": ".flac", "audio/amr": ".amr",
	"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp",
}

func plainType(mediaType string) string {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	return strings.ToLower(strings.TrimSpace(mediaType))
}

// suffix is the extension of a name; empty: it has none.
func suffix(name string) string {
	if e := path.Ext(name); len(e) > 1 && len(e) < 7 && !strings.Contains(e, " ") {
		return strings.ToLower(e)
	}
	return ""
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
	name = cleanName(name)
	if name = cut(strings.TrimSpace(name), 200); name == "" {
		return "file"
	}
	return name
}

// The forms in which a place on a map is written: a geo URI (RFC 5870), and links to
// OpenStreetMap.
var places = []*regexp.Regexp{
	regexp.MustCompile(`^geo:(-?\d{1,3}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)`),
	regexp.MustCompile(`^https?://(?:www\.)?(?:openstreetmap\.org|osm\.org)/[^ ]*[?&]mlat=(-?\d{1,3}(?:\.\d+)?)&mlon=(-?\d{1,3}(?:\.\d+)?)`),
	regexp.MustCompile(`^https?://(?:www\.)?(?:openstreetmap\.org|osm\.org)/[^ ]*#map=\d+(?:\.\d+)?/(-?\d{1,3}(?:\.\d+)?)/(-?\d{1,3}(?:\.\d+)?)`),
}

// mapLink makes a link to a map of where something is; empty: it does not say.
func mapLink(uri string) string {
	for _, form := range places {
		if m := form.FindStringSubmatch(uri); m != nil {
			return fmt.Sprintf("https://www.openstreetmap.org/?mlat=%s&mlon=%s", m[1], m[2])
		}
	}
	return ""
}

// location words where somebody is. A link that stands in the words is not told twice.
func (c content) location() string {
	link := mapLink(c.GeoURI)
	if link == "" {
		link = mapLink(c.Location.URI)
	}
	for word := range strings.FieldsSeq(c.Text) {
		if mapLink(word) == link {
			link = ""
		}
	}
	return strings.TrimSpace(c.Text + "\n" + link)
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
