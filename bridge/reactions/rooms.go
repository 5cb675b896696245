package reactions

import (
	"context"
	"errors"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// The kinds of deliveries of reactions to rooms.
const (
	JobReact   = "chat.react"
	jobUnreact = "chat.unreact"
)

// ReactionJob is the data of a reaction to be added to a message or removed from it.
type ReactionJob struct {
	tochat.Target
	To    string `json:"to,omitempty"` // the network's id of the message, or of the reaction to remove
	Of    int64  `json:"of,omitempty"` // the message, where To is empty
	Emoji string `json:"emoji,omitempty"`
	React int64  `json:"react,omitempty"` // the reaction that is shown; 0: one of the bridge itself
	Who   string `json:"who,omitempty"`   // the author of the reaction, as it is stored
}

// Kinds returns the kinds of deliveries of reactions, to rooms and by email.
func Kinds(e *core.Env) []outbox.Kind {
	return []outbox.Kind{
		tochat.Kind[ReactionJob]{
			Name: JobReact,
			Attempt: func(ctx context.Context, n *core.Network, d store.Delivery, j *ReactionJob) (chat.MessageID, error) {
				if there, err := stands(ctx, e, d.Key); err != nil || there != "" {
					return there, err
				}
				to := chat.MessageID(j.To)
				if j.Of != 0 {
					var err error
					if to, err = tochat.CopyOf(ctx, e, j.Of, j.Room, 0); err != nil {
						return "", err
					}
				}
				return n.Reactor.React(ctx, to, j.Emoji, j.Out)
			},
			Settle: func(w *core.Work, d store.Delivery, j ReactionJob, id chat.MessageID) error {
				return reactionShown(w, d.Key, j, id)
			},
			GaveUp: func(w *core.Work, d store.Delivery, _ ReactionJob, _ error) error { return w.DropReactionCopy(d.Key) },
		}.For(e),
		tochat.Kind[ReactionJob]{
			Name: jobUnreact,
			Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *ReactionJob) (chat.MessageID, error) {
				switch {
				case n.Unreactor != nil:
					return "", n.Unreactor.Unreact(ctx, chat.MessageID(j.To), j.Out)
				case n.Deleter != nil:
					return "", n.Deleter.Delete(ctx, chat.MessageID(j.To), j.Out)
				}
				return "", nil
			},
		}.For(e),
		{Name: jobReactMail, Deliver: func(ctx context.Context, d store.Delivery) error { return deliverReactions(ctx, e, d) }},
	}
}

// stands returns the network's id of the reaction that a delivery added to a room; empty:
// it is not there yet.
func stands(ctx context.Context, e *core.Env, key string) (id chat.MessageID, err error) {
	err = e.Store.Read(ctx, func(tx *store.Tx) error {
		c, err := tx.ReactionCopyByJob(key)
		if errors.Is(err, store.ErrNone) {
			return nil
		}
		id = chat.MessageID(c.Posted)
		return err
	})
	return id, err
}

// reactElsewhere shows a reaction from a room in the other rooms of the thread: as that of
// the person, or once per emoji where all reactions are shown as the bridge's.
func reactElsewhere(w *core.Work, in store.Reaction, from store.Room, by chat.Author) error {
	rooms, err := w.RoomsOf(from.Thread)
	if err != nil {
		return err
	}
	as := chat.Sender{ID: w.Env.Mint.Address("author", from.Network+"\x00"+string(by.ID)), Name: by.Name}
	for _, r := range rooms {
		if w.Env.Network(r.Network).Reactor == nil || r.ID == from.ID || r.Silent() {
			continue
		}
		if _, err := w.CopyIn(in.Message, r.ID); errors.Is(err, store.ErrNone) {
			continue
		} else if err != nil {
			return err
		}
		sender := as
		if !w.Env.Network(r.Network).Limits().OwnReactions {
			sender = chat.Sender{}
			if _, err := w.ReactionCopyIn(r.ID, in.Message, in.Emoji); err == nil {
				continue // that one stands for this reaction too
			} else if !errors.Is(err, store.ErrNone) {
				return err
			}
		}
		if err := putReaction(w, in, r, sender); err != nil {
			return err
		}
	}
	return nil
}

// putReaction enqueues a reaction to the copy of its message in a room.
func putReaction(w *core.Work, in store.Reaction, r store.Room, as chat.Sender) error {
	key := w.Key("a", in.Message, r.ID) + "." + mail.NewUniq()
	if err := w.AddReactionCopy(store.ReactionCopy{Reaction: in.ID, Room: r.ID, Job: key}); err != nil {
		return err
	}
	return tochat.Enqueue(w, JobReact, key, &ReactionJob{
		Target: tochat.Target{Network: r.Network, Place: core.Place(r), Room: r.ID, Out: chat.Outgoing{As: as, At: w.Now}},
		Of:     in.Message, Emoji: in.Emoji, React: in.ID, Who: in.Who,
	})
}

// TakeBack deletes a reaction, and removes it where the bridge added it. A reaction of the
// bridge that stands for several people stays until the last is deleted.
func TakeBack(w *core.Work, r store.Reaction) error {
	copies, err := w.ReactionCopies(r.ID)
	if err != nil {
		return err
	}
	same, err := w.SameReactions(r.Message, r.Emoji)
	if err != nil {
		return err
	}
	for _, c := range copies {
		in, err := w.RoomByID(c.Room)
		if err != nil {
			return err
		}
		if to := stillShown(r, c, same); to != 0 && !w.Env.Network(in.Network).Limits().OwnReactions {
			err = w.MoveReactionCopy(c, to)
		} else {
			err = hideReaction(w, c)
		}
		if err != nil {
			return err
		}
	}
	if err := w.DropReaction(r.Message, r.Who, r.Emoji); err != nil {
		return err
	}
	return takenBackLater(w, r)
}

// stillShown returns another reaction for which a copy stands; 0: none. A reaction needs no
// copy in its own room.
func stillShown(r store.Reaction, c store.ReactionCopy, same []store.Reaction) int64 {
	for _, s := range same {
		if s.ID != r.ID && s.Room != c.Room {
			return s.ID
		}
	}
	return 0
}

// hideReaction removes a reaction of the bridge from a room. If it is still queued,
// reactionShown removes it later.
func hideReaction(w *core.Work, c store.ReactionCopy) error {
	r, err := w.RoomByID(c.Room)
	if err != nil || c.Posted == "" {
		return err
	}
	takes := w.Env.Network(r.Network).Unreactor != nil
	deletes := w.Env.Network(r.Network).Deleter != nil
	if !takes && !deletes {
		return nil
	}
	// Ids of reactions are reused; keys must not be.
	return tochat.Enqueue(w, jobUnreact, w.Key("dr", c.Reaction, c.Room)+"."+mail.NewUniq(), &ReactionJob{Target: tochat.Target{Network: r.Network, Place: core.Place(r), Room: r.ID}, To: c.Posted})
}

// reactionShown stores the id of a reaction in a room. If it was taken back in the meantime,
// it is removed, unless it now stands for another person.
func reactionShown(w *core.Work, key string, j ReactionJob, id chat.MessageID) error {
	if j.React == 0 || id == "" {
		return nil
	}
	c, err := w.ReactionCopyByJob(key)
	if errors.Is(err, store.ErrNone) {
		// It was taken back in the meantime. Networks have one reaction per person and emoji,
		// so a reaction added again since then is this one.
		if w.Env.Network(j.Network).Limits().OwnReactions {
			c, err = w.ReactionCopyComing(j.Room, j.Of, j.Emoji, j.Who)
		} else {
			c, err = w.ReactionCopyIn(j.Room, j.Of, j.Emoji)
		}
	}
	if errors.Is(err, store.ErrNone) {
		return hideReaction(w, store.ReactionCopy{Reaction: j.React, Room: j.Room, Posted: string(id)})
	}
	if err != nil || c.Posted != "" {
		return err
	}
	c.Posted = string(id)
	return w.AddReactionCopy(c)
}
