package slacktest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

func methods() map[string]method {
	return map[string]method{
		"auth.test":                    {do: (*call).authTest, tier: 0},
		"apps.connections.open":        {do: (*call).openConnection, app: true, tier: 20},
		"chat.postMessage":             {do: (*call).postMessage, scopes: []string{"chat:write"}},
		"chat.postEphemeral":           {do: (*call).postEphemeral, scopes: []string{"chat:write"}, tier: 100},
		"chat.update":                  {do: (*call).update, scopes: []string{"chat:write"}, tier: 50},
		"chat.delete":                  {do: (*call).delete, scopes: []string{"chat:write"}, tier: 50},
		"conversations.history":        {do: (*call).history, scopes: []string{"channels:history", "groups:history", "im:history", "mpim:history"}, tier: 50},
		"conversations.replies":        {do: (*call).replies, scopes: []string{"channels:history", "groups:history", "im:history", "mpim:history"}, tier: 50},
		"conversations.info":           {do: (*call).info, scopes: []string{"channels:read", "groups:read", "im:read", "mpim:read"}, tier: 50},
		"conversations.members":        {do: (*call).members, scopes: []string{"channels:read", "groups:read", "im:read", "mpim:read"}, tier: 100},
		"conversations.join":           {do: (*call).join, scopes: []string{"channels:join"}, tier: 50},
		"conversations.open":           {do: (*call).openDM, scopes: []string{"im:write", "mpim:write"}, tier: 50},
		"users.info":                   {do: (*call).userInfo, scopes: []string{"users:read"}, tier: 100},
		"users.conversations":          {do: (*call).conversationsOf, scopes: []string{"channels:read", "groups:read", "im:read", "mpim:read"}, tier: 50},
		"users.list":                   {do: (*call).userList, scopes: []string{"users:read"}, tier: 20},
		"usergroups.list":              {do: (*call).userGroups, scopes: []string{"usergroups:read"}, tier: 20},
		"emoji.list":                   {do: (*call).emojiList, scopes: []string{"emoji:read"}, tier: 20},
		"team.info":                    {do: (*call).teamInfo, scopes: []string{"team:read"}, tier: 50},
		"reactions.add":                {do: (*call).addReaction, scopes: []string{"reactions:write"}, tier: 50},
		"reactions.remove":             {do: (*call).removeReaction, scopes: []string{"reactions:write"}, tier: 20},
		"pins.add":                     {do: (*call).addPin, scopes: []string{"pins:write"}, tier: 20},
		"pins.remove":                  {do: (*call).removePin, scopes: []string{"pins:write"}, tier: 20},
		"pins.list":                    {do: (*call).listPins, scopes: []string{"pins:read"}, tier: 20},
		"views.open":                   {do: (*call).openView, tier: 100},
		"views.publish":                {do: (*call).publishView, tier: 100},
		"files.delete":                 {do: (*call).deleteFile, scopes: []string{"files:write"}, tier: 50},
		"files.info":                   {do: (*call).fileInfo, scopes: []string{"files:read"}, tier: 100},
		"files.getUploadURLExternal":   {do: (*call).uploadURL, scopes: []string{"files:write"}, tier: 100},
		"files.completeUploadExternal": {do: (*call).completeUpload, scopes: []string{"files:write"}, tier: 100},
	}
}

// Message is a message in a channel.
type Message struct {
	TS, Thread, User, Bot, App string
	Home                       string // workspace of the user; empty: Team
	Username, Icon             string
	Text                       string
	Subtype                    string
	Blocks                     json.RawMessage
	Attachments                json.RawMessage
	Files                      []*file
	Metadata                   *Metadata
	Edited                     string // ts of the last edit; empty: none
	EditedBy                   string
	Reactions                  map[string][]string // name -> users
	Broadcast                  bool
	Pinned                     bool
	Tombstone                  bool
	ClientID                   string
}

// Metadata is an app's own data on a message.
type Metadata struct {
	Type    string         `json:"event_type"`
	Payload map[string]any `json:"event_payload"`
}

// json is a message as Slack shows it.
func (m *Message) json(c *Channel, withMetadata bool) reply {
	out := reply{"type": "message", "ts": m.TS, "text": m.Text}
	set := func(key string, value any, is bool) {
		if is {
			out[key] = value
		}
	}
	set("user", m.User, m.User != "")
	set("bot_id", m.Bot, m.Bot != "")
	set("app_id", m.App, m.Bot != "" && m.App != "")
	set("username", m.Username, m.Username != "")
	set("icons", reply{"emoji": m.Icon}, m.Icon != "")
	set("subtype", m.Subtype, m.Subtype != "")
	set("blocks", m.Blocks, len(m.Blocks) > 0)
	set("attachments", m.Attachments, len(m.Attachments) > 0)
	set("thread_ts", m.Thread, m.Thread != "")
	set("edited", reply{"user": m.EditedBy, "ts": m.Edited}, m.Edited != "")
	set("client_msg_id", m.ClientID, m.ClientID != "")
	home := cmp.Or(m.Home, Team)
	set("team", home, m.User != "")
	if m.User != "" && (c.Shared || home != Team) {
		out["user_team"], out["source_team"] = home, home
	}
	if m.App != "" && m.Bot != "" {
		out["bot_profile"] = reply{"id": m.Bot, "app_id": m.App, "name": "hashsend", "deleted": false, "team_id": Team}
	}
	if m.Metadata != nil && withMetadata {
		out["metadata"] = m.Metadata
	}
	if len(m.Files) > 0 {
		files := []reply{}
		for _, f := range m.Files {
			files = append(files, f.json())
		}
		out["files"], out["upload"], out["display_as_bot"] = files, m.App == "", false
	}
	set("reactions", m.reactions(), len(m.Reactions) > 0)
	if answers := c.under(m.TS); len(answers) > 0 {
		out["thread_ts"], out["reply_count"], out["latest_reply"] = m.TS, len(answers), answers[len(answers)-1].TS
	}
	return out
}

func (m *Message) reactions() (all []reply) {
	for name, users := range m.Reactions {
		all = append(all, reply{"name": name, "users": users, "count": len(users)})
	}
	return all
}

func (c *call) authTest() (reply, error) {
	return c.s.mayGrid(reply{
		"url": "https://lab.slack.com/", "team": "Lab", "user": "hashsend", "team_id": Team, "user_id": BotUser, "bot_id": Bot, "is_enterprise_install": false,
	}), nil
}

// channel finds the channel of a call.
func (c *call) channel() (*Channel, error) {
	id := c.args["channel"]
	if id == "" {
		return nil, fail("channel_not_found")
	}
	ch := c.s.channels[id]
	if ch == nil || ((ch.Private || ch.IM) && !ch.has(BotUser)) {
		return nil, fail("channel_not_found")
	}
	return ch, nil
}

// content reads text, blocks and metadata of a message.
func (c *call) content(m *Message) error {
	m.Text = c.args["text"]
	if raw := c.args["blocks"]; raw != "" {
		if err := checkBlocks(json.RawMessage(raw), inMessage); err != nil {
			return err
		}
		m.Blocks = json.RawMessage(raw)
	}
	if raw := c.args["metadata"]; raw != "" {
		var meta Metadata
		if json.Unmarshal([]byte(raw), &meta) != nil || meta.Type == "" || meta.Payload == nil {
			return fail("invalid_metadata_format")
		}
		if len(raw) > 16<<10 {
			return fail("metadata_too_large")
		}
		m.Metadata = &meta
	}
	if m.Text == "" && len(m.Blocks) == 0 && c.args["attachments"] == "" {
		return fail("no_text")
	}
	return nil
}

func (c *call) postMessage() (reply, error) {
	if strings.HasPrefix(c.args["channel"], "U") {
		c.args["channel"] = c.s.direct(c.args["channel"]).ID
	}
	ch, err := c.channel()
	switch {
	case err != nil:
		return nil, err
	case ch.Archived:
		return nil, fail("is_archived")
	case !ch.has(BotUser) && !(c.s.scopes != nil && c.s.may("chat:write.public")):
		return nil, fail("not_in_channel")
	}
	m := &Message{User: BotUser, Bot: Bot, App: App}
	if err := c.content(m); err != nil {
		return nil, err
	}
	warn := ""
	if utf8.RuneCountInString(m.Text) > 40000 {
		m.Text, warn = string([]rune(m.Text)[:40000]), "message_truncated"
	}
	if err := cmp.Or(c.disguise(m), c.place(m, ch)); err != nil {
		return nil, err
	}
	m.TS = c.s.stamp()
	ch.Messages = append(ch.Messages, m)
	c.s.tellMessage(ch, m, "")
	out := reply{"channel": ch.ID, "ts": m.TS, "message": m.json(ch, true)}
	if warn != "" {
		out["warning"] = warn
	}
	return out, nil
}

// disguise gives a message the name and picture of the call's arguments.
func (c *call) disguise(m *Message) error {
	if c.args["username"] == "" && c.args["icon_emoji"] == "" && c.args["icon_url"] == "" {
		return nil
	}
	if !c.s.may("chat:write.customize") {
		return &apiError{"missing_scope", map[string]any{"needed": "chat:write.customize", "provided": strings.Join(c.s.granted(), ",")}}
	}
	m.Username, m.Icon = c.args["username"], c.args["icon_emoji"]
	m.Subtype = "bot_message"
	return nil
}

// place puts a message into the thread of the call's arguments.
func (c *call) place(m *Message, ch *Channel) error {
	under := c.args["thread_ts"]
	if under == "" {
		return nil
	}
	root := ch.message(under)
	if root == nil {
		return fail("thread_not_found")
	}
	m.Thread = cmp.Or(root.Thread, root.TS)
	m.Broadcast = c.args["reply_broadcast"] == "true"
	return nil
}

// Ephemeral is a message shown to one person.
type Ephemeral struct {
	Channel, Thread, Text string
	Blocks                json.RawMessage
}

func (c *call) postEphemeral() (reply, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	u := c.s.users[c.args["user"]]
	switch {
	case !ch.has(BotUser):
		return nil, fail("not_in_channel")
	case ch.Archived:
		return nil, fail("is_archived")
	case u == nil:
		return nil, fail("user_not_found")
	case !ch.has(u.ID):
		return nil, fail("user_not_in_channel")
	}
	m := &Message{}
	if err := c.content(m); err != nil {
		return nil, err
	}
	// Slack shows it in a thread only if the thread has replies.
	if under := c.args["thread_ts"]; under == "" || len(ch.under(under)) > 0 {
		u.Ephemerals = append(u.Ephemerals, Ephemeral{ch.ID, under, m.Text, m.Blocks})
	}
	return reply{"message_ts": c.s.stamp()}, nil
}

func (c *call) update() (reply, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	m := ch.message(c.args["ts"])
	switch {
	case m == nil || m.Tombstone:
		return nil, fail("message_not_found")
	case m.App != App:
		return nil, fail("cant_update_message")
	case ch.Archived:
		return nil, fail("is_archived")
	}
	fresh := *m
	fresh.Blocks = nil
	if err := c.content(&fresh); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(fresh.Text) > 4000 {
		return nil, fail("msg_too_long")
	}
	before := *m
	fresh.Edited, fresh.EditedBy = c.s.stamp(), BotUser
	*m = fresh
	c.s.tellChanged(ch, m, &before)
	return reply{"channel": ch.ID, "ts": m.TS, "text": m.Text, "message": m.json(ch, true)}, nil
}

func (c *call) delete() (reply, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	m := ch.message(c.args["ts"])
	switch {
	case m == nil || m.Tombstone:
		return nil, fail("message_not_found")
	case m.App != App:
		return nil, fail("cant_delete_message")
	}
	c.s.remove(ch, m)
	return reply{"channel": ch.ID, "ts": m.TS}, nil
}

// remove deletes a message. A root with replies leaves a tombstone.
func (s *Server) remove(ch *Channel, m *Message) {
	before := *m
	if len(ch.under(m.TS)) > 0 {
		*m = Message{TS: m.TS, Text: "This message was deleted.", User: "USLACKBOT", Subtype: "tombstone", Tombstone: true}
		s.tellChanged(ch, m, &before)
		return
	}
	ch.Messages = slices.DeleteFunc(ch.Messages, func(o *Message) bool { return o == m })
	s.tellDeleted(ch, &before)
}

// since reads a ts argument.
func parseTS(ts string) (time.Time, bool) {
	whole, part, _ := strings.Cut(ts, ".")
	var sec, micro int64
	for _, r := range whole {
		if r < '0' || r > '9' {
			return time.Time{}, false
		}
		sec = sec*10 + int64(r-'0')
	}
	part = (part + "000000")[:6]
	for _, r := range part {
		if r < '0' || r > '9' {
			return time.Time{}, false
		}
		micro = micro*10 + int64(r-'0')
	}
	return time.Unix(sec, micro*1000), whole != ""
}
