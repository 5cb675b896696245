package wire

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"hashsend/bridge/chat"
)

// File is a file as Slack describes it.
type File struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Title string `json:"title"`
	Type  string `json:"mimetype"`
	Size  int64  `json:"size"`
	Mode  string `json:"mode"`

	Filetype    string `json:"filetype"`
	Subtype     string `json:"subtype"`
	Access      string `json:"file_access"`
	External    bool   `json:"is_external"`
	ExternalURL string `json:"external_url"`
	Private     string `json:"url_private"`
	Download    string `json:"url_private_download"`
	Permalink   string `json:"permalink"`
	Preview     string `json:"preview"`
	PlainText   string `json:"plain_text"`
	Created     int64  `json:"created"`
	Duration    int64  `json:"duration_ms"`
	Width       int    `json:"original_w"`
	Height      int    `json:"original_h"`
	FilmW       int    `json:"thumb_video_w"`
	FilmH       int    `json:"thumb_video_h"`

	Transcription struct {
		Preview struct {
			Content string `json:"content"`
		} `json:"preview"`
	} `json:"transcription"`
	Shares struct {
		Public  map[string][]Share `json:"public"`
		Private map[string][]Share `json:"private"`
	} `json:"shares"`
}

// Share is a message that shows a file.
type Share struct {
	TS string `json:"ts"`
}

// SharedIn returns the ts of the message that shows the file in a channel; empty
// if there is none yet.
func (f File) SharedIn(channel string) string {
	for _, all := range []map[string][]Share{f.Shares.Public, f.Shares.Private} {
		if at := all[channel]; len(at) > 0 && at[0].TS != "" {
			return at[0].TS
		}
	}
	return ""
}

// Gone reports whether the file cannot be had any more.
func (f File) Gone() bool {
	return slices.Contains([]string{"tombstone", "hidden_by_limit"}, f.Mode) || slices.Contains([]string{"access_denied", "file_not_found"}, f.Access)
}

// IsPage reports whether the file itself is an HTML page.
func (f File) IsPage() bool {
	return strings.HasPrefix(f.Type, "text/html") || f.Filetype == "html" || strings.HasSuffix(strings.ToLower(f.Name), ".html") || strings.HasSuffix(strings.ToLower(f.Name), ".htm")
}

// ShownTitle is the title under which people see the file.
func (f File) ShownTitle() string {
	if title := cleanName(f.Title); title != "" {
		return title
	}
	return cleanName(f.Name)
}

// File describes the file to the bridge.
func (f File) File() chat.File {
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
		// Slack declares its clips as WebM and stores MPEG-4.
		made.Kind, made.Type, made.Name = chat.Voice, "audio/mp4", clip(name, ".m4a")
	case f.Subtype == "slack_video":
		made.Kind, made.Type, made.Name = chat.Film, "video/mp4", clip(name, ".mp4")
		made.Width, made.Height = f.FilmW, f.FilmH
	case strings.HasPrefix(f.Type, "image/"):
		made.Kind, made.Width, made.Height = chat.Picture, f.Width, f.Height
	case strings.HasPrefix(f.Type, "audio/"):
		made.Kind = chat.Sound
	case strings.HasPrefix(f.Type, "video/"):
		made.Kind, made.Width, made.Height = chat.Film, f.FilmW, f.FilmH
	}
	return made
}

func clip(name, ending string) string {
	if before, is := strings.CutSuffix(name, ".webm"); is {
		return before + ending
	}
	return name
}

// cleanName removes the path and all invisible characters from a file's name.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s[strings.LastIndexAny(s, "/\\")+1:])
}
