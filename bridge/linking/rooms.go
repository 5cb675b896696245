package linking

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// Joined greets: the bridge explains itself in a new room, and tells a new member of a
// linked room that it is connected to email.
func Joined(w *core.Work, network string, e chat.Joined) error {
	if e.Self {
		if _, err := w.Delivery(followKey(w, network, e.Place.Room)); !errors.Is(err, store.ErrNone) {
			return err // it follows another room: no greeting
		}
		known, err := entered(w, network, e.Place.Room)
		if err != nil || known {
			return err
		}
		c := &command.Call{Work: w, Network: network, Place: chat.Place{Room: e.Place.Room}}
		if p, there, err := getPending(c); err != nil || (there && p.By.ID != "") {
			return err // a direct chat continues by itself
		}
		job := describeJob{Target: tochat.Target{Network: network, Place: chat.Place{Room: e.Place.Room}}}
		if err := tochat.Enqueue(w, jobDescribe, w.Key("desc")+"."+mail.NewUniq(), &job); err != nil {
			return err
		}
		return tochat.Notice(w, network, chat.Place{Room: e.Place.Room}, welcome)
	}
	r, err := w.LinkedRoom(network, chat.Place{Room: e.Place.Room})
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := recount(w, network, e.Place.Room); err != nil {
		return err
	}
	people, err := w.Participants(r.Thread)
	if err != nil {
		return err
	}
	if line := core.ReadBy(people); line != "" {
		return tochat.Notice(w, network, chat.Place{Room: e.Place.Room}, line+core.EncryptionNote(r)+" Messages that start with 🔇 or // stay in the room.", tochat.Privately(e.By.ID))
	}
	return nil
}

// recount enqueues one count of the members of a room for all changes within a minute.
func recount(w *core.Work, network string, room chat.RoomID) error {
	if w.Env.Network(network).Describer == nil {
		return nil
	}
	j := describeJob{Target: tochat.Target{Network: network, Place: chat.Place{Room: room}}, Count: true}
	key := w.Key("count") + "." + network + "." + string(room)
	return outbox.Enqueue(w, jobDescribe, "count/"+network+"/"+string(room), key, j, nil, w.Now.Add(time.Minute))
}

// welcome greets a room that the bridge has joined.
const welcome = "I connect this room to email. Type " + core.PromptMark + "link ann@example.com to connect this room to Ann's email, or " + core.PromptMark + "new ann@example.com to start a conversation in its own thread. " + core.PromptMark + "help lists the commands."

// Left records that the bridge or a person left a room. If the bridge left, the home room
// is told.
func Left(w *core.Work, network string, e chat.Left) error {
	if !e.Self {
		if _, err := w.LinkedRoom(network, chat.Place{Room: e.Place.Room}); errors.Is(err, store.ErrNone) {
			return nil
		} else if err != nil {
			return err
		}
		return recount(w, network, e.Place.Room)
	}
	rooms, err := w.RoomsIn(network, string(e.Place.Room))
	if err != nil {
		return err
	}
	for _, r := range rooms {
		if r.Gone {
			continue
		}
		r.Gone = true
		if err := w.PutRoom(&r); err != nil {
			return err
		}
		if r.Thread == 0 {
			continue
		}
		th, err := w.Thread(r.Thread)
		if err != nil {
			return err
		}
		text := fmt.Sprintf("I was removed from the room of “%s”. Its email is posted here until I am invited again.", th.Title)
		if e.Why != "" {
			text = fmt.Sprintf("The room of “%s” accepts no more messages: %s. Its email is posted here until it does.", th.Title, e.Why)
		}
		if h := w.Env.Home; !w.Env.Network(h.Network).Known() || (h.Network == network && h.Room == e.Place.Room) {
			err = tomail.Warn(w, th, "hashsend was removed from a room", strings.Replace(text, "is posted here", "is shown to nobody", 1))
		} else {
			err = tochat.NoticeHome(w, text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entered records that the bridge is in a room and its chat threads. known: it was there
// before, or the room is linked.
func entered(w *core.Work, network string, place chat.RoomID) (known bool, _ error) {
	rooms, err := w.RoomsIn(network, string(place))
	if err != nil {
		return false, err
	}
	whole := false
	for _, r := range rooms {
		whole = whole || r.Chat == ""
		known = known || r.Gone || r.Thread != 0
		r.Gone = false
		if err := w.PutRoom(&r); err != nil {
			return known, err
		}
	}
	if whole {
		return known, nil
	}
	return known, w.PutRoom(&store.Room{Network: network, Place: string(place)})
}

// The kinds of deliveries that answer invitations.
const (
	jobJoin   = "chat.join"
	jobRefuse = "chat.refuse"
)

// joinJob is the data of an invitation that is accepted or declined.
type joinJob struct {
	tochat.Target
	As chat.UserID `json:"as,omitempty"` // the invited user; empty: the bridge's own
}

// Kinds returns the kinds of deliveries about rooms. Earlier messages of a room that the
// bridge joins go to handle.
func Kinds(e *core.Env, handle func(network string) chat.Handler) []outbox.Kind {
	return append(invitationKinds(e),
		describeKind().For(e), fetchKind().For(e), followKind().For(e), catchUpKind(handle).For(e))
}

// invitationKinds returns the kinds of deliveries that answer invitations.
func invitationKinds(e *core.Env) []outbox.Kind {
	return []outbox.Kind{
		tochat.Kind[joinJob]{
			Name: jobJoin,
			Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *joinJob) (chat.MessageID, error) {
				return "", n.Joiner.Join(ctx, j.Place.Room, j.As)
			},
			Settle: func(w *core.Work, _ store.Delivery, j joinJob, _ chat.MessageID) error { return ghostIn(w, j) },
			GaveUp: func(w *core.Work, _ store.Delivery, j joinJob, cause error) error {
				if j.As != "" {
					return ghostStays(w, j, cause)
				}
				return tochat.NoticeHome(w, fmt.Sprintf("I couldn't join a room that I was invited to: %s.", core.PlainReason(cause.Error())))
			},
		}.For(e),
		tochat.Kind[joinJob]{
			Name: jobRefuse,
			Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *joinJob) (chat.MessageID, error) {
				return "", n.Joiner.Refuse(ctx, j.Place.Room, j.As, j.Out.Body.Text)
			},
		}.For(e),
	}
}

// Invited accepts an invitation of the bridge from somebody who may link rooms, and
// declines others.
func Invited(w *core.Work, network string, e chat.Invited) error {
	if e.As != "" {
		return ghostInvited(w, network, e)
	}
	if missed, err := askedAfter(w, network, e); err != nil || missed {
		return err
	}
	j := joinJob{Target: tochat.Target{Network: network, Place: e.Place}}
	key := w.Key("i.") + "." + string(e.Event)
	if w.Env.Access.Level(e.By, chat.Member) < core.Link {
		j.Out.Body.Text = "You don't have permission to invite me. Ask the admin of this bridge."
		return tochat.Enqueue(w, jobRefuse, key, &j)
	}
	return tochat.Enqueue(w, jobJoin, key, &j)
}
