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
	"hashsend/bridge/tochat"
)

// JobUnseal is the kind of delivery that decrypts a message whose key was missing.
const JobUnseal = "chat.unseal"

// unsealPatience is how long to wait for a key.
const unsealPatience = 24 * time.Hour

// sealedJob is the data of a message that cannot be decrypted yet.
type sealedJob struct {
	Network string      `json:"network"`
	Sealed  chat.Sealed `json:"sealed"`
}

func SealLane(network string, room chat.RoomID, lock string) string {
	return "sealed/" + network + "/" + string(room) + "/" + lock
}

// Sealed stores a message that cannot be decrypted yet. Messages with the same key share a
// lane, which keeps their order.
func Sealed(w *core.Work, network string, e chat.Sealed) error {
	lane := SealLane(network, e.Place.Room, e.Lock)
	due := w.Now.Add(5 * time.Second) // the key usually follows
	return outbox.Enqueue(w, JobUnseal, lane, sealKey(w, network, e.Message), sealedJob{network, e}, nil, due)
}

// sealKey is the delivery key of a message that waits for its encryption key.
func sealKey(w *core.Work, network string, id chat.MessageID) string {
	return w.Env.Instance + ".seal." + network + "." + string(id)
}

// Unlocked retries everything that waits for a key.
func Unlocked(w *core.Work, network string, e chat.Unlocked) error {
	lane := SealLane(network, e.Place.Room, e.Lock)
	d, err := w.First(lane)
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	d.Due = w.Now
	w.Lanes[lane] = true
	return w.SetDelivery(d)
}

// deliverUnseal tries to decrypt a message and handles it as if it arrived now.
func deliverUnseal(ctx context.Context, e *core.Env, d store.Delivery, take core.Taker) error {
	var j sealedJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	opener := e.Network(j.Network).Unsealer
	can := opener != nil
	var event chat.Event
	err := errors.New("this hashsend cannot decrypt it")
	if can {
		event, err = opener.Unseal(ctx, j.Sealed)
	}
	return e.Write(ctx, "unseal", func(w *core.Work) error {
		if err != nil {
			final, settle := outbox.Again(w, d, err, unsealPatience)
			switch {
			case settle == nil && final:
				settle = neverRead(w, j, can)
			case settle == nil && can && w.Now.Sub(d.Created) > notYetAfter:
				settle = notYetRead(w, j)
			}
			return settle
		}
		if err := w.Done(d.ID); err != nil || event == nil {
			return err
		}
		said := j.Sealed.At
		if said.After(w.Now) {
			said = w.Now
		}
		if c, is := event.(chat.Command); is && w.Now.Sub(said) > 10*time.Minute {
			// Its author no longer waits for it, and much may have changed.
			return tochat.Notice(w, j.Network, c.Place, fmt.Sprintf("I could only decrypt your command from %s just now, so I didn't run it: %s%s. Send it again if you still want it.", core.When(said, w.Now, w.Env.Zone), core.PromptMark, c.Text), tochat.Privately(c.By.ID))
		}
		w.SaidAt = &said
		return take(w, j.Network, event)
	})
}

// notYetAfter is how late a key may be before the author is told.
const notYetAfter = 10 * time.Minute

// firstOfKey reports whether a message would have been emailed, and is the first with its key
// to be reported.
func firstOfKey(w *core.Work, j sealedJob, what string) (r store.Room, first bool, err error) {
	e := j.Sealed
	r, err = w.LinkedRoom(j.Network, e.Place)
	if errors.Is(err, store.ErrNone) {
		return r, false, nil
	}
	if err != nil || r.Closed() || core.BeforeLink(r, e.At) {
		return r, false, err
	}
	told, err := w.Seen(w.Now, j.Network+" "+what, e.Lock)
	return r, err == nil && !told, err
}

// notYetRead tells the author of a message, once for each key, that it waits.
func notYetRead(w *core.Work, j sealedJob) error {
	e := j.Sealed
	if _, first, err := firstOfKey(w, j, "not yet"); err != nil || !first {
		return err
	}
	return tochat.Notice(w, j.Network, e.Place, fmt.Sprintf("⏳ I can't decrypt your message from %s yet because its key is missing. I asked your app for the key. If it arrives within a day, your message will be emailed.", core.When(e.At, w.Now, w.Env.Zone)), tochat.Privately(e.By.ID))
}

// neverRead tells the author of a message, once for each key, that it was not emailed.
func neverRead(w *core.Work, j sealedJob, can bool) error {
	e := j.Sealed
	r, first, err := firstOfKey(w, j, "sealed")
	if err != nil || !first {
		return err
	}
	why, then := "your app didn't share its key", "Send it again."
	if !can {
		why, then = "this hashsend was built without encryption", "Ask the admin to install a build with encryption."
	}
	text := fmt.Sprintf("⚠️ I couldn't decrypt your message from %s: %s. It was not emailed. %s", core.When(e.At, w.Now, w.Env.Zone), why, then)
	if err := tochat.Notice(w, j.Network, e.Place, text, tochat.Privately(e.By.ID)); err != nil {
		return err
	}
	if w.Env.Network(j.Network).Reporter == nil {
		return nil
	}
	// A repost of the message works.
	s := chat.State{Phase: chat.Failed, Reason: "couldn't be decrypted: " + why, Later: true}
	return tochat.ShowState(w, r, store.Copy{Room: r.ID, Posted: string(e.Message), Chat: string(e.Place.Thread)}, s)
}
