package matrixtext

import (
	"encoding/json"
	"strings"

	"maunium.net/go/mautrix/event"

	"hashsend/bridge/chat"
)

// Polls are written in two ways: as MSC3381 was accepted, and as clients send them.
const (
	stablePoll   = "m.poll."
	unstablePoll = "org.matrix.msc3381.poll."
)

// pollVerb is what an event does with a poll: start, response or end; empty: nothing.
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

// poll reads the poll in the content of a start event; nil: there is none.
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
	json.Unmarshal(raw, &s) //nolint:errcheck // what is not a string counts as absent
	return s
}

// vote converts a response to a poll.
func vote(head chat.Head, e Event) chat.Event {
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

// pollEnd converts the end of a poll. The result that it states is ignored: its sender
// may have counted as they like.
func pollEnd(head chat.Head, e Event) chat.Event {
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

// referred is the event that another one refers to.
func referred(fields map[string]json.RawMessage) chat.MessageID {
	var rel relation
	json.Unmarshal(fields["m.relates_to"], &rel) //nolint:errcheck // a field of a wrong type counts as absent
	if rel.Type != "m.reference" {
		return ""
	}
	return chat.MessageID(rel.EventID)
}

// Vote returns the event of a vote. It is written in the form of its poll.
func Vote(b chat.Ballot, key string) (event.Type, Content) {
	c := Content{Marker: key, "m.relates_to": Content{"rel_type": "m.reference", "event_id": string(b.Poll)}}
	form := stablePoll
	if b.Form == unstablePoll {
		form = unstablePoll
		c[unstablePoll+"response"] = Content{"answers": b.Answers}
	} else {
		c["m.selections"] = b.Answers
	}
	return event.Type{Type: form + "response", Class: event.MessageEventType}, c
}
