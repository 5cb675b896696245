package bridge

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
	"hashsend/bridge/store"
)

// option changes how a notice is posted.
type option func(*chat.Outgoing)

// Notice posts words of the bridge itself.
func Notice(w *core.Work, network string, p chat.Place, text string, more ...option) error {
	text = strings.ReplaceAll(text, core.PromptMark, w.Env.Prompt(network, p))
	j := postJob{Target: Target{Network: network, Place: p, Out: chat.Outgoing{Kind: chat.Notice, At: w.Now, Body: chat.Body{Text: text, HTML: markup.FromText(text)}}}}
	for _, m := range more {
		m(&j.Out)
	}
	return Enqueue(w, jobPost, w.Env.Instance+".n."+mail.NewUniq(), &j)
}

// noticeThread posts words of the bridge in every room of a thread; in the home room
// if it has none.
func noticeThread(w *core.Work, thread int64, text string, more ...option) error {
	return noticeEach(w, thread, func(string, chat.RoomID) string { return text }, more...)
}

// noticeEach does the same with words that depend on the room.
func noticeEach(w *core.Work, thread int64, text func(network string, room chat.RoomID) string, more ...option) error {
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
		return noticeHome(w, text(w.Env.Home.Network, w.Env.Home.Room), more...)
	}
	return nil
}

// noticeHome posts words of the bridge in the home room; without one they go to the log.
func noticeHome(w *core.Work, text string, more ...option) error {
	h := w.Env.Home
	if h.Network == "" || !w.Env.Network(h.Network).Known() {
		w.Env.Log.Warn("there is no home room to tell this: set home in the configuration")
		w.Env.Log.Debug("not told", "text", text)
		return nil
	}
	return Notice(w, h.Network, chat.Place{Room: h.Room}, text, more...)
}

// privately addresses a notice to one person.
func privately(to chat.UserID) option {
	return func(o *chat.Outgoing) { o.For = to }
}

// withChoices offers commands as the answer to a notice.
func withChoices(choices ...chat.Choice) option {
	return func(o *chat.Outgoing) { o.Choices = choices }
}

// inReplyTo ties a notice to a message of the network.
func inReplyTo(id chat.MessageID) option {
	return func(o *chat.Outgoing) { o.ReplyTo = id }
}

// post enqueues the copy of a message for one room, as the network's limits allow, and
// its files behind it.
func post(w *core.Work, m store.Message, r store.Room, as chat.Sender, inChat string) error {
	j := postJob{Target: Target{Network: r.Network, Place: core.Place(r), Room: r.ID}, Message: m.ID, ReplyTo: m.ReplyTo}
	if inChat != "" {
		j.Place.Thread = chat.ThreadID(inChat)
	}
	m, err := asShown(w, m)
	if err != nil {
		return err
	}
	all, err := w.FilesOf(m.ID)
	if err != nil {
		return err
	}
	l := w.Env.Network(r.Network).Limits()
	posted, lines := files.InRoom(m, all, l, postsFiles(w.Env, r.Network))
	bodies, whole := bodiesFor(w.Env, m, lines, r.Network)
	caption := !whole && files.IsCaption(bodies, posted)
	add := func(kind string, body chat.Body, file int64) error {
		j.Out = chat.Outgoing{As: as, Kind: chat.Kind(m.Kind), At: m.At, Body: body}
		j.File = file
		if err := w.AddCopy(store.Copy{Message: m.ID, Room: r.ID, Part: j.Part, Chat: string(j.Place.Thread), Captions: caption, Whole: j.Whole}); err != nil {
			return err
		}
		if err := Enqueue(w, kind, w.Key("m", m.ID, r.ID, int64(j.Part)), &j); err != nil {
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
