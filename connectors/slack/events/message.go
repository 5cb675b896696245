package events

import (
	"context"
	"slices"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/directory"
	"hashsend/connectors/slack/slacktext"
	"hashsend/connectors/slack/wire"
)

// silent are the subtypes of messages that tell a reader nothing.
var silent = []string{
	"message_replied", "reply_broadcast", "channel_join", "channel_leave", "channel_purpose", "channel_archive", "channel_unarchive",
	"channel_posting_permissions", "channel_canvas_updated", "channel_convert_to_private", "channel_convert_to_public", "group_join", "group_leave",
	"group_purpose", "group_archive", "group_unarchive", "pinned_item", "unpinned_item", "bot_add", "bot_remove", "bot_enable", "bot_disable",
	"reminder_add", "joiner_notification", "joiner_notification_for_inviter", "ekm_access_denied", "tombstone", "sh_room_created", "sh_room_shared", "app_conversation_join",
	"assistant_app_thread", "file_comment", "file_mention", "document_mention", "tabbed_canvas_updated",
}

// message converts a message, its edit or its deletion. A message has the same id
// wherever it comes from: live, repeated, as a mention, or from the history.
func (c *Converter) message(ctx context.Context, e wire.Event) chat.Event {
	channel := e.Where()
	switch e.Subtype {
	case "message_changed":
		return c.changed(ctx, channel, e)
	case "message_deleted":
		return c.deleted(ctx, channel, e.DeletedTS, previousAuthor(e), e.TS)
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
	return c.posted(ctx, channel, author, e)
}

// posted converts a new message, which may be a command. nil: it is empty.
func (c *Converter) posted(ctx context.Context, channel string, author directory.Person, e wire.Event) chat.Event {
	head := chat.Head{Event: chat.EventID(channel + "/" + e.TS), Place: chat.Place{Room: chat.RoomID(channel)}, At: wire.When(e.TS), By: author.Author}
	p := chat.Posted{Message: wire.MessageID(channel, e.TS)}
	if e.ThreadTS != "" && e.ThreadTS != e.TS {
		head.Place.Thread, p.Root = chat.ThreadID(e.ThreadTS), wire.MessageID(channel, e.ThreadTS)
	}
	p.Head = head
	if text, is := c.command(ctx, e); is {
		return chat.Command{Head: head, Message: p.Message, Text: text, Rank: c.directory.Rank(ctx, author, channel), Root: head.Place.Thread, About: p.Root, Private: true}
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

// restyled converts a channel's notice of a new name or topic. nil: the app itself has
// set it.
func (c *Converter) restyled(ctx context.Context, channel string, e wire.Event) (ev chat.Event, is bool) {
	var name bool
	switch e.Subtype {
	case "channel_name", "group_name":
		name = true
	case "channel_topic", "group_topic":
	default:
		return nil, false
	}
	if channel == "" || e.TS == "" || (name && e.Name == "") || c.web.IsMe(ctx, e.Who()) {
		return nil, true
	}
	head := chat.Head{Event: chat.EventID(channel + "/" + e.TS), Place: chat.Place{Room: chat.RoomID(channel)}, At: wire.When(e.TS), By: c.directory.Person(ctx, e.Who()).Author}
	c.directory.ForgetChannel(channel)
	if name {
		return chat.Renamed{Head: head, Name: "#" + strings.TrimPrefix(e.Name, "#")}, true
	}
	return chat.TopicSet{Head: head, Topic: slacktext.Read(slacktext.Message{Text: e.Topic}, c.directory.Names(ctx)).Text}, true
}

// command returns the words of a command: every direct message to the app is one,
// and elsewhere a message that begins with its name.
func (c *Converter) command(ctx context.Context, e wire.Event) (string, bool) {
	me, err := c.web.Me(ctx)
	if err != nil || e.Subtype == "bot_message" || e.BotID != "" {
		return "", false
	}
	text := strings.TrimSpace(e.Text)
	if rest, is := strings.CutPrefix(text, "<@"+me.User); is && me.User != "" {
		_, rest, _ = strings.Cut(rest, ">")
		return slacktext.Command(strings.TrimLeft(rest, " :,\u00a0")), true
	}
	if e.ChannelType == "im" || (e.ChannelType == "" && strings.HasPrefix(e.Where(), "D")) {
		return slacktext.Command(text), true
	}
	return "", false
}

// body returns the content of a message.
func (c *Converter) body(ctx context.Context, e wire.Event) (b chat.Body, mentions []chat.Mention, all bool) {
	if e.Subtype == "file_share" && len(e.Blocks) == 0 {
		e.Text = comment(e.Text)
	}
	files, words := c.attached(ctx, e.Files)
	r := slacktext.Read(slacktext.Message{Text: e.Text, Blocks: e.Blocks, Attachments: e.Attachments, Below: words, Link: c.permalink(ctx, e)}, c.directory.Names(ctx))
	b = chat.Body{Text: r.Text, HTML: r.HTML, Files: files}
	for _, u := range r.Mentions {
		who := c.directory.Person(ctx, u)
		mentions = append(mentions, chat.Mention{User: chat.UserID(u), Name: who.Author.Name, Address: who.Address})
	}
	return b, mentions, r.MentionsAll
}

// permalink returns the address of a message, for people of the workspace; empty: not
// known.
func (c *Converter) permalink(ctx context.Context, e wire.Event) string {
	me, err := c.web.Me(ctx)
	if err != nil || me.URL == "" || e.Where() == "" {
		return ""
	}
	at := strings.TrimSuffix(me.URL, "/") + "/archives/" + e.Where() + "/p" + strings.ReplaceAll(e.TS, ".", "")
	if e.ThreadTS != "" && e.ThreadTS != e.TS {
		at += "?thread_ts=" + e.ThreadTS + "&cid=" + e.Where()
	}
	return at
}

// comment returns a person's comment on a file, from Slack's older form:
// "<@U1|ann> uploaded a file: <…|a.txt> and commented: see here".
func comment(text string) string {
	if !strings.HasPrefix(text, "<@") || !(strings.Contains(text, " uploaded a file: ") || strings.Contains(text, " shared a file: ")) {
		return text
	}
	_, said, _ := strings.Cut(text, " and commented: ")
	return said
}

// streamed is the state of a message that a bot wrote bit by bit, once it is whole.
const streamed = "completed"

// changed converts message_changed: an edit by a person, or the deletion of a message
// with replies. nil: Slack itself changed the message.
func (c *Converter) changed(ctx context.Context, channel string, e wire.Event) chat.Event {
	m, err := wire.Read(e.Message)
	if err != nil || m.TS == "" {
		return nil
	}
	if m.Subtype == "tombstone" {
		return c.deleted(ctx, channel, m.TS, previousAuthor(e), e.TS)
	}
	previous, err := wire.Read(e.Previous)
	known := err == nil
	if m.Streaming == streamed && m.Edited == nil { // a bot's message is whole now
		if known && previous.Streaming == streamed {
			return nil
		}
		m.Type, m.Channel, m.Hidden = "message", e.Channel, false
		return c.message(ctx, m)
	}
	if known && m.Edited != nil && previous.Edited != nil && previous.Edited.TS >= m.Edited.TS {
		return nil
	}
	return c.edited(ctx, channel, m)
}

// previousAuthor is the author of a message before it was changed; empty: not told.
func previousAuthor(e wire.Event) string {
	previous, err := wire.Read(e.Previous)
	if err != nil {
		return ""
	}
	return previous.Who()
}

// edited converts a message that a person has edited; nil: nobody has.
func (c *Converter) edited(ctx context.Context, channel string, m wire.Event) chat.Event {
	if m.Edited == nil || m.Edited.TS == "" {
		return nil
	}
	author, ok := c.author(ctx, channel, m)
	if !ok {
		return nil
	}
	head := chat.Head{
		Event: chat.EventID(channel + "/" + m.TS + "/edited/" + m.Edited.TS), Place: chat.Place{Room: chat.RoomID(channel)}, At: wire.When(m.Edited.TS), By: author.Author,
	}
	if m.ThreadTS != "" && m.ThreadTS != m.TS {
		head.Place.Thread = chat.ThreadID(m.ThreadTS)
	}
	m.ChannelID = channel // the message in an edit names none
	ev := chat.Edited{Head: head, Message: wire.MessageID(channel, m.TS), Edit: wire.MessageID(channel, m.TS+"/edited/"+m.Edited.TS)}
	ev.Body, ev.Mentions, ev.MentionsAll = c.body(ctx, m)
	return ev
}

// deleted says that a message was deleted. by is its author, as far as Slack tells;
// at is the moment of the deletion.
func (c *Converter) deleted(ctx context.Context, channel, ts, by, at string) chat.Event {
	if ts == "" || channel == "" {
		return nil
	}
	head := chat.Head{Event: chat.EventID(channel + "/" + ts + "/deleted"), Place: chat.Place{Room: chat.RoomID(channel)}, At: wire.When(at)}
	if by != "" && !c.web.IsMe(ctx, by) {
		head.By = c.directory.Person(ctx, by).Author
	}
	return chat.Deleted{Head: head, Message: wire.MessageID(channel, ts)}
}
