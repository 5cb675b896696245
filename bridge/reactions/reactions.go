// Package reactions carries reactions between rooms and email.
package reactions

import (
	"errors"
	"fmt"
	"slices"

	"hashsend/bridge/admit"
	"hashsend/bridge/chat"
	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// Reacted handles a reaction from a room: it is shown in the other rooms of the thread, and
// email participants read of it in their next mail.
func Reacted(w *core.Work, network string, e chat.Reacted) error {
	m, err := w.MessageByCopy(network, string(e.Message))
	if errors.Is(err, store.ErrNone) {
		return core.NotYet{Message: e.Message}
	}
	if err != nil {
		return err
	}
	who := network + "\x00" + string(e.By.ID)
	had, err := w.ReactionsOf(m.ID, who)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(had, func(r store.Reaction) bool { return r.Emoji == e.Emoji })
	if e.Removed {
		if at < 0 {
			return nil
		}
		return TakeBack(w, had[at])
	}
	r, err := w.RoomOfCopy(m, e.Message)
	if err != nil || r.Closed() || r.Thread != m.Thread {
		return err
	}
	known := at >= 0
	if known || w.Env.Access.Level(e.By, chat.Member) < core.Speak || !counts(m, r, e) {
		return nil
	}
	in := store.Reaction{Message: m.ID, Who: who, Name: e.By.Name, Room: r.ID, Emoji: e.Emoji}
	if e.Reaction != "" {
		if gone, err := w.WasSeen(network+" deleted", string(e.Reaction)); err != nil || gone {
			return err
		}
		in.Posted = network + "\x00" + string(e.Reaction)
	}
	return spread(w, m.Thread, in, r, e.By)
}

// counts decides whether a reaction from a room is used. It is ignored for messages that
// stay in the room or are deleted, and if it is from before the room was linked.
func counts(m store.Message, r store.Room, e chat.Reacted) bool {
	if m.State == store.Inside || m.State == store.Deleted || m.Unsaid() {
		return false
	}
	return !e.Late || !core.BeforeLink(r, e.At)
}

// spread stores a new reaction from a room, shows it in the other rooms, and adds it to the
// next email.
func spread(w *core.Work, thread int64, in store.Reaction, r store.Room, by chat.Author) (err error) {
	if in.ID, err = addReaction(w, in); err != nil {
		return err
	}
	if err := reactElsewhere(w, in, r, by); err != nil {
		return err
	}
	return reactLater(w, thread, in)
}

// addReaction stores a new reaction and returns its id.
func addReaction(w *core.Work, in store.Reaction) (int64, error) {
	if err := w.AddReaction(in); err != nil {
		return 0, err
	}
	all, err := w.ReactionsOf(in.Message, in.Who)
	for _, r := range all {
		if r.Emoji == in.Emoji {
			return r.ID, err
		}
	}
	return 0, err
}

// reactionIn reads an email as a reaction. m is its text for rooms that can't show it and
// replies to the message of the reaction. An empty emoji takes back reactions. is is false for
// an ordinary message.
func reactionIn(w *core.Work, th store.Thread, l frommail.Mail, d frommail.Decision) (m store.Message, emoji string, is bool, err error) {
	if l.Class.Kind != classify.Reaction && d.Emoji == "" {
		return m, "", false, nil
	}
	parts, err := frommail.PartsOf(w, th, d)
	if err != nil || len(parts) != 1 || parts[0].Of == 0 {
		return m, "", false, err
	}
	m = store.Message{Thread: th.ID, Origin: store.FromMail, Kind: int64(chat.Emote), Text: d.Words.Text, State: store.Mailed, At: w.Now, ReplyTo: parts[0].Of}
	emoji, remarked := l.Class.Emoji, d.Remarks() != ""
	if d.Emoji != "" {
		m.Kind, emoji = int64(chat.Said), d.Emoji
		if can, err := showsOwn(w, th, m.ReplyTo); err != nil || !can || remarked {
			return m, "", false, err
		}
	}
	// An unverified mail must not remove the reaction of somebody else.
	return m, emoji, emoji != "" || !remarked, nil
}

// isKnown decides whether a reaction by email changes nothing: it is one of the earlier
// reactions, or there are none to take back.
func isKnown(had []store.Reaction, emoji string) bool {
	if emoji == "" && len(had) == 0 {
		return true
	}
	return slices.ContainsFunc(had, func(r store.Reaction) bool { return r.Emoji == emoji })
}

// ByMail handles a reaction by email: it is added to its message where the network shows
// the person, and posted as a text elsewhere. It returns false for an ordinary message.
func ByMail(w *core.Work, box *core.Box, a admit.Voice, th store.Thread, l frommail.Mail, d frommail.Decision) (bool, error) {
	m, emoji, is, err := reactionIn(w, th, l, d)
	if err != nil || !is {
		return false, err
	}
	as, err := frommail.SpeakerOf(w, box, a, th, l, &m)
	if err != nil {
		return false, err
	}
	m.Text, m.HTML = core.AddRemarks(m.Text, "", d.Remarks())
	if err := frommail.RecordMail(w, a, th, l, nil); err != nil {
		return false, err
	}
	if err := w.SetLive(th.ID, w.Now); err != nil {
		return false, err
	}
	in := store.Reaction{Message: m.ReplyTo, Who: fmt.Sprint("mail\x00", m.Participant, " ", as.ID), Name: m.Name, Participant: m.Participant, Emoji: emoji}
	had, err := w.ReactionsOf(in.Message, in.Who)
	if err != nil {
		return false, err
	}
	remarked := d.Remarks() != ""
	if l.Class.Whole && !remarked {
		if err := takeBack(w, had, emoji); err != nil {
			return false, err
		}
	}
	if isKnown(had, emoji) {
		return true, nil
	}
	if emoji == "" {
		w.Trace(core.Trace{Thread: th.ID, Message: in.Message, Mail: l.Msg.ID, Kind: "reacted", Text: m.Name + " removed a reaction by email"})
		return true, showReaction(w, th, m, as, in, false)
	}
	people, err := w.Participants(th.ID)
	if err != nil {
		return false, err
	}
	in.Skip = frommail.Reached(th, people, l, m.Participant).Skip
	if in.ID, err = addReaction(w, in); err != nil {
		return false, err
	}
	w.Trace(core.Trace{Thread: th.ID, Message: in.Message, Mail: l.Msg.ID, Kind: "reacted", Text: m.Name + " reacted by email"})
	return true, showReaction(w, th, m, as, in, remarked)
}

// showsOwn reports whether a room of a thread can show a reaction to a message as that of a
// person.
func showsOwn(w *core.Work, th store.Thread, message int64) (bool, error) {
	rooms, err := w.RoomsOf(th.ID)
	if err != nil {
		return false, err
	}
	for _, r := range rooms {
		// A queued copy is posted before its reaction.
		_, err := w.CopyIn(message, r.ID)
		if err != nil && !errors.Is(err, store.ErrNone) {
			return false, err
		}
		if !r.Silent() && err == nil && w.Env.Network(r.Network).Limits().OwnReactions {
			return true, nil
		}
	}
	return false, nil
}

// takeBack takes back reactions by email, except one emoji.
func takeBack(w *core.Work, had []store.Reaction, but string) error {
	for _, r := range had {
		if r.Emoji == but {
			continue
		}
		if err := TakeBack(w, r); err != nil {
			return err
		}
	}
	return nil
}

// showReaction shows a reaction in each room, or posts a text where the network cannot. A
// remarked reaction needs a text everywhere.
func showReaction(w *core.Work, th store.Thread, m store.Message, as chat.Sender, in store.Reaction, remarked bool) error {
	rooms, err := w.RoomsOf(th.ID)
	if err != nil {
		return err
	}
	for _, r := range rooms {
		if r.Silent() {
			continue
		}
		c, err := w.CopyIn(m.ReplyTo, r.ID)
		missing := errors.Is(err, store.ErrNone)
		if err != nil && !missing {
			return err
		}
		if w.Env.Network(r.Network).Limits().OwnReactions && !missing && !remarked {
			if in.Emoji == "" {
				continue
			}
			if err := putReaction(w, in, r, as); err != nil {
				return err
			}
			continue
		}
		if m.ID == 0 {
			if err := w.AddMessage(&m); err != nil {
				return err
			}
		}
		inChat := c.Chat
		if r.Chat != "" {
			inChat = ""
		}
		if err := tochat.Post(w, m, r, as, inChat); err != nil {
			return err
		}
	}
	return nil
}
