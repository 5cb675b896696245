// Package slacktext turns Slack's texts (rich text and other blocks, mrkdwn,
// attachments) into the HTML subset of bridge/markup, and that subset into rich
// text. It asks nobody: what only a workspace knows comes through Names.
//
// read.go takes a message, richtext.go and mrkdwn.go its texts, blocks.go what
// else stands in it; write.go is the way back; emoji.go has names and pictures.
package slacktext

import (
	"encoding/json"
	"html"
	"strconv"
	"strings"
	"time"

	"hashsend/bridge/markup"
)

// Names tells what only the workspace knows.
type Names interface {
	User(id string) string                     // what a person is called; empty: not known
	Channel(id string) (name string, ok bool)  // not ok: not known, or not for everybody
	Group(id string) string                    // handle of a user group; empty: not known
	Emoji(name string) (emoji string, ok bool) // the workspace's own; not ok: it has none of that name
}

// Message is what a message of Slack says.
type Message struct {
	Text        string          // mrkdwn
	Blocks      json.RawMessage // an array, or nothing
	Attachments json.RawMessage // an array, or nothing
	Below       string          // HTML that follows, not yet sanitised
	Link        string          // where the message stands in Slack, for what can be used only there; empty: not known
}

// Result is the same for the bridge.
type Result struct {
	Text        string
	HTML        string   // of the subset, sanitised; empty if Text says it all
	Mentions    []string // ids of people
	MentionsAll bool     // @channel, @here, @everyone
}

// maxText is how many bytes of the texts of a message are read.
const maxText = 1 << 20

// reader makes HTML of one message.
type reader struct {
	names    Names
	out      strings.Builder
	mentions []string
	all      bool
	links    map[string]bool // addresses that stood in the text
	buttons  bool            // there is something that can be used only in Slack
}

// Read makes text and HTML of a message. Blocks say it where there are any; the
// text beside them is Slack's own summary then. A part that cannot be read spoils
// nothing but itself.
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

// user is a person's name, in the text of a message.
func (r *reader) user(id string) string {
	r.mentions = append(r.mentions, id)
	name := r.names.User(id)
	if name == "" {
		name = "someone"
	}
	return "@" + name
}

// channel never shows an id, nor the name of a channel that not everybody may see.
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

// everybody is a mention of all: here, channel, everyone.
func (r *reader) everybody(who string) string {
	r.all = true
	return "@" + who
}

// link is one, if it is of a kind that leads anywhere.
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

// emoji is the emoji of a name: the workspace's own are told by their name.
func (r *reader) emoji(name string, tone int) string {
	if e, ok := EmojiOf(name); ok {
		return toned(e, tone)
	}
	if e, ok := r.names.Emoji(name); ok {
		return e
	}
	return ":" + name + ":"
}

// date is a moment: by the fallback that Slack gives, else in UTC.
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
