package reactions

import (
	"fmt"
	"slices"
	"strings"

	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tomail"
)

// takenBack is a reaction that was taken back in a room, and the people who got it by email.
type takenBack struct {
	Message int64     `json:"message"`
	Name    string    `json:"name"`
	Readers store.IDs `json:"readers"`
}

// takenBackLater enqueues the removal of a reaction for people whose email programs can
// remove one: those of RFC 9078. Gmail cannot.
func takenBackLater(w *core.Work, r store.Reaction) error {
	if r.Room == 0 || len(r.Skip) == 0 {
		return nil
	}
	m, err := w.Message(r.Message)
	if err != nil {
		return err
	}
	people, err := w.Participants(m.Thread)
	if err != nil {
		return err
	}
	t := takenBack{Message: r.Message, Name: r.Name}
	for _, who := range people {
		if who.Dialect == store.DialectMail && r.Skip.Has(who.ID) {
			t.Readers = append(t.Readers, who.ID)
		}
	}
	if t.Readers == nil {
		return nil
	}
	// One delivery for all removals for the same people: it reads the remaining reactions.
	key := w.Key("rt", append(store.IDs{m.Thread, m.ID}, t.Readers...)...)
	return outbox.Enqueue(w, jobReactMail, fmt.Sprintf("react/%d", m.Thread), key, reactJob{Thread: m.Thread, Taken: &t}, nil, w.Now.Add(core.Delay(reactAfter)))
}

// emojiOf lists the emoji that a reader of RFC 9078 sees on a message: those sent before and
// a new one. For the reader they all have one sender, whose newest mail replaces the earlier
// ones.
func emojiOf(all []store.Reaction, reader, fresh int64) string {
	var emoji []string
	for _, r := range all {
		if isOneEmoji(r.Emoji) && (r.ID == fresh || r.Skip.Has(reader)) && !slices.Contains(emoji, r.Emoji) {
			emoji = append(emoji, r.Emoji)
		}
	}
	return strings.Join(emoji, " ")
}

// mailTakenBack sends the remaining reactions to a message; an empty list removes the last.
func mailTakenBack(w *core.Work, thread int64, t takenBack) error {
	p, err := tomail.PlanFor(w, thread, nil)
	if err != nil {
		return err
	}
	m, err := w.Message(t.Message)
	if err != nil {
		return err
	}
	has, err := hasByMail(w, m)
	if err != nil {
		return err
	}
	all, err := w.ReactionsTo(t.Message)
	if err != nil {
		return err
	}
	p.Reacted = map[int64]store.Message{m.ID: m}
	r := store.Reaction{Message: t.Message, Name: t.Name}
	for _, rm := range groupReaction(p, r, has, func(who store.Participant) bool { return t.Readers.Has(who.ID) && who.Dialect == store.DialectMail }) {
		if _, err := composeReaction(w, p, rm, mail.Reaction{Emoji: emojiOf(all, rm.To[0].ID, 0), Alone: true}); err != nil {
			return err
		}
	}
	return nil
}
