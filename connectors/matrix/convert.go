package matrix

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

// rawEvent is an event as the homeserver gives it. The content is taken apart by
// kind, so that an odd one spoils nothing but itself.
type rawEvent struct {
	ID       id.EventID      `json:"event_id"`
	Type     string          `json:"type"`
	RoomID   id.RoomID       `json:"room_id"`
	Sender   id.UserID       `json:"sender"`
	StateKey *string         `json:"state_key"`
	At       int64           `json:"origin_server_ts"`
	Redacts  id.EventID      `json:"redacts"` // before room version 11
	Content  json.RawMessage `json:"content"`
	Unsigned struct {
		PrevContent struct {
			Membership string `json:"membership"`
		} `json:"prev_content"`
		Age int64 `json:"age"` // milliseconds, by the clock of the homeserver
	} `json:"unsigned"`
}

// parseEvent reads an event. A field of a wrong type counts as absent.
func parseEvent(raw json.RawMessage) (e rawEvent, err error) {
	var odd *json.UnmarshalTypeError
	if err := json.Unmarshal(raw, &e); err != nil && !errors.As(err, &odd) {
		return e, err
	}
	if e.ID == "" || e.Type == "" || e.Sender == "" {
		return e, errors.New("it has no id, type or sender")
	}
	return e, nil
}

// membership is that of a m.room.member event.
func (e rawEvent) membership() string {
	var content struct {
		Membership string `json:"membership"`
	}
	if json.Unmarshal(e.Content, &content) != nil {
		return ""
	}
	return content.Membership
}

// replacement is the room that a m.room.tombstone event leads to.
func (e rawEvent) replacement() id.RoomID {
	var content struct {
		To id.RoomID `json:"replacement_room"`
	}
	if json.Unmarshal(e.Content, &content) != nil {
		return ""
	}
	return content.To
}

// convert makes an event of the bridge of one of Matrix; nil: it means nothing to
// the bridge, or is our own. Names and ranks are filled in by complete.
func (c *Connector) convert(e rawEvent) chat.Event {
	head := chat.Head{
		Event: chat.EventID(e.ID), Place: chat.Place{Room: chat.RoomID(e.RoomID)}, At: time.UnixMilli(e.At),
		By: chat.Author{ID: chat.UserID(e.Sender), Server: e.Sender.Homeserver()},
	}
	if e.Type == "m.room.member" && e.StateKey != nil {
		return c.member(head, e)
	}
	if c.cfg.ours(e.Sender) {
		return nil
	}
	switch {
	case e.Type == "m.room.name" && e.StateKey != nil:
		var content struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(e.Content, &content) != nil {
			return nil
		}
		return chat.Renamed{Head: head, Name: content.Name}
	case e.Type == "m.room.topic" && e.StateKey != nil:
		return topic(head, e)
	case e.Type == "m.room.tombstone" && e.StateKey != nil:
		if to := e.replacement(); to != "" {
			return chat.Moved{Head: head, To: chat.RoomID(to)}
		}
		return nil
	case e.StateKey != nil:
		return nil
	case e.Type == "m.room.redaction":
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
	case e.Type == "m.reaction":
		return reaction(head, e)
	case isCall(e.Type):
		return chat.Posted{Head: head, Message: chat.MessageID(e.ID), Kind: chat.Emote, Body: chat.Body{Text: "started a call"}}
	case e.Type == "m.room.message", e.Type == "m.sticker":
		return c.message(head, e)
	}
	switch verb, _ := pollVerb(e.Type); verb {
	case "start":
		return c.message(head, e)
	case "response":
		return vote(head, e)
	case "end":
		return pollEnd(head, e)
	}
	return nil
}

// topic converts m.room.topic. The plain text of a rich one (MSC3765) is the same.
func topic(head chat.Head, e rawEvent) chat.Event {
	return chat.TopicSet{Head: head, Topic: topicOf(e.Content)}
}

func topicOf(raw json.RawMessage) string {
	var content struct {
		Topic string                     `json:"topic"`
		Rich  map[string]json.RawMessage `json:"m.topic"`
	}
	json.Unmarshal(raw, &content) //nolint:errcheck // a field of a wrong type counts as absent
	return cmp.Or(content.Topic, extensible(content.Rich))
}

// isCall reports whether an event of this type begins a call. Each way of calling
// has one such event per call; the others (members, candidates, the end) are many.
func isCall(eventType string) bool {
	switch eventType {
	case "m.call.invite", "m.rtc.notification", "org.matrix.msc4075.rtc.notification", "m.call.notify", "org.matrix.msc4075.call.notify":
		return true
	}
	return false
}

// sameCall is how long one who calls is taken to call in the same matter: programs tell
// of one call in several ways, for those who know only one of them.
const sameCall = 2 * time.Minute

// repeatsCall reports whether an event tells of a call that was told of just now.
func (c *Connector) repeatsCall(e rawEvent) bool {
	if !isCall(e.Type) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	by, at := nameKey{e.RoomID, e.Sender}, time.UnixMilli(e.At)
	last, before := c.calls[by]
	if c.calls == nil || len(c.calls) > 1000 {
		c.calls = map[nameKey]time.Time{}
	}
	c.calls[by] = at
	return before && at.Sub(last).Abs() < sameCall
}

// reaction converts m.reaction. An emoji of the homeserver's own is told by its name.
func reaction(head chat.Head, e rawEvent) chat.Event {
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
func (c *Connector) member(head chat.Head, e rawEvent) chat.Event {
	var content struct {
		Membership string `json:"membership"`
		Name       string `json:"displayname"`
		Direct     bool   `json:"is_direct"`
	}
	if json.Unmarshal(e.Content, &content) != nil {
		return nil
	}
	who := id.UserID(*e.StateKey)
	self, ghost := who == c.cfg.bot(), who != c.cfg.bot() && c.cfg.ours(who)
	before := e.Unsigned.PrevContent.Membership
	switch content.Membership {
	case "invite":
		switch {
		case c.cfg.ours(e.Sender): // the bot lets its ghosts in
			return nil
		case self:
			return chat.Invited{Head: head, Direct: content.Direct}
		case ghost:
			return chat.Invited{Head: head, As: chat.UserID(who), Ghost: c.cfg.sender(who), Direct: content.Direct}
		}
	case "join":
		if before == "join" || ghost {
			return nil
		}
		head.By = chat.Author{ID: chat.UserID(who), Name: content.Name, Server: who.Homeserver()}
		return chat.Joined{Head: head, Self: self}
	case "leave", "ban":
		if ghost && !c.cfg.ours(e.Sender) && (before == "join" || before == "") {
			return chat.PutOut{Head: head, Ghost: c.cfg.sender(who)}
		}
		if ghost || (before != "" && before != "join" && !self) {
			return nil
		}
		head.By = chat.Author{ID: chat.UserID(who), Name: content.Name, Server: who.Homeserver()}
		return chat.Left{Head: head, Self: self}
	}
	return nil
}

// message converts what somebody said.
func (c *Connector) message(head chat.Head, e rawEvent) chat.Event {
	m, ok := parseContent(e.Type, e.Content)
	if !ok {
		return nil
	}
	if m.Key != "" { // our own words, come back through another account of ours
		return nil
	}
	head.By.Alias = m.alias()
	rel := m.RelatesTo
	if rel.Type == "m.thread" {
		head.Place.Thread = chat.ThreadID(rel.EventID)
	}
	if rel.Type == "m.replace" {
		if m.NewContent == nil || rel.EventID == "" {
			return nil
		}
		n, ok := parseContent(e.Type, m.NewContent)
		if !ok {
			return nil
		}
		n.HTML = c.cfg.showPeople(n.HTML)
		body, _, ok := n.body(e.Type)
		if !ok {
			return nil
		}
		// What the whole event mentions is what the edit adds.
		return chat.Edited{
			Head: head, Message: chat.MessageID(rel.EventID), Edit: chat.MessageID(e.ID), Body: body, Poll: n.Poll, Mentions: m.mentioned(), MentionsAll: m.Mentions.Room,
		}
	}
	m.HTML = c.cfg.showPeople(m.HTML)
	body, kind, ok := m.body(e.Type)
	if !ok || (kind == chat.Notice && !c.cfg.Notices) {
		return nil
	}
	if m.MsgType == "m.text" {
		if text, is := c.command(m.plain()); is {
			cmd := chat.Command{Head: head, Message: chat.MessageID(e.ID), Text: text, Root: head.Place.Thread}
			if rel.Type != "m.thread" || !rel.FallingBack {
				cmd.About = chat.MessageID(rel.InReplyTo.EventID)
			}
			if cmd.About == "" {
				cmd.About = chat.MessageID(cmd.Root)
			}
			return cmd
		}
	}
	p := chat.Posted{Head: head, Message: chat.MessageID(e.ID), Kind: kind, Body: body, Root: chat.MessageID(head.Place.Thread), Poll: m.Poll}
	if rel.InReplyTo.EventID != "" && (rel.Type != "m.thread" || !rel.FallingBack) {
		p.ReplyTo = chat.MessageID(rel.InReplyTo.EventID)
	}
	p.Mentions, p.MentionsAll = m.mentioned(), m.Mentions.Room
	return p
}

// command takes the prefix off a command.
func (c *Connector) command(text string) (string, bool) {
	rest, is := strings.CutPrefix(strings.TrimSpace(text), c.cfg.Prefix)
	if !is || (rest != "" && !strings.ContainsAny(rest[:1], " \n\t")) {
		return "", false
	}
	return strings.TrimSpace(rest), true
}

func cut(s string, limit int) string {
	if len(s) > limit {
		return strings.ToValidUTF8(s[:limit], "")
	}
	return s
}

// typing converts m.typing, which has neither id nor sender. Our own users are
// not counted: a bridge that types to itself would hold everything.
func (c *Connector) typing(room id.RoomID, raw json.RawMessage, at time.Time) chat.Event {
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
	people := slices.DeleteFunc(e.Content.UserIDs, c.cfg.ours)
	return chat.Typing{Head: chat.Head{Place: chat.Place{Room: chat.RoomID(cmp.Or(e.RoomID, room))}, At: at}, On: len(people) > 0}
}

// ephemerals converts what is told of a room and not kept.
func (c *Connector) ephemerals(room id.RoomID, raw []json.RawMessage) (events []chat.Event) {
	for _, r := range raw {
		if e := c.typing(room, r, time.Now()); e != nil {
			events = append(events, e)
		}
	}
	return events
}
