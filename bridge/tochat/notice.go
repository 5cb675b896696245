package tochat

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
)

// NoticeAt posts a notice about a message in the room where it was posted, and shows the state
// at the message if the network can. For a message from an email it uses the first room with a
// copy.
func NoticeAt(w *core.Work, m store.Message, text string, s chat.State, more ...Option) error {
	c, r, there, err := placeToTell(w, m)
	if err != nil {
		return err
	}
	if !there || r.Gone {
		return NoticeThread(w, m.Thread, text, more...)
	}
	at := core.Place(r)
	if c.Chat != "" {
		at.Thread = chat.ThreadID(c.Chat)
	}
	if w.Env.Network(r.Network).Reporter != nil {
		j := ReportJob{Target: Target{Network: r.Network, Place: at}, To: c.Posted, State: s}
		if err := Enqueue(w, JobReport, w.Key("r", m.ID, r.ID, int64(s.Phase), w.Now.UnixMilli()), &j); err != nil {
			return err
		}
	}
	to := InReplyTo(chat.MessageID(c.Posted))
	if w.Env.Network(r.Network).Limits().Threads && m.Author != 0 {
		// A reply would open a visible chat thread under the message.
		network, person, err := w.AuthorByID(m.Author)
		if err != nil {
			return err
		}
		if network == r.Network {
			to = Privately(chat.UserID(person))
		}
	}
	return Notice(w, r.Network, at, text, append(more, to)...)
}

// Option changes how a notice is posted.
type Option func(*chat.Outgoing)

// Notice posts a notice of the bridge.
func Notice(w *core.Work, network string, p chat.Place, text string, more ...Option) error {
	text = strings.ReplaceAll(text, core.PromptMark, w.Env.Prompt(network, p))
	j := postJob{Target: Target{Network: network, Place: p, Out: chat.Outgoing{Kind: chat.Notice, At: w.Now, Body: chat.Body{Text: text, HTML: markup.FromText(text)}}}}
	for _, m := range more {
		m(&j.Out)
	}
	return Enqueue(w, jobPost, w.Env.Instance+".n."+mail.NewUniq(), &j)
}

// NoticeThread posts a notice in every room of a conversation, or in the home room if it has
// none.
func NoticeThread(w *core.Work, thread int64, text string, more ...Option) error {
	return NoticeEach(w, thread, func(string, chat.RoomID) string { return text }, more...)
}

// NoticeEach does the same with a text for each room.
func NoticeEach(w *core.Work, thread int64, text func(network string, room chat.RoomID) string, more ...Option) error {
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
		at := core.Place(r)
		if err := Notice(w, r.Network, at, text(r.Network, at.Room), more...); err != nil {
			return err
		}
	}
	if !told {
		return NoticeHome(w, text(w.Env.Home.Network, w.Env.Home.Room), more...)
	}
	return nil
}

// NoticeHome posts a notice in the home room. Without a home room it logs it.
func NoticeHome(w *core.Work, text string, more ...Option) error {
	h := w.Env.Home
	if h.Network == "" || !w.Env.Network(h.Network).Known() {
		w.Env.Log.Warn("a notice was not posted because there is no home room: set home in the configuration")
		w.Env.Log.Debug("notice not posted", "text", text)
		return nil
	}
	return Notice(w, h.Network, chat.Place{Room: h.Room}, text, more...)
}

// Privately shows a notice to one person only.
func Privately(to chat.UserID) Option {
	return func(o *chat.Outgoing) { o.For = to }
}

// WithChoices adds commands as buttons to a notice.
func WithChoices(choices ...chat.Choice) Option {
	return func(o *chat.Outgoing) { o.Choices = choices }
}

// InReplyTo makes a notice a reply to a message of the network.
func InReplyTo(id chat.MessageID) Option {
	return func(o *chat.Outgoing) { o.ReplyTo = id }
}

// placeToTell finds the copy of a message where notices about it are posted: the original,
// or the first copy of a message from an email.
func placeToTell(w *core.Work, m store.Message) (c store.Copy, r store.Room, there bool, err error) {
	if m.Origin == store.FromChat {
		return whereWritten(w, m)
	}
	copies, err := w.Copies(m.ID)
	if err != nil {
		return c, r, false, err
	}
	i := slices.IndexFunc(copies, func(c store.Copy) bool { return c.Posted != "" && c.Part == 0 })
	if i < 0 {
		return c, r, false, nil
	}
	r, err = w.RoomByID(copies[i].Room)
	return copies[i], r, true, err
}

// whereWritten finds the original of a chat message.
func whereWritten(w *core.Work, m store.Message) (c store.Copy, r store.Room, there bool, err error) {
	if m.Origin != store.FromChat || m.Author == 0 {
		return c, r, false, nil
	}
	network, _, err := w.AuthorByID(m.Author)
	if err != nil {
		return c, r, false, err
	}
	copies, err := w.Copies(m.ID)
	if err != nil {
		return c, r, false, err
	}
	for _, c := range copies {
		if c.Posted == "" || c.Part > 0 || (m.Room != 0 && c.Room != m.Room) {
			continue
		}
		r, err := w.RoomByID(c.Room)
		if err != nil || r.Network == network {
			return c, r, err == nil, err
		}
	}
	return c, r, false, nil
}

// OriginalOf finds the original of a message if its network shows states.
func OriginalOf(w *core.Work, m store.Message) (c store.Copy, r store.Room, there bool, err error) {
	c, r, there, err = whereWritten(w, m)
	if !there || err != nil {
		return c, r, false, err
	}
	can := w.Env.Network(r.Network).Reporter != nil
	return c, r, can, nil
}

// ShowState enqueues a state for a copy of a message. States have their own lane and do not
// delay messages.
func ShowState(w *core.Work, r store.Room, c store.Copy, s chat.State) error {
	at := core.Place(r)
	if c.Chat != "" {
		at.Thread = chat.ThreadID(c.Chat)
	}
	job := ReportJob{Target: Target{Network: r.Network, Place: at}, To: c.Posted, State: s}
	key := w.Key("rs", c.Message, c.Room, int64(s.Phase), w.Now.UnixMilli())
	return outbox.Enqueue(w, JobReport, fmt.Sprintf("report/%d", r.ID), key, job, nil, time.Time{})
}
