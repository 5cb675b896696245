package tochat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/outbox"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
)

// Target is the common data of all deliveries to a chat network. It refers to messages by their
// ids in the store, because their network ids may be unknown when the delivery is enqueued.
type Target struct {
	Network string        `json:"network"`
	Place   chat.Place    `json:"place"`
	Room    int64         `json:"room,omitempty"`
	Out     chat.Outgoing `json:"out"`
}

func (t *Target) target() *Target { return t }

// Job is the data of a delivery to a chat network: a struct that embeds Target.
type Job interface{ target() *Target }

// Kind is a kind of delivery to a chat network; J is its data.
type Kind[J any] struct {
	Name     string
	Patience time.Duration // 0: usualPatience
	// Attempt makes the delivery. Settle sees what it changes in the data.
	Attempt func(ctx context.Context, n *core.Network, d store.Delivery, j *J) (chat.MessageID, error)
	Settle  func(w *core.Work, d store.Delivery, j J, id chat.MessageID) error // nil: nothing to store
	GaveUp  func(w *core.Work, d store.Delivery, j J, cause error) error       // tells people; nil: nobody needs to know
}

// For returns the kind of delivery for the outbox.
func (k Kind[J]) For(e *core.Env) outbox.Kind {
	if k.Patience == 0 {
		k.Patience = outbox.UsualPatience
	}
	return outbox.Kind{
		Name: k.Name, Patience: k.Patience,
		Deliver: func(ctx context.Context, d store.Delivery) error { return k.deliver(ctx, e, d) },
	}
}

func (k Kind[J]) deliver(ctx context.Context, e *core.Env, d store.Delivery) error {
	var j J
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	to := any(&j).(Job).target()
	begun := e.Now()
	id, err := chat.MessageID(""), error(nil)
	if n := e.Network(to.Network); n.Known() {
		id, err = k.Attempt(ctx, n, d, &j)
	} else {
		err = retry.Never(fmt.Errorf("the chat network %q is no longer in the configuration", to.Network))
	}
	if err == nil && e.Metrics != nil {
		e.Metrics.Observe(d.Kind, e.Now().Sub(begun))
	}
	e.NoteHealth(to.Network, "chat", err)
	core.Failpoint("settle-chat:attempted")
	return e.Write(ctx, "settle-chat", func(w *core.Work) error {
		if err != nil {
			return k.failed(w, d, j, err)
		}
		if err := w.Done(d.ID); err != nil || k.Settle == nil {
			return err
		}
		return k.Settle(w, d, j, id)
	})
}

func (k Kind[J]) failed(w *core.Work, d store.Delivery, j J, cause error) error {
	final, err := outbox.Again(w, d, cause, k.Patience)
	if err != nil || !final {
		return err
	}
	w.Env.Log.Warn("delivery to a chat network failed for good", "kind", d.Kind, "network", any(&j).(Job).target().Network, "attempts", d.Attempt+1, "error", cause)
	if k.GaveUp == nil {
		return nil
	}
	return k.GaveUp(w, d, j, cause)
}

// Enqueue enqueues a delivery to a room, in the order of the room.
func Enqueue(w *core.Work, kind, key string, j Job) error {
	t := j.target()
	t.Out.Key, t.Out.Place = key, t.Place
	return outbox.Enqueue(w, kind, outbox.ChatLane(t.Network, t.Place.Room), key, j, nil, time.Time{})
}

// CopyOf returns the network's id of a part of a message in a room. The error is final if it
// was never posted there.
func CopyOf(ctx context.Context, e *core.Env, message, room int64, part int) (id chat.MessageID, err error) {
	err = e.Store.Read(ctx, func(tx *store.Tx) error {
		c, err := tx.CopyPart(message, room, part)
		if errors.Is(err, store.ErrNone) || (err == nil && c.Posted == "") {
			return retry.Never(errors.New("the message was never posted in this room"))
		}
		id = chat.MessageID(c.Posted)
		return err
	})
	return id, err
}
