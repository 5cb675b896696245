package events

import (
	"cmp"
	"context"
	"html"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
	"hashsend/connectors/slack/web"
	"hashsend/connectors/slack/wire"
)

// attached converts the files of a message: the files that can be sent, and HTML that
// replaces the others or goes with them.
func (c *Converter) attached(ctx context.Context, all []wire.File) (files []chat.File, words string) {
	var b strings.Builder
	for _, f := range all {
		if f.Access == "check_file_info" && c.web.Uses(web.Files) {
			if told, err := c.web.FileInfo(ctx, f.ID); err == nil {
				f = told
			} else if ctx.Err() == nil {
				c.web.Log.Warn("could not look up a file from another organisation", "error", err)
			}
		}
		said, instead := insteadOf(f, c.web.Uses(web.Files))
		if !instead {
			files = append(files, f.File())
			said = transcript(f)
		}
		b.WriteString(said)
	}
	return files, b.String()
}

// insteadOf returns the HTML that replaces a file. instead is false if the file itself
// is sent. The public address of a file is never used.
func insteadOf(f wire.File, uses bool) (said string, instead bool) {
	title := html.EscapeString(f.ShownTitle())
	switch {
	case f.Mode == "tombstone":
		return "", true
	case f.Gone():
		return "<p>(file not available)</p>", true
	case f.Mode == "external" || f.External:
		return link(title, cmp.Or(f.ExternalURL, f.Private)), true
	}
	switch f.Mode {
	case "canvas", "quip", "list":
		return link(title, f.Permalink), true
	case "post", "space", "email":
		return "<p><strong>" + title + "</strong></p>" + markup.FromText(cmp.Or(f.PlainText, f.Preview)), true
	}
	if !uses {
		return link(title, f.Permalink), true
	}
	return "", false
}

// link makes a link of an escaped title, if the address is one of the web.
func link(title, at string) string {
	if !strings.HasPrefix(at, "https://") && !strings.HasPrefix(at, "http://") {
		return "<p>" + title + "</p>"
	}
	return `<p><a href="` + html.EscapeString(at) + `">` + title + "</a></p>"
}

// transcript is Slack's transcript of a recording; empty: none.
func transcript(f wire.File) string {
	text := strings.TrimSpace(f.Transcription.Preview.Content)
	if text == "" {
		return ""
	}
	return "<p><em>“" + html.EscapeString(text) + "”</em></p>"
}
