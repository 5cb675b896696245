package store

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

const messageColumns = "id, thread, origin, coalesce(author, 0), coalesce(participant, 0), name, kind, body, html, files, coalesce(reply_to, 0), state, at, skip, marks, coalesce(message.room, 0), account"

func scanMessage(scan func(...any) error) (m Message, err error) {
	var at int64
	var skip string
	err = scan(&m.ID, &m.Thread, &m.Origin, &m.Author, &m.Participant, &m.Name, &m.Kind, &m.Text, &m.HTML, &m.Files, &m.ReplyTo, &m.State, &at, &skip, &m.Marks, &m.Room, &m.Account)
	m.At, m.Skip = moment(at), parseIDs(skip)
	return m, err
}

func parseIDs(s string) (ids IDs) {
	for f := range strings.SplitSeq(s, ",") {
		if id, err := strconv.ParseInt(f, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

func (ids IDs) encode() string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(id, 10))
	}
	return b.String()
}

// AddMessage stores a new message and sets its id.
func (t *Tx) AddMessage(m *Message) (err error) {
	m.ID, err = t.insert(`INSERT INTO message (thread, origin, author, participant, name, kind, body, html, files, reply_to, state, at, skip, marks, room, account)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		m.Thread, m.Origin, orNull(m.Author), orNull(m.Participant), m.Name, m.Kind, m.Text, m.HTML, m.Files, orNull(m.ReplyTo), m.State, millis(m.At), m.Skip.encode(), m.Marks, orNull(m.Room), m.Account)
	return err
}

// SetMessage stores text and state of a message.
func (t *Tx) SetMessage(m Message) error {
	return t.exec("UPDATE message SET body = ?, html = ?, files = ?, state = ? WHERE id = ?", m.Text, m.HTML, m.Files, m.State, m.ID)
}

// FillMessage stores the content of a message whose record was made before it arrived.
func (t *Tx) FillMessage(m Message) error {
	return t.exec("UPDATE message SET author = ?, name = ?, kind = ?, body = ?, html = ?, files = ?, reply_to = ?, state = ?, at = ?, room = ?, account = ? WHERE id = ?",
		orNull(m.Author), m.Name, m.Kind, m.Text, m.HTML, m.Files, orNull(m.ReplyTo), m.State, millis(m.At), orNull(m.Room), m.Account, m.ID)
}

// Message returns a message.
func (t *Tx) Message(id int64) (Message, error) {
	return scanOne(t, scanMessage, "SELECT "+messageColumns+" FROM message WHERE id = ?", id)
}

// HeldMessages returns the held messages of a thread, in order.
func (t *Tx) HeldMessages(thread int64) ([]Message, error) {
	return scanAll(t, scanMessage, "SELECT "+messageColumns+" FROM message WHERE thread = ? AND state = 'held' ORDER BY id", thread)
}

// LastMessages returns the newest messages of a thread, newest first, without those known only
// through replies.
func (t *Tx) LastMessages(thread int64, limit int) ([]Message, error) {
	return scanAll(t, scanMessage, "SELECT "+messageColumns+" FROM message WHERE thread = ? AND state NOT IN ('awaited', 'earlier') ORDER BY id DESC LIMIT ?", thread, limit)
}

// MessagesBefore returns the newest messages of a thread before a moment that were or will be
// emailed, newest first.
func (t *Tx) MessagesBefore(thread int64, before time.Time, limit int) ([]Message, error) {
	return scanAll(t, scanMessage, "SELECT "+messageColumns+` FROM message WHERE thread = ? AND at < ? AND state IN ('held', 'mailed')
		ORDER BY id DESC LIMIT ?`, thread, millis(before), limit)
}

// MessagesOfMail returns the messages of an email, in order.
func (t *Tx) MessagesOfMail(mail int64) ([]Message, error) {
	return scanAll(t, scanMessage, "SELECT "+messageColumns+" FROM message JOIN mail_message ON message = id WHERE mail = ? ORDER BY paragraph", mail)
}

// MessagesWithoutCopy returns the messages of a thread that a room does not have, in order.
func (t *Tx) MessagesWithoutCopy(thread, room int64) ([]Message, error) {
	return scanAll(t, scanMessage, "SELECT "+messageColumns+` FROM message WHERE thread = ? AND state NOT IN ('deleted', 'awaited', 'earlier')
		AND NOT EXISTS (SELECT 1 FROM copy WHERE copy.message = message.id AND room = ?) ORDER BY id`, thread, room)
}

// AddCopy stores that a message has, or will have, a copy in a room.
func (t *Tx) AddCopy(c Copy) error {
	return t.exec(`INSERT INTO copy (message, room, part, posted, chat, captions, whole) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (message, room, part) DO UPDATE SET posted = excluded.posted, chat = excluded.chat`, c.Message, c.Room, c.Part, c.Posted, c.Chat, c.Captions, c.Whole)
}

// SetStale stores that a copy has an outdated text and is being deleted.
func (t *Tx) SetStale(c Copy) error {
	return t.exec("UPDATE copy SET stale = true WHERE message = ? AND room = ? AND part = ?", c.Message, c.Room, c.Part)
}

// Copy is a message in a room.
type Copy struct {
	Message  int64
	Room     int64
	Part     int
	Posted   string
	Chat     string
	Captions bool // the text is the caption of a file
	Whole    bool // the file with the whole of a long text
	Stale    bool // outdated by an edit and being deleted; only SetStale sets it
}

const copyColumns = "message, room, part, posted, chat, captions, whole, stale"

func scanCopy(scan func(...any) error) (c Copy, err error) {
	return c, scan(&c.Message, &c.Room, &c.Part, &c.Posted, &c.Chat, &c.Captions, &c.Whole, &c.Stale)
}

// Copies returns the copies of a message in all rooms.
func (t *Tx) Copies(message int64) ([]Copy, error) {
	return scanAll(t, scanCopy, "SELECT "+copyColumns+" FROM copy WHERE message = ? ORDER BY room, part", message)
}

// CopyIn returns the first part of a message in a room.
func (t *Tx) CopyIn(message, room int64) (Copy, error) {
	return scanOne(t, scanCopy, "SELECT "+copyColumns+" FROM copy WHERE message = ? AND room = ? ORDER BY part LIMIT 1", message, room)
}

// CopyPart returns one part of a message in a room.
func (t *Tx) CopyPart(message, room int64, part int) (Copy, error) {
	return scanOne(t, scanCopy, "SELECT "+copyColumns+" FROM copy WHERE message = ? AND room = ? AND part = ?", message, room, part)
}

// LastInChat returns the newest message in a chat thread of a room.
func (t *Tx) LastInChat(room int64, chat string) (Message, error) {
	return scanOne(t, scanMessage, "SELECT "+messageColumns+" FROM message WHERE id = (SELECT max(message) FROM copy WHERE room = ? AND chat = ?)", room, chat)
}

// MessageByCopy finds a message by the network's id of a copy.
func (t *Tx) MessageByCopy(network, posted string) (Message, error) {
	return scanOne(t, scanMessage, "SELECT "+messageColumns+` FROM message WHERE id =
		(SELECT message FROM copy JOIN room ON room.id = copy.room WHERE posted = ? AND posted <> '' AND network = ? LIMIT 1)`, posted, network)
}

// Noted returns what is known of a message before it is handled: that it was deleted, as Seen
// recorded under the names by, or the record made for it because of a reply (the zero Message:
// none).
func (t *Tx) Noted(network, posted, by string) (gone bool, m Message, err error) {
	var id int64
	err = t.row(`SELECT EXISTS (SELECT 1 FROM seen WHERE hash = ?), coalesce((SELECT message FROM copy JOIN room ON room.id = copy.room
		WHERE posted = ? AND posted <> '' AND network = ? LIMIT 1), 0)`, []any{hash(by, posted), posted, network}, &gone, &id)
	if err == nil && id != 0 {
		m, err = t.Message(id)
	}
	return gone, m, err
}

// Around says what a thread has besides the texts of its held messages.
type Around struct {
	Files, Polls, Mentions bool // of the held messages
	Lines, Reactions       bool // for the next email
	Stuck                  bool // a delivery of the kind in the lane failed before
	BegunByMail            bool // the first email of the thread was incoming
	Several                bool // two people have posted from the rooms lately
}

// Everywhere is the Around of a thread that was not asked about: everything is looked up.
var Everywhere = Around{Files: true, Polls: true, Mentions: true, Lines: true, Reactions: true, BegunByMail: true}

// Around returns the Around of a thread; lane and kind are those of deliveries that may be
// stuck.
func (t *Tx) Around(thread int64, lane, kind string) (a Around, err error) {
	err = t.row(`SELECT EXISTS (SELECT 1 FROM message m JOIN file ON file.message = m.id WHERE m.thread = ? AND m.state = 'held'),
		EXISTS (SELECT 1 FROM message m JOIN poll ON poll.message = m.id WHERE m.thread = ? AND m.state = 'held'),
		EXISTS (SELECT 1 FROM message m JOIN mention ON mention.message = m.id WHERE m.thread = ? AND m.state = 'held'),
		EXISTS (SELECT 1 FROM room JOIN room_line ON room_line.room = room.id WHERE room.thread = ?),
		EXISTS (SELECT 1 FROM reaction JOIN message m ON m.id = reaction.message WHERE NOT told AND m.thread = ?),
		EXISTS (SELECT 1 FROM outbox WHERE lane = ? AND kind = ? AND attempt > 0),
		NOT coalesce((SELECT out FROM mail WHERE thread = ? ORDER BY id LIMIT 1), true),
		(SELECT count(DISTINCT name) > 1 FROM (SELECT name, origin FROM message
			WHERE thread = ? AND state NOT IN ('awaited', 'earlier') ORDER BY id DESC LIMIT 50) last WHERE origin <> 'mail')`,
		[]any{thread, thread, thread, thread, thread, lane, kind, thread, thread},
		&a.Files, &a.Polls, &a.Mentions, &a.Lines, &a.Reactions, &a.Stuck, &a.BegunByMail, &a.Several)
	return a, err
}

// LastKnown returns the network's id of the newest message that came from a room, or was posted
// there before a moment; empty: none.
func (t *Tx) LastKnown(room int64, before time.Time) (posted string, err error) {
	err = t.row(`SELECT posted FROM copy JOIN message ON message.id = copy.message WHERE copy.room = ? AND posted <> ''
		AND ((origin = ? AND message.room = copy.room) OR at < ?) ORDER BY copy.message DESC, part DESC LIMIT 1`, []any{room, FromChat, millis(before)}, &posted)
	if errors.Is(err, ErrNone) {
		return "", nil
	}
	return posted, err
}
