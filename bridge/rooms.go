package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// joined greets: the bridge itself says how it is used, and a person who enters
// a linked room is told that it is read by email.
func (w *work) joined(network string, e chat.Joined) error {
	if e.Self {
		if _, err := w.Delivery(w.followKey(network, e.Place.Room)); !errors.Is(err, store.ErrNone) {
			return err // it follows another room there, which is no news
		}
		known, err := w.entered(network, e.Place.Room)
		if err != nil || known {
			return err
		}
		c := &call{work: w, network: network, place: chat.Place{Room: e.Place.Room}}
		if p, there, err := c.getPending(); err != nil || (there && p.By.ID != "") {
			return err // a chat of two goes on by itself
		}
		job := describeJob{Target: Target{Network: network, Place: chat.Place{Room: e.Place.Room}}}
		if err := w.toChat(jobDescribe, w.key("desc")+"."+mail.NewUniq(), &job); err != nil {
			return err
		}
		return w.notice(network, chat.Place{Room: e.Place.Room}, welcome)
	}
	r, err := w.linkedRoom(network, chat.Place{Room: e.Place.Room})
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := w.recount(network, e.Place.Room); err != nil {
		return err
	}
	people, err := w.Participants(r.Thread)
	if err != nil {
		return err
	}
	if line := readBy(people); line != "" {
		return w.notice(network, chat.Place{Room: e.Place.Room}, line+encryptionNote(r)+" What begins with 🔇 or // is not mailed.", privately(e.By.ID))
	}
	return nil
}

// recount has the people of a room counted, once for all who come and go within a minute.
func (w *work) recount(network string, room chat.RoomID) error {
	if w.Env.Network(network).Describer == nil {
		return nil
	}
	j := describeJob{Target: Target{Network: network, Place: chat.Place{Room: room}}, Count: true}
	key := w.key("count") + "." + network + "." + string(room)
	return w.enqueue(jobDescribe, "count/"+network+"/"+string(room), key, j, nil, w.now.Add(time.Minute))
}

const welcome = "I join rooms and email. Type " + promptMark + "link ann@example.com to talk with Ann by email from this room, or " + promptMark + "new ann@example.com for a conversation in a thread of its own. " + promptMark + "help lists everything."

// readBy says by how many people a thread is read; empty: by none.
func readBy(people []store.Participant) string {
	n := 0
	for _, p := range people {
		if p.Takes() {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "This room is read by 1 person by email."
	}
	return fmt.Sprintf("This room is read by %d people by email.", n)
}

func (w *work) left(network string, e chat.Left) error {
	if !e.Self {
		if _, err := w.linkedRoom(network, chat.Place{Room: e.Place.Room}); errors.Is(err, store.ErrNone) {
			return nil
		} else if err != nil {
			return err
		}
		return w.recount(network, e.Place.Room)
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
		text := fmt.Sprintf("I was put out of the room of “%s”. Its mail comes here until I am invited again.", th.Title)
		if e.Why != "" {
			text = fmt.Sprintf("The room of “%s” takes no more messages: %s. Its mail comes here until it does again.", th.Title, e.Why)
		}
		if h := w.Env.Home; !w.Env.Network(h.Network).Known() || (h.Network == network && h.Room == e.Place.Room) {
			err = w.warn(th, "hashsend was put out of a room", strings.Replace(text, "comes here", "is shown to nobody", 1))
		} else {
			err = w.noticeHome(text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entered notes that the bridge is in a room, and in all chat threads there; known: it
// is back, or the room is linked already.
func (w *work) entered(network string, place chat.RoomID) (known bool, _ error) {
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

// joinJob is the data of an invitation that is taken up, or declined.
type joinJob struct {
	Target
	As chat.UserID `json:"as,omitempty"` // who was invited; empty: the bridge's own user
}

// roomKinds are the kinds of deliveries about rooms. What a room that was just entered
// has said is given to handle.
func roomKinds(e *Env, handle func(network string) chat.Handler) []kind {
	return append(invitationKinds(e),
		describeKind().kind(e), fetchKind().kind(e), followKind().kind(e), catchUpKind(handle).kind(e))
}

// invitationKinds are the kinds of deliveries that answer invitations.
func invitationKinds(e *Env) []kind {
	return []kind{
		chatKind[joinJob]{
			Name: jobJoin,
			Attempt: func(ctx context.Context, n *Network, _ store.Delivery, j *joinJob) (chat.MessageID, error) {
				return "", n.Joiner.Join(ctx, j.Place.Room, j.As)
			},
			Settle: func(w *work, _ store.Delivery, j joinJob, _ chat.MessageID) error { return w.ghostIn(j) },
			GaveUp: func(w *work, _ store.Delivery, j joinJob, cause error) error {
				if j.As != "" {
					return w.ghostStays(j, cause)
				}
				return w.noticeHome(fmt.Sprintf("I could not enter a room that I was invited to: %s.", plainReason(cause.Error())))
			},
		}.kind(e),
		chatKind[joinJob]{
			Name: jobRefuse,
			Attempt: func(ctx context.Context, n *Network, _ store.Delivery, j *joinJob) (chat.MessageID, error) {
				return "", n.Joiner.Refuse(ctx, j.Place.Room, j.As, j.Out.Body.Text)
			},
		}.kind(e),
	}
}

// invited lets the bridge's user into a room when somebody asks who may link
// rooms.
func (w *work) invited(network string, e chat.Invited) error {
	if e.As != "" {
		return w.ghostInvited(network, e)
	}
	if missed, err := w.askedAfter(network, e); err != nil || missed {
		return err
	}
	j := joinJob{Target: Target{Network: network, Place: e.Place}}
	key := w.key("i.") + "." + string(e.Event)
	if w.Env.Access.level(e.By, chat.Member) < Link {
		j.Out.Body.Text = "You may not invite me: ask the one who runs this bridge."
		return w.toChat(jobRefuse, key, &j)
	}
	return w.toChat(jobJoin, key, &j)
}

// jobAnnounce is the kind of delivery of a room's standing sign.
const jobAnnounce = "chat.announce"

// announceJob is its data.
type announceJob struct {
	Target
	Sign chat.Sign `json:"sign"`
}

func announceKind() chatKind[announceJob] {
	return chatKind[announceJob]{
		Name: jobAnnounce,
		Attempt: func(ctx context.Context, n *Network, _ store.Delivery, j *announceJob) (chat.MessageID, error) {
			return "", n.Announcer.Announce(ctx, j.Place, j.Sign)
		},
	}
}

// announce brings the standing sign of all rooms of a thread up to date.
func (w *work) announce(thread int64) error {
	people, err := w.Participants(thread)
	if err != nil {
		return err
	}
	rooms, err := w.RoomsOf(thread)
	if err != nil {
		return err
	}
	for _, r := range rooms {
		text := readBy(people)
		if text != "" {
			text += encryptionNote(r)
		}
		if err := w.sign(r, text); err != nil {
			return err
		}
	}
	return nil
}

// sign sets, or with an empty text removes, the standing sign of one room.
func (w *work) sign(r store.Room, text string) error {
	if w.Env.Network(r.Network).Announcer == nil || r.Silent() {
		return nil
	}
	j := announceJob{Target: Target{Network: r.Network, Place: place(r)}, Sign: chat.Sign{Text: text}}
	if text != "" {
		th, err := w.Thread(r.Thread)
		if err != nil {
			return err
		}
		j.Sign.Channel, j.Sign.Title = w.Env.Mint.Address("channel", th.Token), th.Title
	}
	return w.toChat(jobAnnounce, w.key("a", r.ID, w.now.UnixNano()), &j)
}
