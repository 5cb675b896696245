package fromchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
)

// jobDeferred is the kind of delivery that takes in an event which came too early.
const jobDeferred = "chat.again"

// deferredJob is the data of an event that is taken in later: it came before what it is
// about. One of its fields is set.
type deferredJob struct {
	Network string          `json:"network"`
	Said    *time.Time      `json:"said,omitempty"` // of what could not be read at first
	Posted  *chat.Posted    `json:"posted,omitempty"`
	Edited  *chat.Edited    `json:"edited,omitempty"`
	Reacted *chat.Reacted   `json:"reacted,omitempty"`
	Voted   *chat.Voted     `json:"voted,omitempty"`
	Ended   *chat.PollEnded `json:"ended,omitempty"`
}

func (j deferredJob) event() chat.Event {
	switch {
	case j.Posted != nil:
		return *j.Posted
	case j.Edited != nil:
		return *j.Edited
	case j.Reacted != nil:
		return *j.Reacted
	case j.Voted != nil:
		return *j.Voted
	case j.Ended != nil:
		return *j.Ended
	}
	return nil
}

// DeferTo has an event taken in behind what waits in a lane now.
func DeferTo(w *core.Work, network, lane string, e chat.Event, due time.Time) error {
	j := deferredJob{Network: network, Said: w.SaidAt}
	switch e := e.(type) {
	case chat.Posted:
		j.Posted = &e
	case chat.Edited:
		j.Edited = &e
	case chat.Reacted:
		j.Reacted = &e
	case chat.Voted:
		j.Voted = &e
	case chat.PollEnded:
		j.Ended = &e
	default:
		return fmt.Errorf("events of type %T cannot wait", e)
	}
	return outbox.Enqueue(w, jobDeferred, lane, w.Env.Instance+".again."+network+"."+string(e.EventHead().Event), j, nil, due)
}

// DeferIf lets an event wait that is about a message which may still come.
func DeferIf(w *core.Work, err error, network string, e chat.Event) error {
	var not core.NotYet
	if errors.As(err, &not) {
		return deferFor(w, network, not.Message, e)
	}
	return err
}

// deferFor lets an event wait that is about a message which cannot be read yet: keys
// come in any order. What is about a message that nobody knows is forgotten.
func deferFor(w *core.Work, network string, about chat.MessageID, e chat.Event) error {
	d, err := w.Delivery(sealKey(w, network, about))
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	return DeferTo(w, network, d.Lane, e, time.Time{})
}

// answerWaits is how long an answer waits for the message that it answers, where that
// cannot be read yet: its key is mostly on its way.
const answerWaits = 15 * time.Second

// mustWait lets an answer wait for what it answers, once.
func mustWait(w *core.Work, network string, e chat.Posted) (waits bool, err error) {
	if e.ReplyTo == "" || w.Waited {
		return false, nil
	}
	d, err := w.Delivery(sealKey(w, network, e.ReplyTo))
	if errors.Is(err, store.ErrNone) || err == nil && w.Now.Sub(d.Created) >= answerWaits {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	lane := "again/" + network + "/" + string(e.Place.Room) // in the order of the room
	return true, DeferTo(w, network, lane, e, d.Created.Add(answerWaits))
}

// Kinds are the kinds of deliveries that take in what had to wait: events that came
// before what they are about, what could not be read, and roots of chat threads.
func Kinds(e *core.Env, take core.Taker) []outbox.Kind {
	return []outbox.Kind{
		{Name: jobDeferred, Deliver: func(ctx context.Context, d store.Delivery) error { return deliverDeferred(ctx, e, d, take) }},
		{Name: JobUnseal, Patience: unsealPatience, Deliver: func(ctx context.Context, d store.Delivery) error { return deliverUnseal(ctx, e, d, take) }},
		rootKind().For(e),
	}
}

// deliverDeferred takes in an event that had to wait.
func deliverDeferred(ctx context.Context, e *core.Env, d store.Delivery, take core.Taker) error {
	var j deferredJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	return e.Write(ctx, "again", func(w *core.Work) error {
		if err := w.Done(d.ID); err != nil {
			return err
		}
		w.Waited, w.SaidAt = true, j.Said
		if event := j.event(); event != nil && e.Network(j.Network).Known() {
			return take(w, j.Network, event)
		}
		return nil
	})
}
