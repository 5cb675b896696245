package tochat

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

// Post enqueues the copy of a message for one room, within the limits of the network, followed
// by its files.
func Post(w *core.Work, m store.Message, r store.Room, as chat.Sender, inChat string) error {
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
	bodies, whole := BodiesFor(w.Env, m, lines, r.Network)
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
			j.ReplyTo = 0 // only the first part is a reply, except where replies form threads
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

// partMark reserves bytes for the number of a part.
const partMark = 64

// pieces splits a message so that each piece is within the limits.
func pieces(text, html string, l chat.Limits) []markup.Piece {
	fits := func(p markup.Piece, mark int) bool {
		return (l.Text == 0 || len(p.Text)+len(p.HTML) <= l.Text-mark) && (l.Chars == 0 || utf8.RuneCountInString(p.Text) <= l.Chars-mark)
	}
	whole := []markup.Piece{{Text: text, HTML: html}}
	if fits(whole[0], 0) {
		return whole
	}
	// Split counts bytes, the limits also count characters: pieces shrink until both fit.
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

// planChat makes the bodies of a message for these limits; lines are about its files. It
// returns none if there is nothing to post.
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

// ToOtherRooms posts a chat message in the other rooms of its conversation at once.
func ToOtherRooms(w *core.Work, m store.Message, from store.Room, by chat.Author) error {
	rooms, err := w.RoomsOf(m.Thread)
	if err != nil {
		return err
	}
	for _, r := range rooms {
		if r.ID == from.ID || r.Silent() {
			continue
		}
		as := chat.Sender{ID: w.Env.Mint.Address("author", from.Network+"\x00"+string(by.ID)), Name: by.Name}
		if err := Post(w, m, r, as, ""); err != nil {
			return err
		}
	}
	return nil
}

// EachOtherCopy calls do for every copy of a message except not.
func EachOtherCopy(w *core.Work, m store.Message, not chat.MessageID, do func(store.Room, store.Copy) error) error {
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

// DeleteCopy enqueues the deletion of a copy.
func DeleteCopy(w *core.Work, r store.Room, c store.Copy) error {
	j := ChangeJob{Target: Target{Network: r.Network, Place: core.Place(r), Room: r.ID}, Of: c.Message, Part: c.Part}
	if c.Chat != "" {
		j.Place.Thread = chat.ThreadID(c.Chat)
	}
	return Enqueue(w, jobDelete, w.Key("d", c.Message, r.ID, int64(c.Part)), &j)
}

// asShown returns a message as a room shows it: with its marks and the names of participants
// who were left out. Emails and quotes do not contain these.
func asShown(w *core.Work, m store.Message) (store.Message, error) {
	if m.Origin == store.FromChat {
		return m, nil
	}
	m.Text, m.HTML = core.AddRemarks(m.Text, m.HTML, m.Marks)
	out, err := w.LeftOut(m.ID)
	if err != nil || len(out) == 0 {
		return m, err
	}
	var names []string
	for _, id := range out {
		p, err := w.ParticipantByID(id)
		if err != nil {
			return m, err
		}
		names = append(names, mail.CleanName(p.Name))
	}
	m.Text, m.HTML = core.AddRemarks(m.Text, m.HTML, "not sent to: "+core.ListNames(names))
	return m, nil
}
