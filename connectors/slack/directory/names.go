package directory

import (
	"context"
	"net/url"
	"strings"

	"hashsend/connectors/slack/slacktext"
	"hashsend/connectors/slack/web"
)

// Names looks up names for slacktext, until ctx ends.
func (d *Directory) Names(ctx context.Context) slacktext.Names { return names{d, ctx} }

type names struct {
	d   *Directory
	ctx context.Context
}

// User is a person's name; empty if it is unknown.
func (n names) User(id string) string {
	if p := n.d.Person(n.ctx, id); p.Author.Name != id {
		return p.Author.Name
	}
	return ""
}

// Channel is the name of a public channel, or of one that the app is in.
func (n names) Channel(id string) (string, bool) {
	ch, err := n.d.Channel(n.ctx, id)
	if err != nil || ch.Direct || (ch.Private && !ch.Member) {
		return "", false
	}
	return ch.Name, true
}

// Group is the handle of a user group.
func (n names) Group(id string) string {
	d := n.d
	d.mu.Lock()
	groups := d.groups
	d.mu.Unlock()
	if groups == nil && d.web.Uses(web.Groups) {
		groups = map[string]string{}
		if all, err := d.web.API.GetUserGroupsContext(n.ctx); err == nil {
			for _, g := range all {
				groups[g.ID] = g.Handle
			}
		}
		d.mu.Lock()
		d.groups = groups
		d.mu.Unlock()
	}
	return groups[id]
}

// maxAliases is how many custom emoji in a row may be aliases of one another.
const maxAliases = 8

// Emoji is the Unicode emoji that a custom emoji of the workspace is an alias of.
// A custom emoji that is a picture has none.
func (n names) Emoji(name string) (string, bool) {
	all := n.d.customEmoji(n.ctx)
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

func (d *Directory) customEmoji(ctx context.Context) map[string]string {
	d.mu.Lock()
	all := d.emoji
	d.mu.Unlock()
	if all != nil || !d.web.Uses(web.Emoji) {
		return all
	}
	var answer struct {
		Emoji map[string]string `json:"emoji"`
	}
	all = map[string]string{}
	if err := d.web.Call(ctx, "emoji.list", url.Values{}, &answer); err == nil && answer.Emoji != nil {
		all = answer.Emoji
	}
	d.mu.Lock()
	d.emoji = all
	d.mu.Unlock()
	return all
}

// ForgetNames forgets user groups and custom emoji, so that Slack is asked again.
func (d *Directory) ForgetNames() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.emoji, d.groups = nil, nil
}
