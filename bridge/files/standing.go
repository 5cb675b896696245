package files

import (
	"path"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/media"
	"hashsend/bridge/store"
)

// InMail decides how the files of a message appear in an email that can hold room more bytes:
// as pictures, as attachments, as links, or as lines that say why they are missing. It returns
// the bytes left.
func InMail(w *mail.Words, files []store.File, domain string, link func(store.File) string, room int64) int64 {
	stays := func(f store.File, why string) {
		line := core.FileTitle(f) + " " + why
		if at := link(f); at != "" {
			line = core.FileTitle(f) + ": " + at
		}
		w.Files = append(w.Files, line)
	}
	for _, f := range files {
		name := core.FileTitle(f)
		switch f.State {
		case store.FileHere:
		case store.FileDropped:
			continue
		default:
			w.Files = append(w.Files, name+": "+f.Reason)
			continue
		}
		if media.IsProgram(f.Name, f.Type) {
			stays(f, "is only in the room: mail servers reject programs")
			continue
		}
		a := mail.Attached{Name: f.Name, Type: f.Type, Size: f.Size, Stored: f.Blob}
		shown, has := pictureOf(f, domain)
		if has && shown.Stored == a.Stored {
			if n := mail.EncodedSize(a.Size); n <= room {
				w.Pictures = append(w.Pictures, shown)
				room -= n
				continue
			}
		}
		if has && shown.Stored != a.Stored && mail.EncodedSize(shown.Size) <= room {
			w.Pictures = append(w.Pictures, shown)
			room -= mail.EncodedSize(shown.Size)
		}
		n := mail.EncodedSize(a.Size)
		if n > room {
			stays(f, "is too large to email; open it in the room")
			continue
		}
		room -= n
		if v, has := voiceOf(f); has && mail.EncodedSize(v.Size) <= room { // the copy that plays everywhere comes first
			room -= mail.EncodedSize(v.Size)
			w.Attached = append(w.Attached, v)
		}
		w.Attached = append(w.Attached, a)
		w.Files = append(w.Files, name)
	}
	return room
}

// stickerWide is the width of stickers in pixels.
const stickerWide = 128

// pictureOf returns the picture of a file for the text of an email, in a smaller size if the
// file is large.
func pictureOf(f store.File, domain string) (mail.Attached, bool) {
	if !shownInline(f.Type) {
		return mail.Attached{}, false
	}
	a := mail.Attached{Name: f.Name, Type: f.Type, Size: f.Size, Stored: f.Blob, Width: f.Width}
	if f.Preview.Blob != "" {
		a.Name = strings.TrimSuffix(f.Name, path.Ext(f.Name)) + media.Extension(f.Preview.Type)
		a.Type, a.Size, a.Stored, a.Width = f.Preview.Type, f.Preview.Size, f.Preview.Blob, f.Preview.Width
	} else if f.Size > previewOver {
		return a, false
	}
	if chat.FileKind(f.Sort) == chat.Sticker {
		a.Width = stickerWide
	}
	a.ContentID = a.Stored[:min(24, len(a.Stored))] + "@" + domain
	return a, true
}

// voiceOf returns the converted copy of a voice message, if there is one.
func voiceOf(f store.File) (mail.Attached, bool) {
	if chat.FileKind(f.Sort) != chat.Voice || f.Preview.Blob == "" {
		return mail.Attached{}, false
	}
	return mail.Attached{Name: strings.TrimSuffix(f.Name, path.Ext(f.Name)) + ".m4a", Type: f.Preview.Type, Size: f.Preview.Size, Stored: f.Preview.Blob}, true
}

// InRoom decides which files of a message are posted in a room, and returns lines about the
// others.
func InRoom(m store.Message, files []store.File, l chat.Limits, posts bool) (posted []store.File, lines []string) {
	if len(files) == 0 && m.Files != "" {
		return nil, strings.Split(m.Files, "\n") // from before files were stored
	}
	for _, f := range files {
		switch {
		case f.State == store.FileDropped:
		case f.State == store.FileHere && posts && (l.File == 0 || f.Size <= l.File):
			posted = append(posted, f)
		case f.State == store.FileHere && posts:
			lines = append(lines, core.FileTitle(f)+" is too large for this room; it was attached to the email")
		case f.State == store.FileMissing:
			lines = append(lines, core.FileTitle(f)+": "+f.Reason)
		default:
			lines = append(lines, core.FileTitle(f))
		}
	}
	return posted, lines
}

// IsCaption reports whether a text is posted as the caption of the only file.
func IsCaption(bodies []chat.Body, posted []store.File) bool {
	return len(posted) == 1 && len(bodies) == 1 && chat.FileKind(posted[0].Sort) == chat.Picture && len(bodies[0].Text) <= 1000
}
