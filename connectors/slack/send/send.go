// Package send posts in a workspace: messages, files, reactions, messages for one
// person alone, and the pinned sign of a linked channel. Slack has no transaction ids,
// so before a repeated attempt it looks for the message by its key.
package send

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/blocks"
	"hashsend/connectors/slack/directory"
	"hashsend/connectors/slack/slacktext"
	"hashsend/connectors/slack/web"
	"hashsend/connectors/slack/wire"
)

// Sender posts in one workspace. It is safe for several goroutines.
type Sender struct {
	web       *web.Client
	directory *directory.Directory
	// Patience is how long SendFile waits for a file to be shown in its channel, Fresh
	// how long Slack may take for that until the file counts as lost and is uploaded
	// again. They are set before use.
	Patience, Fresh time.Duration

	began  time.Time
	unseen time.Duration // how long after began a file may still appear that an earlier run has shared

	mu      sync.Mutex
	uploads map[string]upload // by key: files that were shared, or may have been
	tried   map[string]bool   // keys that were sent, or may have been
	unfound map[string]bool   // keys that Find has not found until unseen was over
}

// New makes a sender.
func New(w *web.Client, d *directory.Directory) *Sender {
	return &Sender{
		web: w, directory: d, Patience: 20 * time.Second, Fresh: web.Fresh, began: time.Now(), unseen: 2 * time.Second,
		uploads: map[string]upload{}, tried: map[string]bool{}, unfound: map[string]bool{},
	}
}

// toPerson begins a Via that asks for a direct message to a person.
const toPerson = "dm:"

// ViaPerson makes an Outgoing.Via that asks for a direct message to a person.
func ViaPerson(user string) string { return toPerson + user }

// Send posts a message; see chat.Connector.
func (s *Sender) Send(ctx context.Context, m chat.Outgoing) (chat.MessageID, error) {
	if m.Place.Room == "" && !strings.HasPrefix(m.Via, toPerson) {
		return "", retry.Never(errors.New("post in the channel: no channel given"))
	}
	if m.Via != "" {
		id, done, err := s.answer(ctx, m)
		if done || err != nil {
			return id, err
		}
	}
	if m.For != "" {
		return s.whisper(ctx, m)
	}
	under := thread(m)
	if s.again(m.Key) {
		p := chat.Place{Room: m.Place.Room, Thread: chat.ThreadID(under)}
		if id, found, err := s.recent(ctx, p, m.Key); err != nil || found {
			return id, err
		}
	}
	return s.post(ctx, string(m.Place.Room), under, m)
}

// again notes a key and reports whether it was tried before.
func (s *Sender) again(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tried) > 100000 {
		clear(s.tried)
	}
	was := s.tried[key]
	s.tried[key] = true
	return was
}

// thread returns the ts of the message under which a message belongs; empty: none.
func thread(m chat.Outgoing) string {
	if m.Place.Thread == "" && m.ReplyTo != "" {
		_, ts := wire.Split(m.ReplyTo)
		return ts
	}
	return string(m.Place.Thread)
}

// post posts in a channel, under the message with the ts under if that is not empty.
func (s *Sender) post(ctx context.Context, channel, under string, m chat.Outgoing) (chat.MessageID, error) {
	if err := s.web.Wait(ctx, channel); err != nil {
		return "", err
	}
	posted, ts, err := s.web.API.PostMessageContext(ctx, channel, options(m, under, true, s.directory.Mentionable(ctx, channel, m))...)
	if err != nil {
		if web.Says(err, "not_in_channel", "channel_not_found", "is_archived") {
			s.directory.ForgetChannel(channel)
		}
		return "", fmt.Errorf("post in the channel: %w", web.Mark(err))
	}
	if posted == "" {
		posted = channel
	}
	return wire.MessageID(posted, ts), nil
}

// options are the arguments of chat.postMessage and its like.
func options(m chat.Outgoing, under string, named bool, members markup.Names) []slack.MsgOption {
	said, fallback := content(m, members)
	all := []slack.MsgOption{
		slack.MsgOptionText(fallback, false), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionParse(false), slack.MsgOptionLinkNames(false),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: wire.Marker, EventPayload: map[string]any{"key": m.Key}}),
	}
	if len(said) > 0 {
		all = append(all, slack.MsgOptionBlocks(said...))
	}
	if named && m.As.Name != "" {
		all = append(all, slack.MsgOptionUsername(m.As.Name), slack.MsgOptionIconEmoji(":"+slacktext.Icon(m.As.ID)+":"))
	}
	if under != "" {
		all = append(all, slack.MsgOptionTS(under))
	}
	return all
}

// content makes the blocks of a message, with its buttons, and its text for clients
// that show none.
func content(m chat.Outgoing, members markup.Names) (said []slack.Block, fallback string) {
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
		said = made.BlockSet
	}
	if row := blocks.Choices(m); row != nil {
		said = append(said, row)
	}
	return said, fallback
}

// answer replies to a command by its response URL: visible to its author alone, also in
// a channel that the app is not in. done is false if the URL cannot be used any more.
func (s *Sender) answer(ctx context.Context, m chat.Outgoing) (id chat.MessageID, done bool, err error) {
	if user, is := strings.CutPrefix(m.Via, toPerson); is {
		id, err = s.tell(ctx, user, m)
		return id, true, err
	}
	if u, err := url.Parse(m.Via); err != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return "", false, nil
	}
	said, fallback := content(m, markup.Names{})
	err = slack.PostWebhookCustomHTTPContext(ctx, m.Via, s.web.HTTP, &slack.WebhookMessage{
		Text: fallback, ResponseType: slack.ResponseTypeEphemeral, Blocks: &slack.Blocks{BlockSet: said},
	})
	var limited *slack.RateLimitedError
	var status slack.StatusCodeError
	switch {
	case err == nil:
		return wire.MessageID(string(m.Place.Room), "answer."+m.Key), true, nil
	case errors.As(err, &limited):
		return "", true, web.Mark(err)
	case errors.As(err, &status) && status.Code < http.StatusInternalServerError, !web.Unsent(err) && !errors.As(err, &status):
		return "", false, nil // used five times already, or older than half an hour
	}
	return "", true, web.Mark(err)
}

// whisper shows a message to one person in the channel. A person who is not there
// gets it as a direct message.
func (s *Sender) whisper(ctx context.Context, m chat.Outgoing) (chat.MessageID, error) {
	ts, err := s.web.API.PostEphemeralContext(ctx, string(m.Place.Room), string(m.For), options(m, string(m.Place.Thread), false, markup.Names{})...)
	switch {
	case err == nil:
		return wire.MessageID(string(m.Place.Room), ts), nil
	case s.web.Uses(web.Direct) && web.Says(err, "user_not_in_channel", "not_in_channel", "channel_not_found", "is_archived", "user_not_found", "thread_not_found", "messages_tab_disabled"):
		return s.tell(ctx, string(m.For), m)
	}
	return "", fmt.Errorf("show a message to one person: %w", web.Mark(err))
}

// tell writes a direct message to a person.
func (s *Sender) tell(ctx context.Context, user string, m chat.Outgoing) (chat.MessageID, error) {
	if !s.web.Uses(web.Direct) {
		return "", retry.Never(errors.New("write to a person: the function “direct” is switched off for this app"))
	}
	ch, _, _, err := s.web.API.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}})
	if err != nil {
		return "", fmt.Errorf("open a direct message: %w", web.Mark(err))
	}
	if s.again(m.Key) {
		if id, found, err := s.recent(ctx, chat.Place{Room: chat.RoomID(ch.ID)}, m.Key); err != nil || found {
			return id, err
		}
	}
	return s.post(ctx, ch.ID, "", m)
}

// Edit replaces a message; see chat.Editor.
func (s *Sender) Edit(ctx context.Context, of chat.MessageID, m chat.Outgoing) (chat.MessageID, error) {
	channel, ts := wire.Split(of)
	if err := s.web.Wait(ctx, channel); err != nil {
		return "", err
	}
	_, _, _, err := s.web.API.UpdateMessageContext(ctx, channel, ts, options(m, "", false, s.directory.Mentionable(ctx, channel, m))...)
	if err != nil {
		return "", fmt.Errorf("edit a message: %w", web.Mark(err))
	}
	return of, nil
}

// Delete deletes a message and its files; see chat.Deleter.
func (s *Sender) Delete(ctx context.Context, of chat.MessageID, m chat.Outgoing) error {
	channel, ts := wire.Split(of)
	files := s.ownFiles(ctx, m.Place, channel, ts)
	_, _, err := s.web.API.DeleteMessageContext(ctx, channel, ts)
	if err != nil && !web.Says(err, "message_not_found") {
		return fmt.Errorf("delete a message: %w", web.Mark(err))
	}
	for _, id := range files {
		if err := s.web.API.DeleteFileContext(ctx, id); err != nil && !web.Says(err, "file_deleted", "file_not_found") {
			return fmt.Errorf("delete a file: %w", web.Mark(err))
		}
	}
	return nil
}

// Find looks for a message of ours by its key; see chat.Finder.
func (s *Sender) Find(ctx context.Context, p chat.Place, key string, since time.Time) (chat.MessageID, bool, error) {
	id, found, err := s.find(ctx, p, key, since)
	if err == nil && !found && time.Since(s.began) < s.unseen {
		s.mu.Lock()
		s.unfound[key] = true
		s.mu.Unlock()
	}
	return id, found, err
}

func (s *Sender) find(ctx context.Context, p chat.Place, key string, since time.Time) (found chat.MessageID, ok bool, err error) {
	err = s.web.Each(ctx, string(p.Room), string(p.Thread), since.Add(-time.Minute), func(e wire.Event) bool {
		if e.HasKey(key) {
			found, ok = wire.MessageID(string(p.Room), e.TS), true
		}
		return !ok
	})
	if err != nil && web.Says(err, "thread_not_found") {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look for a message: %w", err)
	}
	return found, ok, nil
}

// recent looks for a message of the last hour.
func (s *Sender) recent(ctx context.Context, p chat.Place, key string) (chat.MessageID, bool, error) {
	return s.find(ctx, p, key, time.Now().Add(-time.Hour))
}
