package linking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/fromchat"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// missed records a move to a room that the bridge could not join.
type missed struct {
	From chat.RoomID `json:"from"`
	By   chat.Author `json:"by"`
	At   time.Time   `json:"at"`
}

// The kinds of deliveries for rooms that move.
const (
	jobFollow  = "chat.follow"  // join the room that replaces another
	jobCatchUp = "chat.catchup" // read the earlier messages of a room that the bridge joined
)

// followJob is the data of a move to another room.
type followJob struct {
	tochat.Target
	Missed missed `json:"missed"` // the room before
}

// catchUpJob is the data of reading the earlier messages of a room.
type catchUpJob struct{ tochat.Target }

func followKind() tochat.Kind[followJob] {
	return tochat.Kind[followJob]{
		Name: jobFollow, Patience: 2 * time.Minute, // people are invited one after the other
		Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *followJob) (chat.MessageID, error) {
			return "", n.Follower.Follow(ctx, j.Missed.From, j.Place.Room, j.Missed.By)
		},
		Settle: func(w *core.Work, _ store.Delivery, j followJob, _ chat.MessageID) error { return followed(w, j) },
		GaveUp: func(w *core.Work, _ store.Delivery, j followJob, cause error) error { return notFollowed(w, j, cause) },
	}
}

// catchUpKind gives the earlier messages of a room to handle.
func catchUpKind(handle func(network string) chat.Handler) tochat.Kind[catchUpJob] {
	return tochat.Kind[catchUpJob]{
		Name: jobCatchUp,
		Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *catchUpJob) (chat.MessageID, error) {
			return "", n.Backfiller.Backfill(ctx, j.Place, "", j.Out.At, handle(j.Network))
		},
	}
}

func missedKey(network string, to chat.RoomID) string {
	return "missed\x00" + network + "\x00" + string(to)
}

func followKey(w *core.Work, network string, to chat.RoomID) string {
	return w.Key("follow") + "." + network + "." + string(to)
}

// Moved follows a room to its new id. Networks without a Follower move at once,
// others when the bridge has joined the new room.
func Moved(w *core.Work, network string, e chat.Moved) error {
	if linked, err := anyLinked(w, network, e.Place.Room); err != nil || !linked {
		return err
	}
	if w.Env.Network(network).Follower != nil {
		return follow(w, network, e.To, missed{From: e.Place.Room, By: e.By, At: e.At})
	}
	if err := w.MoveRoom(network, string(e.Place.Room), string(e.To), e.OldIDs, e.NewIDs); err != nil {
		return err
	}
	j := joinJob{Target: tochat.Target{Network: network, Place: chat.Place{Room: e.To}}}
	if err := tochat.Enqueue(w, jobJoin, w.Key("i.moved")+"."+string(e.Event), &j); err != nil {
		return err
	}
	return announceIn(w, network, e.To)
}

// anyLinked reports whether a room, or a chat thread in it, is linked.
func anyLinked(w *core.Work, network string, room chat.RoomID) (bool, error) {
	rooms, err := w.RoomsIn(network, string(room))
	for _, r := range rooms {
		if r.Thread != 0 {
			return true, err
		}
	}
	return false, err
}

func announceIn(w *core.Work, network string, room chat.RoomID) error {
	rooms, err := w.RoomsIn(network, string(room))
	if err != nil {
		return err
	}
	for _, r := range rooms {
		if r.Thread == 0 {
			continue
		}
		if err := tochat.Announce(w, r.Thread); err != nil {
			return err
		}
	}
	return nil
}

func follow(w *core.Work, network string, to chat.RoomID, m missed) error {
	return tochat.Enqueue(w, jobFollow, followKey(w, network, to), &followJob{Target: tochat.Target{Network: network, Place: chat.Place{Room: to}}, Missed: m})
}

// followed continues the conversation in the room that the bridge has joined.
func followed(w *core.Work, j followJob) error {
	if err := w.MoveRoom(j.Network, string(j.Missed.From), string(j.Place.Room), "", ""); err != nil {
		return err
	}
	if err := w.SetSetting(missedKey(j.Network, j.Place.Room), ""); err != nil {
		return err
	}
	rooms, err := w.RoomsIn(j.Network, string(j.Place.Room))
	if err != nil {
		return err
	}
	for _, r := range rooms {
		r.Gone = false
		if err := w.PutRoom(&r); err != nil {
			return err
		}
	}
	if err := catchUp(w, j.Network, j.Place.Room, j.Missed.At); err != nil {
		return err
	}
	return announceIn(w, j.Network, j.Place.Room)
}

// catchUp reads the messages of a room from before the bridge joined, but none older than
// since.
func catchUp(w *core.Work, network string, room chat.RoomID, since time.Time) error {
	if w.Env.Network(network).Backfiller == nil {
		return nil
	}
	j := catchUpJob{tochat.Target{Network: network, Place: chat.Place{Room: room}}}
	j.Out.At = since
	return tochat.Enqueue(w, jobCatchUp, w.Env.Instance+".u."+mail.NewUniq(), &j)
}

// notFollowed tells a room that the bridge could not follow it.
func notFollowed(w *core.Work, j followJob, cause error) error {
	text := "⚠️ This room moved, and I couldn't join the new one: " + core.PlainReason(cause.Error()) + "."
	if errors.Is(cause, chat.ErrMayNot) {
		raw, err := json.Marshal(j.Missed)
		if err != nil {
			return err
		}
		if err := w.SetSetting(missedKey(j.Network, j.Place.Room), string(raw)); err != nil {
			return err
		}
		text += " Invite me to the new room to continue the conversation there."
	} else {
		text += fmt.Sprintf(" Email is still posted here. To continue in the new room, invite me there and link it. To disconnect this one: %sunlink", core.PromptMark)
	}
	rooms, err := w.RoomsIn(j.Network, string(j.Missed.From))
	if err != nil {
		return err
	}
	for _, r := range rooms {
		if r.Thread == 0 || r.Silent() {
			continue
		}
		if err := tochat.Notice(w, j.Network, core.Place(r), text); err != nil {
			return err
		}
	}
	return nil
}

// askedAfter follows an invitation to a room that the bridge could not join before, and
// reports whether it is one. Nobody needs further rights for it.
func askedAfter(w *core.Work, network string, e chat.Invited) (is bool, err error) {
	text, err := w.Setting(missedKey(network, e.Place.Room))
	if err != nil || text == "" {
		return false, err
	}
	var m missed
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return false, err
	}
	return true, follow(w, network, e.Place.Room, m)
}

// BeforeLinked defers a message of a room that is about to be linked: a direct chat that
// is being prepared, or the new place of a room that moved. Messages of other rooms without
// a link are ignored.
func BeforeLinked(w *core.Work, network string, e chat.Posted) error {
	is, err := directIn(w, network, e.Place)
	if err != nil {
		return err
	}
	if !is {
		if _, err := w.Delivery(followKey(w, network, e.Place.Room)); errors.Is(err, store.ErrNone) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return fromchat.DeferTo(w, network, outbox.ChatLane(network, e.Place.Room), e, time.Time{})
}
