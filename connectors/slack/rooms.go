package slack

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/slacktext"
)

// Describe tells what a channel is; see chat.Describer. It enters a public one
// that we are not in: whoever asks is about to link it.
func (c *Connector) Describe(ctx context.Context, room chat.RoomID) (d chat.Description, err error) {
	c.forgetChannel(string(room))
	ch, err := c.channel(ctx, string(room))
	if err != nil {
		return d, err
	}
	if !ch.member && !ch.direct {
		if err := c.Join(ctx, room, ""); err != nil {
			return d, err
		}
	}
	d = chat.Description{Private: ch.private, Shared: ch.shared}
	if ch.name != "" && !ch.direct {
		d.Name = "#" + ch.name
	}
	me, err := c.self(ctx)
	if err != nil {
		return d, err
	}
	users, err := c.members(ctx, string(room))
	for _, u := range users {
		if u != me.User {
			d.Members++
		}
	}
	return d, err
}

// Join enters a public channel; see chat.Joiner. People let us into private ones.
func (c *Connector) Join(ctx context.Context, room chat.RoomID, _ chat.UserID) error {
	c.forgetChannel(string(room))
	ch, err := c.channel(ctx, string(room))
	switch {
	case err != nil && !retry.IsNever(err):
		return err
	case err == nil && (ch.member || ch.direct):
		return nil
	case err != nil || ch.private || !c.cfg.uses("join"):
		return retry.Never(errors.New("the app is not in this channel: type /invite @hashsend in it first"))
	}
	if _, _, _, err := c.api.JoinConversationContext(ctx, string(room)); err != nil {
		return fmt.Errorf("enter the channel (type /invite @hashsend in it): %w", mark(err))
	}
	c.forgetChannel(string(room))
	return nil
}

// Refuse has nothing to do: in Slack people put an app into a channel without
// asking it; see chat.Joiner.
func (c *Connector) Refuse(context.Context, chat.RoomID, chat.UserID, string) error { return nil }

// ThreadOf names the thread with this root; see chat.Threader.
func (c *Connector) ThreadOf(_ chat.Place, root chat.MessageID) chat.ThreadID {
	_, ts := split(root)
	return chat.ThreadID(ts)
}

// signMarker is the type of the metadata of the pinned sign, pin what its text
// begins with.
const (
	signMarker = "hashsend_sign"
	pin        = "📌"
)

// Announce pins a line that says that a channel is linked; see chat.Announcer. It
// is found again among the pins. For a thread the line under which it stands says
// it already.
func (c *Connector) Announce(ctx context.Context, p chat.Place, s chat.Sign) error {
	text := s.Text
	if !c.cfg.uses("pins") || p.Thread != "" {
		return nil
	}
	channel := string(p.Room)
	pinned, err := c.signs(ctx, channel)
	if err != nil {
		if says(err, "missing_scope", "unknown_method", "not_in_channel", "channel_not_found") {
			return nil // the notices have to do
		}
		return fmt.Errorf("look for the pinned sign: %w", mark(err))
	}
	if text == "" {
		for _, ts := range pinned {
			if err := c.Delete(ctx, messageID(channel, ts), chat.Outgoing{}); err != nil {
				return err
			}
		}
		return nil
	}
	options := []slack.MsgOption{
		slack.MsgOptionText(pin+" "+slacktext.Escape(text), false), slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: signMarker, EventPayload: map[string]any{"version": 1}}),
	}
	if len(pinned) > 0 {
		_, _, _, err := c.api.UpdateMessageContext(ctx, channel, pinned[0], options...)
		return wrap("change the pinned sign", err)
	}
	if err := c.pace.wait(ctx, channel); err != nil {
		return err
	}
	_, ts, err := c.api.PostMessageContext(ctx, channel, options...)
	if err != nil {
		return wrap("post the sign", err)
	}
	if err := c.api.AddPinContext(ctx, channel, slack.NewRefToMessage(channel, ts)); err != nil && !says(err, "already_pinned") {
		return wrap("pin the sign", err)
	}
	return nil
}

// wrap marks an error of Slack and says what was being done.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, mark(err))
}

// signs are the ts of our pinned signs in a channel.
func (c *Connector) signs(ctx context.Context, channel string) (found []string, err error) {
	me, err := c.self(ctx)
	if err != nil {
		return nil, err
	}
	items, _, err := c.api.ListPinsContext(ctx, channel)
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		if m := i.Message; m != nil && (m.User == me.User || (m.BotID != "" && m.BotID == me.Bot)) {
			// Somebody may have pinned other messages of ours.
			if strings.HasPrefix(m.Text, pin) || strings.HasPrefix(m.Text, ":pushpin:") {
				found = append(found, m.Timestamp)
			}
		}
	}
	return found, nil
}
