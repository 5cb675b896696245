package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hashsend/bridge/chat"
)

// Poll is a message that asks for votes.
type Poll struct {
	Message int64
	Room    int64 // the room of the poll
	chat.Poll
	Ended time.Time // zero: it is open
}

// Vote is the vote of a person in a poll.
type Vote struct {
	Poll    int64
	Who     string // identifies the person
	Name    string
	Answers []string // ids; empty: withdrawn
	Words   bool     // not counted by the network, only described there
	Posted  string   // the network's id of the vote, with the network in front; empty: it has none
	At      time.Time
}

// PutPoll stores a poll, or its new question and answers.
func (t *Tx) PutPoll(p Poll) error {
	answers, err := json.Marshal(p.Answers)
	if err != nil {
		return fmt.Errorf("encode answers: %w", err)
	}
	return t.exec(`INSERT INTO poll (message, room, question, answers, most, disclosed, form) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (message) DO UPDATE SET question = excluded.question, answers = excluded.answers, most = excluded.most, disclosed = excluded.disclosed`,
		p.Message, p.Room, p.Question, string(answers), p.Most, p.Disclosed, p.Form)
}

// Poll returns the poll of a message; ErrNone: it is not a poll.
func (t *Tx) Poll(message int64) (p Poll, err error) {
	var answers string
	var ended int64
	err = t.row("SELECT message, room, question, answers, most, disclosed, form, ended FROM poll WHERE message = ?", []any{message},
		&p.Message, &p.Room, &p.Question, &answers, &p.Most, &p.Disclosed, &p.Form, &ended)
	if err != nil {
		return p, err
	}
	p.Ended = moment(ended)
	if err := json.Unmarshal([]byte(answers), &p.Answers); err != nil {
		return p, fmt.Errorf("decode answers: %w", err)
	}
	return p, nil
}

// EndPoll closes a poll.
func (t *Tx) EndPoll(message int64, at time.Time) error {
	return t.exec("UPDATE poll SET ended = ? WHERE message = ?", millis(at), message)
}

// AddVote stores a vote in place of an earlier one by the same person. An older vote changes
// nothing.
func (t *Tx) AddVote(v Vote) error {
	answers, err := json.Marshal(v.Answers)
	if err != nil {
		return fmt.Errorf("encode answers: %w", err)
	}
	return t.exec(`INSERT INTO vote (poll, who, name, answers, words, posted, at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (poll, who) DO UPDATE SET name = excluded.name, answers = excluded.answers, words = excluded.words, posted = excluded.posted, at = excluded.at
		WHERE excluded.at >= vote.at`, v.Poll, v.Who, v.Name, string(answers), v.Words, v.Posted, millis(v.At))
}

// DropVoteByID removes a vote by its network id and returns its poll; 0: none.
func (t *Tx) DropVoteByID(posted string) (poll int64, err error) {
	err = t.row("DELETE FROM vote WHERE posted = ? RETURNING poll", []any{posted}, &poll)
	if errors.Is(err, ErrNone) {
		return 0, nil
	}
	return poll, err
}

// Votes returns the votes of a poll in no particular order.
func (t *Tx) Votes(poll int64) ([]Vote, error) {
	return scanAll(t, func(scan func(...any) error) (v Vote, err error) {
		var answers string
		var at int64
		if err := scan(&v.Poll, &v.Who, &v.Name, &answers, &v.Words, &v.Posted, &at); err != nil {
			return v, err
		}
		v.At = moment(at)
		if err := json.Unmarshal([]byte(answers), &v.Answers); err != nil {
			return v, fmt.Errorf("decode answers: %w", err)
		}
		return v, nil
	}, "SELECT poll, who, name, answers, words, posted, at FROM vote WHERE poll = ? ORDER BY who", poll)
}
