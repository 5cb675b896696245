package slacktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// User is a person, or a bot.
type User struct {
	ID, Name, Real, Team string
	Email                string // visible to apps with users:read.email
	Admin, Owner         bool
	Guest, UltraGuest    bool
	Org                  string   // on Enterprise Grid; empty: that of the workspace, if any
	Teams                []string // the user's workspaces in the organisation; nil: Team
	Bot                  bool
	Ephemerals           []Ephemeral
}

func (s *Server) userJSON(u *User) reply {
	profile := reply{"display_name": u.Real, "real_name": u.Real, "team": u.Team}
	if u.Email != "" && s.may("users:read.email") {
		profile["email"] = u.Email
	}
	out := reply{
		"id": u.ID, "team_id": u.Team, "name": u.Name, "real_name": u.Real, "is_admin": u.Admin, "is_owner": u.Owner, "is_bot": u.Bot,
		"is_restricted": u.Guest || u.UltraGuest, "is_ultra_restricted": u.UltraGuest, "deleted": false,
		"profile": profile,
	}
	out["is_stranger"] = s.stranger(u)
	if org := s.org(u); org != "" {
		teams := u.Teams
		if teams == nil {
			teams = []string{u.Team}
		}
		out["enterprise_user"] = reply{"id": u.ID, "enterprise_id": org, "enterprise_name": org, "is_admin": false, "is_owner": false, "teams": teams}
	}
	return out
}

// org is the organisation of a user; empty: none.
func (s *Server) org(u *User) string {
	if u.Org == "" && u.Team == Team && s.grid {
		return Org
	}
	return u.Org
}

// home is the workspace of a user; Team if nobody has added the user.
func (s *Server) home(user string) string {
	if u := s.users[user]; u != nil {
		return u.Team
	}
	return Team
}

// stranger reports whether a user is from another organisation and shares no channel
// with the app. Only for these users Slack sets is_stranger.
func (s *Server) stranger(u *User) bool {
	if u.Team == Team || (s.grid && s.org(u) == Org) {
		return false
	}
	for _, c := range s.channels {
		if c.has(u.ID) && c.has(BotUser) {
			return false
		}
	}
	return true
}

// Grid puts the workspace on Enterprise Grid, as one of Org's.
func (s *Server) Grid() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grid = true
}

// mayGrid adds the organisation of the workspace to a reply, if it has one.
func (s *Server) mayGrid(r reply) reply {
	if s.grid {
		r["enterprise_id"] = Org
	}
	return r
}

// Person adds a user and returns the id. Empty fields get defaults.
func (s *Server) Person(u User) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.ID == "" {
		u.ID = s.id("U")
	}
	if u.Team == "" {
		u.Team = Team
	}
	if u.Real == "" {
		u.Real = u.Name
	}
	s.users[u.ID] = &u
	return u.ID
}

// Open makes a channel with these members. The first is its creator.
func (s *Server) Open(c Channel, members ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.ID == "" {
		c.ID = s.id("C")
	}
	c.Members = slices.Clone(members)
	if len(members) > 0 && c.Creator == "" {
		c.Creator = members[0]
	}
	s.channels[c.ID] = &c
	return c.ID
}

// Said has the details of a message.
type Said struct {
	Thread      string // ts of the root
	Broadcast   bool   // also in the channel
	Me          bool
	Blocks      string // instead of blocks made from the text
	Attachments string
	File        string // name of an attached text file
	Body        string // of that file
	Files       []File // attached files
	BotName     string // posted by a bot with this name and no user
}

// Say posts a person's message, with the text as it is typed and mentions as <@U…>. It
// returns the ts.
func (s *Server) Say(user, channel, text string, how ...Said) string {
	var h Said
	if len(how) > 0 {
		h = how[0]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channel]
	m := &Message{TS: s.stamp(), User: user, Home: s.home(user), Text: typed(text), Thread: h.Thread, Broadcast: h.Broadcast, ClientID: fmt.Sprintf("00000000-0000-4000-8000-%012d", s.serial)}
	s.serial++
	switch {
	case h.Me:
		m.Subtype = "me_message"
	case h.BotName != "":
		m.User, m.Subtype, m.Bot, m.Username, m.ClientID = "", "bot_message", "B0"+strings.ToUpper(h.BotName), h.BotName, ""
	case h.Blocks != "":
		m.Blocks = json.RawMessage(h.Blocks)
	case text != "":
		m.Blocks = richOf(text)
	}
	if h.Attachments != "" {
		m.Attachments = json.RawMessage(h.Attachments)
	}
	if h.File != "" {
		h.Files = append(h.Files, File{Name: h.File, Body: []byte(h.Body)})
	}
	for _, given := range h.Files {
		m.Files, m.Subtype = append(m.Files, s.newFile(user, given)), "file_share"
	}
	s.place(ch, m)
	mentions := ""
	if strings.Contains(text, "<@"+BotUser) {
		mentions = BotUser
	}
	s.tellMessage(ch, m, mentions)
	return m.TS
}

// typed escapes typed text except mentions.
func typed(text string) string {
	text = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
	for _, mark := range []string{"@", "#", "!", "http", "mailto:"} {
		text = unescapeAngles(text, mark)
	}
	return text
}

func unescapeAngles(text, mark string) string {
	for {
		i := strings.Index(text, "&lt;"+mark)
		if i < 0 {
			return text
		}
		end := strings.Index(text[i:], "&gt;")
		if end < 0 {
			return text
		}
		text = text[:i] + "<" + text[i+len("&lt;"):i+end] + ">" + text[i+end+len("&gt;"):]
	}
}

// richOf makes the rich_text of a typed text: words and mentions.
func richOf(text string) json.RawMessage {
	var elements []reply
	for text != "" {
		before, rest, found := strings.Cut(text, "<@")
		if before != "" {
			elements = append(elements, reply{"type": "text", "text": before})
		}
		id, after, closed := strings.Cut(rest, ">")
		if found && closed {
			elements = append(elements, reply{"type": "user", "user_id": id})
		}
		text = after
	}
	raw, err := json.Marshal([]reply{{"type": "rich_text", "block_id": "x1Y", "elements": []reply{{"type": "rich_text_section", "elements": elements}}}})
	if err != nil {
		panic(err)
	}
	return raw
}

// Edit changes a person's message.
func (s *Server) Edit(channel, ts, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channel]
	m := ch.message(ts)
	before := *m
	m.Text, m.Blocks, m.Edited, m.EditedBy = typed(text), richOf(text), s.stamp(), m.User
	s.tellChanged(ch, m, &before)
}

// Unfurl adds a link's preview to a message, which Slack reports as an edit.
func (s *Server) Unfurl(channel, ts, link string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channel]
	m := ch.message(ts)
	before := *m
	m.Attachments = json.RawMessage(fmt.Sprintf(`[{"from_url":%q,"original_url":%q,"title":"Example","id":1}]`, link, link))
	s.tellChanged(ch, m, &before)
}

// Remove deletes a person's message.
func (s *Server) Remove(channel, ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channel]
	s.remove(ch, ch.message(ts))
}

// React puts a reaction on a message.
func (s *Server) React(user, channel, ts, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channel]
	s.react(ch, ch.message(ts), user, name)
}

// enter adds a user to a channel.
func (s *Server) enter(ch *Channel, user, inviter string) {
	ch.Members = append(ch.Members, user)
	fields := reply{"user": user, "channel": ch.ID, "channel_type": map[bool]string{true: "G", false: "C"}[ch.Private], "team": Team}
	if inviter != "" {
		fields["inviter"] = inviter
	}
	if ch.has(BotUser) {
		s.tell("member_joined_channel", ch, fields)
	}
}

// Invite adds a user to a channel, as /invite does.
func (s *Server) Invite(inviter, channel, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enter(s.channels[channel], user, inviter)
}

// Kick removes a user from a channel.
func (s *Server) Kick(channel, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channel]
	fields := reply{"user": user, "channel": ch.ID, "channel_type": "C", "team": Team}
	s.tell("member_left_channel", ch, fields)
	ch.Members = slices.DeleteFunc(ch.Members, func(u string) bool { return u == user })
	if user == BotUser {
		s.tell(map[bool]string{true: "group_left", false: "channel_left"}[ch.Private], ch, reply{"channel": ch.ID, "actor_id": ch.Creator})
	}
}

// Rename changes a channel's name.
func (s *Server) Rename(channel, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channel]
	ch.Name = name
	s.tell(map[bool]string{true: "group_rename", false: "channel_rename"}[ch.Private], ch, reply{"channel": reply{"id": ch.ID, "name": name, "created": 1700000000}})
}

// Archive archives a channel, or unarchives it.
func (s *Server) Archive(channel string, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channel]
	ch.Archived = closed
	kind := map[bool]string{true: "group_", false: "channel_"}[ch.Private] + map[bool]string{true: "archive", false: "unarchive"}[closed]
	s.tell(kind, ch, reply{"channel": ch.ID, "user": ch.Creator})
}

// Share shares a channel with another organisation, or ends the sharing.
func (s *Server) Share(channel string, shared bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channel]
	ch.Shared = shared
	if shared {
		s.tell("channel_shared", ch, reply{"connected_team_id": OtherTeam, "channel": ch.ID})
	} else {
		s.tell("channel_unshared", ch, reply{"previously_connected_team_id": OtherTeam, "channel": ch.ID, "is_ext_shared": false})
	}
}

// Renumber changes a channel's id, as Slack does when a channel becomes private.
func (s *Server) Renumber(channel string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channel]
	delete(s.channels, channel)
	ch.ID = s.id("C")
	s.channels[ch.ID] = ch
	s.tell("channel_id_changed", ch, reply{"old_channel_id": channel, "new_channel_id": ch.ID})
	return ch.ID
}

// Revoke makes the token fail with an error code; an empty code makes it valid again.
func (s *Server) Revoke(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if code != "" {
		s.tell("tokens_revoked", nil, reply{"tokens": reply{"bot": []string{BotUser}}})
	}
	s.revoked = code
}

// Messages returns the messages of a channel, oldest first.
func (s *Server) Messages(channel string) (all []Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.channels[channel].Messages {
		all = append(all, *m)
	}
	return all
}

// Direct returns the direct messages of the app to a person.
func (s *Server) Direct(user string) (all []Message) {
	s.mu.Lock()
	id := s.direct(user).ID
	s.mu.Unlock()
	return s.Messages(id)
}

// DirectChannel is the id of the app's direct message with a person.
func (s *Server) DirectChannel(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.direct(user).ID
}

// Ephemerals returns the messages shown to one person alone.
func (s *Server) Ephemerals(user string) []Ephemeral {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.users[user].Ephemerals)
}

// Modal is a person's open dialog; nil: none.
func (s *Server) Modal(user string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.modals[user]
}

// Home is a person's Home tab; nil: none was published.
func (s *Server) Home(user string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.homes[user]
}

// Members returns the ids of the members of a channel.
func (s *Server) Members(channel string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.channels[channel].Members)
}
