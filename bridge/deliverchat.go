package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
)

// deliverChat makes a delivery to a chat network.
func (b *Bridge) deliverChat(ctx context.Context, d store.Delivery) error {
	var j chatJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	begun := b.o.Now()
	id, err := b.attemptChat(ctx, d, &j)
	if err == nil && b.o.Metrics != nil {
		b.o.Metrics.Observe(d.Kind, b.o.Now().Sub(begun))
	}
	b.noteHealth(j.Network, "chat", err)
	failpoint("settle-chat:attempted")
	return b.write(ctx, "settle-chat", func(w *work) error {
		if err != nil {
			final, settle := w.again(d, err)
			if settle == nil && final {
				settle = w.gaveUp(d, j, err)
			}
			return settle
		}
		if err := w.Done(d.ID); err != nil {
			return err
		}
		return w.settleChat(d, j, id)
	})
}

// noteHealth shows a connection's trouble, or its end, to the admin.
func (b *Bridge) noteHealth(name, kind string, err error) {
	h := Health{Name: name, Kind: kind, OK: err == nil || retry.IsNever(err), Since: b.o.Now()}
	if !h.OK {
		h.Error = err.Error()
	}
	b.health.set(h)
}

func (b *Bridge) attemptChat(ctx context.Context, d store.Delivery, j *chatJob) (chat.MessageID, error) {
	c := b.chats[j.Network]
	if c == nil {
		return "", retry.Never(fmt.Errorf("the chat network %q is no longer in the configuration", j.Network))
	}
	if err := b.resolve(ctx, j); err != nil {
		return "", err
	}
	switch d.Kind {
	case jobPost:
		return b.sendOnce(ctx, c, d, j.Out)
	case jobPostFile:
		return b.sendFile(ctx, c, d, j)
	case jobOpen:
		return b.makePlace(ctx, c, d, j)
	case jobEdit:
		return c.(chat.Editor).Edit(ctx, chat.MessageID(j.To), j.Out)
	case jobDelete:
		return "", c.(chat.Deleter).Delete(ctx, chat.MessageID(j.To), j.Out)
	case jobReact:
		return c.(chat.Reactor).React(ctx, chat.MessageID(j.To), j.Emoji, j.Out)
	case jobUnreact:
		if u, can := c.(chat.Unreactor); can {
			return "", u.Unreact(ctx, chat.MessageID(j.To), j.Out)
		}
		return "", c.(chat.Deleter).Delete(ctx, chat.MessageID(j.To), j.Out)
	case jobVote:
		j.Ballot.Poll = chat.MessageID(j.To)
		return c.(chat.Voter).Vote(ctx, *j.Ballot, j.Out)
	case jobDescribe:
		if d, can := c.(chat.Describer); can {
			about, err := d.Describe(ctx, j.Place.Room)
			j.About = about
			return "", err
		}
		return "", nil
	case jobFetch:
		said, err := c.(chat.Fetcher).Fetch(ctx, j.Place, j.Command.About)
		j.Said = said
		return "", err
	case jobRoot:
		said, err := c.(chat.Fetcher).Fetch(ctx, j.Place, chat.MessageID(j.To))
		j.Said = said
		return "", err
	case jobDesk:
		d, err := b.deskOf(ctx, j.Network, j.May)
		if err != nil {
			return "", err
		}
		return "", c.(chat.Desker).ShowDesk(ctx, j.Out.For, d)
	case jobSettings:
		s, err := b.settingsOf(ctx, j.Room)
		if err != nil {
			return "", err
		}
		return "", c.(chat.Setter).ShowSettings(ctx, j.Out.For, j.Out.Via, s)
	case jobReport:
		j.State.Key = d.Key
		return "", c.(chat.Reporter).Report(ctx, chat.MessageID(j.To), j.Place, j.State)
	case jobAnnounce:
		return "", c.(chat.Announcer).Announce(ctx, j.Place, j.Sign)
	case jobCatchUp:
		return "", c.(chat.Backfiller).Backfill(ctx, j.Place, "", j.Out.At, b.HandleChat(j.Network))
	case jobFollow:
		return "", c.(chat.Follower).Follow(ctx, j.Missed.From, j.Place.Room, j.Missed.By)
	case jobJoin:
		return "", c.(chat.Joiner).Join(ctx, j.Place.Room, j.As)
	case jobRefuse:
		return "", c.(chat.Joiner).Refuse(ctx, j.Place.Room, j.As, j.Out.Body.Text)
	}
	panic("delivery of an unknown kind: " + d.Kind)
}

// resolve fills in the network's ids of messages that a job names by our own.
func (b *Bridge) resolve(ctx context.Context, j *chatJob) error {
	if j.Of == 0 && j.ReplyTo == 0 {
		return nil
	}
	return b.store.Read(ctx, func(tx *store.Tx) error {
		if j.Of != 0 {
			c, err := tx.CopyPart(j.Of, j.Room, j.Part)
			if errors.Is(err, store.ErrNone) || (err == nil && c.Posted == "") {
				return retry.Never(errors.New("the message was never posted there"))
			}
			if err != nil {
				return err
			}
			j.To = c.Posted
		}
		if j.ReplyTo != 0 {
			c, err := tx.CopyIn(j.ReplyTo, j.Room)
			if err != nil && !errors.Is(err, store.ErrNone) {
				return err
			}
			j.Out.ReplyTo = chat.MessageID(c.Posted)
			if threader, can := b.chats[j.Network].(chat.Threader); can && c.Posted != "" && j.Place.Thread == "" && b.limits(j.Network).Threads {
				// A message in a thread is not the root of another.
				if j.Place.Thread = chat.ThreadID(c.Chat); c.Chat == "" {
					j.Place.Thread = threader.ThreadOf(j.Place, j.Out.ReplyTo)
				}
				j.Out.Place = j.Place
			}
		}
		return nil
	})
}

// sendOnce posts an event. When an earlier attempt may have succeeded it looks for
// the event first.
func (b *Bridge) sendOnce(ctx context.Context, c chat.Connector, d store.Delivery, out chat.Outgoing) (chat.MessageID, error) {
	return b.once(ctx, c, d, out, func() (chat.MessageID, error) { return c.Send(ctx, out) })
}

func (b *Bridge) once(ctx context.Context, c chat.Connector, d store.Delivery, out chat.Outgoing, send func() (chat.MessageID, error)) (chat.MessageID, error) {
	f, can := c.(chat.Finder)
	if can && b.outbox.inDoubt(d) {
		id, found, err := f.Find(ctx, out.Place, out.Key, d.Created.Add(-time.Minute))
		if err != nil || found {
			return id, err
		}
	}
	return send()
}

// makePlace makes the room or the chat thread of a conversation. For a chat
// thread it posts the root; for a new room j.Place is set to it.
func (b *Bridge) makePlace(ctx context.Context, c chat.Connector, d store.Delivery, j *chatJob) (chat.MessageID, error) {
	threader, threads := c.(chat.Threader)
	if j.Place.Room != "" && threads {
		root, err := b.sendOnce(ctx, c, d, j.Out)
		if err == nil {
			j.Place.Thread = threader.ThreadOf(j.Place, root)
		}
		return root, err
	}
	creator, can := c.(chat.Creator)
	if !can {
		return "", retry.Never(errors.New("this network can make neither a room nor a chat thread"))
	}
	room, err := creator.Create(ctx, chat.NewRoom{Key: j.Out.Key, Name: j.Open.Name, Invite: j.Open.Invite})
	j.Place = chat.Place{Room: room}
	return "", err
}

// settleChat records what a delivery has brought about.
func (w *work) settleChat(d store.Delivery, j chatJob, id chat.MessageID) error {
	switch d.Kind {
	case jobPost, jobPostFile:
		if err := w.mayAgain(j.Network, j.Place.Room); err != nil || j.Message == 0 {
			return err
		}
		return w.copyPosted(j, id)
	case jobReact:
		return w.reactionShown(d.Key, j, id)
	case jobOpen:
		return w.opened(j, j.Place)
	case jobJoin:
		return w.ghostIn(j)
	case jobFollow:
		return w.followed(j)
	case jobDescribe:
		return w.described(j)
	case jobFetch:
		return w.fetched(j)
	case jobRoot:
		return w.rootRead(j)
	}
	return nil
}

// copyPosted records that a part of a message's copy stands in a room, and deletes what
// must not stand there any more.
func (w *work) copyPosted(j chatJob, id chat.MessageID) error {
	r, err := w.RoomByID(j.Room)
	if err != nil {
		return err
	}
	c := store.Copy{Message: j.Message, Room: j.Room, Part: j.Part, Posted: string(id), Chat: string(j.Place.Thread)}
	if r.Chat != "" {
		c.Chat = ""
	}
	if err := w.AddCopy(c); err != nil {
		return err
	}
	m, err := w.Message(j.Message)
	if err != nil {
		return err
	}
	w.step(Step{Thread: m.Thread, Message: m.ID, Kind: "posted", Text: "posted in the room"})
	switch {
	case m.State == store.Deleted:
		return w.deleteCopy(r, c)
	case j.Whole:
		return w.dropWhole(m.ID, r, j.Part)
	}
	return nil
}

// gaveUp tells people of a delivery to a chat network that failed for good.
func (w *work) gaveUp(d store.Delivery, j chatJob, cause error) error {
	if d.Kind == jobRoot {
		w.b.log.Debug("the root of a chat thread cannot be had: its answers are mailed without a quote", "network", j.Network, "error", cause)
		j.Said = chat.Posted{}
		return w.rootRead(j)
	}
	w.b.log.Warn("delivery to a chat network failed for good", "kind", d.Kind, "network", j.Network, "attempts", d.Attempt+1, "error", cause)
	switch d.Kind {
	case jobPost, jobPostFile:
		if err := w.mayNot(j.Network, j.Place.Room, cause); err != nil || j.Message == 0 {
			return err
		}
		m, err := w.Message(j.Message)
		if err != nil {
			return err
		}
		w.step(Step{Thread: m.Thread, Message: m.ID, Kind: "refused", Text: "the room did not take it: " + cause.Error()})
		if m.Origin == store.FromChat {
			return w.tellAt(m, fmt.Sprintf("⚠️ This message did not reach another room of the conversation: %s.", plain(cause.Error())), chat.State{Phase: chat.Failed, Reason: cause.Error()})
		}
		return w.home(fmt.Sprintf("A mail of %s could not be posted in its room: %s. What it said:\n%s", m.Name, plain(cause.Error()), withMarks(m)))
	case jobReact:
		return w.DropReactionCopy(d.Key)
	case jobDescribe, jobFetch:
		if err := w.notDirect(j); err != nil {
			return err
		}
		if j.Command != nil {
			return w.notice(j.Network, j.Place, "✗ That did not work: "+plain(cause.Error())+".", j.Command.answer())
		}
	case jobVote:
		return w.notice(j.Network, j.Place, fmt.Sprintf("%s %s. It could not be shown as a vote: %s.", j.Out.As.Name, j.Out.Body.Text, plain(cause.Error())))
	case jobOpen:
		return w.home(fmt.Sprintf("I could not make a place for the conversation “%s”: %s.", j.Open.Name, plain(cause.Error())))
	case jobFollow:
		return w.notFollowed(j, cause)
	case jobJoin:
		if j.As != "" {
			return w.ghostStays(j, cause)
		}
		return w.home(fmt.Sprintf("I could not enter a room that I was invited to: %s.", plain(cause.Error())))
	}
	return nil
}
