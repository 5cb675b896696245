// Package polls carries polls and votes between rooms and email.
package polls

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// Words is a poll as a text: the question, and its answers by number.
func Words(p chat.Poll) string {
	var b strings.Builder
	b.WriteString(core.PollMark + core.OneLine(p.Question, 500))
	for i := range p.Answers {
		b.WriteString("\n" + numbered(p, i))
	}
	return b.String()
}

func numbered(p chat.Poll, i int) string {
	return fmt.Sprintf("%d. %s", i+1, core.OneLine(p.Answers[i].Text, 200))
}

// countVotes counts the votes for each answer; best is the most that one has.
func countVotes(p chat.Poll, votes []store.Vote) (counted map[string]int, best int) {
	counted = map[string]int{}
	for _, v := range votes {
		for _, id := range validAnswers(p, v.Answers) {
			counted[id]++
			best = max(best, counted[id])
		}
	}
	return counted, best
}

// pollTally words in one line how an open poll stands; empty: nobody has voted.
func pollTally(p chat.Poll, votes []store.Vote) string {
	counted, best := countVotes(p, votes)
	if best == 0 {
		return ""
	}
	var parts []string
	for _, a := range p.Answers {
		if n := counted[a.ID]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", core.OneLine(a.Text, 40), n))
		}
	}
	return core.PollMark + core.OneLine(p.Question, 60) + " So far: " + core.ListNames(parts)
}

// TallyLater has the next mail tell how a poll stands.
func TallyLater(w *core.Work, poll int64) error {
	p, _, err := tomail.OpenPoll(w, poll)
	if err != nil || p.Message == 0 {
		return err
	}
	return tally(w, p, true)
}

// tally words for the next mail how a poll stands, where everybody may see it before the
// end. fresh: it is to be told even if nothing of it waits to be told.
func tally(w *core.Work, p store.Poll, fresh bool) error {
	if !p.Disclosed {
		return nil
	}
	votes, err := w.Votes(p.Message)
	if err != nil {
		return err
	}
	text := pollTally(p.Poll, votes)
	if text == "" {
		return w.DropLine(store.Line{Room: p.Room, Kind: store.LinePoll(p.Message)})
	}
	return w.SetLine(p.Room, store.LinePoll(p.Message), text, fresh)
}

// Result words the end of a poll by our own count of the votes.
func Result(p chat.Poll, votes []store.Vote) string {
	counted, best := countVotes(p, votes)
	var b strings.Builder
	b.WriteString(core.PollMark + "The poll has ended: " + core.OneLine(p.Question, 500))
	if best == 0 {
		return b.String() + "\nNobody has voted."
	}
	for i, a := range p.Answers {
		fmt.Fprintf(&b, "\n%s – %s", numbered(p, i), core.Quantity(counted[a.ID], "vote", "votes"))
		if counted[a.ID] == best {
			b.WriteString(" ✔")
		}
	}
	return b.String()
}

// validAnswers returns what counts of a vote: as many answers as one may choose. A
// vote with an answer that the poll does not have is spoilt, and counts for nothing.
func validAnswers(p chat.Poll, ids []string) []string {
	var valid []string
	for _, id := range ids {
		if !slices.ContainsFunc(p.Answers, func(a chat.PollAnswer) bool { return a.ID == id }) {
			return nil
		}
		if !slices.Contains(valid, id) && len(valid) < p.Most {
			valid = append(valid, id)
		}
	}
	return valid
}

// openPollOf is openPoll of a message of a network, in a room that is not silent.
func openPollOf(w *core.Work, network string, id chat.MessageID) (store.Poll, store.Message, error) {
	m, err := w.ChatMessage(network, id)
	if err != nil || m.ID == 0 {
		return store.Poll{}, m, err
	}
	p, m, err := tomail.OpenPoll(w, m.ID)
	if err != nil || p.Message == 0 {
		return store.Poll{}, m, err
	}
	if r, err := w.RoomByID(p.Room); err != nil || r.Silent() || r.Thread != m.Thread {
		return store.Poll{}, m, err
	}
	return p, m, nil
}

// Voted counts a vote from a room. Nobody is told.
func Voted(w *core.Work, network string, e chat.Voted) error {
	p, m, err := openPollOf(w, network, e.Poll)
	if err == nil && m.ID == 0 {
		return core.NotYet{Message: e.Poll}
	}
	if err != nil || p.Message == 0 || w.Env.Access.Level(e.By, chat.Member) < core.Speak {
		return err
	}
	v := store.Vote{Poll: p.Message, Who: network + "\x00" + string(e.By.ID), Name: e.By.Name, Answers: validAnswers(p.Poll, e.Answers), At: e.At}
	if e.Vote != "" {
		v.Posted = network + "\x00" + string(e.Vote)
	}
	if err := w.AddVote(v); err != nil {
		return err
	}
	return TallyLater(w, p.Message)
}

// Of is the poll that a message is, be it open or over; the zero Poll: it is none.
func Of(w *core.Work, message int64) (store.Poll, error) {
	p, err := w.Poll(message)
	if errors.Is(err, store.ErrNone) {
		return store.Poll{}, nil
	}
	return p, err
}

// Change stores what was changed of a poll. How it stands is told in the new words,
// if that is to be told.
func Change(w *core.Work, message int64, to chat.Poll) error {
	p, err := w.Poll(message)
	if err != nil {
		return err
	}
	to.Form, to.Disclosed = p.Form, p.Disclosed
	p.Poll = to
	if err := w.PutPoll(p); err != nil {
		return err
	}
	return tally(w, p, false)
}

// Ended closes a poll, if the one who ends it began it or moderates the room, and
// lets the result go where the poll went, by post.
func Ended(w *core.Work, network string, e chat.PollEnded, post func(string, chat.Posted) error) error {
	p, m, err := openPollOf(w, network, e.Poll)
	if err == nil && m.ID == 0 {
		return core.NotYet{Message: e.Poll}
	}
	if err != nil || p.Message == 0 || w.Env.Access.Level(e.By, chat.Member) < core.Speak {
		return err
	}
	if author, err := w.Author(network, string(e.By.ID), e.By.Name); err != nil || (author != m.Author && !e.Moderates) {
		return err
	}
	if err := w.EndPoll(p.Message, w.Now); err != nil {
		return err
	}
	if err := w.DropLine(store.Line{Room: p.Room, Kind: store.LinePoll(p.Message)}); err != nil {
		return err
	}
	votes, err := w.Votes(p.Message)
	if err != nil {
		return err
	}
	result := Result(p.Poll, votes)
	if err := post(network, chat.Posted{Head: e.Head, Message: e.Message, Body: chat.Body{Text: result}, ReplyTo: e.Poll}); err != nil {
		return err
	}
	if !slices.ContainsFunc(votes, func(v store.Vote) bool { return v.Words && len(v.Answers) > 0 }) {
		return nil
	}
	return tochat.Notice(w, network, e.Place, "With the votes by email:\n"+result, tochat.InReplyTo(e.Poll))
}
