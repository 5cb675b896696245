package slack

import (
	"context"
	"net/url"
	"strings"

	"hashsend/connectors/slack/slacktext"
)

// names tells slacktext what only the workspace knows.
type names struct {
	c   *Connector
	ctx context.Context
}

// User is what a person is called; empty if Slack does not tell.
func (n names) User(id string) string {
	if p := n.c.person(n.ctx, id); p.author.Name != id {
		return p.author.Name
	}
	return ""
}

// Channel is the name of a channel that may be told: a public one, or one that we
// were let into.
func (n names) Channel(id string) (string, bool) {
	ch, err := n.c.channel(n.ctx, id)
	if err != nil || ch.direct || (ch.private && !ch.member) {
		return "", false
	}
	return ch.name, true
}

// Group is the handle of a user group.
func (n names) Group(id string) string {
	c := n.c
	c.mu.Lock()
	groups := c.groups
	c.mu.Unlock()
	if groups == nil && c.cfg.uses("groups") {
		groups = map[string]string{}
		if all, err := c.api.GetUserGroupsContext(n.ctx); err == nil {
			for _, g := range all {
				groups[g.ID] = g.Handle
			}
		}
		c.mu.Lock()
		c.groups = groups
		c.mu.Unlock()
	}
	return groups[id]
}

// maxAliases is how often one name of an emoji may stand for another.
const maxAliases = 8

// Emoji is an emoji of the workspace that stands for one of Unicode. One that is
// a picture is told by its name.
func (n names) Emoji(name string) (string, bool) {
	c := n.c
	c.mu.Lock()
	all := c.emoji
	c.mu.Unlock()
	if all == nil && c.cfg.uses("emoji") {
		var answer struct {
			Emoji map[string]string `json:"emoji"`
		}
		all = map[string]string{}
		if err := c.call(n.ctx, "emoji.list", url.Values{}, &answer); err == nil && answer.Emoji != nil {
			all = answer.Emoji
		}
		c.mu.Lock()
		c.emoji = all
		c.mu.Unlock()
	}
	for range maxAliases {
		alias, is := strings.CutPrefix(all[name], "alias:")
		if !is {
			return "", false
		}
		if e, ok := slacktext.EmojiOf(alias); ok {
			return e, true
		}
		name = alias
	}
	return "", false
}
