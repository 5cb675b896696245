// Package matrixtext converts between Matrix events and the bridge's messages. It is
// pure: it sends no requests and keeps no state.
package matrixtext

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
)

// Reader converts events that come from a homeserver.
type Reader struct {
	Users
	Prefix  string // what a command starts with
	Notices bool   // hand over m.notice, the messages of other programs
}

// Convert returns the bridge's form of an event. It returns nil for our own events and
// for those that mean nothing to the bridge. Names and ranks are not filled in.
func (r Reader) Convert(e Event) chat.Event {
	head := e.Head()
	switch {
	case e.Type == "m.room.member" && e.StateKey != nil:
		return r.member(head, e)
	case r.Ours(e.Sender):
		return nil
	case e.StateKey != nil:
		return state(head, e)
	}
	switch e.Type {
	case "m.room.redaction":
		return redaction(head, e)
	case "m.reaction":
		return reaction(head, e)
	case "m.room.message", "m.sticker":
		return r.message(head, e)
	}
	if IsCall(e.Type) {
		return chat.Posted{Head: head, Message: chat.MessageID(e.ID), Kind: chat.Emote, Body: chat.Body{Text: "started a call"}}
	}
	switch verb, _ := pollVerb(e.Type); verb {
	case "start":
		return r.message(head, e)
	case "response":
		return vote(head, e)
	case "end":
		return pollEnd(head, e)
	}
	return nil
}

// state converts the state events that the bridge follows.
func state(head chat.Head, e Event) chat.Event {
	switch e.Type {
	case "m.room.name":
		var content struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(e.Content, &content) == nil {
			return chat.Renamed{Head: head, Name: content.Name}
		}
	case "m.room.topic":
		return chat.TopicSet{Head: head, Topic: Topic(e.Content)}
	case "m.room.tombstone":
		if to := e.Replacement(); to != "" {
			return chat.Moved{Head: head, To: chat.RoomID(to)}
		}
	}
	return nil
}

// Topic reads the content of m.room.topic. A rich topic (MSC3765) has a plain text too.
func Topic(raw json.RawMessage) string {
	var content struct {
		Topic string                     `json:"topic"`
		Rich  map[string]json.RawMessage `json:"m.topic"`
	}
	json.Unmarshal(raw, &content) //nolint:errcheck // a field of a wrong type counts as absent
	return cmp.Or(content.Topic, extensible(content.Rich))
}

func redaction(head chat.Head, e Event) chat.Event {
	var content struct {
		Redacts id.EventID `json:"redacts"` // since room version 11
	}
	if json.Unmarshal(e.Content, &content) == nil && content.Redacts != "" {
		e.Redacts = content.Redacts
	}
	if e.Redacts == "" {
		return nil
	}
	return chat.Deleted{Head: head, Message: chat.MessageID(e.Redacts)}
}

// IsCall reports whether an event of this type starts a call. Each way of calling has
// one such event per call; their other events (members, candidates, the end) are many.
func IsCall(eventType string) bool {
	switch eventType {
	case "m.call.invite", "m.rtc.notification", "org.matrix.msc4075.rtc.notification", "m.call.notify", "org.matrix.msc4075.call.notify":
		return true
	}
	return false
}

// reaction converts m.reaction. A custom emoji is given by its name.
func reaction(head chat.Head, e Event) chat.Event {
	var content struct {
		RelatesTo relation `json:"m.relates_to"`
		Beeper    string   `json:"com.beeper.reaction.shortcode"`
		Code      string   `json:"shortcode"`
	}
	var odd *json.UnmarshalTypeError
	if err := json.Unmarshal(e.Content, &content); err != nil && !errors.As(err, &odd) {
		return nil
	}
	rel := content.RelatesTo
	if rel.Type != "m.annotation" || rel.EventID == "" || rel.Key == "" {
		return nil
	}
	emoji := rel.Key
	if strings.HasPrefix(emoji, "mxc://") {
		name := strings.Trim(cmp.Or(content.Beeper, content.Code, "emoji"), ":")
		emoji = ":" + name + ":"
	}
	return chat.Reacted{Head: head, Message: chat.MessageID(rel.EventID), Reaction: chat.MessageID(e.ID), Emoji: cut(emoji, 64)}
}

// member converts a change of membership. A change of name is none.
func (r Reader) member(head chat.Head, e Event) chat.Event {
	var content struct {
		Membership string `json:"membership"`
		Name       string `json:"displayname"`
		Direct     bool   `json:"is_direct"`
	}
	if json.Unmarshal(e.Content, &content) != nil {
		return nil
	}
	who, before := id.UserID(*e.StateKey), e.Unsigned.PrevContent.Membership
	self := who == r.Bot
	ghost := !self && r.Ours(who)
	wasIn := before == "join" || before == "" // empty: the homeserver does not say
	by := head
	by.By = chat.Author{ID: chat.UserID(who), Name: content.Name, Server: who.Homeserver()}
	switch content.Membership {
	case "invite":
		return r.invited(head, e, content.Direct)
	case "join":
		if before != "join" && !ghost {
			return chat.Joined{Head: by, Self: self}
		}
	case "leave", "ban":
		switch {
		case ghost && wasIn && !r.Ours(e.Sender):
			return chat.PutOut{Head: head, Ghost: r.Sender(who)}
		case !ghost && (wasIn || self):
			return chat.Left{Head: by, Self: self}
		}
	}
	return nil
}

// invited converts an invitation. Those that the bot gives its ghosts are left out, and
// so are those of other people.
func (r Reader) invited(head chat.Head, e Event, direct bool) chat.Event {
	who := id.UserID(*e.StateKey)
	switch {
	case r.Ours(e.Sender) || !r.Ours(who):
		return nil
	case who == r.Bot:
		return chat.Invited{Head: head, Direct: direct}
	}
	return chat.Invited{Head: head, As: chat.UserID(who), Ghost: r.Sender(who), Direct: direct}
}

// message converts an event with a message in it: a command, an edit, or a post.
func (r Reader) message(head chat.Head, e Event) chat.Event {
	m, ok := parseContent(e.Type, e.Content)
	if !ok {
		return nil
	}
	if m.Key != "" { // our own message, sent through another account of ours
		return nil
	}
	head.By.Alias = m.alias()
	rel := m.RelatesTo
	if rel.Type == "m.thread" {
		head.Place.Thread = chat.ThreadID(rel.EventID)
	}
	if rel.Type == "m.replace" {
		return r.edit(head, e, m)
	}
	m.HTML = r.showPeople(m.HTML)
	body, kind, ok := m.body(e.Type)
	if !ok || (kind == chat.Notice && !r.Notices) {
		return nil
	}
	if m.MsgType == "m.text" {
		if text, is := r.command(m.plain()); is {
			return command(head, e, rel, text)
		}
	}
	p := chat.Posted{Head: head, Message: chat.MessageID(e.ID), Kind: kind, Body: body, Root: chat.MessageID(head.Place.Thread), Poll: m.Poll}
	p.ReplyTo = rel.replyTo()
	p.Mentions, p.MentionsAll = m.mentioned(), m.Mentions.Room
	return p
}

// edit converts m.replace. The mentions of the whole event are those that the edit adds.
func (r Reader) edit(head chat.Head, e Event, m content) chat.Event {
	if m.NewContent == nil || m.RelatesTo.EventID == "" {
		return nil
	}
	n, ok := parseContent(e.Type, m.NewContent)
	if !ok {
		return nil
	}
	n.HTML = r.showPeople(n.HTML)
	body, _, ok := n.body(e.Type)
	if !ok {
		return nil
	}
	return chat.Edited{
		Head: head, Message: chat.MessageID(m.RelatesTo.EventID), Edit: chat.MessageID(e.ID), Body: body, Poll: n.Poll, Mentions: m.mentioned(), MentionsAll: m.Mentions.Room,
	}
}

// command makes a command. It is about the message that it replies to, else about the
// root of its chat thread.
func command(head chat.Head, e Event, rel relation, text string) chat.Event {
	cmd := chat.Command{Head: head, Message: chat.MessageID(e.ID), Text: text, Root: head.Place.Thread, About: rel.replyTo()}
	if cmd.About == "" {
		cmd.About = chat.MessageID(cmd.Root)
	}
	return cmd
}

// command removes the prefix of a command.
func (r Reader) command(text string) (string, bool) {
	rest, is := strings.CutPrefix(strings.TrimSpace(text), r.Prefix)
	if !is || (rest != "" && !strings.ContainsAny(rest[:1], " \n\t")) {
		return "", false
	}
	return strings.TrimSpace(rest), true
}

// Typing converts m.typing, which has neither id nor sender; nil: it is something else.
// Our own users do not count: otherwise the bridge would wait for itself. room is used
// where the event does not name its own.
func (r Reader) Typing(room id.RoomID, raw json.RawMessage, at time.Time) chat.Event {
	var e struct {
		Type    string    `json:"type"`
		RoomID  id.RoomID `json:"room_id"`
		Content struct {
			UserIDs []id.UserID `json:"user_ids"`
		} `json:"content"`
	}
	if json.Unmarshal(raw, &e) != nil || e.Type != "m.typing" || cmp.Or(e.RoomID, room) == "" {
		return nil
	}
	people := slices.DeleteFunc(e.Content.UserIDs, r.Ours)
	return chat.Typing{Head: chat.Head{Place: chat.Place{Room: chat.RoomID(cmp.Or(e.RoomID, room))}, At: at}, On: len(people) > 0}
}

// cut shortens a text to so many bytes, without half a character at its end.
func cut(s string, limit int) string {
	if len(s) > limit {
		return strings.ToValidUTF8(s[:limit], "")
	}
	return s
}
