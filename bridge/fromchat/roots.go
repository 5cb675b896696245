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

// jobRoot is the kind of delivery that reads the root of a chat thread which was never
// taken in.
const jobRoot = "chat.root"

// rootJob is its data.
type rootJob struct {
	tochat.Target
	Message int64  `json:"message"` // what is kept of the root
	To      string `json:"to"`      // the network's id of it

	Said chat.Posted `json:"-"` // the answer
}

func rootKind() tochat.Kind[rootJob] {
	return tochat.Kind[rootJob]{
		Name: jobRoot, Patience: 2 * time.Minute, // the answers to it wait
		Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *rootJob) (_ chat.MessageID, err error) {
			j.Said, err = n.Fetcher.Fetch(ctx, j.Place, chat.MessageID(j.To))
			return "", err
		},
		Settle: func(w *core.Work, _ store.Delivery, j rootJob, _ chat.MessageID) error { return rootRead(w, j) },
		GaveUp: func(w *core.Work, _ store.Delivery, j rootJob, _ error) error {
			j.Said = chat.Posted{} // its answers are mailed without a quote
			return rootRead(w, j)
		},
	}
}

// awaitRoot has the root of a chat thread read that was never taken in: it was said
// before the room was linked, or the answer e has overtaken it. That is done once; what
// answers it waits until it is there, or cannot be had. The zero Message: there is
// nothing to wait for.
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
	// A lane of its own: what is posted in the room must not wait for it.
	key := w.Key("o", m.ID)
	job := rootJob{Target: tochat.Target{Network: network, Place: chat.Place{Room: e.Place.Room}, Room: r.ID}, Message: m.ID, To: string(e.Root)}
	return m, outbox.Enqueue(w, jobRoot, fmt.Sprintf("root/%d", m.ID), key, job, nil, w.Now)
}

// rootRead goes on when the root of a chat thread was read. It cannot be had if
// j.Said is empty.
func rootRead(w *core.Work, j rootJob) error {
	m, err := w.Message(j.Message)
	if err != nil {
		return err
	}
	if m.State == store.Awaited { // else it came by itself meanwhile, or was deleted
		if err := takeRoot(w, m, j); err != nil {
			return err
		}
	}
	return rootSettled(w, m.ID, m.Thread)
}

// takeRoot takes in the root of a chat thread: as a message like others if it was
// missed. What was said before the room was linked is for nobody by email:
// of that is kept only that it was there.
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

// rootSettled lets what waited for a root go on. Answers to what is to stay in the
// room stay there, too.
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

// notedBefore finds what was noted of a message before it came, because an answer to it
// came first; 0: nothing. known: it is here already, or was deleted before it came.
func notedBefore(w *core.Work, network string, e chat.Posted) (id int64, known bool, err error) {
	gone, m, err := w.Noted(network, string(e.Message), network+" deleted")
	return m.ID, gone || (m.ID != 0 && !m.Unsaid()), err
}

// keep stores a message of a room: its place may be taken by what was noted of it.
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
