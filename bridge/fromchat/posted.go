package fromchat

import (
	"cmp"
	"errors"
	"fmt"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/polls"
	"hashsend/bridge/reactions"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// Posted handles a new message. It returns core.ErrNotLinked if the room is not linked.
func Posted(w *core.Work, network string, e chat.Posted) error {
	r, err := w.LinkedRoom(network, e.Place)
	if errors.Is(err, store.ErrNone) {
		return core.ErrNotLinked
	}
	if err != nil {
		return err
	}
	if w.Env.Access.Level(e.By, chat.Member) < core.Speak || (e.Late && core.BeforeLink(r, e.At)) {
		return nil
	}
	noted, known, err := notedBefore(w, network, e)
	if err != nil || known {
		return err
	}
	if waits, err := mustWait(w, network, e); err != nil || waits {
		return err
	}
	th, err := w.Conversation(r.Thread)
	if err != nil {
		return err
	}
	e.Body = core.WithKnownNames(bodyOf(e), e.Mentions, th.People)
	m, err := messageOf(w, network, th, r, e)
	if err != nil {
		return err
	}
	m.ID = noted
	if err := keepAll(w, &m, network, r, e); err != nil {
		return err
	}
	w.Trace(core.Trace{Thread: th.ID, Message: m.ID, Kind: "received", Text: fmt.Sprintf("%s posted in the room", e.By.Name)})
	if err := spread(w, m, r, e.By, len(e.Body.Files) > 0); err != nil {
		return err
	}
	if m.State != store.Held {
		w.Trace(core.Trace{Thread: th.ID, Message: m.ID, Kind: "inside", Text: "stays in the room"})
		return nil
	}
	return mailLater(w, m, th, e)
}

// mailLater has a message sent by email when the hold ends, which is earlier if the message
// mentions participants.
func mailLater(w *core.Work, m store.Message, th core.Conversation, e chat.Posted) error {
	who := core.Mentioned(m.Text, e.Mentions, e.MentionsAll, th.People)
	if err := w.NoteMentions(m, who); err != nil {
		return err
	}
	if err := tomail.AtOnce(w, m); err != nil {
		return err
	}
	return tomail.Hold(w, th.Thread, len(who) > 0)
}

// messageOf returns the message of an event, with the message it replies to. It stores nothing.
func messageOf(w *core.Work, network string, th core.Conversation, r store.Room, e chat.Posted) (store.Message, error) {
	m := store.Message{
		Thread: th.ID, Origin: store.FromChat, Name: cmp.Or(e.By.Alias, e.By.Name), Kind: int64(e.Kind),
		Text: e.Body.Text, HTML: e.Body.HTML, Files: core.FileNames(e.Body.Files), State: store.Held, At: w.Now, Room: r.ID, Account: accountOf(e.By),
	}
	if w.SaidAt != nil { // it was encrypted: its original time counts
		m.At = *w.SaidAt
	}
	var err error
	if m.Author, err = w.Author(network, string(e.By.ID), e.By.Name); err != nil {
		return m, err
	}
	answered, err := answered(w, network, r, e)
	if err != nil {
		return m, err
	}
	if staysInside(m.Text, th, r, answered) {
		m.State = store.Inside
	}
	if m.State == store.Held && answered.ID == 0 {
		if answered, err = awaitRoot(w, network, r, e); err != nil {
			return m, err
		}
	}
	m.ReplyTo = answered.ID
	return m, nil
}

// staysInside decides whether a message stays in the room.
func staysInside(text string, th core.Conversation, r store.Room, answered store.Message) bool {
	return core.StaysInside(text) || r.Closed() || answered.State == store.Inside || th.Paused || !core.AnyTakes(th.People)
}

// keepAll stores a message with its files and its poll.
func keepAll(w *core.Work, m *store.Message, network string, r store.Room, e chat.Posted) error {
	if err := keep(w, m, r, e); err != nil {
		return err
	}
	if err := files.Add(w, network, *m, e.Body.Files); err != nil || e.Poll == nil {
		return err
	}
	return w.PutPoll(store.Poll{Message: m.ID, Room: r.ID, Poll: *e.Poll})
}

// bodyOf returns the body of a message or of a poll.
func bodyOf(e chat.Posted) chat.Body {
	if e.Poll != nil {
		return chat.Body{Text: polls.Words(*e.Poll)}
	}
	return e.Body
}

// accountOf returns the account of a message that was posted under another name, else "".
func accountOf(by chat.Author) string {
	if by.Alias == "" || by.Alias == by.Name {
		return ""
	}
	return by.Name
}

// spread posts a message in the other rooms of its conversation, after its files and those of
// the messages before it have been fetched.
func spread(w *core.Work, m store.Message, r store.Room, by chat.Author, hasFiles bool) error {
	rooms, err := w.RoomsOf(m.Thread)
	if err != nil {
		return err
	}
	if hasFiles && !r.Closed() && (m.State == store.Held || len(rooms) > 1) {
		waits, err := files.Fetch(w, m.ID)
		if err == nil && !waits {
			waits, err = w.FilesWantedBefore(m)
		}
		if err != nil || waits {
			return err
		}
	}
	if r.Closed() {
		return nil
	}
	return tochat.ToOtherRooms(w, m, r, by)
}

// answered finds the message that a new one replies to: the one it names, else the newest of
// its chat thread, else the root of that. The zero Message means none.
func answered(w *core.Work, network string, r store.Room, e chat.Posted) (store.Message, error) {
	none := func(m store.Message, err error) (store.Message, error) {
		if errors.Is(err, store.ErrNone) {
			return store.Message{}, nil
		}
		return m, err
	}
	if e.ReplyTo != "" {
		if m, err := none(w.MessageByCopy(network, string(e.ReplyTo))); err != nil || m.ID != 0 {
			return m, err
		}
	}
	if in := core.ChatThread(r, e.Place); in != "" {
		if m, err := none(w.LastInChat(r.ID, in)); err != nil || m.ID != 0 {
			return m, err
		}
		if e.Root != "" {
			return none(w.MessageByCopy(network, string(e.Root)))
		}
	}
	return store.Message{}, nil
}

// Deleted handles the deletion of a message, an edit, a reaction or a vote. A message is
// also deleted in the other rooms of the conversation. If it was already sent by email, the
// person who deleted it is told that this can't be undone.
func Deleted(w *core.Work, network string, e chat.Deleted) error {
	m, err := w.ChatMessage(network, e.Message)
	if err == nil && m.ID == 0 {
		return deletedOther(w, network, e)
	}
	if err != nil || m.State == store.Deleted {
		return err
	}
	m.State = store.Deleted
	if err := w.SetMessage(m); err != nil {
		return err
	}
	err = tochat.EachOtherCopy(w, m, e.Message, func(r store.Room, c store.Copy) error {
		if w.Env.Network(r.Network).Deleter == nil || c.Stale {
			return nil
		}
		return tochat.DeleteCopy(w, r, c)
	})
	if err != nil {
		return err
	}
	if has, err := w.MailedTo(m.ID); err != nil || len(has) == 0 {
		return err // it was still held, or waited for digests
	}
	return deletedLate(w, network, m, e)
}

// deletedOther handles the deletion of something other than a known message: an edit, a
// reaction, a vote, or a message that has not arrived yet.
func deletedOther(w *core.Work, network string, e chat.Deleted) error {
	if was, err := takeBackEdit(w, network, e); err != nil || was {
		return err
	}
	if r, err := w.ReactionByID(network + "\x00" + string(e.Message)); err == nil {
		return reactions.TakeBack(w, r)
	} else if !errors.Is(err, store.ErrNone) {
		return err
	}
	if poll, err := w.DropVoteByID(network + "\x00" + string(e.Message)); err != nil || poll != 0 {
		return errors.Join(err, polls.TallyLater(w, poll))
	}
	// With two connections, the deletion of a message may arrive before the message.
	_, err := w.Seen(w.Now, network+" deleted", string(e.Message))
	return err
}

// deletedLate tells the person who deleted a message that it was already sent by email. If
// so configured, its recipients are told of the deletion.
func deletedLate(w *core.Work, network string, m store.Message, e chat.Deleted) error {
	who := e.By.ID
	if who == "" { // the network does not tell who deleted it
		_, person, err := w.AuthorByID(m.Author)
		if err != nil {
			return err
		}
		who = chat.UserID(person)
	}
	text := "Your message was already emailed and can't be unsent."
	if w.Env.TellDeletes {
		text += " Its recipients will be told that it was deleted."
		if err := tomail.EditedLate(w, m, m.Text); err != nil {
			return err
		}
	}
	return tochat.Notice(w, network, e.Place, text+" To correct something, post a new message.", tochat.Privately(who))
}
