// Package slacktext turns Slack's texts (rich text and other blocks, mrkdwn,
// attachments) into the HTML subset of bridge/markup, and that subset into rich
// text. It sends no requests: names come through Names.
//
// read.go reads a message: richtext.go and mrkdwn.go its texts, blocks.go the other
// blocks. write.go writes one, and emoji.go has the names of emoji.
package slacktext

import (
	"encoding/json"
	"html"
	"strconv"
	"strings"
	"time"

	"hashsend/bridge/markup"
)

// Names looks up names of the workspace.
type Names interface {
	User(id string) string                     // a person's name; empty: unknown
	Channel(id string) (name string, ok bool)  // not ok: unknown, or private
	Group(id string) string                    // handle of a user group; empty: unknown
	Emoji(name string) (emoji string, ok bool) // a custom emoji; not ok: there is none with that name
}

// Message is the content of a message in Slack.
type Message struct {
	Text        string          // mrkdwn
	Blocks      json.RawMessage // an array, or nothing
	Attachments json.RawMessage // an array, or nothing
	Below       string          // HTML that follows, not yet sanitised
	Link        string          // address of the message in Slack, for buttons and the like; empty: unknown
}

// Result is the content of a message for the bridge.
type Result struct {
	Text        string
	HTML        string   // of the subset, sanitised; empty if Text says it all
	Mentions    []string // ids of people
	MentionsAll bool     // @channel, @here, @everyone
}

// maxText is the number of bytes read of a message's text.
const maxText = 1 << 20

// reader turns one message into HTML.
type reader struct {
	names    Names
	out      strings.Builder
	mentions []string
	all      bool
	links    map[string]bool // addresses in the text
	buttons  bool            // the message has controls that work only in Slack
}

// Read turns a message into text and HTML. If it has blocks, they are the content, and
// its text is only Slack's summary. A part that cannot be read does not affect the
// others.
func Read(m Message, n Names) Result {
	r := &reader{names: n, links: map[string]bool{}}
	if len(m.Blocks) > maxText {
		m.Blocks = nil
	}
	if len(m.Text) > maxText {
		m.Text = strings.ToValidUTF8(m.Text[:maxText], "")
	}
	r.blocks(m.Blocks)
	if strings.TrimSpace(r.out.String()) == "" {
		r.mrkdwn(m.Text)
	}
	if len(m.Attachments) <= maxText {
		r.attachments(m.Attachments)
	}
	r.write(m.Below)
	if r.buttons && m.Link != "" {
		r.write("<p>", r.link(m.Link, "open in Slack"), "</p>")
	}
	res := Result{HTML: markup.Sanitise(r.out.String()), Mentions: r.mentions, MentionsAll: r.all}
	res.Text = markup.ToText(res.HTML)
	if res.HTML == markup.Sanitise(markup.FromText(res.Text)) {
		res.HTML = ""
	}
	return res
}

func (r *reader) write(parts ...string) {
	for _, p := range parts {
		r.out.WriteString(p)
	}
}

// escape makes HTML of plain text.
func escape(s string) string {
	return strings.ReplaceAll(html.EscapeString(s), "\n", "<br>")
}

// user is a person's name in the text of a message.
func (r *reader) user(id string) string {
	r.mentions = append(r.mentions, id)
	name := r.names.User(id)
	if name == "" {
		name = "someone"
	}
	return "@" + name
}

// channel is a channel's name. It never shows an id or the name of a private channel.
func (r *reader) channel(id string) string {
	if name, ok := r.names.Channel(id); ok && name != "" {
		return "#" + name
	}
	return "#private-channel"
}

func (r *reader) group(id string) string {
	if name := strings.TrimPrefix(r.names.Group(id), "@"); name != "" {
		return "@" + name
	}
	return "@group"
}

// everybody is a mention of here, channel or everyone.
func (r *reader) everybody(who string) string {
	r.all = true
	return "@" + who
}

// link makes a link, if the address is of a kind that can be followed.
func (r *reader) link(url, label string) string {
	scheme, _, _ := strings.Cut(url, ":")
	switch strings.ToLower(scheme) {
	case "http", "https", "mailto":
	case "tel":
		if label == "" {
			label = escape(strings.TrimPrefix(url, "tel:"))
		}
		return label
	default:
		if label == "" {
			label = escape(url)
		}
		return label
	}
	r.links[strings.TrimSuffix(url, "/")] = true
	if label == "" {
		label = escape(strings.TrimPrefix(url, "mailto:"))
	}
	return `<a href="` + html.EscapeString(url) + `">` + label + "</a>"
}

// emoji is the emoji with a name. Custom emoji are shown as their name.
func (r *reader) emoji(name string, tone int) string {
	if e, ok := EmojiOf(name); ok {
		return toned(e, tone)
	}
	if e, ok := r.names.Emoji(name); ok {
		return e
	}
	return ":" + name + ":"
}

// date is a date as Slack's fallback text, or in UTC if there is none.
func date(stamp int64, fallback string) string {
	if fallback != "" {
		return fallback
	}
	return time.Unix(stamp, 0).UTC().Format("2 January 2006 15:04 UTC")
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) //nolint:errcheck // 0 if it is none
	return n
}
