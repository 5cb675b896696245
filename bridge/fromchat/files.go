package fromchat

import (
	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// FileSettled continues with a message when one of its files was fetched or given up.
func FileSettled(w *core.Work, message int64) error {
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

// toRoomsWithout posts a message of a room in the other rooms of its conversation.
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
