package matrixtext

import (
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"

	"maunium.net/go/mautrix/event"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
)

// Marker is the field of an event's content by which we find our own events again.
const Marker = "org.hashsend.key"

// htmlFormat is the only format of formatted_body.
const htmlFormat = "org.matrix.custom.html"

// Content is the content of an event to be sent.
type Content = map[string]any

// Message returns the content of a message. profile: the sender is shown by a profile in
// the message (MSC4144) instead of by the user who sends it. called is the name of the
// person in m.For.
func Message(m chat.Outgoing, profile bool, called string) Content {
	kind := map[chat.Kind]string{chat.Said: "m.text", chat.Notice: "m.notice", chat.Emote: "m.emote"}[m.Kind]
	text, formatted := m.Body.Text, m.Body.HTML
	if profile {
		if formatted == "" {
			formatted = markup.FromText(text)
		}
		text = m.As.Name + ": " + text
		formatted = "<strong data-mx-profile-fallback>" + html.EscapeString(m.As.Name) + ": </strong>" + formatted
	}
	mentions := Content{}
	if m.For != "" {
		mentions["user_ids"] = []string{string(m.For)}
		if formatted == "" {
			formatted = markup.FromText(text)
		}
		formatted = fmt.Sprintf(`<a href="https://matrix.to/#/%s">%s</a>: %s`, html.EscapeString(string(m.For)), html.EscapeString(called), formatted)
		text = called + ": " + text
	}
	c := Content{"msgtype": kind, "body": text, "m.mentions": mentions}
	if m.Key != "" {
		c[Marker] = m.Key
	}
	if formatted != "" {
		c["format"], c["formatted_body"] = htmlFormat, formatted
	}
	if profile {
		c["com.beeper.per_message_profile"] = Content{"id": m.As.ID, "displayname": m.As.Name, "has_fallback": true}
	}
	if rel := relations(m); len(rel) > 0 {
		c["m.relates_to"] = rel
	}
	return c
}

// relations are those of a reply and of a message in a chat thread.
func relations(m chat.Outgoing) Content {
	rel := Content{}
	if m.ReplyTo != "" {
		rel["m.in_reply_to"] = Content{"event_id": string(m.ReplyTo)}
	}
	if m.Place.Thread != "" {
		rel["rel_type"], rel["event_id"], rel["is_falling_back"] = "m.thread", string(m.Place.Thread), m.ReplyTo == ""
		if m.ReplyTo == "" {
			rel["m.in_reply_to"] = Content{"event_id": string(m.Place.Thread)}
		}
	}
	return rel
}

// Edit returns the content of an event that replaces a message; the other arguments are
// those of Message. An edit keeps the relations of the original.
func Edit(of chat.MessageID, m chat.Outgoing, profile bool, called string) Content {
	m.ReplyTo, m.Place.Thread = "", ""
	fresh := Message(m, profile, called)
	c := maps.Clone(fresh)
	c["body"] = "* " + fresh["body"].(string)
	if f, ok := fresh["formatted_body"].(string); ok {
		c["formatted_body"] = "* " + f
	}
	delete(fresh, Marker)
	c["m.new_content"] = fresh
	c["m.relates_to"] = Content{"rel_type": "m.replace", "event_id": string(of)}
	return c
}

// Reaction returns the content of a reaction.
func Reaction(to chat.MessageID, emoji, key string) Content {
	return Content{Marker: key, "m.relates_to": Content{"rel_type": "m.annotation", "event_id": string(to), "key": emoji}}
}

// shown are the types of pictures that clients display.
var shown = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}

// File returns the event of a file. source has the fields that say where the file is;
// the other arguments are those of Message.
func File(m chat.Outgoing, f chat.File, source Content, profile bool, called string) (event.Type, Content) {
	if m.Body.Text == "" {
		m.Body = chat.Body{Text: f.Name}
	}
	kind, c := event.EventMessage, Message(m, profile, called)
	info := Content{"size": f.Size}
	for name, n := range map[string]int64{"w": int64(f.Width), "h": int64(f.Height), "duration": f.Duration.Milliseconds()} {
		if n > 0 {
			info[name] = n
		}
	}
	if f.Type != "" {
		info["mimetype"] = f.Type
	}
	c["info"], c["filename"] = info, f.Name
	maps.Copy(c, source)
	switch sort, of := f.Kind, f.Type; {
	case sort == chat.Sticker:
		kind = event.EventSticker
		delete(c, "msgtype")
	case sort == chat.Voice:
		c["msgtype"] = "m.audio"
		c["org.matrix.msc3245.voice"] = Content{}
		c["org.matrix.msc1767.audio"] = Content{"duration": f.Duration.Milliseconds()}
	case slices.Contains(shown, of):
		c["msgtype"] = "m.image"
	case sort == chat.Sound, strings.HasPrefix(of, "audio/"):
		c["msgtype"] = "m.audio"
	case sort == chat.Film, strings.HasPrefix(of, "video/"):
		c["msgtype"] = "m.video"
	default:
		c["msgtype"] = "m.file"
	}
	return kind, c
}
