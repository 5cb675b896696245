package kill

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

func base64Of(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

var emojis = [...]string{"👍", "🎉", "🚀", "😀", "🌳"}

// settledFor is how many messages ago something was said that people react to and vote
// on: it has mostly come to the others by then.
const settledFor = 8

// deed is one kind of thing that people do. do reports false if there is nothing to do
// it to.
type deed struct {
	often int
	do    func(w *world, c *conversation) bool
}

// deeds are what people do, and how often.
var deeds = []deed{
	{24, (*world).says},
	{8, (*world).replies},
	{16, (*world).edits},
	{12, (*world).reacts},
	{5, (*world).unreacts},
	{5, (*world).replaces},
	{5, (*world).deletes},
	{5, (*world).shares},
	{2, (*world).asks},
	{5, (*world).votes},
	{12, (*world).mails},
	{3, (*world).mailsFile},
	{8, (*world).mailsReaction},
	{4, (*world).mailsVote},
}

// act does one thing somewhere. What it does depends on the seed and on what was done
// before; only what waits for something to arrive is done at another time in each run.
func (w *world) act() {
	w.acts++
	w.r = rand.New(rand.NewPCG(w.seed, uint64(w.acts)))
	w.tryPending()
	c := w.conversations[0]
	for _, other := range w.conversations[1:] {
		if w.r.IntN(6) == 0 {
			c = other
		}
	}
	all := 0
	for _, d := range deeds {
		all += d.often
	}
	at := w.r.IntN(all)
	for _, d := range deeds {
		if at -= d.often; at < 0 {
			if !d.do(w, c) {
				w.says(c)
			}
			return
		}
	}
}

func pick[T any](r *rand.Rand, from []T) (one T, ok bool) {
	if len(from) == 0 {
		return one, false
	}
	return from[r.IntN(len(from))], true
}

// among finds one of the last messages of a conversation.
func (w *world) among(c *conversation, is func(*message) bool) (*message, bool) {
	var all []*message
	for _, m := range c.messages[max(0, len(c.messages)-60):] {
		if !m.deleted && is(m) {
			all = append(all, m)
		}
	}
	return pick(w.r, all)
}

func (w *world) older(m *message) bool { return m.n <= w.n-settledFor }

// begin is a message that is about to be said.
func (w *world) begin(c *conversation, r *room, by string) *message {
	w.n++
	return &message{n: w.n, in: c, room: r, by: by, reactions: map[mark]*reaction{}}
}

func (w *world) said(m *message, id string) bool {
	m.id = id
	m.in.messages = append(m.in.messages, m)
	w.byNumber[m.n] = m
	return true
}

// somebody in one of the rooms.
func (w *world) somebody(c *conversation) (*room, string) {
	r, _ := pick(w.r, c.rooms)
	by, _ := pick(w.r, r.people)
	return r, by
}

func (w *world) says(c *conversation) bool {
	r, by := w.somebody(c)
	m := w.begin(c, r, by)
	return w.said(m, r.say(by, m.text(), ""))
}

func (w *world) replies(c *conversation) bool {
	r, by := w.somebody(c)
	to, ok := w.among(c, func(m *message) bool { return m.room == r && w.older(m) })
	if !ok {
		return false
	}
	m := w.begin(c, r, by)
	return w.said(m, r.say(by, m.text(), to.id))
}

// edits change what was said, at times what was edited before.
func (w *world) edits(c *conversation) bool {
	times := 1 + w.r.IntN(3)
	m, ok := w.among(c, func(m *message) bool { return m.room != nil && m.file == nil && m.poll == nil })
	for range times {
		if ok {
			m.edits++
			m.room.edit(m.by, m.id, m.text())
		}
	}
	return ok
}

func (w *world) deletes(c *conversation) bool {
	m, ok := w.among(c, func(m *message) bool { return m.room != nil && m.poll == nil })
	if ok {
		m.deleted = true
		m.room.remove(m.by, m.id)
	}
	return ok
}

func (w *world) shares(c *conversation) bool {
	r, by := w.somebody(c)
	m := w.begin(c, r, by)
	m.file = newFile(m.n, w.r)
	return w.said(m, r.share(by, m.file, m.text()))
}

// in is the id of a message in a room; empty: it does not stand there yet.
func (w *world) in(r *room, m *message) (id string) {
	if m.room == r {
		return m.id
	}
	for _, p := range r.look() {
		if p.ours && !p.gone && tokenOf(p.text) == m.n {
			return p.id
		}
	}
	return ""
}

func (w *world) reacts(c *conversation) bool {
	r, by := w.somebody(c)
	emoji, _ := pick(w.r, emojis[:])
	m, ok := w.among(c, w.older)
	if ok {
		w.when(fmt.Sprintf("%s in %s", word(m.n, m.edits), r.name), func() bool {
			if m.deleted {
				return true
			}
			id := w.in(r, m)
			if id != "" {
				m.react(r, by, id, emoji)
			}
			return id != ""
		})
	}
	return ok
}

// react puts an emoji on a message, or on its copy in a room, which has this id.
func (m *message) react(r *room, by, id, emoji string) {
	k := mark{emoji, by}
	if m.reactions[k] == nil {
		m.reactions[k] = &reaction{}
	}
	if had := m.reactions[k]; !had.stands {
		had.room, had.on, had.stands = r, id, true
		had.id = r.react(by, id, emoji)
		had.times++
	}
}

// put finds a reaction that stands, of somebody in a room.
func (w *world) put(c *conversation) (m *message, k mark, ok bool) {
	m, ok = w.among(c, func(m *message) bool { return len(m.putInRooms()) > 0 })
	if ok {
		k, _ = pick(w.r, m.putInRooms())
	}
	return m, k, ok
}

func (m *message) putInRooms() (all []mark) {
	for k, had := range m.reactions {
		if had.stands && had.room != nil && had.room.full { // where people can take them back
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b mark) int { return slices.Compare([]string{a.by, a.emoji}, []string{b.by, b.emoji}) })
	return all
}

func (w *world) unreacts(c *conversation) bool {
	m, k, ok := w.put(c)
	if ok {
		w.unreact(m, k)
	}
	return ok
}

func (w *world) unreact(m *message, k mark) {
	had := m.reactions[k]
	had.stands = false
	had.room.unreact(k.by, had.on, had.id, k.emoji)
}

// replaces takes a reaction back and puts another one, or the same again, at once.
func (w *world) replaces(c *conversation) bool {
	m, k, ok := w.put(c)
	if !ok {
		return false
	}
	emoji, _ := pick(w.r, emojis[:])
	had := m.reactions[k]
	w.unreact(m, k)
	m.react(had.room, k.by, had.on, emoji)
	return true
}

func (w *world) asks(c *conversation) bool {
	r, by := w.somebody(c)
	if !r.full {
		return false
	}
	m := w.begin(c, r, by)
	m.poll = &poll{votes: map[string]int{}, mailed: map[int]int{}, last: map[string]int{}}
	for _, dish := range []string{"Pizza", "Soup", "Salad"} {
		m.poll.answers = append(m.poll.answers, fmt.Sprintf("%s%05d", dish, m.n))
	}
	return w.said(m, r.ask(by, m.text(), m.poll.answers))
}

func (w *world) votes(c *conversation) bool {
	m, ok := w.among(c, func(m *message) bool { return m.poll != nil && !m.poll.ended })
	if !ok {
		return false
	}
	by, _ := pick(w.r, m.room.people)
	m.poll.votes[by] = w.r.IntN(len(m.poll.answers))
	m.room.vote(by, m.id, m.poll.votes[by])
	return true
}

func (w *world) mails(c *conversation) bool {
	r, _ := pick(w.r, c.readers)
	m := w.begin(c, nil, r.name)
	id := fmt.Sprintf("%d@other.test", m.n)
	w.writes(r, id, w.first[r], "", m.text())
	return w.said(m, id)
}

func (w *world) mailsFile(c *conversation) bool {
	r, _ := pick(w.r, c.readers)
	m := w.begin(c, nil, r.name)
	m.file = newFile(m.n, w.r)
	id := fmt.Sprintf("%d@other.test", m.n)
	fields, body := withFile(m.text(), m.file)
	w.writes(r, id, w.first[r], fields, body)
	return w.said(m, id)
}

// mailsReaction has a reader react, put another emoji in the place of theirs, or take it
// back.
func (w *world) mailsReaction(c *conversation) bool {
	emoji, _ := pick(w.r, emojis[:])
	if w.r.IntN(4) == 0 {
		emoji = ""
	}
	r, _ := pick(w.r, slices.DeleteFunc(slices.Clone(c.readers), func(r *reader) bool { return !r.reacts }))
	m, ok := w.among(c, func(m *message) bool { return m.by != r.name && m.poll == nil && w.older(m) })
	if ok {
		w.when(fmt.Sprintf("%s in an email to %s", word(m.n, m.edits), r.name), func() bool {
			id, last := w.has(r, m.n)
			if id != "" && !w.byNumber[last].deleted {
				w.mailReaction(r, w.byNumber[last], id, emoji)
			}
			return id != "" || m.deleted
		})
	}
	return ok
}

// mailReaction has a reader react to the last message in an email; no emoji: they take
// back what they put there before.
func (w *world) mailReaction(r *reader, m *message, email, emoji string) {
	for k, had := range m.reactions {
		if k.by == r.name {
			had.stands = had.stands && k.emoji == emoji
		}
	}
	w.mailed++
	w.writes(r, fmt.Sprintf("r%d@other.test", w.mailed), email, "Content-Disposition: reaction\r\nContent-Type: text/plain; charset=utf-8\r\n", emoji)
	if emoji == "" {
		return
	}
	k := mark{emoji, r.name}
	if m.reactions[k] == nil {
		m.reactions[k] = &reaction{}
	}
	if had := m.reactions[k]; !had.stands {
		had.stands = true
		had.times++
	}
}

func (w *world) mailsVote(c *conversation) bool {
	r, _ := pick(w.r, c.readers)
	answer := w.r.IntN(3)
	m, ok := w.among(c, func(m *message) bool { return m.poll != nil && w.older(m) })
	if ok {
		w.when(fmt.Sprintf("%s in an email to %s", word(m.n, m.edits), r.name), func() bool {
			id, last := w.has(r, m.n)
			if id == "" || last != m.n {
				return id != "" // a reply is about the last poll of an email
			}
			m.poll.votes[r.name], m.poll.last[r.name] = answer, answer
			m.poll.mailed[answer]++
			w.mailed++
			w.writes(r, fmt.Sprintf("v%d@other.test", w.mailed), id, "", fmt.Sprint(answer+1))
			return true
		})
	}
	return ok
}

// pending is a deed that waits until something has come to where it is done.
type pending struct {
	what string
	do   func() (done bool)
}

// when does something as soon as it can be done: do is tried again and again.
func (w *world) when(what string, do func() bool) {
	if !do() {
		w.pending = append(w.pending, pending{what, do})
	}
}

// tryPending does what can be done by now of what waits.
func (w *world) tryPending() {
	const pause = 200 * time.Millisecond // each try may look at a room
	if time.Since(w.tried) < pause {
		return
	}
	w.pending = slices.DeleteFunc(w.pending, func(p pending) bool { return p.do() })
	w.tried = time.Now()
}

// done waits until nothing is pending; the bridge runs meanwhile.
func (w *world) done() {
	for end := time.Now().Add(time.Minute); len(w.pending) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			for _, p := range w.pending {
				w.t.Errorf("it never came: %s", p.what)
			}
			return
		}
		w.tryPending()
	}
}
