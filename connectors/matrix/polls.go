package matrix

import (
	"context"
	"encoding/json"
	"strings"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
)

// Polls are written in two ways: as MSC3381 was accepted, and as clients send them.
const (
	stablePoll   = "m.poll."
	unstablePoll = "org.matrix.msc3381.poll."
)

// pollVerb is what an event does with a poll: start, response, end; empty: nothing.
// form is the way in which it is written.
func pollVerb(eventType string) (verb, form string) {
	for _, form := range []string{stablePoll, unstablePoll} {
		switch verb, is := strings.CutPrefix(eventType, form); {
		case is && (verb == "start" || verb == "response" || verb == "end"):
			return verb, form
		}
	}
	return "", ""
}

// maxAnswers is how many answers of a poll count (MSC3381).
const maxAnswers = 20

// poll reads a poll of the content of a start; nil: there is none in it.
func poll(fields map[string]json.RawMessage, form string) *chat.Poll {
	var start struct {
		Kind     string                       `json:"kind"`
		Most     int                          `json:"max_selections"`
		Question map[string]json.RawMessage   `json:"question"`
		Answers  []map[string]json.RawMessage `json:"answers"`
	}
	raw, there := fields["m.poll"]
	if !there {
		raw = fields[unstablePoll+"start"]
	}
	json.Unmarshal(raw, &start) //nolint:errcheck // a field of a wrong type counts as absent
	p := chat.Poll{Question: extensible(start.Question), Most: max(start.Most, 1), Form: form, Disclosed: strings.HasSuffix(start.Kind, ".disclosed")}
	known := map[string]bool{}
	for _, a := range start.Answers {
		answer := chat.PollAnswer{ID: textOf(a["m.id"]), Text: extensible(a)}
		if answer.ID == "" {
			answer.ID = textOf(a["id"])
		}
		if answer.ID == "" || answer.Text == "" || known[answer.ID] || len(p.Answers) == maxAnswers {
			continue
		}
		known[answer.ID] = true
		p.Answers = append(p.Answers, answer)
	}
	p.Most = min(p.Most, len(p.Answers))
	if p.Question == "" || len(p.Answers) == 0 {
		return nil
	}
	return &p
}

func textOf(raw json.RawMessage) (s string) {
	json.Unmarshal(raw, &s) //nolint:errcheck // what is no text counts as absent
	return s
}

// vote converts a response to a poll.
func vote(head chat.Head, e rawEvent) chat.Event {
	var fields map[string]json.RawMessage
	if json.Unmarshal(e.Content, &fields) != nil {
		return nil
	}
	of := referred(fields)
	raw, there := fields["m.selections"]
	if !there {
		var old struct {
			Answers json.RawMessage `json:"answers"`
		}
		json.Unmarshal(fields[unstablePoll+"response"], &old) //nolint:errcheck // it then has no answers
		raw = old.Answers
	}
	var answers []string
	if of == "" || json.Unmarshal(raw, &answers) != nil {
		return nil
	}
	return chat.Voted{Head: head, Poll: of, Vote: chat.MessageID(e.ID), Answers: answers}
}

// pollEnd converts the end of a poll. What it says of the result is not looked at:
// its sender may have counted as they like.
func pollEnd(head chat.Head, e rawEvent) chat.Event {
	var fields map[string]json.RawMessage
	if json.Unmarshal(e.Content, &fields) != nil {
		return nil
	}
	of := referred(fields)
	if of == "" {
		return nil
	}
	return chat.PollEnded{Head: head, Poll: of, Message: chat.MessageID(e.ID)}
}

// referred is the event that another refers to.
func referred(fields map[string]json.RawMessage) chat.MessageID {
	var rel relation
	json.Unmarshal(fields["m.relates_to"], &rel) //nolint:errcheck // a field of a wrong type counts as absent
	if rel.Type != "m.reference" {
		return ""
	}
	return chat.MessageID(rel.EventID)
}

// Vote casts a vote; see chat.Voter. It is written as the poll is.
func (c *Connector) Vote(ctx context.Context, b chat.Ballot, m chat.Outgoing) (chat.MessageID, error) {
	cl, user, _, err := c.speaker(ctx, m)
	if err != nil {
		return "", err
	}
	content := map[string]any{marker: m.Key, "m.relates_to": map[string]any{"rel_type": "m.reference", "event_id": string(b.Poll)}}
	form := stablePoll
	if b.Form == unstablePoll {
		form = unstablePoll
		content[unstablePoll+"response"] = map[string]any{"answers": b.Answers}
	} else {
		content["m.selections"] = b.Answers
	}
	return c.post(ctx, cl, user, m, event.Type{Type: form + "response", Class: event.MessageEventType}, content)
}

// mayRedact reports whether a person may take away what others have said, and so end
// their polls (MSC3381).
func (c *Connector) mayRedact(ctx context.Context, room id.RoomID, user id.UserID) bool {
	p, of, err := c.power(ctx, room, user)
	need := level(50)
	if p.Redact != nil {
		need = *p.Redact
	}
	return err == nil && of >= need
}
