package slacktest

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Channel is a conversation of any kind.
type Channel struct {
	ID, Name, Creator string
	Private, IM, MPIM bool
	Archived, Shared  bool
	Members           []string
	Messages          []*Message
}

func (c *Channel) has(user string) bool { return slices.Contains(c.Members, user) }

func (c *Channel) message(ts string) *Message {
	for _, m := range c.Messages {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

// under returns the replies of a thread.
func (c *Channel) under(ts string) (answers []*Message) {
	for _, m := range c.Messages {
		if m.Thread == ts && m.TS != ts {
			answers = append(answers, m)
		}
	}
	return answers
}

// kind is the channel's kind in the names of scopes and events.
func (c *Channel) kind() string {
	switch {
	case c.IM:
		return "im"
	case c.MPIM:
		return "mpim"
	case c.Private:
		return "group"
	}
	return "channel"
}

// scope is the family of scopes needed to use the channel.
func (c *Channel) scope() string {
	return map[string]string{"im": "im", "mpim": "mpim", "group": "groups", "channel": "channels"}[c.kind()]
}

// readable checks that the scopes allow reading the channel.
func (c *call) readable(ch *Channel, what string) error {
	if need := ch.scope() + ":" + what; !c.s.may(need) {
		return &apiError{"missing_scope", map[string]any{"needed": need, "provided": strings.Join(c.s.granted(), ",")}}
	}
	return nil
}

func (c *call) page() (limit int, from int, err error) {
	limit = 100
	if raw := c.args["limit"]; raw != "" {
		if limit, err = strconv.Atoi(raw); err != nil || limit < 1 || limit > 1000 {
			return 0, 0, fail("invalid_limit")
		}
		limit = min(limit, 999)
	}
	if raw := c.args["cursor"]; raw != "" {
		n, is := strings.CutPrefix(raw, "next:")
		if from, err = strconv.Atoi(n); err != nil || !is {
			return 0, 0, fail("invalid_cursor")
		}
	}
	return limit, from, nil
}

// window keeps the messages between oldest and latest.
func (c *call) window(all []*Message) ([]*Message, error) {
	inclusive := c.args["inclusive"] == "true" || c.args["inclusive"] == "1"
	var oldest, latest time.Time
	var ok bool
	if raw := c.args["oldest"]; raw != "" {
		if oldest, ok = parseTS(raw); !ok {
			return nil, fail("invalid_ts_oldest")
		}
	}
	if raw := c.args["latest"]; raw != "" {
		if latest, ok = parseTS(raw); !ok {
			return nil, fail("invalid_ts_latest")
		}
	}
	var kept []*Message
	for _, m := range all {
		at, _ := parseTS(m.TS)
		if !oldest.IsZero() && (at.Before(oldest) || (at.Equal(oldest) && !inclusive)) {
			continue
		}
		if !latest.IsZero() && (at.After(latest) || (at.Equal(latest) && !inclusive)) {
			continue
		}
		kept = append(kept, m)
	}
	return kept, nil
}

func (c *call) paged(ch *Channel, all []*Message) (reply, error) {
	limit, from, err := c.page()
	if err != nil {
		return nil, err
	}
	meta := (c.args["include_all_metadata"] == "true" || c.args["include_all_metadata"] == "1") && c.s.may("metadata.message:read")
	out := []reply{}
	for _, m := range all[min(from, len(all)):min(from+limit, len(all))] {
		out = append(out, m.json(ch, meta))
	}
	more := from+limit < len(all)
	answer := reply{"messages": out, "has_more": more}
	if more {
		answer["response_metadata"] = reply{"next_cursor": "next:" + strconv.Itoa(from+limit)}
	}
	return answer, nil
}

func (c *call) history() (reply, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	if err := c.readable(ch, "history"); err != nil {
		return nil, err
	}
	if !ch.has(BotUser) {
		return nil, fail("not_in_channel")
	}
	var top []*Message
	for _, m := range slices.Backward(ch.Messages) {
		if m.Thread == "" || m.Thread == m.TS || m.Broadcast {
			top = append(top, m)
		}
	}
	if top, err = c.window(top); err != nil {
		return nil, err
	}
	return c.paged(ch, top)
}

func (c *call) replies() (reply, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	if err := c.readable(ch, "history"); err != nil {
		return nil, err
	}
	if !ch.has(BotUser) {
		return nil, fail("not_in_channel")
	}
	root := ch.message(c.args["ts"])
	if root == nil {
		return nil, fail("thread_not_found")
	}
	if root.Thread != "" {
		if root = ch.message(root.Thread); root == nil {
			return nil, fail("thread_not_found")
		}
	}
	answers, err := c.window(ch.under(root.TS))
	if err != nil {
		return nil, err
	}
	return c.paged(ch, append([]*Message{root}, answers...))
}

func (c *call) info() (reply, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	if err := c.readable(ch, "read"); err != nil {
		return nil, err
	}
	out := reply{
		"id": ch.ID, "name": ch.Name, "name_normalized": ch.Name, "creator": ch.Creator, "is_channel": !ch.Private && !ch.IM, "is_group": ch.Private && !ch.IM && !ch.MPIM,
		"is_im": ch.IM, "is_mpim": ch.MPIM, "is_private": ch.Private, "is_archived": ch.Archived, "is_member": ch.has(BotUser), "is_ext_shared": ch.Shared,
		"is_shared": ch.Shared, "context_team_id": Team, "created": 1700000000,
	}
	if ch.IM {
		delete(out, "name")
		delete(out, "is_member")
	}
	return reply{"channel": out}, nil
}

func (c *call) members() (reply, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	if err := c.readable(ch, "read"); err != nil {
		return nil, err
	}
	limit, from, err := c.page()
	if err != nil {
		return nil, err
	}
	next := ""
	if from+limit < len(ch.Members) {
		next = "next:" + strconv.Itoa(from+limit)
	}
	return reply{"members": ch.Members[min(from, len(ch.Members)):min(from+limit, len(ch.Members))], "response_metadata": reply{"next_cursor": next}}, nil
}

// conversationsOf lists the channels of a user, of the types that the scopes allow.
// Private channels are listed only if the app is in them.
func (c *call) conversationsOf() (reply, error) {
	user := c.args["user"]
	if user == "" {
		user = BotUser
	}
	if c.s.users[user] == nil && user != BotUser {
		return nil, fail("user_not_found")
	}
	types := map[string]bool{}
	for kind := range strings.SplitSeq(cmp.Or(c.args["types"], "public_channel"), ",") {
		scope := map[string]string{"public_channel": "channels:read", "private_channel": "groups:read", "mpim": "mpim:read", "im": "im:read"}[kind]
		if scope == "" {
			return nil, fail("invalid_types")
		}
		if !c.s.may(scope) {
			return nil, &apiError{"missing_scope", map[string]any{"needed": scope, "provided": strings.Join(c.s.granted(), ",")}}
		}
		types[scope] = true
	}
	limit, from, err := c.page()
	if err != nil {
		return nil, err
	}
	list := []reply{}
	for _, id := range slices.Sorted(maps.Keys(c.s.channels)) {
		ch := c.s.channels[id]
		scope := ch.scope() + ":read"
		if types[scope] && ch.has(user) && (scope == "channels:read" || ch.has(BotUser)) {
			list = append(list, reply{"id": ch.ID, "name": ch.Name})
		}
	}
	next := ""
	if from+limit < len(list) {
		next = "next:" + strconv.Itoa(from+limit)
	}
	return reply{"channels": list[min(from, len(list)):min(from+limit, len(list))], "response_metadata": reply{"next_cursor": next}}, nil
}

func (c *call) join() (reply, error) {
	ch, err := c.channel()
	switch {
	case err != nil:
		return nil, err
	case ch.Private || ch.IM:
		return nil, fail("method_not_supported_for_channel_type")
	case ch.Archived:
		return nil, fail("is_archived")
	}
	out := reply{"channel": reply{"id": ch.ID, "name": ch.Name}}
	if ch.has(BotUser) {
		out["warning"] = "already_in_channel"
		return out, nil
	}
	c.s.enter(ch, BotUser, "")
	return out, nil
}

// direct is the direct message of the app with a person.
func (s *Server) direct(user string) *Channel {
	for _, ch := range s.channels {
		if ch.IM && ch.has(user) && ch.has(BotUser) {
			return ch
		}
	}
	ch := &Channel{ID: s.id("D"), IM: true, Private: true, Members: []string{user, BotUser}}
	s.channels[ch.ID] = ch
	return ch
}

func (c *call) openDM() (reply, error) {
	users := strings.Split(c.args["users"], ",")
	if c.args["users"] == "" {
		return nil, fail("users_list_not_supplied")
	}
	if len(users) != 1 {
		return nil, fail("method_not_supported_for_channel_type")
	}
	if u := c.s.users[users[0]]; u == nil {
		return nil, fail("user_not_found")
	}
	return reply{"channel": reply{"id": c.s.direct(users[0]).ID}}, nil
}
