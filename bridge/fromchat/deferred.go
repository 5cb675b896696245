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

// jobDeferred is the kind of delivery that handles a deferred event.
const jobDeferred = "chat.again"

// deferredJob is the data of an event that arrived before the message it refers to. One of its
// event fields is set.
type deferredJob struct {
	Network string          `json:"network"`
	Said    *time.Time      `json:"said,omitempty"` // original time of a message that was encrypted
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

// DeferTo defers an event until everything now in a lane is done.
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

// DeferIf defers an event if err is NotYet and its message may still arrive.
func DeferIf(w *core.Work, err error, network string, e chat.Event) error {
	var not core.NotYet
	if errors.As(err, &not) {
		return deferFor(w, network, not.Message, e)
	}
	return err
}

// deferFor defers an event about a message that cannot be decrypted yet, because keys arrive in
// any order. It drops an event about an unknown message.
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

// answerWaits is how long a reply waits for the key of the message it replies to.
const answerWaits = 15 * time.Second

// mustWait defers a reply once if the message it replies to cannot be decrypted yet.
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
	lane := "again/" + network + "/" + string(e.Place.Room) // keeps the order of the room
	return true, DeferTo(w, network, lane, e, d.Created.Add(answerWaits))
}

// Kinds returns the kinds of delivery that handle deferred events, encrypted messages and roots
// of chat threads.
func Kinds(e *core.Env, take core.Taker) []outbox.Kind {
	return []outbox.Kind{
		{Name: jobDeferred, Deliver: func(ctx context.Context, d store.Delivery) error { return deliverDeferred(ctx, e, d, take) }},
		{Name: JobUnseal, Patience: unsealPatience, Deliver: func(ctx context.Context, d store.Delivery) error { return deliverUnseal(ctx, e, d, take) }},
		rootKind().For(e),
	}
}

// deliverDeferred handles a deferred event.
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
