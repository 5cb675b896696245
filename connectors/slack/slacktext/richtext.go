package slacktext

import (
	"encoding/json"
	"fmt"
	"html"
	"strings"
)

// element is any element of a rich_text block. Fields whose form depends on the kind
// of element stay raw.
type element struct {
	Type      string            `json:"type"`
	Text      json.RawMessage   `json:"text"`
	Style     json.RawMessage   `json:"style"`
	Elements  []json.RawMessage `json:"elements"`
	Indent    int               `json:"indent"`
	Border    int               `json:"border"`
	Offset    int               `json:"offset"`
	Language  string            `json:"language"`
	URL       string            `json:"url"`
	User      string            `json:"user_id"`
	Group     string            `json:"usergroup_id"`
	Channel   string            `json:"channel_id"`
	Range     string            `json:"range"`
	Name      string            `json:"name"`
	Unicode   string            `json:"unicode"`
	SkinTone  int               `json:"skin_tone"`
	Timestamp int64             `json:"timestamp"`
	Fallback  string            `json:"fallback"`
	Value     string            `json:"value"`
}

// parse reads an element. A field of an unexpected type counts as absent.
func parse(raw json.RawMessage) element {
	var e element
	json.Unmarshal(raw, &e) //nolint:errcheck // what was read counts
	return e
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		var o struct {
			Text string `json:"text"`
		}
		json.Unmarshal(raw, &o) //nolint:errcheck // empty if it has none
		return o.Text
	}
	return s
}

// maxIndent limits how deep lists are nested.
const maxIndent = 8

// lists are the open lists, outermost first.
type lists []struct {
	tag string
	in  bool // an item is open
}

// richText makes HTML of a rich_text block.
func (r *reader) richText(elements []json.RawMessage) {
	var open lists
	for _, raw := range elements {
		e := parse(raw)
		if e.Type != "rich_text_list" {
			r.closeLists(&open, 0)
		}
		switch e.Type {
		case "rich_text_list":
			r.list(&open, e)
		case "rich_text_quote":
			r.write("<blockquote>", r.inline(e.Elements), "</blockquote>")
		case "rich_text_preformatted":
			lang := ""
			if e.Language != "" {
				lang = ` class="language-` + html.EscapeString(e.Language) + `"`
			}
			r.quoted(e.Border, "<pre><code"+lang+">"+html.EscapeString(r.plain(e.Elements))+"</code></pre>")
		case "rich_text_section":
			r.write("<p>", r.inline(e.Elements), "</p>")
		default:
			if len(e.Elements) > 0 {
				r.write("<p>", r.inline(e.Elements), "</p>")
			} else {
				r.write("<p>", r.one(e), "</p>")
			}
		}
	}
	r.closeLists(&open, 0)
}

func (r *reader) quoted(border int, inner string) {
	if border > 0 {
		inner = "<blockquote>" + inner + "</blockquote>"
	}
	r.write(inner)
}

// list writes the items of a list. Slack's lists are flat with an indent; deeper items
// go into the item before them.
func (r *reader) list(open *lists, e element) {
	depth := max(0, min(e.Indent, maxIndent)) + 1
	tag := "ul"
	var style string
	if json.Unmarshal(e.Style, &style) == nil && style == "ordered" {
		tag = "ol"
	}
	r.closeLists(open, depth)
	if n := len(*open); n == depth && ((*open)[n-1].tag != tag || e.Offset == 0 && tag == "ol") {
		r.closeLists(open, depth-1)
	}
	for len(*open) < depth {
		if n := len(*open); n > 0 && !(*open)[n-1].in {
			r.write("<li>")
			(*open)[n-1].in = true
		}
		start := ""
		if tag == "ol" && e.Offset > 0 && len(*open) == depth-1 {
			start = fmt.Sprintf(` start="%d"`, e.Offset+1)
		}
		r.write("<", tag, start, ">")
		*open = append(*open, struct {
			tag string
			in  bool
		}{tag, false})
	}
	top := &(*open)[depth-1]
	for _, raw := range e.Elements {
		if top.in {
			r.write("</li>")
		}
		r.write("<li>", r.inline(parse(raw).Elements))
		top.in = true
	}
}

func (r *reader) closeLists(open *lists, depth int) {
	for n := len(*open); n > depth; n-- {
		if l := (*open)[n-1]; l.in {
			r.write("</li></", l.tag, ">")
		} else {
			r.write("</", l.tag, ">")
		}
		*open = (*open)[:n-1]
	}
}

// inline makes HTML of the elements of a line.
func (r *reader) inline(elements []json.RawMessage) string {
	var b strings.Builder
	for _, raw := range elements {
		b.WriteString(r.one(parse(raw)))
	}
	return strings.TrimSuffix(b.String(), "<br>")
}

// one makes HTML of one element of a line.
func (r *reader) one(e element) string {
	var inner string
	switch e.Type {
	case "text":
		inner = escape(text(e.Text))
	case "link":
		inner = r.link(e.URL, escape(text(e.Text)))
	case "user":
		inner = escape(r.user(e.User))
	case "usergroup":
		inner = escape(r.group(e.Group))
	case "channel":
		inner = escape(r.channel(e.Channel))
	case "broadcast":
		inner = escape(r.everybody(e.Range))
	case "emoji":
		emoji := unified(e.Unicode)
		if emoji == "" {
			emoji = r.emoji(e.Name, e.SkinTone)
		}
		inner = escape(emoji)
	case "date":
		inner = escape(date(e.Timestamp, e.Fallback))
	case "color":
		inner = escape(e.Value)
	default:
		inner = escape(text(e.Text))
		if inner == "" && len(e.Elements) > 0 {
			inner = r.inline(e.Elements)
		}
		if inner == "" {
			inner = escape(e.Fallback)
		}
	}
	return styled(inner, e.Style)
}

func styled(inner string, raw json.RawMessage) string {
	var style struct{ Bold, Italic, Strike, Code, Underline bool }
	if len(raw) == 0 || json.Unmarshal(raw, &style) != nil || inner == "" {
		return inner
	}
	for _, s := range []struct {
		on  bool
		tag string
	}{{style.Code, "code"}, {style.Underline, "u"}, {style.Strike, "del"}, {style.Italic, "em"}, {style.Bold, "strong"}} {
		if s.on {
			inner = "<" + s.tag + ">" + inner + "</" + s.tag + ">"
		}
	}
	return inner
}

// plain is the text of elements without their styles, as in code.
func (r *reader) plain(elements []json.RawMessage) string {
	var b strings.Builder
	for _, raw := range elements {
		e := parse(raw)
		switch e.Type {
		case "link":
			if t := text(e.Text); t != "" {
				b.WriteString(t)
			} else {
				b.WriteString(e.URL)
			}
		case "user":
			b.WriteString(r.user(e.User))
		case "channel":
			b.WriteString(r.channel(e.Channel))
		case "emoji":
			b.WriteString(r.emoji(e.Name, e.SkinTone))
		default:
			b.WriteString(text(e.Text))
		}
	}
	return b.String()
}
