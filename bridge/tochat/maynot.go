package tochat

import (
	"errors"
	"fmt"
	"slices"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/store"
)

// mayNotKey is the setting that stands while we may not write in a room.
func mayNotKey(network string, room chat.RoomID) string {
	return "may not write\x00" + network + "\x00" + string(room)
}

// mayNot tells the home room, once, that a linked room does not let us write any
// more, and what to do. Nobody can be told in the room itself.
func mayNot(w *core.Work, network string, room chat.RoomID, cause error) error {
	if !errors.Is(cause, chat.ErrMayNot) || (network == w.Env.Home.Network && room == w.Env.Home.Room) {
		return nil
	}
	key := mayNotKey(network, room)
	if told, err := w.Setting(key); err != nil || told != "" {
		return err
	}
	rooms, err := w.RoomsIn(network, string(room))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rooms, func(r store.Room) bool { return r.Thread != 0 && !r.Gone })
	if i < 0 {
		return nil // it is not linked, or it was told that we were put out
	}
	th, err := w.Thread(rooms[i].Thread)
	if err != nil {
		return err
	}
	if err := w.SetSetting(key, "told"); err != nil {
		return err
	}
	return NoticeHome(w, fmt.Sprintf("⚠️ I can no longer post in the room of “%s”: %s. Ask someone who manages the room's permissions to let me and its email participants send messages, or unlink the room. Until then, its email is posted here.", th.Title, core.PlainReason(cause.Error())))
}

// mayAgain notes that a room lets us write.
func mayAgain(w *core.Work, network string, room chat.RoomID) error {
	key := mayNotKey(network, room)
	told, err := w.Setting(key)
	if err != nil || told == "" {
		return err
	}
	return w.SetSetting(key, "")
}
