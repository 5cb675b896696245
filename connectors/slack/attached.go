package slack

import (
	"context"
	"html"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
)

// attached converts the files of a message: those that can be mailed, and what is
// said (as HTML) in place of, or with, the others.
func (c *Connector) attached(ctx context.Context, all []rawFile) (files []chat.File, words string) {
	var b strings.Builder
	for _, f := range all {
		if f.Access == "check_file_info" && c.cfg.uses("files") {
			if told, err := c.fileInfo(ctx, f.ID); err == nil {
				f = told
			} else if !gone(ctx) {
				c.env.Log.Warn("a file of another organisation could not be asked for", "error", err)
			}
		}
		said, send := f.words(c.cfg.uses("files"))
		b.WriteString(said)
		if send {
			files = append(files, f.file())
		}
	}
	return files, b.String()
}

// words is what is said of a file, and whether the file itself is sent. The address
// at which anybody could read it is never told.
func (f rawFile) words(uses bool) (said string, send bool) {
	title := cleanName(f.Title)
	if title == "" {
		title = cleanName(f.Name)
	}
	link := func(at string) string {
		if !strings.HasPrefix(at, "https://") && !strings.HasPrefix(at, "http://") {
			return "<p>" + html.EscapeString(title) + "</p>"
		}
		return `<p><a href="` + html.EscapeString(at) + `">` + html.EscapeString(title) + "</a></p>"
	}
	switch {
	case f.Mode == "tombstone":
		return "", false
	case f.gone():
		return "<p>(a file that is not available)</p>", false
	case f.Mode == "external" || f.External:
		at := f.ExternalURL
		if at == "" {
			at = f.Private
		}
		return link(at), false
	case f.Mode == "canvas" || f.Mode == "quip" || f.Mode == "list":
		return link(f.Permalink), false
	case f.Mode == "post" || f.Mode == "space" || f.Mode == "email":
		text := f.PlainText
		if text == "" {
			text = f.Preview
		}
		return "<p><strong>" + html.EscapeString(title) + "</strong></p>" + markup.FromText(text), false
	case !uses:
		return link(f.Permalink), false
	}
	if text := strings.TrimSpace(f.Transcription.Preview.Content); text != "" {
		said = "<p><em>“" + html.EscapeString(text) + "”</em></p>"
	}
	return said, true
}

// file is a file for the bridge.
func (f rawFile) file() chat.File {
	name := cleanName(f.Name)
	if name == "" {
		name = cleanName(f.Title)
	}
	if name == "" {
		name = "file"
	}
	made := chat.File{ID: chat.FileID(f.ID), Name: name, Type: f.Type, Size: f.Size, Duration: time.Duration(f.Duration) * time.Millisecond}
	switch {
	case f.Subtype == "slack_audio":
		// Slack says webm of its clips, and stores MPEG-4.
		made.Sort, made.Type, made.Name = chat.Voice, "audio/mp4", clip(name, ".m4a")
	case f.Subtype == "slack_video":
		made.Sort, made.Type, made.Name = chat.Film, "video/mp4", clip(name, ".mp4")
		made.Width, made.Height = f.FilmW, f.FilmH
	case strings.HasPrefix(f.Type, "image/"):
		made.Sort, made.Width, made.Height = chat.Picture, f.Width, f.Height
	case strings.HasPrefix(f.Type, "audio/"):
		made.Sort = chat.Sound
	case strings.HasPrefix(f.Type, "video/"):
		made.Sort, made.Width, made.Height = chat.Film, f.FilmW, f.FilmH
	}
	return made
}

func clip(name, ending string) string {
	if before, is := strings.CutSuffix(name, ".webm"); is {
		return before + ending
	}
	return name
}
