package bridge

import (
	"hashsend/bridge/chat"
	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/mail"
	"hashsend/bridge/media"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// fileSettled goes on with a message when one of its files has come, or never will.
func fileSettled(w *core.Work, message int64) error {
	m, err := w.Message(message)
	if err != nil {
		return err
	}
	all, err := w.FilesOf(message)
	if err != nil || files.AnyWanted(all) {
		return err
	}
	if m.State != store.Deleted {
		if err := toRoomsWithout(w, m); err != nil {
			return err
		}
	}
	if m.State == store.Held {
		if err := tomail.AtOnce(w, m); err != nil {
			return err
		}
	}
	return tomail.Resume(w, m.Thread)
}

// toRoomsWithout posts a message of a room in the thread's other rooms.
func toRoomsWithout(w *core.Work, m store.Message) error {
	copies, err := w.Copies(m.ID)
	if err != nil || len(copies) == 0 || m.Author == 0 {
		return err
	}
	from, err := w.RoomByID(copies[0].Room)
	if err != nil || from.Silent() {
		return err
	}
	_, person, err := w.AuthorByID(m.Author)
	if err != nil {
		return err
	}
	return tochat.ToOtherRooms(w, m, from, chat.Author{ID: chat.UserID(person), Name: m.Name})
}

// addMailFiles stores the files of a mail as those of a message.
func addMailFiles(w *core.Work, l Mail, message int64) error {
	if l.class.Kind == classify.Unreadable {
		return nil
	}
	said, err := w.Message(message)
	if err != nil {
		return err
	}
	sender := mail.CanonicalAddress(l.from.Address)
	for _, p := range l.msg.Files() {
		f := store.File{Message: message, Name: p.Name, Type: p.Type, Size: p.Size, State: store.FileMissing, Reason: files.TooLarge(w.Env.Files.Largest), Sender: sender, At: w.Now}
		if c, here := l.files[p.Stored]; here {
			c.Into(&f)
			times, err := w.TimesMailed(c.Blob, sender)
			if err != nil {
				return err
			}
			if isLogo(p, c.Type, &l.msg, said.Text, times) {
				f.State, f.Reason = store.FileDropped, "a logo"
			}
		}
		if f.Name == "" {
			f.Name = media.Named(p.UsualName(), f.Type)
		}
		f.Sort = int64(files.KindOf(f.Type))
		if err := w.AddFile(&f); err != nil {
			return err
		}
	}
	return nil
}
