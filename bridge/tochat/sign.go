package tochat

import (
	"context"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/store"
)

// ClosedFor reports whether the room of a message needs consent before anything leaves it.
func ClosedFor(w *core.Work, m store.Message, posted chat.MessageID) (bool, error) {
	r, err := w.RoomOfCopy(m, posted)
	return r.Encrypted == store.EncryptedAsked, err
}

// jobAnnounce is the kind of delivery of a room's sign.
const jobAnnounce = "chat.announce"

// announceJob is its data.
type announceJob struct {
	Target
	Sign chat.Sign `json:"sign"`
}

func announceKind() Kind[announceJob] {
	return Kind[announceJob]{
		Name: jobAnnounce,
		Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *announceJob) (chat.MessageID, error) {
			return "", n.Announcer.Announce(ctx, j.Place, j.Sign)
		},
	}
}

// Announce updates the signs in all rooms of a conversation.
func Announce(w *core.Work, thread int64) error {
	people, err := w.Participants(thread)
	if err != nil {
		return err
	}
	rooms, err := w.RoomsOf(thread)
	if err != nil {
		return err
	}
	for _, r := range rooms {
		text := core.ReadBy(people)
		if text != "" {
			text += core.EncryptionNote(r)
		}
		if err := Sign(w, r, text); err != nil {
			return err
		}
	}
	return nil
}

// Sign sets the sign of one room, or removes it if text is empty.
func Sign(w *core.Work, r store.Room, text string) error {
	if w.Env.Network(r.Network).Announcer == nil || r.Silent() {
		return nil
	}
	j := announceJob{Target: Target{Network: r.Network, Place: core.Place(r)}, Sign: chat.Sign{Text: text}}
	if text != "" {
		th, err := w.Thread(r.Thread)
		if err != nil {
			return err
		}
		j.Sign.Channel, j.Sign.Title = w.Env.Mint.Address("channel", th.Token), th.Title
	}
	return Enqueue(w, jobAnnounce, w.Key("a", r.ID, w.Now.UnixNano()), &j)
}
