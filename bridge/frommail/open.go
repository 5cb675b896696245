package frommail

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"hashsend/bridge/admit"
	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// NewThread stores a new conversation with its first epoch.
func NewThread(w *core.Work, box *core.Box, mode, title string) (store.Thread, error) {
	th := store.Thread{Mailbox: box.ID, Mode: mode, Title: title, Token: mail.NewToken(), Created: w.Now}
	e, err := NewEpoch(w.Env, w, box, title)
	if err != nil {
		return th, err
	}
	return th, w.AddThread(&th, &e)
}

// NewEpoch makes an epoch with a title. It is not stored.
func NewEpoch(e *core.Env, w *core.Work, box *core.Box, title string) (store.Epoch, error) {
	ep := store.Epoch{Name: mail.NewUniq(), Subject: core.Subject(e.Tag, title), Started: w.Now}
	ep.Anchor = e.Mint.Anchor(ep.Name, box.Domain)
	index, err := base64.StdEncoding.DecodeString(mail.ThreadIndex(ep.Anchor, ep.Started))
	if err != nil {
		return ep, fmt.Errorf("make thread index: %w", err)
	}
	guid, ok := mail.ThreadIndexKey(index)
	if !ok {
		return ep, errors.New("make thread index: it has no id")
	}
	ep.GUID = guid[:]
	return ep, nil
}

// OpenByMail starts a conversation with a #Send mail. The sender and the other recipients
// become participants; for the owner's own mail, only the recipients.
func OpenByMail(w *core.Work, box *core.Box, a admit.Opening, l Mail, d Decision, f Approval, claims ...Claim) error {
	where := box.Opens
	if f.Room != 0 {
		r, err := w.RoomByID(f.Room)
		if err != nil {
			return err
		}
		where = core.OpenWhere{Network: r.Network, Room: chat.RoomID(r.Place)}
	}
	if where.Network == "" {
		where = core.OpenWhere{Network: w.Env.Home.Network, Room: w.Env.Home.Room}
	}
	if !w.Env.Network(where.Network).Known() {
		w.Env.Log.Warn("no room for a conversation started by email: set opens or home in the configuration", "mailbox", box.Name)
		return nil
	}
	others := newcomers(&l.Msg, w.Env.IsOurs)
	others = others[:min(len(others), core.MaxNewcomers)]
	if !l.own {
		others = append([]mail.Address{l.Author}, others...)
	}
	if len(others) == 0 {
		return nil // a note of the owner to themselves, or a mail to a list
	}
	th, err := NewThread(w, box, store.ModeOpen, d.title)
	if err != nil {
		return err
	}
	for _, who := range others {
		p := w.Env.NewParticipant(th, who, w.Now)
		p.State, p.Mailed = store.Active, w.Now
		if _, err := w.Participant(th.ID, p.Canon); err == nil {
			continue
		} else if !errors.Is(err, store.ErrNone) {
			return err
		}
		if err := w.AddParticipant(&p); err != nil {
			return err
		}
	}
	name := core.OpenName(d.title, others)
	if err := OpenPlace(w, where, Opening{Thread: th.ID, Name: name, Invite: where.Invite}); err != nil {
		return err
	}
	d.Route.Rule = "it starts a conversation"
	if where.Room == "" {
		d.subject = d.title // the root of a chat thread has the title; in a new room only its name has it
	}
	return addMail(w, box, a.In(th.ID), th, l, d, claims...)
}

// jobOpen is the kind of delivery that creates the room or chat thread of a conversation.
const jobOpen = "chat.open"

// openJob is its data.
type openJob struct {
	tochat.Target
	Open Opening `json:"open"`
}

// Opening is a conversation that needs a room or chat thread.
type Opening struct {
	Thread int64         `json:"thread"`
	Name   string        `json:"name"`
	Invite []chat.UserID `json:"invite,omitempty"`
}

func openKind() tochat.Kind[openJob] {
	return tochat.Kind[openJob]{
		Name: jobOpen, Patience: outbox.MessagePatience, Attempt: makePlace,
		Settle: func(w *core.Work, _ store.Delivery, j openJob, _ chat.MessageID) error { return opened(w, j) },
		GaveUp: func(w *core.Work, _ store.Delivery, j openJob, cause error) error {
			return tochat.NoticeHome(w, fmt.Sprintf("Couldn't create a room for the conversation “%s”: %s.", j.Open.Name, core.PlainReason(cause.Error())))
		},
	}
}

// makePlace creates the room or chat thread of a conversation and sets j.Place to it. The
// root of a chat thread is posted.
func makePlace(ctx context.Context, n *core.Network, d store.Delivery, j *openJob) (chat.MessageID, error) {
	if j.Place.Room != "" && n.Threader != nil {
		root, err := tochat.SendOnce(ctx, n, d, j.Out)
		if err == nil {
			j.Place.Thread = n.Threader.ThreadOf(j.Place, root)
		}
		return root, err
	}
	if n.Creator == nil {
		return "", retry.Never(errors.New("this network supports neither new rooms nor threads"))
	}
	room, err := n.Creator.Create(ctx, chat.NewRoom{Key: j.Out.Key, Name: j.Open.Name, Invite: j.Open.Invite})
	j.Place = chat.Place{Room: room}
	return "", err
}

// OpenPlace enqueues the creation of a chat thread in a room, or of a new room, for a
// conversation.
func OpenPlace(w *core.Work, where core.OpenWhere, o Opening) error {
	j := openJob{Target: tochat.Target{Network: where.Network, Place: chat.Place{Room: where.Room}}, Open: o}
	key := w.Key("o", o.Thread)
	j.Out = chat.Outgoing{Kind: chat.Notice, At: w.Now, Body: chat.Body{Text: "✉️ " + o.Name}}
	return tochat.Enqueue(w, jobOpen, key, &j)
}

// isOpening reports whether the room of a thread is still being created.
func isOpening(w *core.Work, thread int64) (bool, error) {
	_, err := w.Delivery(w.Key("o", thread))
	if errors.Is(err, store.ErrNone) {
		return false, nil
	}
	return err == nil, err
}

// opened links a new room or chat thread to its conversation and posts the messages so
// far.
func opened(w *core.Work, j openJob) error {
	th, err := w.Thread(j.Open.Thread)
	if err != nil {
		return err
	}
	r := store.Room{Network: j.Network, Place: string(j.Place.Room), Chat: string(j.Place.Thread), Thread: th.ID, Name: j.Open.Name, Linked: w.Now}
	if around, err := w.Room(j.Network, r.Place, ""); err == nil {
		r.Shared, r.Encrypted = around.Shared, around.Encrypted
	} else if !errors.Is(err, store.ErrNone) {
		return err
	}
	if err := w.PutRoom(&r); err != nil {
		return err
	}
	if err := tochat.Announce(w, th.ID); err != nil {
		return err
	}
	ms, err := w.MessagesWithoutCopy(th.ID, r.ID)
	if err != nil {
		return err
	}
	for _, m := range ms {
		as := chat.Sender{ID: w.Env.Mint.Address("owner", w.Env.Boxes[th.Mailbox].Name), Name: m.Name + core.ByEmail}
		if m.Participant != 0 {
			p, err := w.ParticipantByID(m.Participant)
			if err != nil {
				return err
			}
			as = chat.Sender{ID: p.Ghost, Name: p.Name + core.ByEmail}
		}
		if err := tochat.Post(w, m, r, as, ""); err != nil {
			return err
		}
	}
	return nil
}
