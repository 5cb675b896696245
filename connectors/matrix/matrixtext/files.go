package matrixtext

import (
	"cmp"
	"encoding/json"
	"path"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/matrixfile"
)

type mediaInfo struct {
	Type     string  `json:"mimetype"`
	Size     int64   `json:"size"`
	Duration float64 `json:"duration"` // milliseconds
	Width    float64 `json:"w"`
	Height   float64 `json:"h"`
}

// maxGallery is how many files of one message are read.
const maxGallery = 50

// gallery reads a message of several files. Its caption is beside them, not in its body.
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
	c.Text, c.HTML, c.Format = "", "", htmlFormat
	json.Unmarshal(fields["com.beeper.gallery.caption"], &c.Text)      //nolint:errcheck // a field of a wrong type counts as absent
	json.Unmarshal(fields["com.beeper.gallery.caption_html"], &c.HTML) //nolint:errcheck // the same
}

// file returns the file of the content, and whether its text is a caption (MSC2530): in
// messages of older clients the text is the file's name.
func (c content) file() (f chat.File, captioned bool) {
	f = chat.File{
		ID: matrixfile.ID(c.URL, c.File), Name: c.FileName, Type: cut(c.Info.Type, 100), Size: max(c.Info.Size, 0), Kind: sortOf[c.MsgType],
		Width: pixels(c.Info.Width), Height: pixels(c.Info.Height), Duration: length(c.Info.Duration),
	}
	if captioned = f.Name != "" && f.Name != c.plain(); f.Name == "" {
		f.Name = c.Text
	}
	f.Name = cleanFileName(f.Name)
	switch {
	case c.Voice:
		f.Kind, f.Name = chat.Voice, "voice message"+cmp.Or(extensions[plainType(f.Type)], suffix(f.Name), ".ogg")
	case f.Kind == chat.Sticker && suffix(f.Name) == "": // its name says what it shows
		f.Name += extensions[plainType(f.Type)]
	}
	return f, captioned
}

// pixels and length bound what an event claims about a file.
func pixels(n float64) int { return int(max(0, min(n, 1<<20))) }

func length(ms float64) time.Duration {
	return time.Duration(max(0, min(ms, 1e9))) * time.Millisecond
}

var sortOf = map[string]chat.FileKind{"m.image": chat.Picture, "m.audio": chat.Sound, "m.video": chat.Film, "m.sticker": chat.Sticker}

// extensions are those of files that nobody named.
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

// cleanFileName keeps the last part of a path, without control and bidi characters.
func cleanFileName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = cleanName(name)
	if name = cut(strings.TrimSpace(name), 200); name == "" {
		return "file"
	}
	return name
}
