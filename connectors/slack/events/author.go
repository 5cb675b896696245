package events

import (
	"cmp"
	"context"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/directory"
	"hashsend/connectors/slack/web"
	"hashsend/connectors/slack/wire"
)

// author returns the author of a message. It is not ok for messages that do not count:
// our own, and those of bots that the settings do not name.
func (c *Converter) author(ctx context.Context, channel string, e wire.Event) (directory.Person, bool) {
	me, err := c.web.Me(ctx)
	if err != nil {
		c.web.Log.Warn("could not sign in to Slack", "error", err)
	}
	switch {
	case own(e, me):
		return directory.Person{}, false
	case e.BotID == "" && e.Subtype != "bot_message":
		p := c.directory.Seen(ctx, e.Who(), directory.Home{Team: e.Home()})
		return p, e.Who() != "" && e.Who() != "USLACKBOT" && !p.Bot
	}
	name := cmp.Or(e.Username, e.BotProfile.Name)
	if !c.takesBot(channel, name, e) || (e.Streaming != "" && e.Streaming != streamed) {
		return directory.Person{}, false
	}
	id := cmp.Or(e.BotID, name)
	return directory.Person{Author: chat.Author{ID: chat.UserID(id), Name: cmp.Or(name, id), Server: me.Team, Guest: true}}, id != ""
}

// own reports whether a message is ours.
func own(e wire.Event, me web.Identity) bool {
	return (e.Who() != "" && e.Who() == me.User) || (e.BotID != "" && e.BotID == me.Bot) || e.Own()
}

// takesBot reports whether the settings name a bot for a channel.
func (c *Converter) takesBot(channel, name string, e wire.Event) bool {
	for _, where := range []string{channel, "*"} {
		for _, who := range c.bots[where] {
			if who == e.BotID || who == e.AppID || who == e.BotProfile.AppID || (name != "" && strings.EqualFold(who, name)) {
				return true
			}
		}
	}
	return false
}
