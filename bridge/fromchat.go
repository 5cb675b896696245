package bridge

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/store"
)

// linkedRoom finds the linked room that an event belongs to: its chat thread, if
// that is linked by itself, else the room. ErrNone: it belongs to none.
func (w *work) linkedRoom(network string, p chat.Place) (store.Room, error) {
	for _, inside := range []chat.ThreadID{p.Thread, ""} {
		r, err := w.Room(network, string(p.Room), string(inside))
		if err == nil && r.Thread != 0 {
			return r, nil
		}
		if err != nil && !errors.Is(err, store.ErrNone) {
			return r, err
		}
	}
	return store.Room{}, store.ErrNone
}

// beforeLink reports whether something was said before its room was linked:
// nobody by email gets that. The clocks of network and bridge may differ a little.
func beforeLink(r store.Room, at time.Time) bool {
	return !r.Linked.IsZero() && at.Before(r.Linked.Add(-time.Second))
}

// staysInside reports whether the writer asked that a message is not mailed.
func staysInside(text string) bool {
	text = strings.TrimSpace(strings.TrimPrefix(text, pollMark))
	return slices.ContainsFunc(quietMarks[:], func(mark string) bool { return strings.HasPrefix(text, mark) })
}

// quietMarks are what a message begins with that is not to be mailed.
var quietMarks = [...]string{"🔇", "//"}

// posted takes in a new message. ErrNotLinked: it belongs to no linked room.
func (w *work) posted(network string, e chat.Posted) error {
	r, err := w.linkedRoom(network, e.Place)
	if errors.Is(err, store.ErrNone) {
		return ErrNotLinked
	}
	if err != nil {
		return err
	}
	if w.Env.Access.level(e.By, chat.Member) < Speak || (e.Late && beforeLink(r, e.At)) {
		return nil
	}
	noted, known, err := w.notedBefore(network, e)
	if err != nil || known {
		return err
	}
	if waits, err := w.mustWait(network, e); err != nil || waits {
		return err
	}
	th, err := w.Thread(r.Thread)
	if err != nil {
		return err
	}
	author, err := w.Author(network, string(e.By.ID), e.By.Name)
	if err != nil {
		return err
	}
	people, err := w.Participants(th.ID)
	if err != nil {
		return err
	}
	e.Body = withKnownNames(bodyOf(e), e.Mentions, people)
	m := store.Message{
		ID: noted, Thread: th.ID, Origin: store.FromChat, Author: author, Name: cmp.Or(e.By.Alias, e.By.Name), Kind: int64(e.Kind),
		Text: e.Body.Text, HTML: e.Body.HTML, Files: fileNames(e.Body.Files), State: store.Held, At: w.now, Room: r.ID, Account: accountOf(e.By),
	}
	if w.saidAt != nil { // it was sealed: it was said when it was said
		m.At = *w.saidAt
	}
	answered, err := w.answered(network, r, e)
	if err != nil {
		return err
	}
	if staysInside(m.Text) || r.Closed() || answered.State == store.Inside || th.Paused || !anyTakes(people) {
		m.State = store.Inside
	}
	if m.State == store.Held && answered.ID == 0 {
		if answered, err = w.awaitRoot(network, r, e); err != nil {
			return err
		}
	}
	m.ReplyTo = answered.ID
	if err := w.keep(&m, r, e); err != nil {
		return err
	}
	if err := w.addFiles(network, m, e.Body.Files); err != nil {
		return err
	}
	if e.Poll != nil {
		if err := w.PutPoll(store.Poll{Message: m.ID, Room: r.ID, Poll: *e.Poll}); err != nil {
			return err
		}
	}
	w.trace(Trace{Thread: th.ID, Message: m.ID, Kind: "received", Text: fmt.Sprintf("%s wrote in the room", e.By.Name)})
	if err := w.spread(m, r, e.By); err != nil {
		return err
	}
	if m.State != store.Held {
		w.trace(Trace{Thread: th.ID, Message: m.ID, Kind: "inside", Text: "it stays in the room"})
		return nil
	}
	who := mentioned(m.Text, e.Mentions, e.MentionsAll, people)
	if err := w.noteMentions(m, who); err != nil {
		return err
	}
	if err := w.atOnce(m); err != nil {
		return err
	}
	return w.hold(th, len(who) > 0)
}

// bodyOf is what a message says; a poll says its words.
func bodyOf(e chat.Posted) chat.Body {
	if e.Poll != nil {
		return chat.Body{Text: pollWords(*e.Poll)}
	}
	return e.Body
}

// accountOf is whose account wrote a message under another name; empty: it did not.
func accountOf(by chat.Author) string {
	if by.Alias == "" || by.Alias == by.Name {
		return ""
	}
	return by.Name
}

// spread posts a message in the thread's other rooms, at once or, where it has files,
// when they have been fetched.
func (w *work) spread(m store.Message, r store.Room, by chat.Author) error {
	rooms, err := w.RoomsOf(m.Thread)
	if err != nil {
		return err
	}
	if !r.Closed() && (m.State == store.Held || len(rooms) > 1) {
		if waits, err := w.fetchFiles(m.ID); err != nil || waits {
			return err
		}
	}
	if r.Closed() {
		return nil
	}
	return w.toOtherRooms(m, r, by)
}

// chatThread is the chat thread of a place in which a linked room's message stands,
// where the room itself is linked as a whole.
func chatThread(r store.Room, p chat.Place) string {
	if r.Chat == "" {
		return string(p.Thread)
	}
	return ""
}

func anyTakes(people []store.Participant) bool {
	for _, p := range people {
		if p.Takes() {
			return true
		}
	}
	return false
}

// answered finds the message that a new one answers: the one it names, else the
// newest of its chat thread, else that thread's root. The zero Message: none.
func (w *work) answered(network string, r store.Room, e chat.Posted) (store.Message, error) {
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
	if in := chatThread(r, e.Place); in != "" {
		if m, err := none(w.LastInChat(r.ID, in)); err != nil || m.ID != 0 {
			return m, err
		}
		if e.Root != "" {
			return none(w.MessageByCopy(network, string(e.Root)))
		}
	}
	return store.Message{}, nil
}

func fileNames(files []chat.File) string {
	var names []string
	for _, f := range files {
		names = append(names, fileLine(f.Name, f.Size))
	}
	return strings.Join(names, "\n")
}

// fileLine names a file and its size for a person.
func fileLine(name string, size int64) string {
	if name == "" {
		name = "file"
	}
	name = strings.ReplaceAll(name, "\n", " ")
	if size <= 0 {
		return name
	}
	return name + " (" + sizeOf(size) + ")"
}

// sizeOf words a number of bytes.
func sizeOf(size int64) string {
	switch {
	case size < 1000:
		return fmt.Sprintf("%d bytes", size)
	case size < 1000*1000:
		return fmt.Sprintf("%d kB", (size+500)/1000)
	}
	for _, unit := range []string{"MB", "GB"} {
		if size /= 1000; size < 10_000 {
			return fmt.Sprintf("%.1f %s", float64(size)/1000, unit)
		} else if size < 1000*1000 {
			return fmt.Sprintf("%d %s", (size+500)/1000, unit)
		}
	}
	return fmt.Sprintf("%d GB", size/1000)
}

// toOtherRooms posts a chat message in the thread's other rooms at once.
func (w *work) toOtherRooms(m store.Message, from store.Room, by chat.Author) error {
	rooms, err := w.RoomsOf(m.Thread)
	if err != nil {
		return err
	}
	for _, r := range rooms {
		if r.ID == from.ID || r.Silent() {
			continue
		}
		as := chat.Sender{ID: w.Env.Mint.Address("author", from.Network+"\x00"+string(by.ID)), Name: by.Name}
		if err := w.post(m, r, as, ""); err != nil {
			return err
		}
	}
	return nil
}

// hold begins or prolongs the hold of a thread for one more message.
func (w *work) hold(th store.Thread, mention bool) error {
	first, until := holdUntil(w.Env.Hold, th, w.now, mention)
	w.flush = true
	return w.SetHold(th.ID, first, until)
}

// liveFor is how long after an answer by mail a conversation counts as live.
const liveFor = 2 * time.Minute

// holdUntil decides when a thread's hold ends after one more message at now.
func holdUntil(h Hold, th store.Thread, now time.Time, mention bool) (first, until time.Time) {
	first = th.HoldFirst
	if first.IsZero() {
		first = now
	}
	quiet := h.Quiet
	if mention || now.Sub(th.Live) < liveFor {
		quiet = min(quiet, h.Live)
	}
	until = now.Add(quiet)
	if last := first.Add(h.Max); until.After(last) {
		until = last
	}
	return first, until
}

// chatMessage finds the message that an edit or a deletion concerns, if it came from
// this network. The zero Message: none of ours.
func (w *work) chatMessage(network string, id chat.MessageID) (store.Message, error) {
	m, err := w.MessageByCopy(network, string(id))
	if errors.Is(err, store.ErrNone) || (err == nil && m.Origin != store.FromChat) {
		return store.Message{}, nil
	}
	return m, err
}

// eachOtherCopy calls do for every copy of a message but the one named.
func (w *work) eachOtherCopy(m store.Message, not chat.MessageID, do func(store.Room, store.Copy) error) error {
	copies, err := w.Copies(m.ID)
	if err != nil {
		return err
	}
	for _, c := range copies {
		if c.Posted == string(not) {
			continue
		}
		r, err := w.RoomByID(c.Room)
		if err != nil {
			return err
		}
		if err := do(r, c); err != nil {
			return err
		}
	}
	return nil
}

// deleteCopy deletes a copy in its room, when it stands there.
func (w *work) deleteCopy(r store.Room, c store.Copy) error {
	j := changeJob{Target: Target{Network: r.Network, Place: place(r), Room: r.ID}, Of: c.Message, Part: c.Part}
	if c.Chat != "" {
		j.Place.Thread = chat.ThreadID(c.Chat)
	}
	return w.toChat(jobDelete, w.key("d", c.Message, r.ID, int64(c.Part)), &j)
}

func (w *work) deleted(network string, e chat.Deleted) error {
	m, err := w.chatMessage(network, e.Message)
	if err == nil && m.ID == 0 {
		if was, err := w.takeBackEdit(network, e); err != nil || was {
			return err
		}
		if r, err := w.ReactionByID(network + "\x00" + string(e.Message)); err == nil {
			return w.takeBackReaction(r)
		} else if !errors.Is(err, store.ErrNone) {
			return err
		}
		if poll, err := w.DropVoteByID(network + "\x00" + string(e.Message)); err != nil || poll != 0 {
			return errors.Join(err, w.tallyLater(poll))
		}
		// Where two connections bring events, the end of a message may come first.
		_, err = w.Seen(w.now, network+" deleted", string(e.Message))
		return err
	}
	if err != nil || m.State == store.Deleted {
		return err
	}
	m.State = store.Deleted
	if err := w.SetMessage(m); err != nil {
		return err
	}
	err = w.eachOtherCopy(m, e.Message, func(r store.Room, c store.Copy) error {
		if w.Env.Network(r.Network).Deleter == nil || c.Stale {
			return nil
		}
		return w.deleteCopy(r, c)
	})
	if err != nil {
		return err
	}
	if has, err := w.MailedTo(m.ID); err != nil || len(has) == 0 {
		return err // it waited in the hold, or for digests
	}
	who := e.By.ID
	if who == "" { // the network does not say who deleted it
		_, person, err := w.AuthorByID(m.Author)
		if err != nil {
			return err
		}
		who = chat.UserID(person)
	}
	text := "Your message was already mailed and cannot be taken back there."
	if w.Env.TellDeletes {
		text += " Those who have it are told that it was deleted."
		if err := w.editedLate(m, m.Text); err != nil {
			return err
		}
	}
	return w.notice(network, e.Place, text+" To set something right, write it as a new message.", privately(who))
}
