package tochat

import (
	"errors"
	"fmt"
	"slices"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/store"
)

// mayNotKey is the setting that exists while the bridge must not post in a room.
func mayNotKey(network string, room chat.RoomID) string {
	return "may not write\x00" + network + "\x00" + string(room)
}

// mayNot tells the home room, once, that the bridge may no longer post in a linked room, and
// what to do.
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
		return nil // the room is not linked, or its removal was reported
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

// mayAgain records that posting in a room works again.
func mayAgain(w *core.Work, network string, room chat.RoomID) error {
	key := mayNotKey(network, room)
	told, err := w.Setting(key)
	if err != nil || told == "" {
		return err
	}
	return w.SetSetting(key, "")
}
