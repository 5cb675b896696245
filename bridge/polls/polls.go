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

// Words words a poll: the question and the numbered answers.
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

// countVotes counts the votes for each answer; best is the highest count.
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

// pollTally words the current result of an open poll in one line; empty: no votes yet.
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

// TallyLater adds the current result of a poll to the next mail.
func TallyLater(w *core.Work, poll int64) error {
	p, _, err := tomail.OpenPoll(w, poll)
	if err != nil || p.Message == 0 {
		return err
	}
	return tally(w, p, true)
}

// tally adds the current result of a poll to the next mail, unless it is secret until the
// end. Without fresh, it only replaces a result that waits already.
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

// Result words the final result of a poll by our own count of the votes.
func Result(p chat.Poll, votes []store.Vote) string {
	counted, best := countVotes(p, votes)
	var b strings.Builder
	b.WriteString(core.PollMark + "Poll closed: " + core.OneLine(p.Question, 500))
	if best == 0 {
		return b.String() + "\nNobody voted."
	}
	for i, a := range p.Answers {
		fmt.Fprintf(&b, "\n%s – %s", numbered(p, i), core.Quantity(counted[a.ID], "vote", "votes"))
		if counted[a.ID] == best {
			b.WriteString(" ✔")
		}
	}
	return b.String()
}

// validAnswers returns the answers of a vote that count, up to the limit of the poll. An
// answer that the poll does not have makes the whole vote invalid.
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

// openPollOf returns the open poll in a message of a network, or the zero Poll. Silent rooms
// have none.
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

// Voted counts a vote from a room. Nothing is posted.
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

// Of returns the poll in a message, open or closed, or the zero Poll.
func Of(w *core.Work, message int64) (store.Poll, error) {
	p, err := w.Poll(message)
	if errors.Is(err, store.ErrNone) {
		return store.Poll{}, nil
	}
	return p, err
}

// Change stores the edited question and answers of a poll. A current result that waits for
// the next mail is worded anew.
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

// Ended closes a poll if its author or a moderator ends it, and sends the result to the
// readers of the poll by post.
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
	return tochat.Notice(w, network, e.Place, "Result with votes by email:\n"+result, tochat.InReplyTo(e.Poll))
}
