package bridge

import (
	"fmt"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// workShared notes that a room is, or is no longer, shared with another
// organisation. Until somebody with the right agrees, nothing passes.
func workShared(w *core.Work, network string, e chat.Shared) error {
	rooms, err := w.RoomsIn(network, string(e.Place.Room))
	if err != nil {
		return err
	}
	for _, r := range rooms {
		was := r.Shared
		switch {
		case !e.Shared:
			r.Shared = ""
		case r.Shared == "":
			r.Shared = store.SharedAsked
		}
		if r.Shared == was {
			continue
		}
		if err := w.PutRoom(&r); err != nil {
			return err
		}
		if r.Shared != store.SharedAsked || r.Thread == 0 {
			continue
		}
		text := "⚠️ This channel is now shared with another organisation. Its people have not agreed that what they write is mailed, so nothing passes between this channel and email. " + core.PromptMark + "ok shared lets it pass again, " + core.PromptMark + "unlink ends the link."
		if err := tochat.Notice(w, network, core.Place(r), text, tochat.WithChoices(
			chat.Choice{Label: "Let it pass", Command: "ok shared"}, chat.Choice{Label: "Unlink", Command: "unlink", Danger: true})); err != nil {
			return err
		}
		th, err := w.Thread(r.Thread)
		if err != nil {
			return err
		}
		if err := tochat.NoticeHome(w, fmt.Sprintf("⚠️ The room of “%s” is now shared with another organisation; nothing passes there until somebody with the right agrees in it.", th.Title)); err != nil {
			return err
		}
	}
	return nil
}
