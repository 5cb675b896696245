package bridge

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
	"hashsend/bridge/store"
)

// The kinds of deliveries.
const (
	jobPost      = "chat.post"
	jobEdit      = "chat.edit"
	jobDelete    = "chat.delete"
	jobReact     = "chat.react"
	jobUnreact   = "chat.unreact"
	jobVote      = "chat.vote"
	jobReport    = "chat.report"
	jobAnnounce  = "chat.announce"
	jobJoin      = "chat.join"
	jobRefuse    = "chat.refuse"
	jobCatchUp   = "chat.catchup"  // take in what was said in a room that was just entered
	jobFollow    = "chat.follow"   // enter the room that another one goes on as
	jobDescribe  = "chat.describe" // ask what a room is
	jobOpen      = "chat.open"     // make the room, or the chat thread, of a conversation
	jobFetch     = "chat.fetch"    // read a message that a command is about
	jobRoot      = "chat.root"     // read the root of a chat thread that was never taken in
	jobDesk      = "chat.desk"     // show a person the bridge's page
	jobSettings  = "chat.settings" // show a person what can be changed of a conversation
	jobPostFile  = "chat.file"
	jobFetchFile = "file.fetch"
	jobUnseal    = "chat.unseal" // read what could not be read when it came
	jobAgain     = "chat.again"  // take in an event that came too early
	jobMail      = "mail.submit"
	jobKeep      = "mail.keep"    // see that a copy is in Sent
	jobCorrect   = "mail.correct" // tell what has changed since it was mailed
	jobReactMail = "mail.react"   // mail what was reacted with, to those whose programs show it
	jobDigest    = "mail.digest"  // mail what waits for a person
	jobAdmit     = "mail.admit"   // take in a held mail that was approved
	jobOwnCopy   = "mail.own"     // hold a mail from the owner's address, unless its copy lay in Sent
)

// chatJob is the data of a delivery to a chat network. Messages are named by
// their ids in the store, because their ids in the network may not be known yet
// when the delivery is made.
type chatJob struct {
	Network string        `json:"network"`
	Place   chat.Place    `json:"place"`
	Room    int64         `json:"room,omitempty"`
	Message int64         `json:"message,omitempty"` // whose copy this is; 0: a notice
	Part    int           `json:"part,omitempty"`
	Of      int64         `json:"of,omitempty"`       // message that is edited or deleted
	To      string        `json:"to,omitempty"`       // network id of the message reacted to, reported on or read
	ReplyTo int64         `json:"reply_to,omitempty"` // message that it answers
	File    int64         `json:"file,omitempty"`     // stored file that is posted
	Whole   bool          `json:"whole,omitempty"`    // the file is all that the message says
	Emoji   string        `json:"emoji,omitempty"`
	React   int64         `json:"react,omitempty"`  // reaction that is shown; 0: a sign of the bridge
	Ballot  *chat.Ballot  `json:"ballot,omitempty"` // of jobVote, in the poll Of
	Out     chat.Outgoing `json:"out"`
	State   chat.State    `json:"state"`
	Sign    chat.Sign     `json:"sign"`
	As      chat.UserID   `json:"as,omitempty"`     // who joins
	Missed  *missed       `json:"missed,omitempty"` // of jobFollow: the room before
	Open    *openJob      `json:"open,omitempty"`
	Command *commandJob   `json:"command,omitempty"` // the command that the job is part of
	Count   bool          `json:"count,omitempty"`   // of jobDescribe: it is only asked how many people there are
	May     bool          `json:"may,omitempty"`     // of jobDesk: the person may command

	About chat.Description `json:"-"` // the answer to jobDescribe
	Said  chat.Posted      `json:"-"` // the answer to jobFetch and jobRoot
}

// commandJob is a command that goes on when a network has answered.
type commandJob struct {
	By      chat.Author    `json:"by"`
	Level   Level          `json:"level"`
	About   chat.MessageID `json:"about,omitempty"`
	Args    []string       `json:"args,omitempty"`
	Private bool           `json:"private,omitempty"`
	Via     string         `json:"via,omitempty"`
}

// openJob asks for the place of a conversation.
type openJob struct {
	Thread int64         `json:"thread"`
	Name   string        `json:"name"`
	Invite []chat.UserID `json:"invite,omitempty"`
}

// mailJob is the data of a delivery to a submission server.
type mailJob struct {
	Mail      int64         `json:"mail"`
	MessageID string        `json:"message_id"`
	Trace     string        `json:"trace"`
	Box       int64         `json:"box"`
	From      string        `json:"from"`
	To        []string      `json:"to"`
	Again     bool          `json:"again,omitempty"`     // the same has failed before
	SelfCopy  bool          `json:"self_copy,omitempty"` // our own address is one more envelope recipient
	People    bool          `json:"people,omitempty"`    // it goes only to those who are its recipients at that moment
	Files     []mail.Placed `json:"files,omitempty"`
}

// admitJob is the data of the delivery of an approved mail to its room.
type admitJob struct {
	Held int64 `json:"held"`
	Add  bool  `json:"add"` // its sender becomes a participant
	Room int64 `json:"room,omitempty"`
}

// ownCopyJob is the data of the delivery that waits for the copy in Sent of what seems
// to be the owner's mail.
type ownCopyJob struct {
	Held      store.HeldMail `json:"held"`
	MessageID string         `json:"message_id"`
}

func (w *work) enqueue(kind, lane, key string, data any, raw []byte, due time.Time) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode delivery: %w", err)
	}
	if due.IsZero() {
		due = w.now
	}
	w.lanes[lane] = true
	return w.Enqueue(store.Delivery{Kind: kind, Lane: lane, Key: key, Due: due, Created: w.now, Data: string(text), Raw: raw})
}

// key makes the key of a delivery: unique over all installations, the same at
// every attempt.
func (w *work) key(kind string, ids ...int64) string {
	var b strings.Builder
	b.WriteString(w.b.instance + "." + kind)
	for _, id := range ids {
		fmt.Fprintf(&b, ".%d", id)
	}
	return b.String()
}

func chatLane(network string, room chat.RoomID) string { return "chat/" + network + "/" + string(room) }
func mailLane(thread int64) string                     { return fmt.Sprintf("mail/%d", thread) }

// toChat enqueues a job for a room.
func (w *work) toChat(kind, key string, j chatJob) error {
	j.Out.Key = key
	j.Out.Place = j.Place
	return w.enqueue(kind, chatLane(j.Network, j.Place.Room), key, j, nil, time.Time{})
}

func place(r store.Room) chat.Place {
	return chat.Place{Room: chat.RoomID(r.Place), Thread: chat.ThreadID(r.Chat)}
}

// notice posts words of the bridge itself.
func (w *work) notice(network string, p chat.Place, text string, more ...func(*chatJob)) error {
	text = strings.ReplaceAll(text, typed, w.b.prompt(network, p))
	j := chatJob{Network: network, Place: p, Out: chat.Outgoing{Kind: chat.Notice, At: w.now, Body: chat.Body{Text: text, HTML: markup.FromText(text)}}}
	for _, m := range more {
		m(&j)
	}
	return w.toChat(jobPost, w.b.instance+".n."+mail.NewUniq(), j)
}

// noticeTo posts words of the bridge in every room of a thread; in the home room
// if it has none.
func (w *work) noticeTo(thread int64, text string, more ...func(*chatJob)) error {
	return w.noticeEach(thread, func(string, chat.RoomID) string { return text }, more...)
}

// noticeEach does the same with words that depend on the room.
func (w *work) noticeEach(thread int64, text func(network string, room chat.RoomID) string, more ...func(*chatJob)) error {
	rooms, err := w.RoomsOf(thread)
	if err != nil {
		return err
	}
	told := false
	for _, r := range rooms {
		if r.Silent() {
			continue
		}
		told = true
		at := place(r)
		if err := w.notice(r.Network, at, text(r.Network, at.Room), more...); err != nil {
			return err
		}
	}
	if !told {
		return w.home(text(w.b.o.Home.Network, w.b.o.Home.Room), more...)
	}
	return nil
}

// home posts words of the bridge in the home room; without one they go to the log.
func (w *work) home(text string, more ...func(*chatJob)) error {
	h := w.b.o.Home
	if h.Network == "" || w.b.chats[h.Network] == nil {
		w.b.log.Warn("there is no home room to tell this: set home in the configuration")
		w.b.log.Debug("not told", "text", text)
		return nil
	}
	return w.notice(h.Network, chat.Place{Room: h.Room}, text, more...)
}

// typed stands in a text for what a command begins with in the room where the
// text is posted: people type "!send" in one network and "/send" in another.
const typed = "\ufdd0"

// prompt is what a command begins with in a place, and a space.
func (b *Bridge) prompt(network string, p chat.Place) string {
	if prompter, ok := b.chats[network].(chat.Prompter); ok {
		return prompter.Prompt(p) + " "
	}
	return "!send "
}

// privately addresses a notice to one person.
func privately(to chat.UserID) func(*chatJob) {
	return func(j *chatJob) { j.Out.For = to }
}

// choosing offers commands as the answer to a notice.
func choosing(choices ...chat.Choice) func(*chatJob) {
	return func(j *chatJob) { j.Out.Choices = choices }
}

// answering ties a notice to a message of the network.
func answering(id chat.MessageID) func(*chatJob) {
	return func(j *chatJob) { j.Out.ReplyTo = id }
}

// post enqueues the copy of a message for one room, as the network's limits allow, and
// its files behind it.
func (w *work) post(m store.Message, r store.Room, as chat.Sender, inChat string) error {
	j := chatJob{Network: r.Network, Place: place(r), Room: r.ID, Message: m.ID, ReplyTo: m.ReplyTo}
	if inChat != "" {
		j.Place.Thread = chat.ThreadID(inChat)
	}
	m, err := w.asShown(m)
	if err != nil {
		return err
	}
	files, err := w.FilesOf(m.ID)
	if err != nil {
		return err
	}
	l := w.b.limits(r.Network)
	posted, lines := filesInRoom(m, files, l, w.b.postsFiles(r.Network))
	bodies, whole := w.b.bodiesFor(m, lines, r.Network)
	caption := !whole && isCaption(bodies, posted)
	add := func(kind string, body chat.Body, file int64) error {
		j.Out = chat.Outgoing{As: as, Kind: chat.Kind(m.Kind), At: m.At, Body: body}
		j.File = file
		if err := w.AddCopy(store.Copy{Message: m.ID, Room: r.ID, Part: j.Part, Chat: string(j.Place.Thread), Captions: caption, Whole: j.Whole}); err != nil {
			return err
		}
		if err := w.toChat(kind, w.key("m", m.ID, r.ID, int64(j.Part)), j); err != nil {
			return err
		}
		j.Part++
		if !l.Threads {
			j.ReplyTo = 0 // one mark is enough; where answers stand in threads, all parts stand there
		}
		return nil
	}
	if caption {
		return add(jobPostFile, bodies[0], posted[0].ID)
	}
	for _, body := range bodies {
		if err := add(jobPost, body, 0); err != nil {
			return err
		}
	}
	if whole {
		j.Whole = true
		if err := add(jobPostFile, chat.Body{}, 0); err != nil {
			return err
		}
		j.Whole = false
	}
	for _, f := range posted {
		if err := add(jobPostFile, chat.Body{}, f.ID); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bridge) limits(network string) chat.Limits {
	if l, ok := b.chats[network].(chat.Limiter); ok {
		return l.Limits()
	}
	return chat.Limits{}
}

// partMark is room for what tells the parts of a message apart.
const partMark = 64

// pieces cuts a message so that each piece is within the limits.
func pieces(text, html string, l chat.Limits) []markup.Piece {
	fits := func(p markup.Piece, mark int) bool {
		return (l.Text == 0 || len(p.Text)+len(p.HTML) <= l.Text-mark) && (l.Chars == 0 || utf8.RuneCountInString(p.Text) <= l.Chars-mark)
	}
	whole := []markup.Piece{{Text: text, HTML: html}}
	if fits(whole[0], 0) {
		return whole
	}
	// Bytes are cut, and characters counted: the pieces are made smaller until
	// each has few enough of both.
	limit := len(text) + len(html)
	if l.Text > 0 {
		limit = min(limit, l.Text-partMark)
	}
	for {
		cut := markup.Split(text, html, limit)
		if limit <= 256 || !slices.ContainsFunc(cut, func(p markup.Piece) bool { return !fits(p, partMark) }) {
			return cut
		}
		limit -= limit / 8
	}
}

// planChat makes the bodies of a message for a network with these limits; lines are
// about its files. There are none where there is nothing to say.
func planChat(m store.Message, lines []string, l chat.Limits) []chat.Body {
	text, html := m.Text, m.HTML
	if len(lines) > 0 {
		var names strings.Builder
		for _, line := range lines {
			names.WriteString("\n📎 " + line)
		}
		if html == "" && text != "" {
			html = markup.FromText(text)
		}
		html += markup.FromText(strings.TrimPrefix(names.String(), "\n"))
		text = strings.TrimPrefix(text+names.String(), "\n")
	}
	if strings.TrimSpace(text) == "" && html == "" {
		return nil
	}
	parts := pieces(text, html, l)
	if len(parts) == 1 {
		return []chat.Body{{Text: text, HTML: html}}
	}
	var bodies []chat.Body
	for _, p := range parts {
		bodies = append(bodies, chat.Body{Text: p.Text, HTML: p.HTML})
	}
	for i := range bodies {
		n := fmt.Sprintf("(%d/%d) ", i+1, len(bodies))
		bodies[i].Text = n + bodies[i].Text
		if bodies[i].HTML != "" {
			bodies[i].HTML = n + bodies[i].HTML
		}
	}
	return bodies
}
