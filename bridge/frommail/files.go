package frommail

import (
	"hashsend/bridge/admit"
	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/mail"
	"hashsend/bridge/media"
	"hashsend/bridge/store"
)

// addMailFiles stores the attachments of a mail as files of a message.
func addMailFiles(w *core.Work, _ admit.Voice, l Mail, message int64) error {
	if l.Class.Kind == classify.Unreadable {
		return nil
	}
	said, err := w.Message(message)
	if err != nil {
		return err
	}
	sender := mail.CanonicalAddress(l.Author.Address)
	for _, p := range l.Msg.Files() {
		f := store.File{Message: message, Name: p.Name, Type: p.Type, Size: p.Size, State: store.FileMissing, Reason: files.TooLarge(w.Env.Files.Largest), Sender: sender, At: w.Now}
		if c, here := l.files[p.Stored]; here {
			c.Into(&f)
			times, err := w.TimesMailed(c.Blob, sender)
			if err != nil {
				return err
			}
			if isLogo(p, c.Type, &l.Msg, said.Text, times) {
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
