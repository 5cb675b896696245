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

// missed is a room into which the bridge could not follow another one.
type missed struct {
	From chat.RoomID `json:"from"`
	By   chat.Author `json:"by"`
	At   time.Time   `json:"at"`
}

// The kinds of deliveries for rooms that go on elsewhere.
const (
	jobFollow  = "chat.follow"  // enter the room that another one goes on as
	jobCatchUp = "chat.catchup" // take in what was said in a room that was just entered
)

// followJob is the data of a room that is followed into another.
type followJob struct {
	tochat.Target
	Missed missed `json:"missed"` // the room before
}

// catchUpJob is the data of a room that is caught up with.
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

// catchUpKind hands what was said in a room to handle.
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

// Moved follows a room that goes on under another id (A41): at once where nothing is to
// be entered for it, else when the bridge is in.
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

// followed lets a conversation go on in the room that the bridge has entered.
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

// catchUp has what was said in a room before the bridge entered it taken in, from the
// moment on from which it belongs to its conversation.
func catchUp(w *core.Work, network string, room chat.RoomID, since time.Time) error {
	if w.Env.Network(network).Backfiller == nil {
		return nil
	}
	j := catchUpJob{tochat.Target{Network: network, Place: chat.Place{Room: room}}}
	j.Out.At = since
	return tochat.Enqueue(w, jobCatchUp, w.Env.Instance+".u."+mail.NewUniq(), &j)
}

// notFollowed tells that a conversation stays in a room that others have left.
func notFollowed(w *core.Work, j followJob, cause error) error {
	text := "⚠️ This room goes on elsewhere, and I could not follow: " + core.PlainReason(cause.Error()) + "."
	if errors.Is(cause, chat.ErrMayNot) {
		raw, err := json.Marshal(j.Missed)
		if err != nil {
			return err
		}
		if err := w.SetSetting(missedKey(j.Network, j.Place.Room), string(raw)); err != nil {
			return err
		}
		text += " Invite me into the new room, and the conversation goes on there."
	} else {
		text += fmt.Sprintf(" Mail still comes in here. To go on elsewhere, invite me there and link that room; %sunlink ends the link here.", core.PromptMark)
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

// askedAfter reports whether the bridge is invited into a room into which it could not
// follow before: whoever may move a room may have it follow.
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

// BeforeLinked lets what is said in a room wait that is about to be linked: a chat of
// two that is being made ready, a room that the bridge is following another one into.
// What is said in other rooms that are not linked concerns nobody.
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
