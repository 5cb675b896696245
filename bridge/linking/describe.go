package linking

import (
	"context"
	"errors"

	"hashsend/bridge/chat"
	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// jobDescribe is the kind of delivery that asks a network for the description of a room.
const jobDescribe = "chat.describe"

// describeJob is its data.
type describeJob struct {
	tochat.Target
	Command *command.Continued `json:"command,omitempty"` // the command that waits for it
	Count   bool               `json:"count,omitempty"`   // only the number of members is needed

	About chat.Description `json:"-"` // the answer
}

func describeKind() tochat.Kind[describeJob] {
	return tochat.Kind[describeJob]{
		Name: jobDescribe,
		Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *describeJob) (_ chat.MessageID, err error) {
			if n.Describer != nil {
				j.About, err = n.Describer.Describe(ctx, j.Place.Room)
			}
			return "", err
		},
		Settle: func(w *core.Work, _ store.Delivery, j describeJob, _ chat.MessageID) error { return described(w, j) },
		GaveUp: func(w *core.Work, _ store.Delivery, j describeJob, cause error) error {
			if err := notDirect(w, j.Target); err != nil {
				return err
			}
			return commandFailed(w, j.Target, j.Command, cause)
		},
	}
}

// described stores the description of a room and shows the preview of the pending link.
func described(w *core.Work, j describeJob) error {
	r, err := w.Room(j.Network, string(j.Place.Room), "")
	if errors.Is(err, store.ErrNone) {
		r = store.Room{Network: j.Network, Place: string(j.Place.Room)}
	} else if err != nil {
		return err
	}
	r.Members = int64(j.About.Members)
	if j.Count {
		return w.PutRoom(&r)
	}
	r = describedAs(r, j.About)
	if err := w.PutRoom(&r); err != nil {
		return err
	}
	if j.Command == nil {
		return nil
	}
	c := &command.Call{Work: w, Network: j.Network, Place: j.Place, By: j.Command.By}
	p, there, err := getPending(c)
	if err != nil || !there {
		return err
	}
	if p.Direct {
		return directReady(c, p, j.About.Encrypted)
	}
	if j.About.Encrypted && w.Env.Network(j.Network).Unsealer == nil {
		if err := w.SetSetting(pendingKey(c), ""); err != nil {
			return err
		}
		return tochat.Notice(w, j.Network, j.Place, noEncryption, j.Command.Answer())
	}
	text, err := preview(c, p)
	if err != nil {
		return err
	}
	return tochat.Notice(w, j.Network, j.Place, text, j.Command.Answer(), tochat.WithChoices(c.Choices...))
}

// describedAs returns a room with the description of its network. A room that is newly
// shared or encrypted needs a consent.
func describedAs(r store.Room, about chat.Description) store.Room {
	r.Name, r.Topic, r.Private = about.Name, about.Topic, about.Private
	if !about.Shared {
		r.Shared = ""
	} else if r.Shared == "" {
		r.Shared = store.SharedAsked
	}
	if about.Encrypted && r.Encrypted == "" {
		r.Encrypted = store.EncryptedAsked
	}
	return r
}

// commandFailed answers a command whose network failed to answer.
func commandFailed(w *core.Work, t tochat.Target, c *command.Continued, cause error) error {
	if c == nil {
		return nil
	}
	return tochat.Notice(w, t.Network, t.Place, "✗ That didn't work: "+core.PlainReason(cause.Error())+".", c.Answer())
}
