package kill

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/cmd/hashsend/e2e/lab"
)

// place is a room of a network, as its people use it and see it.
type place interface {
	say(by, text, answers string) (id string) // answers: a message there, or nothing
	share(by string, f *attached, caption string) (id string)
	edit(by, id, text string)
	remove(by, id string)
	react(by, id, emoji string) (reaction string)
	unreact(by, id, reaction, emoji string)
	ask(by, text string, answers []string) (id string)
	vote(by, poll string, answer int)
	end(by, poll string)
	// look returns what stands there, oldest first.
	look() []*post
	// content is the sum of a post's file.
	content(p *post) string
	// nameOf is under which name a post stands there.
	nameOf(p *post) string
}

// post is a message as it stands in a room.
type post struct {
	id        string
	key       string // the bridge's marker; empty: none
	ours      bool   // the bridge has posted it
	text      string // as the last edit left it
	file      string // name of its file; empty: none
	gone      bool
	reactions map[mark]bool     // those that the bridge has put there
	choice    map[string]string // votes that the bridge has cast, by name

	name  string // of its author, where it is known
	sum   string // of its file, where it is known
	by    id.UserID
	url   id.ContentURIString
	edits []edition
	first string
}

type edition struct {
	id   string
	at   int64
	text string
}

// matrixRoom is a room on a homeserver.
type matrixRoom struct {
	t      *testing.T
	id     id.RoomID
	people map[string]*lab.Person
	eyes   *lab.Person // who looks at it

	from  string
	posts []*post
	byID  map[string]*post
	about map[string]func() // what goes when an edit or a reaction is taken back
	names map[id.UserID]string
	sums  map[string]string
}

func newMatrixRoom(t *testing.T, room id.RoomID, people ...*lab.Person) *matrixRoom {
	r := &matrixRoom{t: t, id: room, people: map[string]*lab.Person{}, eyes: people[0], byID: map[string]*post{}, about: map[string]func(){}, names: map[id.UserID]string{}, sums: map[string]string{}}
	for _, p := range people {
		r.people[p.UserID.Localpart()] = p
	}
	return r
}

func (r *matrixRoom) say(by, text, answers string) string {
	if answers != "" {
		return string(r.people[by].Answer(r.id, id.EventID(answers), text))
	}
	return string(r.people[by].Say(r.id, text))
}

func (r *matrixRoom) share(by string, f *attached, caption string) string {
	return string(r.people[by].Share(r.id, event.MsgFile, f.name, "application/octet-stream", caption, f.data))
}

func (r *matrixRoom) edit(by, msg, text string) { r.people[by].Edit(r.id, id.EventID(msg), text) }
func (r *matrixRoom) remove(by, msg string)     { r.people[by].Remove(r.id, id.EventID(msg)) }

func (r *matrixRoom) react(by, msg, emoji string) string {
	return string(r.people[by].React(r.id, id.EventID(msg), emoji))
}

func (r *matrixRoom) unreact(by, _, reaction, _ string) {
	r.people[by].Remove(r.id, id.EventID(reaction))
}

const pollType = "org.matrix.msc3381.poll."

func (r *matrixRoom) send(by, kind string, content map[string]any) string {
	r.t.Helper()
	resp, err := r.people[by].SendMessageEvent(context.Background(), r.id, event.Type{Type: kind, Class: event.MessageEventType}, content)
	if err != nil {
		r.t.Fatalf("send %s: %v", kind, err)
	}
	return string(resp.EventID)
}

func (r *matrixRoom) ask(by, text string, answers []string) string {
	var all []map[string]any
	for _, a := range answers {
		all = append(all, map[string]any{"id": a, "org.matrix.msc1767.text": a})
	}
	return r.send(by, pollType+"start", map[string]any{
		"org.matrix.msc1767.text": text,
		pollType + "start": map[string]any{
			"kind": pollType[:len(pollType)-1] + ".disclosed", "max_selections": 1,
			"question": map[string]any{"org.matrix.msc1767.text": text}, "answers": all,
		},
	})
}

func referring(poll string) map[string]any {
	return map[string]any{"rel_type": "m.reference", "event_id": poll}
}

func (r *matrixRoom) vote(by, poll string, answer int) {
	start := r.byID[poll]
	if start == nil {
		r.look()
		start = r.byID[poll]
	}
	r.send(by, pollType+"response", map[string]any{"m.relates_to": referring(poll), pollType + "response": map[string]any{"answers": []string{strings.Split(start.text, "\n")[answer]}}})
}

func (r *matrixRoom) end(by, poll string) {
	r.send(by, pollType+"end", map[string]any{"m.relates_to": referring(poll), "org.matrix.msc1767.text": "The poll has ended", pollType + "end": map[string]any{}})
}

func (r *matrixRoom) look() []*post {
	r.t.Helper()
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		resp, err := r.eyes.Client.Messages(ctx, r.id, r.from, "", mautrix.DirectionForward, nil, 500)
		cancel()
		if err != nil {
			r.t.Fatalf("read the room: %v", err)
		}
		for _, e := range resp.Chunk {
			r.take(e)
		}
		if resp.End == "" || len(resp.Chunk) == 0 {
			return r.posts
		}
		r.from = resp.End
	}
}

func (r *matrixRoom) ours(user id.UserID) bool {
	return strings.HasPrefix(user.Localpart(), "hashsend")
}

func (r *matrixRoom) nameOf(p *post) string { return r.name(p.by) }

func (r *matrixRoom) name(user id.UserID) string {
	r.t.Helper()
	if r.names[user] == "" {
		resp, err := r.eyes.GetDisplayName(context.Background(), user)
		if err != nil {
			r.t.Fatalf("who is %s: %v", user, err)
		}
		r.names[user] = resp.DisplayName
	}
	return r.names[user]
}

// take takes in one event of the room.
func (r *matrixRoom) take(e *event.Event) {
	raw := e.Content.Raw
	rel, _ := raw["m.relates_to"].(map[string]any)
	of := text(rel["event_id"])
	switch {
	case e.Type == event.EventRedaction:
		r.redacted(cmp.Or(string(e.Redacts), text(raw["redacts"])))
	case e.Type == event.EventReaction && r.byID[of] != nil && r.ours(e.Sender):
		k := mark{text(rel["key"]), r.name(e.Sender)}
		r.byID[of].reactions[k] = true
		r.about[string(e.ID)] = func() { delete(r.byID[of].reactions, k) }
	case e.Type == event.EventMessage && rel["rel_type"] == "m.replace":
		r.edited(e, r.byID[of])
	case e.Type == event.EventMessage:
		r.posted(e)
	case e.Type.Type == pollType+"start":
		r.asked(e)
	case e.Type.Type == pollType+"response" && r.byID[of] != nil && r.ours(e.Sender):
		r.voted(e, r.byID[of])
	}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// redacted notes that an event was taken back.
func (r *matrixRoom) redacted(of string) {
	if p := r.byID[of]; p != nil {
		p.gone = true
	} else if undo := r.about[of]; undo != nil {
		undo()
	}
}

// asked takes in the start of a poll: its text are the answers.
func (r *matrixRoom) asked(e *event.Event) {
	p := r.add(e)
	start, _ := e.Content.Raw[pollType+"start"].(map[string]any)
	answers, _ := start["answers"].([]any)
	var ids []string
	for _, a := range answers {
		one, _ := a.(map[string]any)
		ids = append(ids, text(one["id"]))
	}
	p.text = strings.Join(ids, "\n")
}

// voted takes in a vote that the bridge has cast.
func (r *matrixRoom) voted(e *event.Event, poll *post) {
	body, _ := e.Content.Raw[pollType+"response"].(map[string]any)
	if chosen, _ := body["answers"].([]any); len(chosen) == 1 {
		poll.choice[r.name(e.Sender)] = text(chosen[0])
	}
}

func (r *matrixRoom) add(e *event.Event) *post {
	p := &post{id: string(e.ID), by: e.Sender, ours: r.ours(e.Sender), reactions: map[mark]bool{}, choice: map[string]string{}}
	p.key = text(e.Content.Raw["org.hashsend.key"])
	r.posts, r.byID[p.id] = append(r.posts, p), p
	return p
}

func (r *matrixRoom) posted(e *event.Event) {
	if e.Content.ParseRaw(e.Type) != nil {
		return
	}
	p, m := r.add(e), e.Content.AsMessage()
	p.first, p.gone = m.Body, len(e.Content.Raw) == 0
	p.text = p.first
	if m.MsgType.IsMedia() {
		p.file, p.url = cmp.Or(m.FileName, m.Body), m.URL
	}
}

func (r *matrixRoom) edited(e *event.Event, p *post) {
	fresh, _ := e.Content.Raw["m.new_content"].(map[string]any)
	text, is := fresh["body"].(string)
	if p == nil || !is {
		return
	}
	sort := func() {
		slices.SortFunc(p.edits, func(a, b edition) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
		p.text = p.first
		if n := len(p.edits); n > 0 {
			p.text = p.edits[n-1].text
		}
	}
	p.edits = append(p.edits, edition{string(e.ID), e.Timestamp, text})
	sort()
	r.about[string(e.ID)] = func() {
		p.edits = slices.DeleteFunc(p.edits, func(v edition) bool { return v.id == string(e.ID) })
		sort()
	}
}

func (r *matrixRoom) content(p *post) string {
	if r.sums[p.id] == "" {
		uri, err := p.url.Parse()
		if err != nil {
			return "no file"
		}
		e := &event.Event{Content: event.Content{Parsed: &event.MessageEventContent{URL: uri.CUString()}}}
		r.sums[p.id] = sumOf(r.eyes.Download(e))
	}
	return r.sums[p.id]
}
