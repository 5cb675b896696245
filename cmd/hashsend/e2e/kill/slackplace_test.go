package kill

import (
	"cmp"
	"slices"
	"strings"

	"hashsend/cmd/hashsend/e2e/lab"
	"hashsend/connectors/slack/slacktest"
)

// slackChannel is a channel of a workspace.
type slackChannel struct {
	*lab.Workspace
	channel string
	person  string            // id of the one who writes there
	roots   map[string]string // what is in a thread -> what began it
}

// shortcodes are the names that Slack has for emojis.
var shortcodes = map[string]string{"👍": "+1", "🎉": "tada", "🚀": "rocket", "😀": "grinning", "🌳": "deciduous_tree"}

func (c *slackChannel) say(_, text, answers string) string {
	root := cmp.Or(c.roots[answers], answers)
	id := c.Say(c.person, c.channel, text, slacktest.Said{Thread: root})
	c.roots[id] = root
	return id
}

func (c *slackChannel) share(_ string, f *attached, caption string) string {
	return c.Say(c.person, c.channel, caption, slacktest.Said{Files: []slacktest.File{{Name: f.name, Type: "application/octet-stream", Body: f.data}}})
}

func (c *slackChannel) edit(_, id, text string) { c.Edit(c.channel, id, text) }
func (c *slackChannel) remove(_, id string)     { c.Remove(c.channel, id) }

func (c *slackChannel) react(_, id, emoji string) string {
	c.React(c.person, c.channel, id, shortcodes[emoji])
	return id
}

func (c *slackChannel) unreact(_, _, _, _ string) { panic("nobody takes a reaction back in Slack") }
func (c *slackChannel) ask(_, _ string, _ []string) string {
	panic("there are no polls in Slack")
}
func (c *slackChannel) vote(_, _ string, _ int) { panic("there are no polls in Slack") }
func (c *slackChannel) end(_, _ string)         { panic("there are no polls in Slack") }

func (c *slackChannel) look() (all []*post) {
	for _, m := range c.Messages(c.channel) {
		p := &post{id: m.TS, ours: m.User != c.person, text: lab.Shown(m.Text, m.Blocks), gone: m.Tombstone, name: m.Username, reactions: map[mark]bool{}}
		if m.Metadata != nil {
			p.key, _ = m.Metadata.Payload["key"].(string)
		}
		for _, f := range m.Attached() {
			p.file, p.sum = f.Name, sumOf(f.Body)
		}
		for emoji, code := range shortcodes {
			if slices.Contains(m.Reactions[code], slacktest.BotUser) {
				p.reactions[mark{emoji, ""}] = true // all are the app's
			}
		}
		all = append(all, p)
	}
	return all
}

func (c *slackChannel) content(p *post) string { return p.sum }
func (c *slackChannel) nameOf(p *post) string  { return strings.TrimSpace(p.name) }
