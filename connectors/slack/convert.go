package slack

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/slacktext"
)

// convert makes events of the bridge of one of Slack.
func (c *Connector) convert(ctx context.Context, cb callback) []chat.Event {
	e, err := read(cb.Event)
	if err != nil || e.Type == "" {
		return []chat.Event{chat.Unknown{Head: chat.Head{Event: chat.EventID(cb.ID), At: time.Now()}, Type: "unreadable", Raw: cb.Event}}
	}
	if cb.App != "" && (e.AppID == cb.App || e.BotProfile.AppID == cb.App) && e.Type == "message" && e.Subtype != "message_changed" {
		return nil // our own words
	}
	var events []chat.Event
	switch e.Type {
	case "message":
		if cb.Foreign {
			events = append(events, shared(e.channel()))
		}
		if ev := c.message(ctx, e); ev != nil {
			events = append(events, ev)
		}
		return events
	case "app_mention":
		if ev, is := c.message(ctx, e).(chat.Command); is {
			events = append(events, ev)
		}
		return events
	}
	head := chat.Head{Event: chat.EventID(cb.ID), At: when(e.EventTS), Place: chat.Place{Room: chat.RoomID(e.channel())}}
	if ev, known := c.happening(ctx, head, e); !known {
		c.env.Log.Info("an event of a type that is not known was kept", "type", cut(e.Type, 100))
		events = append(events, chat.Unknown{Head: head, Type: cut(e.Type, 100), Raw: cb.Event})
	} else if ev != nil {
		events = append(events, ev)
	}
	return events
}

// shared says that a channel is shared with another organisation. It goes before what
// was said there: nobody may have told when that began, or it was not stored.
func shared(id string) chat.Event {
	return chat.Shared{Head: chat.Head{At: time.Now(), Place: chat.Place{Room: chat.RoomID(id)}}, Shared: true}
}

// happening converts what is no message. nil: it means nothing to the bridge.
func (c *Connector) happening(ctx context.Context, head chat.Head, e rawEvent) (ev chat.Event, known bool) {
	switch e.Type {
	case "member_joined_channel", "member_left_channel":
		return c.member(ctx, head, e), true
	case "channel_left", "group_left", "channel_deleted", "group_deleted", "channel_archive", "group_archive", "channel_unarchive", "group_unarchive":
		return c.closing(ctx, head, e), true
	case "channel_rename", "group_rename":
		id, name := idOf(e.Channel)
		c.forgetChannel(id)
		return chat.Renamed{Head: head, Name: "#" + name}, true
	case "channel_id_changed":
		head.Place.Room = chat.RoomID(e.OldID)
		c.forgetChannel(e.OldID)
		return chat.Moved{Head: head, To: chat.RoomID(e.NewID), OldIDs: e.OldID + ":", NewIDs: e.NewID + ":"}, true
	case "channel_shared", "channel_unshared":
		c.forgetChannel(e.channel())
		return chat.Shared{Head: head, Shared: e.Type == "channel_shared" || e.Shared}, true
	case "reaction_added", "reaction_removed":
		if e.Item.Type != "message" || c.isSelf(ctx, e.user()) {
			return nil, true
		}
		head.Place.Room = chat.RoomID(e.Item.Channel)
		head.By = c.person(ctx, e.user()).author
		emoji, ok := slacktext.EmojiOf(e.Reaction)
		if !ok {
			emoji = ":" + cut(e.Reaction, 64) + ":"
		}
		return chat.Reacted{Head: head, Message: messageID(e.Item.Channel, e.Item.TS), Emoji: emoji, Removed: e.Type == "reaction_removed"}, true
	case "app_home_opened":
		if e.Tab != "home" && e.Tab != "" {
			return nil, true
		}
		p := c.person(ctx, e.user())
		head.By, head.Place = p.author, chat.Place{}
		return chat.DeskOpened{Head: head, Rank: p.rank}, true
	case "tokens_revoked":
		if len(e.Tokens.Bot) == 0 {
			return nil, true
		}
		return chat.Revoked{Head: head, Why: "the token of the app was revoked"}, true
	case "app_uninstalled", "team_access_revoked":
		return chat.Revoked{Head: head, Why: "the app was removed from the workspace"}, true
	case "user_change":
		c.forgetPerson(e.user())
		return nil, true
	case "emoji_changed", "subteam_updated", "subteam_created":
		c.mu.Lock()
		c.emoji, c.groups = nil, nil
		c.mu.Unlock()
		return nil, true
	case "message_metadata_posted", "message_metadata_updated", "message_metadata_deleted", "user_typing", "pin_added", "pin_removed":
		return nil, true
	}
	return nil, false
}

// member converts somebody's entering or leaving a channel.
func (c *Connector) member(ctx context.Context, head chat.Head, e rawEvent) chat.Event {
	self := c.isSelf(ctx, e.user())
	if self {
		c.forgetChannel(e.channel())
	} else {
		head.By = c.person(ctx, e.user()).author
	}
	if e.Type == "member_left_channel" {
		return chat.Left{Head: head, Self: self}
	}
	return chat.Joined{Head: head, Self: self}
}

// closing converts the end of our use of a channel, and its new beginning.
func (c *Connector) closing(ctx context.Context, head chat.Head, e rawEvent) chat.Event {
	c.forgetChannel(e.channel())
	left := chat.Left{Head: head, Self: true}
	switch e.Type {
	case "channel_unarchive", "group_unarchive":
		if ch, err := c.channel(ctx, e.channel()); err == nil && !ch.member {
			return nil
		}
		return chat.Joined{Head: head, Self: true}
	case "channel_archive", "group_archive":
		left.Why = "the channel was archived"
	case "channel_deleted", "group_deleted":
		left.Why = "the channel was deleted"
	}
	return left
}

func (c *Connector) isSelf(ctx context.Context, user string) bool {
	me, err := c.self(ctx)
	return err == nil && user != "" && user == me.User
}

// silent are subtypes that say nothing to a reader.
var silent = []string{
	"message_replied", "reply_broadcast", "channel_join", "channel_leave", "channel_purpose", "channel_archive", "channel_unarchive",
	"channel_posting_permissions", "channel_canvas_updated", "channel_convert_to_private", "channel_convert_to_public", "group_join", "group_leave",
	"group_purpose", "group_archive", "group_unarchive", "pinned_item", "unpinned_item", "bot_add", "bot_remove", "bot_enable", "bot_disable",
	"reminder_add", "joiner_notification", "joiner_notification_for_inviter", "ekm_access_denied", "tombstone", "sh_room_created", "sh_room_shared", "app_conversation_join",
	"assistant_app_thread", "file_comment", "file_mention", "document_mention", "tabbed_canvas_updated",
}

// restyled converts the lines that a channel has of its new name or topic. nil: it
// is the bridge's doing.
func (c *Connector) restyled(ctx context.Context, channel string, e rawEvent) (ev chat.Event, is bool) {
	var name bool
	switch e.Subtype {
	case "channel_name", "group_name":
		name = true
	case "channel_topic", "group_topic":
	default:
		return nil, false
	}
	if channel == "" || e.TS == "" || (name && e.Name == "") || c.isSelf(ctx, e.user()) {
		return nil, true
	}
	head := chat.Head{Event: chat.EventID(channel + "/" + e.TS), Place: chat.Place{Room: chat.RoomID(channel)}, At: when(e.TS), By: c.person(ctx, e.user()).author}
	c.forgetChannel(channel)
	if name {
		return chat.Renamed{Head: head, Name: "#" + strings.TrimPrefix(e.Name, "#")}, true
	}
	return chat.TopicSet{Head: head, Topic: slacktext.Read(slacktext.Message{Text: e.Topic}, names{c, ctx}).Text}, true
}

// message converts a message, its edit or its deletion. One id stands for the
// same message wherever it comes from: live, again, as a mention, in the history.
func (c *Connector) message(ctx context.Context, e rawEvent) chat.Event {
	channel := e.channel()
	switch e.Subtype {
	case "message_changed":
		return c.changed(ctx, channel, e)
	case "message_deleted":
		by := ""
		if previous, err := read(e.Previous); err == nil {
			by = previous.user()
		}
		return c.deleted(ctx, channel, e.DeletedTS, by, e.TS)
	case "huddle_thread":
		e.Subtype, e.Text, e.Blocks, e.ThreadTS = "me_message", "started a huddle", nil, ""
	}
	if ev, is := c.restyled(ctx, channel, e); is {
		return ev
	}
	if slices.Contains(silent, e.Subtype) || (e.Hidden && e.Type == "message") || channel == "" || e.TS == "" {
		return nil
	}
	author, ok := c.author(ctx, channel, e)
	if !ok {
		return nil
	}
	head := chat.Head{Event: chat.EventID(channel + "/" + e.TS), Place: chat.Place{Room: chat.RoomID(channel)}, At: when(e.TS), By: author}
	p := chat.Posted{Message: messageID(channel, e.TS)}
	if e.ThreadTS != "" && e.ThreadTS != e.TS {
		head.Place.Thread, p.Root = chat.ThreadID(e.ThreadTS), messageID(channel, e.ThreadTS)
	}
	p.Head = head
	if text, is := c.command(ctx, e); is {
		return chat.Command{Head: head, Message: p.Message, Text: text, Rank: c.rank(ctx, string(author.ID), channel), Root: head.Place.Thread, About: p.Root, Private: true}
	}
	p.Body, p.Mentions, p.MentionsAll = c.body(ctx, e)
	if p.Body.Text == "" && len(p.Body.Files) == 0 {
		return nil
	}
	if e.Subtype == "me_message" {
		p.Kind = chat.Emote
	}
	return p
}

// streamed is the state of a message that a bot wrote bit by bit, once it is whole.
const streamed = "completed"

// author is who wrote a message; not ok if it is not to be taken in: our own
// words, and those of bots that the settings do not name.
func (c *Connector) author(ctx context.Context, channel string, e rawEvent) (chat.Author, bool) {
	me, err := c.self(ctx)
	if err != nil {
		c.env.Log.Warn("who we are could not be asked for", "error", err)
	}
	own := (e.user() != "" && e.user() == me.User) || (e.BotID != "" && e.BotID == me.Bot) || e.Metadata.Type == marker || e.Metadata.Type == signMarker
	if own {
		return chat.Author{}, false
	}
	if e.BotID == "" && e.Subtype != "bot_message" {
		p := c.person(ctx, e.user())
		return p.author, e.user() != "" && e.user() != "USLACKBOT" && !p.bot
	}
	name := e.Username
	if name == "" {
		name = e.BotProfile.Name
	}
	if !c.takesBot(channel, name, e) || (e.Streaming != "" && e.Streaming != streamed) {
		return chat.Author{}, false
	}
	id := e.BotID
	if id == "" {
		id = name
	}
	if name == "" {
		name = id
	}
	return chat.Author{ID: chat.UserID(id), Name: name, Server: me.Team, Guest: true}, id != ""
}

// takesBot reports whether the settings name a bot for a channel.
func (c *Connector) takesBot(channel, name string, e rawEvent) bool {
	for _, where := range []string{channel, "*"} {
		for _, who := range c.cfg.Bots[where] {
			if who == e.BotID || who == e.AppID || who == e.BotProfile.AppID || (name != "" && strings.EqualFold(who, name)) {
				return true
			}
		}
	}
	return false
}

// command returns what is said to the bridge: everything in a direct message, and
// elsewhere what begins with its name.
func (c *Connector) command(ctx context.Context, e rawEvent) (string, bool) {
	me, err := c.self(ctx)
	if err != nil || e.Subtype == "bot_message" || e.BotID != "" {
		return "", false
	}
	text := strings.TrimSpace(e.Text)
	if rest, is := strings.CutPrefix(text, "<@"+me.User); is && me.User != "" {
		_, rest, _ = strings.Cut(rest, ">")
		return plainCommand(strings.TrimLeft(rest, " :,\u00a0")), true
	}
	if e.ChannelType == "im" || (e.ChannelType == "" && strings.HasPrefix(e.channel(), "D")) {
		return plainCommand(text), true
	}
	return "", false
}

// plainCommand undoes what Slack makes of a typed command: links around addresses,
// escapes.
func plainCommand(s string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "<")
		b.WriteString(before)
		inner, after, closed := strings.Cut(rest, ">")
		if !found || !closed {
			b.WriteString(rest)
			break
		}
		target, label, labelled := strings.Cut(inner, "|")
		switch {
		case labelled:
			b.WriteString(label)
		default:
			b.WriteString(strings.TrimPrefix(target, "mailto:"))
		}
		s = after
	}
	return strings.TrimSpace(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(b.String()))
}

// body is what a message says.
func (c *Connector) body(ctx context.Context, e rawEvent) (b chat.Body, mentions []chat.Mention, all bool) {
	if e.Subtype == "file_share" && len(e.Blocks) == 0 {
		e.Text = comment(e.Text)
	}
	files, words := c.attached(ctx, e.Files)
	r := slacktext.Read(slacktext.Message{Text: e.Text, Blocks: e.Blocks, Attachments: e.Attachments, Below: words, Link: c.permalink(ctx, e)}, names{c, ctx})
	b = chat.Body{Text: r.Text, HTML: r.HTML, Files: files}
	for _, u := range r.Mentions {
		who := c.person(ctx, u)
		mentions = append(mentions, chat.Mention{User: chat.UserID(u), Name: who.author.Name, Address: who.address})
	}
	return b, mentions, r.MentionsAll
}

// permalink is where a message stands, for those who are in the workspace; empty: not
// known.
func (c *Connector) permalink(ctx context.Context, e rawEvent) string {
	me, err := c.self(ctx)
	if err != nil || me.URL == "" || e.channel() == "" {
		return ""
	}
	at := strings.TrimSuffix(me.URL, "/") + "/archives/" + e.channel() + "/p" + strings.ReplaceAll(e.TS, ".", "")
	if e.ThreadTS != "" && e.ThreadTS != e.TS {
		at += "?thread_ts=" + e.ThreadTS + "&cid=" + e.channel()
	}
	return at
}

// comment is what a person wrote with a file, in the form that Slack had before:
// "<@U1|ann> uploaded a file: <…|a.txt> and commented: see here".
func comment(text string) string {
	if !strings.HasPrefix(text, "<@") || !(strings.Contains(text, " uploaded a file: ") || strings.Contains(text, " shared a file: ")) {
		return text
	}
	_, said, _ := strings.Cut(text, " and commented: ")
	return said
}

// cleanName is a file's name without path and without what cannot be seen.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s[strings.LastIndexAny(s, "/\\")+1:])
}

// changed converts message_changed: an edit of a person, the deletion of a message
// with answers, or nothing that a person did.
func (c *Connector) changed(ctx context.Context, channel string, e rawEvent) chat.Event {
	m, err := read(e.Message)
	if err != nil || m.TS == "" {
		return nil
	}
	if m.Subtype == "tombstone" {
		by := ""
		if previous, err := read(e.Previous); err == nil {
			by = previous.user()
		}
		return c.deleted(ctx, channel, m.TS, by, e.TS)
	}
	if m.Streaming == streamed && m.Edited == nil { // a bot has said all that it wanted to
		if previous, err := read(e.Previous); err == nil && previous.Streaming == streamed {
			return nil
		}
		m.Type, m.Channel, m.Hidden = "message", e.Channel, false
		return c.message(ctx, m)
	}
	if previous, err := read(e.Previous); err == nil && m.Edited != nil && previous.Edited != nil && previous.Edited.TS >= m.Edited.TS {
		return nil
	}
	return c.edited(ctx, channel, m)
}

// edited converts a message that a person has edited; nil: nobody has.
func (c *Connector) edited(ctx context.Context, channel string, m rawEvent) chat.Event {
	if m.Edited == nil || m.Edited.TS == "" {
		return nil
	}
	author, ok := c.author(ctx, channel, m)
	if !ok {
		return nil
	}
	head := chat.Head{
		Event: chat.EventID(channel + "/" + m.TS + "/edited/" + m.Edited.TS), Place: chat.Place{Room: chat.RoomID(channel)}, At: when(m.Edited.TS), By: author,
	}
	if m.ThreadTS != "" && m.ThreadTS != m.TS {
		head.Place.Thread = chat.ThreadID(m.ThreadTS)
	}
	m.ChannelID = channel // the message in an edit names none
	ev := chat.Edited{Head: head, Message: messageID(channel, m.TS), Edit: messageID(channel, m.TS+"/edited/"+m.Edited.TS)}
	ev.Body, ev.Mentions, ev.MentionsAll = c.body(ctx, m)
	return ev
}

// deleted says that a message was taken away. by is who wrote it, as far as Slack
// tells; at is when it was deleted.
func (c *Connector) deleted(ctx context.Context, channel, ts, by, at string) chat.Event {
	if ts == "" || channel == "" {
		return nil
	}
	head := chat.Head{Event: chat.EventID(channel + "/" + ts + "/deleted"), Place: chat.Place{Room: chat.RoomID(channel)}, At: when(at)}
	if by != "" && !c.isSelf(ctx, by) {
		head.By = c.person(ctx, by).author
	}
	return chat.Deleted{Head: head, Message: messageID(channel, ts)}
}

func cut(s string, limit int) string {
	if len(s) > limit {
		return strings.ToValidUTF8(s[:limit], "")
	}
	return s
}
