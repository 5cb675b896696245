package slack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
)

const (
	naming     = 5 * time.Second // how long the names of members may take
	askedAlone = 20              // so many people are asked for one by one, more by lists
	listPages  = 10
)

// mentionable are those whom a person's message may mention by an @ in front of the
// name: the members of the channel. It costs requests only where there is such an @.
// Where not everybody's name is known, nobody is mentioned: it could be another's.
func (c *Connector) mentionable(ctx context.Context, channel string, m chat.Outgoing) (all markup.Names) {
	if m.As.ID == "" || !markup.HasMention(m.Body.Text) {
		return all
	}
	ctx, cancel := context.WithTimeout(ctx, naming)
	defer cancel()
	names, err := c.memberNames(ctx, channel)
	if err != nil {
		c.env.Log.Debug("members of a channel are not known: nobody is mentioned", "error", err)
		return all
	}
	for id, name := range names {
		all.Add(id, name)
	}
	return all
}

// memberNames are the names of the people in a channel.
func (c *Connector) memberNames(ctx context.Context, channel string) (map[string]string, error) {
	users, err := c.members(ctx, channel)
	if err != nil {
		return nil, err
	}
	if c.unknown(users) > askedAlone {
		if err := c.learnPeople(ctx); err != nil {
			return nil, err
		}
	}
	if n := c.unknown(users); n > askedAlone {
		return nil, fmt.Errorf("the names of %d members are not known", n)
	}
	names := map[string]string{}
	for _, user := range users {
		p := c.person(ctx, user)
		switch {
		case c.isSelf(ctx, user) || p.bot:
		case p.author.Name == user:
			return nil, errors.New("the name of a member is not known")
		default:
			names[user] = p.author.Name
		}
	}
	return names, nil
}

// unknown counts those of whom has to be asked.
func (c *Connector) unknown(users []string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for _, user := range users {
		if p, known := c.people[user]; !known || now.After(p.until) {
			n++
		}
	}
	return n
}

// learnPeople reads the list of the workspace's people, as far as a few requests reach.
func (c *Connector) learnPeople(ctx context.Context) error {
	me, err := c.self(ctx)
	if err != nil {
		return err
	}
	form := url.Values{"limit": {"1000"}}
	for range listPages {
		var answer struct {
			Members []slack.User `json:"members"`
			Meta    struct {
				Next string `json:"next_cursor"`
			} `json:"response_metadata"`
		}
		if err := c.call(ctx, "users.list", form, &answer); err != nil {
			return fmt.Errorf("ask who is in the workspace: %w", err)
		}
		c.mu.Lock()
		for _, u := range answer.Members {
			c.people[u.ID] = c.read(u, me)
		}
		c.mu.Unlock()
		if answer.Meta.Next == "" {
			break
		}
		form.Set("cursor", answer.Meta.Next)
	}
	return nil
}

// members are the ids of those who are in a channel.
func (c *Connector) members(ctx context.Context, channel string) (all []string, err error) {
	for cursor := ""; ; {
		users, next, err := c.api.GetUsersInConversationContext(ctx, &slack.GetUsersInConversationParameters{ChannelID: channel, Cursor: cursor, Limit: 1000})
		if err != nil {
			return nil, fmt.Errorf("ask who is in the channel: %w", mark(err))
		}
		all = append(all, users...)
		if cursor = next; cursor == "" {
			return all, nil
		}
	}
}
