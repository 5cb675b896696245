package slacktext

import (
	"encoding/json"
	"html"
	"strings"
)

// blocks writes an array of blocks.
func (r *reader) blocks(raw json.RawMessage) {
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return
	}
	for _, b := range all {
		r.block(b, 0)
	}
}

// block writes one block of any type.
func (r *reader) block(raw json.RawMessage, depth int) {
	var b struct {
		Type     string            `json:"type"`
		Elements []json.RawMessage `json:"elements"`
		Rows     [][]json.RawMessage
	}
	json.Unmarshal(raw, &b) //nolint:errcheck // what was read counts
	switch b.Type {
	case "rich_text":
		r.richText(b.Elements)
	case "divider":
		r.write("<hr>")
	case "table", "data_table":
		r.table(b.Rows)
	case "header":
		r.write("<h3>", strings.Join(r.pieces(raw, depth), "<br>"), "</h3>")
	case "context":
		r.write("<p>", strings.Join(r.pieces(raw, depth), " "), "</p>")
	default:
		if all := r.pieces(raw, depth); len(all) > 0 {
			r.write("<p>", strings.Join(all, "<br>"), "</p>")
		}
	}
}

func (r *reader) table(rows [][]json.RawMessage) {
	for _, row := range rows {
		var cells []string
		for _, c := range row {
			cells = append(cells, strings.Join(r.pieces(c, 0), " "))
		}
		r.write("<p>", strings.Join(cells, " | "), "</p>")
	}
}

// parts are the fields of blocks, of all types, that people read, in the order shown.
var parts = []string{
	"title", "header", "text", "subtitle", "label", "description", "body", "fields", "columns", "rows", "cells", "elements", "children", "items", "accessory", "element",
	"value", "alt_text", "hint",
}

// maxDepth limits how deep parts may be nested.
const maxDepth = 8

// pieces returns the readable parts of a block, or of a part of one, as HTML.
func (r *reader) pieces(raw json.RawMessage, depth int) (all []string) {
	if depth > maxDepth {
		return nil
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, escape(s))
		}
		return all
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		for _, e := range list {
			all = append(all, r.pieces(e, depth+1)...)
		}
		return all
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return nil
	}
	var kind string
	json.Unmarshal(fields["type"], &kind) //nolint:errcheck // empty if it is none
	return r.part(kind, raw, fields, depth)
}

// part returns the readable text of an object of a type.
func (r *reader) part(kind string, raw json.RawMessage, fields map[string]json.RawMessage, depth int) (all []string) {
	switch kind {
	case "mrkdwn", "markdown":
		return []string{r.inner(func() { r.mrkdwn(text(raw)) })}
	case "plain_text", "raw_text":
		return []string{escape(r.emojis(text(raw)))}
	case "rich_text":
		return []string{r.inner(func() { r.richText(parse(raw).Elements) })}
	case "button", "workflow_button":
		r.buttons = true
		return []string{"[" + escape(text(fields["text"])) + "] (only in Slack)"}
	case "image":
		for _, name := range []string{"title", "alt_text"} {
			if t := strings.TrimSpace(text(fields[name])); t != "" {
				return []string{"[" + escape(t) + "]"}
			}
		}
		return []string{"[image]"}
	}
	for _, name := range parts {
		if name == "value" && len(all) > 0 {
			break
		}
		if name == "elements" && strings.HasPrefix(kind, "rich_text") {
			return append(all, r.inline(parse(raw).Elements))
		}
		all = append(all, r.pieces(fields[name], depth+1)...)
	}
	return all
}

// inner returns the HTML that do writes, without its paragraph.
func (r *reader) inner(do func()) string {
	kept := r.out
	r.out = strings.Builder{}
	do()
	made := r.out.String()
	r.out = strings.Builder{}
	r.out.WriteString(kept.String())
	if inside, ok := strings.CutPrefix(made, "<p>"); ok && strings.Count(made, "<p>") == 1 && strings.HasSuffix(inside, "</p>") {
		return strings.TrimSuffix(inside, "</p>")
	}
	return made
}

// emojis replaces the names of emoji in a plain text.
func (r *reader) emojis(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == ':' {
			if made, n := r.colon(s[i:]); n > 0 {
				b.WriteString(html.UnescapeString(made))
				i += n
				continue
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// attachment is an attachment of the old kind, or Slack's preview of a link.
type attachment struct {
	Pretext   string          `json:"pretext"`
	Author    string          `json:"author_name"`
	Title     string          `json:"title"`
	TitleLink string          `json:"title_link"`
	Text      string          `json:"text"`
	Fallback  string          `json:"fallback"`
	Footer    string          `json:"footer"`
	FromURL   string          `json:"from_url"`
	Original  string          `json:"original_url"`
	Message   bool            `json:"is_msg_unfurl"`
	ChannelID string          `json:"channel_id"`
	Blocks    json.RawMessage `json:"blocks"`
	Fields    []struct {
		Title string `json:"title"`
		Value string `json:"value"`
	} `json:"fields"`
}

// attachments writes the attachments of a message. Previews of links in the text are
// left out, and so are other messages, which may be from a private channel.
func (r *reader) attachments(raw json.RawMessage) {
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return
	}
	for _, one := range all {
		var a attachment
		json.Unmarshal(one, &a) //nolint:errcheck // what was read counts
		switch {
		case a.Message || a.ChannelID != "":
			if a.FromURL != "" && !r.links[strings.TrimSuffix(a.FromURL, "/")] {
				r.write("<p>", r.link(a.FromURL, ""), "</p>")
			}
			continue
		case a.FromURL != "" || a.Original != "":
			continue
		}
		r.attachment(a)
	}
}

func (r *reader) attachment(a attachment) {
	if a.Pretext != "" {
		r.mrkdwn(a.Pretext)
	}
	made := r.inner(func() {
		if a.Author != "" {
			r.write("<p>", safe(a.Author), "</p>")
		}
		if a.Title != "" {
			title := r.spans(a.Title)
			if a.TitleLink != "" {
				title = r.link(a.TitleLink, title)
			}
			r.write("<p><strong>", title, "</strong></p>")
		}
		before := r.out.Len()
		r.blocks(a.Blocks)
		if r.out.Len() == before {
			r.mrkdwn(a.Text)
		}
		for _, f := range a.Fields {
			r.write("<p><strong>", safe(f.Title), "</strong> ", r.inner(func() { r.mrkdwn(f.Value) }), "</p>")
		}
		if r.out.Len() == 0 {
			r.mrkdwn(a.Fallback)
		}
		if a.Footer != "" {
			r.write("<p><em>", safe(a.Footer), "</em></p>")
		}
	})
	if made != "" {
		r.write("<blockquote>", made, "</blockquote>")
	}
}
