package fromchat

import (
	"errors"
	"math"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/polls"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// Edited handles the edit of a message by its author.
func Edited(w *core.Work, network string, e chat.Edited) error {
	m, err := w.ChatMessage(network, e.Message)
	if err != nil || m.State == store.Deleted {
		return err
	}
	if m.ID == 0 {
		return deferFor(w, network, e.Message, e)
	}
	if author, err := w.Author(network, string(e.By.ID), e.By.Name); err != nil || author != m.Author {
		return err
	}
	people, err := w.Participants(m.Thread)
	if err != nil {
		return err
	}
	e.Body = core.WithKnownNames(e.Body, e.Mentions, people)
	asks, err := polls.Of(w, m.ID)
	if err != nil || !mayBecome(asks, e.Poll) {
		return err
	}
	if e.Poll != nil {
		e.Body = chat.Body{Text: polls.Words(*e.Poll)}
	}
	if newest, err := addEdition(w, network, m, asks.Poll, e); err != nil || !newest {
		return err
	}
	if e.Poll != nil {
		if err := polls.Change(w, m.ID, *e.Poll); err != nil {
			return err
		}
	}
	if err := reword(w, network, m, e.Message, e.Body, e.By); err != nil {
		return err
	}
	return mentionedLate(w, m.ID, e)
}

// mayBecome decides whether an edit is allowed for the poll of a message, or the zero Poll:
// ended polls do not change, and a text does not edit a poll.
func mayBecome(asks store.Poll, to *chat.Poll) bool {
	return asks.Ended.IsZero() && (asks.Message == 0) == (to == nil)
}

// addEdition stores the content of an edit, so that it can be taken back. It reports whether
// the edit is the newest, because edits arrive in any order. asked is the current poll of the
// message if the edit is one of a poll.
func addEdition(w *core.Work, network string, m store.Message, asked chat.Poll, e chat.Edited) (newest bool, err error) {
	if e.Edit == "" {
		return true, nil
	}
	if gone, err := w.WasSeen(network+" deleted", string(e.Edit)); err != nil || gone {
		return false, err
	}
	id := network + "\x00" + string(e.Edit)
	first := store.Edition{Message: m.ID, At: m.At, Text: m.Text, HTML: m.HTML}
	if e.Poll != nil {
		first.Poll = &asked
	}
	for _, v := range []store.Edition{
		first, // no effect if it exists
		{Message: m.ID, Posted: id, At: e.At, Text: e.Body.Text, HTML: e.Body.HTML, Poll: e.Poll},
	} {
		if err := w.AddEdition(v); err != nil {
			return false, err
		}
	}
	last, err := w.NewestEdition(m.ID)
	return last.Posted == id, err
}

// takeBackEdit restores the content of a message from before a deleted edit. It returns false
// if the edit is unknown.
func takeBackEdit(w *core.Work, network string, e chat.Deleted) (is bool, err error) {
	v, err := w.EditionByID(network + "\x00" + string(e.Message))
	if errors.Is(err, store.ErrNone) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := w.DropEdition(v.Posted); err != nil {
		return true, err
	}
	m, err := w.Message(v.Message)
	if err != nil || m.State == store.Deleted {
		return true, err
	}
	left, err := w.NewestEdition(m.ID)
	if err != nil {
		return true, err
	}
	if left.Poll != nil {
		if asks, err := polls.Of(w, m.ID); err != nil || !asks.Ended.IsZero() {
			return true, err
		}
		if err := polls.Change(w, m.ID, *left.Poll); err != nil {
			return true, err
		}
	}
	posted, by, err := writtenAs(w, network, m)
	if err != nil {
		return true, err
	}
	return true, reword(w, network, m, posted, chat.Body{Text: left.Text, HTML: left.HTML}, by)
}

// writtenAs returns the original id and the author of a message in a network.
func writtenAs(w *core.Work, network string, m store.Message) (posted chat.MessageID, by chat.Author, err error) {
	_, person, err := w.AuthorByID(m.Author)
	if err != nil {
		return "", by, err
	}
	by = chat.Author{ID: chat.UserID(person), Name: m.Name}
	copies, err := w.Copies(m.ID)
	if err != nil {
		return "", by, err
	}
	for _, c := range copies {
		r, err := w.RoomByID(c.Room)
		if err != nil {
			return "", by, err
		}
		if r.Network == network && c.Posted != "" {
			return chat.MessageID(c.Posted), by, nil // the original comes first
		}
	}
	return "", by, nil
}

// reword changes the text of a message: in the email not yet sent, as a correction of one that
// was sent, and in the other rooms of the conversation.
func reword(w *core.Work, network string, m store.Message, posted chat.MessageID, to chat.Body, by chat.Author) error {
	if m.Text == to.Text && m.HTML == to.HTML {
		return nil
	}
	if closed, err := tochat.ClosedFor(w, m, posted); err != nil || closed {
		return err
	}
	was := m.Text
	m.Text, m.HTML = to.Text, to.HTML
	if core.StaysInside(m.Text) && m.State == store.Held {
		m.State = store.Inside
	}
	if err := w.SetMessage(m); err != nil {
		return err
	}
	if err := tomail.EditedLate(w, m, was); err != nil {
		return err
	}
	return tochat.EachOtherCopy(w, m, posted, func(r store.Room, c store.Copy) error {
		bodies, whole := tochat.BodiesFor(w.Env, m, nil, r.Network)
		if w.Env.Network(r.Network).Editor == nil || c.Part > 0 || len(bodies) == 0 || c.Captions {
			return nil
		}
		as := chat.Sender{ID: w.Env.Mint.Address("author", network+"\x00"+string(by.ID)), Name: by.Name}
		err := tochat.Enqueue(w, tochat.JobEdit, w.Key("e", m.ID, r.ID)+"."+mail.NewUniq(), &tochat.ChangeJob{
			// Without a time of ours: networks put edits of one moment in any order.
			Target: tochat.Target{Network: r.Network, Place: core.Place(r), Room: r.ID, Out: chat.Outgoing{As: as, Kind: chat.Kind(m.Kind), Body: bodies[0]}},
			Of:     m.ID,
		})
		if err != nil {
			return err
		}
		if !whole {
			return tochat.DropWhole(w, m.ID, r, math.MaxInt)
		}
		return tochat.WholeAgain(w, m, r, c, as)
	})
}

// mentionedLate handles participants whom only an edit mentions. A held message is sent soon,
// an emailed message is sent at once to those who don't have it, and the others receive the
// correction soon.
func mentionedLate(w *core.Work, message int64, e chat.Edited) error {
	m, err := w.Message(message)
	if err != nil || (m.State != store.Held && m.State != store.Mailed) {
		return err
	}
	fresh, err := newlyMentioned(w, m, e)
	if err != nil {
		return err
	}
	th, err := w.Thread(m.Thread)
	if err != nil || len(fresh) == 0 || th.Paused {
		return err
	}
	if err := w.NoteMentions(m, fresh); err != nil {
		return err
	}
	if m.State == store.Held {
		return tomail.Hold(w, th, true)
	}
	return mailMentioned(w, m, fresh)
}

// newlyMentioned returns the participants whom only the edit mentions, not the message before.
func newlyMentioned(w *core.Work, m store.Message, e chat.Edited) (store.IDs, error) {
	people, err := w.Participants(m.Thread)
	if err != nil {
		return nil, err
	}
	known, err := w.MentionedIn(m.ID)
	if err != nil {
		return nil, err
	}
	return without(core.Mentioned(m.Text, e.Mentions, e.MentionsAll, people), known), nil
}

// without returns the ids that are not among others.
func without(ids, others store.IDs) (left store.IDs) {
	for _, id := range ids {
		if !others.Has(id) {
			left = append(left, id)
		}
	}
	return left
}

// mailMentioned sends a message that was already emailed to those of these participants who
// did not get it. For the others it brings the correction forward.
func mailMentioned(w *core.Work, m store.Message, fresh store.IDs) error {
	has, err := w.MailedTo(m.ID)
	if err != nil {
		return err
	}
	lack := without(fresh, has)
	if len(lack) < len(fresh) {
		w.Lanes[outbox.CorrectLane(m.Thread)] = true
		if _, err := w.Wake(w.Key("f", m.Thread), w.Now.Add(w.Env.Hold.Live)); err != nil {
			return err
		}
	}
	if len(lack) == 0 {
		return nil
	}
	p, err := tomail.PlanFor(w, m.Thread, []store.Message{m})
	if err != nil {
		return err
	}
	p.Only = lack
	return tomail.Make(w, p)
}
