package send

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/slacktext"
	"hashsend/connectors/slack/web"
	"hashsend/connectors/slack/wire"
)

// pin begins the text of a sign.
const pin = "📌"

// Announce pins a message that says that a channel is linked; see chat.Announcer. The
// message is found again among the pins. A thread needs none, because its first message
// says so.
func (s *Sender) Announce(ctx context.Context, p chat.Place, sign chat.Sign) error {
	if !s.web.Uses(web.Pins) || p.Thread != "" {
		return nil
	}
	channel := string(p.Room)
	pinned, err := s.signs(ctx, channel)
	if err != nil {
		if web.Says(err, "missing_scope", "unknown_method", "not_in_channel", "channel_not_found") {
			return nil // the notices are enough
		}
		return fmt.Errorf("look for the pinned message: %w", web.Mark(err))
	}
	if sign.Text == "" {
		return s.takeDown(ctx, channel, pinned)
	}
	options := []slack.MsgOption{
		slack.MsgOptionText(pin+" "+slacktext.Escape(sign.Text), false), slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: wire.SignMarker, EventPayload: map[string]any{"version": 1}}),
	}
	if len(pinned) > 0 {
		_, _, _, err := s.web.API.UpdateMessageContext(ctx, channel, pinned[0], options...)
		return web.Wrap("change the pinned message", err)
	}
	return s.putUp(ctx, channel, options)
}

// putUp posts and pins a sign.
func (s *Sender) putUp(ctx context.Context, channel string, options []slack.MsgOption) error {
	if err := s.web.Wait(ctx, channel); err != nil {
		return err
	}
	_, ts, err := s.web.API.PostMessageContext(ctx, channel, options...)
	if err != nil {
		return web.Wrap("post the message to pin", err)
	}
	if err := s.web.API.AddPinContext(ctx, channel, slack.NewRefToMessage(channel, ts)); err != nil && !web.Says(err, "already_pinned") {
		return web.Wrap("pin the message", err)
	}
	return nil
}

// takeDown deletes the signs with these ts.
func (s *Sender) takeDown(ctx context.Context, channel string, pinned []string) error {
	for _, ts := range pinned {
		if err := s.Delete(ctx, wire.MessageID(channel, ts), chat.Outgoing{}); err != nil {
			return err
		}
	}
	return nil
}

// signs returns the ts of our pinned signs in a channel.
func (s *Sender) signs(ctx context.Context, channel string) (found []string, err error) {
	me, err := s.web.Me(ctx)
	if err != nil {
		return nil, err
	}
	items, _, err := s.web.API.ListPinsContext(ctx, channel)
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		if m := i.Message; m != nil && (m.User == me.User || (m.BotID != "" && m.BotID == me.Bot)) {
			// Other pinned messages of ours were pinned by people.
			if strings.HasPrefix(m.Text, pin) || strings.HasPrefix(m.Text, ":pushpin:") {
				found = append(found, m.Timestamp)
			}
		}
	}
	return found, nil
}
