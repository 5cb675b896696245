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
	if err := spreadInOrder(w, m); err != nil {
		return err
	}
	if m.State == store.Held {
		if err := tomail.AtOnce(w, m); err != nil {
			return err
		}
	}
	return tomail.Resume(w, m.Thread)
}

// spreadInOrder posts a message in the other rooms of its conversation now that its files
// have settled, followed by the messages with files that waited for it. It waits itself if
// an earlier message of its room still waits for a file: messages with files keep their
// order, while those without overtake them.
func spreadInOrder(w *core.Work, m store.Message) error {
	if waits, err := w.FilesWantedBefore(m); err != nil || waits {
		return err
	}
	if err := toRoomsWithout(w, m); err != nil {
		return err
	}
	later, err := w.WithFilesAfter(m)
	if err != nil {
		return err
	}
	for _, id := range later {
		if all, err := w.FilesOf(id); err != nil || files.AnyWanted(all) {
			return err
		}
		next, err := w.Message(id)
		if err != nil {
			return err
		}
		if err := toRoomsWithout(w, next); err != nil {
			return err
		}
	}
	return nil
}

// toRoomsWithout posts a message of a room in the other rooms of its conversation, unless it
// was deleted or is there already.
func toRoomsWithout(w *core.Work, m store.Message) error {
	copies, err := w.Copies(m.ID)
	if err != nil || len(copies) != 1 || m.Author == 0 || m.State == store.Deleted {
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
