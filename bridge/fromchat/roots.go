package fromchat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// jobRoot is the kind of delivery that fetches the unknown root of a chat thread.
const jobRoot = "chat.root"

// rootJob is its data.
type rootJob struct {
	tochat.Target
	Message int64  `json:"message"` // record of the root
	To      string `json:"to"`      // the network's id of the root

	Said chat.Posted `json:"-"` // the response of the network
}

func rootKind() tochat.Kind[rootJob] {
	return tochat.Kind[rootJob]{
		Name: jobRoot, Patience: 2 * time.Minute, // replies to it wait
		Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *rootJob) (_ chat.MessageID, err error) {
			j.Said, err = n.Fetcher.Fetch(ctx, j.Place, chat.MessageID(j.To))
			return "", err
		},
		Settle: func(w *core.Work, _ store.Delivery, j rootJob, _ chat.MessageID) error { return rootRead(w, j) },
		GaveUp: func(w *core.Work, _ store.Delivery, j rootJob, _ error) error {
			j.Said = chat.Posted{} // replies are emailed without a quote
			return rootRead(w, j)
		},
	}
}

// awaitRoot fetches the unknown root of a chat thread, once: it is older than the link of the
// room, or the reply e arrived first. Replies wait until it was fetched or given up. The zero
// Message means that there is nothing to wait for.
func awaitRoot(w *core.Work, network string, r store.Room, e chat.Posted) (store.Message, error) {
	if e.Root == "" || e.Root == e.Message || core.ChatThread(r, e.Place) == "" {
		return store.Message{}, nil
	}
	if w.Env.Network(network).Fetcher == nil {
		return store.Message{}, nil
	}
	m := store.Message{Thread: r.Thread, Origin: store.FromChat, State: store.Awaited, At: w.Now, Room: r.ID}
	if err := w.AddMessage(&m); err != nil {
		return m, err
	}
	if err := w.AddCopy(store.Copy{Message: m.ID, Room: r.ID, Posted: string(e.Root)}); err != nil {
		return m, err
	}
	// Each root has its own lane, so that posts do not wait for it.
	key := w.Key("o", m.ID)
	job := rootJob{Target: tochat.Target{Network: network, Place: chat.Place{Room: e.Place.Room}, Room: r.ID}, Message: m.ID, To: string(e.Root)}
	return m, outbox.Enqueue(w, jobRoot, fmt.Sprintf("root/%d", m.ID), key, job, nil, w.Now)
}

// rootRead continues when the root of a chat thread was fetched, or given up: then j.Said is
// empty.
func rootRead(w *core.Work, j rootJob) error {
	m, err := w.Message(j.Message)
	if err != nil {
		return err
	}
	if m.State == store.Awaited { // else it arrived or was deleted meanwhile
		if err := takeRoot(w, m, j); err != nil {
			return err
		}
	}
	return rootSettled(w, m.ID, m.Thread)
}

// takeRoot handles the root of a chat thread. A missed root becomes a message like others. Of
// one older than the link only its existence is stored, because nobody receives it by email.
func takeRoot(w *core.Work, m store.Message, j rootJob) error {
	said := j.Said
	r, err := w.RoomByID(j.Room)
	if err != nil {
		return err
	}
	m.State = store.Earlier
	if said.Message == "" || said.Kind == chat.Notice || r.Thread != m.Thread || w.Env.Access.Level(said.By, chat.Member) < core.Speak {
		return w.FillMessage(m)
	}
	if !r.Linked.IsZero() && !core.BeforeLink(r, said.At) {
		if err := w.FillMessage(m); err != nil {
			return err
		}
		if err := Posted(w, j.Network, said); !errors.Is(err, core.ErrNotLinked) {
			return err
		}
		return nil
	}
	if m.Author, err = w.Author(j.Network, string(said.By.ID), said.By.Name); err != nil {
		return err
	}
	m.Name, m.Kind, m.At = said.By.Name, int64(said.Kind), said.At
	if core.StaysInside(said.Body.Text) {
		m.State = store.Inside
	}
	return w.FillMessage(m)
}

// rootSettled releases the replies that waited for a root. Replies to a message that stays in
// the room stay there, too.
func rootSettled(w *core.Work, root, thread int64) error {
	m, err := w.Message(root)
	if err != nil {
		return err
	}
	held, err := w.HeldMessages(thread)
	if err != nil {
		return err
	}
	for _, answer := range held {
		if answer.ReplyTo != root {
			continue
		}
		if m.State == store.Inside {
			answer.State = store.Inside
			err = w.SetMessage(answer)
		} else {
			err = tomail.AtOnce(w, answer)
		}
		if err != nil {
			return err
		}
	}
	return tomail.Resume(w, thread)
}

// notedBefore finds the record made for a message before it arrived, because of a reply to it;
// 0: none. known reports that the message is already stored or was deleted.
func notedBefore(w *core.Work, network string, e chat.Posted) (id int64, known bool, err error) {
	gone, m, err := w.Noted(network, string(e.Message), network+" deleted")
	return m.ID, gone || (m.ID != 0 && !m.Unsaid()), err
}

// keep stores a message of a room, in the record made for it before if there is one.
func keep(w *core.Work, m *store.Message, r store.Room, e chat.Posted) error {
	var err error
	if m.ID != 0 {
		err = w.FillMessage(*m)
	} else {
		err = w.AddMessage(m)
	}
	if err != nil {
		return err
	}
	return w.AddCopy(store.Copy{Message: m.ID, Room: r.ID, Posted: string(e.Message), Chat: core.ChatThread(r, e.Place)})
}
