package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/slacktext"
)

// marker is the type of the metadata by which our messages are found again.
const marker = "hashsend_mail"

// Send posts a message; see chat.Connector. Slack knows no transaction ids: a key
// that was tried before is looked for first.
func (c *Connector) Send(ctx context.Context, m chat.Outgoing) (chat.MessageID, error) {
	if m.Place.Room == "" && !strings.HasPrefix(m.Via, direct) {
		return "", retry.Never(errors.New("post in the channel: no channel is named"))
	}
	if m.Via != "" {
		id, done, err := c.answer(ctx, m)
		if done || err != nil {
			return id, err
		}
	}
	if m.For != "" {
		return c.whisper(ctx, m)
	}
	under := thread(m)
	if c.again(m.Key) {
		p := chat.Place{Room: m.Place.Room, Thread: chat.ThreadID(under)}
		if id, found, err := c.Find(ctx, p, m.Key, time.Now().Add(-time.Hour)); err != nil || found {
			return id, err
		}
	}
	return c.post(ctx, string(m.Place.Room), under, m)
}

// again notes a key and reports whether it was tried before.
func (c *Connector) again(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.tried) > 100000 {
		clear(c.tried)
	}
	was := c.tried[key]
	c.tried[key] = true
	return was
}

// thread is the ts of the message under which a message stands; empty: none.
func thread(m chat.Outgoing) string {
	if m.Place.Thread == "" && m.ReplyTo != "" {
		_, ts := split(m.ReplyTo)
		return ts
	}
	return string(m.Place.Thread)
}

// post posts in a channel, under the message with the ts under if that is not empty.
func (c *Connector) post(ctx context.Context, channel, under string, m chat.Outgoing) (chat.MessageID, error) {
	if err := c.pace.wait(ctx, channel); err != nil {
		return "", err
	}
	posted, ts, err := c.api.PostMessageContext(ctx, channel, c.options(m, under, true, c.mentionable(ctx, channel, m))...)
	if err != nil {
		if says(err, "not_in_channel", "channel_not_found", "is_archived") {
			c.forgetChannel(channel)
		}
		return "", fmt.Errorf("post in the channel: %w", mark(err))
	}
	if posted == "" {
		posted = channel
	}
	return messageID(posted, ts), nil
}

// options are the arguments of chat.postMessage and its like.
func (c *Connector) options(m chat.Outgoing, under string, named bool, members markup.Names) []slack.MsgOption {
	blocks, fallback := content(m, members)
	all := []slack.MsgOption{
		slack.MsgOptionText(fallback, false), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionParse(false), slack.MsgOptionLinkNames(false),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: marker, EventPayload: map[string]any{"key": m.Key}}),
	}
	if len(blocks) > 0 {
		all = append(all, slack.MsgOptionBlocks(blocks...))
	}
	if named && m.As.Name != "" {
		all = append(all, slack.MsgOptionUsername(m.As.Name), slack.MsgOptionIconEmoji(":"+slacktext.Icon(m.As.ID)+":"))
	}
	if under != "" {
		all = append(all, slack.MsgOptionTS(under))
	}
	return all
}

// content is what a message says, with the buttons under it.
func content(m chat.Outgoing, members markup.Names) (blocks []slack.Block, fallback string) {
	subset, text := m.Body.HTML, m.Body.Text
	if m.Kind == chat.Emote {
		if subset == "" {
			subset = markup.FromText(text)
		}
		subset, text = markup.Sanitise("<em>"+m.As.Name+" "+subset+"</em>"), m.As.Name+" "+text
	}
	raw, fallback := slacktext.RichText(subset, text, members)
	var made slack.Blocks
	if raw != nil && json.Unmarshal(raw, &made) == nil {
		blocks = made.BlockSet
	}
	if row := buttons(m); row != nil {
		blocks = append(blocks, row)
	}
	return blocks, fallback
}

// answer answers a command in the way that came with it: for its author alone,
// also in a channel that we are not in. done is false if that way is used up.
func (c *Connector) answer(ctx context.Context, m chat.Outgoing) (id chat.MessageID, done bool, err error) {
	if user, is := strings.CutPrefix(m.Via, direct); is {
		id, err = c.tell(ctx, user, m)
		return id, true, err
	}
	if u, err := url.Parse(m.Via); err != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return "", false, nil
	}
	blocks, fallback := content(m, markup.Names{})
	err = slack.PostWebhookCustomHTTPContext(ctx, m.Via, c.http, &slack.WebhookMessage{
		Text: fallback, ResponseType: slack.ResponseTypeEphemeral, Blocks: &slack.Blocks{BlockSet: blocks},
	})
	var limited *slack.RateLimitedError
	var status slack.StatusCodeError
	switch {
	case err == nil:
		return messageID(string(m.Place.Room), "answer."+m.Key), true, nil
	case errors.As(err, &limited):
		return "", true, mark(err)
	case errors.As(err, &status) && status.Code < http.StatusInternalServerError, !unsent(err) && !errors.As(err, &status):
		return "", false, nil // it was used five times, or is older than half an hour
	}
	return "", true, mark(err)
}

// direct begins a Via that names a person to be told in a direct message.
const direct = "dm:"

// whisper shows a message to one person in the channel; to somebody who is not
// there it is told directly.
func (c *Connector) whisper(ctx context.Context, m chat.Outgoing) (chat.MessageID, error) {
	ts, err := c.api.PostEphemeralContext(ctx, string(m.Place.Room), string(m.For), c.options(m, string(m.Place.Thread), false, markup.Names{})...)
	switch {
	case err == nil:
		return messageID(string(m.Place.Room), ts), nil
	case says(err, "user_not_in_channel", "not_in_channel", "channel_not_found", "is_archived", "user_not_found", "thread_not_found", "messages_tab_disabled") && c.cfg.uses("direct"):
		return c.tell(ctx, string(m.For), m)
	}
	return "", fmt.Errorf("show a line to one person: %w", mark(err))
}

// tell writes to a person directly.
func (c *Connector) tell(ctx context.Context, user string, m chat.Outgoing) (chat.MessageID, error) {
	if !c.cfg.uses("direct") {
		return "", retry.Never(errors.New("write to a person: direct messages are not among the functions of the app"))
	}
	ch, _, _, err := c.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}})
	if err != nil {
		return "", fmt.Errorf("open a direct message: %w", mark(err))
	}
	if c.again(m.Key) {
		if id, found, err := c.Find(ctx, chat.Place{Room: chat.RoomID(ch.ID)}, m.Key, time.Now().Add(-time.Hour)); err != nil || found {
			return id, err
		}
	}
	return c.post(ctx, ch.ID, "", m)
}

// Edit replaces a message; see chat.Editor.
func (c *Connector) Edit(ctx context.Context, of chat.MessageID, m chat.Outgoing) (chat.MessageID, error) {
	channel, ts := split(of)
	if err := c.pace.wait(ctx, channel); err != nil {
		return "", err
	}
	_, _, _, err := c.api.UpdateMessageContext(ctx, channel, ts, c.options(m, "", false, c.mentionable(ctx, channel, m))...)
	if err != nil {
		return "", fmt.Errorf("edit a message: %w", mark(err))
	}
	return of, nil
}

// Delete takes a message back, with the files in it; see chat.Deleter.
func (c *Connector) Delete(ctx context.Context, of chat.MessageID, m chat.Outgoing) error {
	channel, ts := split(of)
	files := c.ownFiles(ctx, m.Place, of)
	_, _, err := c.api.DeleteMessageContext(ctx, channel, ts)
	if err != nil && !says(err, "message_not_found") {
		return fmt.Errorf("take a message back: %w", mark(err))
	}
	for _, id := range files {
		if err := c.api.DeleteFileContext(ctx, id); err != nil && !says(err, "file_deleted", "file_not_found") {
			return fmt.Errorf("take a file back: %w", mark(err))
		}
	}
	return nil
}

// React puts an emoji on a message; see chat.Reactor. Slack shows it as ours.
func (c *Connector) React(ctx context.Context, to chat.MessageID, emoji string, _ chat.Outgoing) (chat.MessageID, error) {
	if !c.cfg.uses("reactions") {
		return "", retry.Never(errors.New("reactions are not among the functions of the app"))
	}
	name, ok := slacktext.EmojiName(emoji)
	if !ok {
		return "", retry.Never(errors.New("this emoji has no name in Slack"))
	}
	channel, ts := split(to)
	err := c.api.AddReactionContext(ctx, name, slack.NewRefToMessage(channel, ts))
	if err == nil || says(err, "already_reacted") {
		return reactionID(to, name), nil
	}
	return "", fmt.Errorf("react to a message: %w", mark(err))
}

// Unreact takes an emoji of ours away again; see chat.Unreactor.
func (c *Connector) Unreact(ctx context.Context, reaction chat.MessageID, _ chat.Outgoing) error {
	channel, rest := split(reaction)
	ts, name, _ := strings.Cut(rest, ":") // the name may have a skin tone behind colons
	err := c.api.RemoveReactionContext(ctx, name, slack.NewRefToMessage(channel, ts))
	if err == nil || says(err, "no_reaction", "message_not_found") {
		return nil
	}
	return fmt.Errorf("take a reaction back: %w", mark(err))
}

// failedSign stands at a message that has not reached somebody.
const failedSign = "⚠️"

// reactionID names a reaction of ours.
func reactionID(to chat.MessageID, name string) chat.MessageID {
	return chat.MessageID(string(to) + ":" + name)
}

// Report puts a sign at a message that did not reach somebody; see chat.Reporter.
func (c *Connector) Report(ctx context.Context, of chat.MessageID, p chat.Place, s chat.State) error {
	sign := map[chat.Phase]string{chat.Failed: failedSign, chat.Delayed: "⏳"}[s.Phase]
	switch {
	case !c.cfg.uses("reactions"):
		return nil
	case s.Phase == chat.Accepted && s.Mended:
		name, _ := slacktext.EmojiName(failedSign)
		return c.Unreact(ctx, reactionID(of, name), chat.Outgoing{Place: p})
	case sign == "":
		return nil
	}
	_, err := c.React(ctx, of, sign, chat.Outgoing{Place: p})
	return err
}
