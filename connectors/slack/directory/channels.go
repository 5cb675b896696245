package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/web"
)

// Channel is a channel of the workspace.
type Channel struct {
	Name    string
	Private bool
	Shared  bool // with another organisation
	Member  bool // the app is in it
	Direct  bool
	Creator string
	until   time.Time
}

// Channel looks up a channel.
func (d *Directory) Channel(ctx context.Context, id string) (Channel, error) {
	d.mu.Lock()
	ch, known := d.channels[id]
	d.mu.Unlock()
	if known && time.Now().Before(ch.until) {
		return ch, nil
	}
	info, err := d.web.API.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
	if err != nil {
		return Channel{}, fmt.Errorf("look up the channel: %w", web.Mark(err))
	}
	ch = Channel{
		Name: info.Name, Private: info.IsPrivate || info.IsIM || info.IsMpIM, Member: info.IsMember || info.IsIM, Direct: info.IsIM,
		Shared: info.IsExtShared || info.IsPendingExtShared, Creator: info.Creator,
	}
	d.LearnChannel(id, ch)
	return ch, nil
}

// ChannelNow looks up a channel in Slack, even if it is remembered. If Slack asks for a
// pause, it pauses and tries again.
func (d *Directory) ChannelNow(ctx context.Context, id string) (Channel, error) {
	for {
		d.ForgetChannel(id)
		ch, err := d.Channel(ctx, id)
		pause, asked := retry.Pause(err)
		if !asked {
			return ch, err
		}
		if !retry.Sleep(ctx, pause) {
			return ch, err
		}
	}
}

// LearnChannel remembers a channel, so that Slack is not asked again for a while.
func (d *Directory) LearnChannel(id string, ch Channel) {
	ch.until = time.Now().Add(remember)
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.channels) > most {
		clear(d.channels)
	}
	d.channels[id] = ch
}

// ForgetChannel forgets a channel, so that Slack is asked again.
func (d *Directory) ForgetChannel(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.channels, id)
}

// Describe describes a channel; see chat.Describer. If the app is not in a public
// channel, Describe joins it, because it is about to be linked.
func (d *Directory) Describe(ctx context.Context, room chat.RoomID) (about chat.Description, err error) {
	d.ForgetChannel(string(room))
	ch, err := d.Channel(ctx, string(room))
	if err != nil {
		return about, err
	}
	if !ch.Member && !ch.Direct {
		if err := d.Join(ctx, room); err != nil {
			return about, err
		}
	}
	about = chat.Description{Private: ch.Private, Shared: ch.Shared}
	if ch.Name != "" && !ch.Direct {
		about.Name = "#" + ch.Name
	}
	me, err := d.web.Me(ctx)
	if err != nil {
		return about, err
	}
	users, err := d.members(ctx, string(room))
	for _, u := range users {
		if u != me.User {
			about.Members++
		}
	}
	return about, err
}

// Join joins a public channel. Private channels need an invitation.
func (d *Directory) Join(ctx context.Context, room chat.RoomID) error {
	d.ForgetChannel(string(room))
	ch, err := d.Channel(ctx, string(room))
	switch {
	case err != nil && !retry.IsNever(err):
		return err
	case err == nil && (ch.Member || ch.Direct):
		return nil
	case err != nil || ch.Private || !d.web.Uses(web.Entering):
		return retry.Never(errors.New("the app isn't in this channel: type /invite @hashsend there first"))
	}
	if _, _, _, err := d.web.API.JoinConversationContext(ctx, string(room)); err != nil {
		return fmt.Errorf("join the channel (or type /invite @hashsend there): %w", web.Mark(err))
	}
	d.ForgetChannel(string(room))
	return nil
}

// members returns the ids of everybody in a channel.
func (d *Directory) members(ctx context.Context, channel string) (all []string, err error) {
	for cursor := ""; ; {
		users, next, err := d.web.API.GetUsersInConversationContext(ctx, &slack.GetUsersInConversationParameters{ChannelID: channel, Cursor: cursor, Limit: 1000})
		if err != nil {
			return nil, fmt.Errorf("list the members of the channel: %w", web.Mark(err))
		}
		all = append(all, users...)
		if cursor = next; cursor == "" {
			return all, nil
		}
	}
}
