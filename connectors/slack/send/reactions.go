package send

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/slacktext"
	"hashsend/connectors/slack/web"
	"hashsend/connectors/slack/wire"
)

// React puts an emoji on a message; see chat.Reactor. Slack shows it as the app's.
func (s *Sender) React(ctx context.Context, to chat.MessageID, emoji string, _ chat.Outgoing) (chat.MessageID, error) {
	if !s.web.Uses(web.Reactions) {
		return "", retry.Never(errors.New("the function “reactions” is switched off for this app"))
	}
	name, ok := slacktext.EmojiName(emoji)
	if !ok {
		return "", retry.Never(errors.New("Slack has no name for this emoji"))
	}
	channel, ts := wire.Split(to)
	err := s.web.API.AddReactionContext(ctx, name, slack.NewRefToMessage(channel, ts))
	if err == nil || web.Says(err, "already_reacted") {
		return reactionID(to, name), nil
	}
	return "", fmt.Errorf("react to a message: %w", web.Mark(err))
}

// Unreact removes an emoji of ours; see chat.Unreactor.
func (s *Sender) Unreact(ctx context.Context, reaction chat.MessageID, _ chat.Outgoing) error {
	channel, rest := wire.Split(reaction)
	ts, name, _ := strings.Cut(rest, ":") // the name may have a skin tone after colons
	err := s.web.API.RemoveReactionContext(ctx, name, slack.NewRefToMessage(channel, ts))
	if err == nil || web.Says(err, "no_reaction", "message_not_found") {
		return nil
	}
	return fmt.Errorf("remove a reaction: %w", web.Mark(err))
}

// reactionID makes the id of a reaction of ours.
func reactionID(to chat.MessageID, name string) chat.MessageID {
	return chat.MessageID(string(to) + ":" + name)
}

// failedSign marks a message that was not delivered to somebody.
const failedSign = "⚠️"

// Report marks a message that was delayed or not delivered with a reaction; see
// chat.Reporter.
func (s *Sender) Report(ctx context.Context, of chat.MessageID, p chat.Place, st chat.State) error {
	sign := map[chat.Phase]string{chat.Failed: failedSign, chat.Delayed: "⏳"}[st.Phase]
	switch {
	case !s.web.Uses(web.Reactions):
		return nil
	case st.Phase == chat.Accepted && st.Recovered:
		name, _ := slacktext.EmojiName(failedSign)
		return s.Unreact(ctx, reactionID(of, name), chat.Outgoing{Place: p})
	case sign == "":
		return nil
	}
	_, err := s.React(ctx, of, sign, chat.Outgoing{Place: p})
	return err
}
