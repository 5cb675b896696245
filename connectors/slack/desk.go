package slack

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/slacktext"
)

// shownRooms is how many rooms fit on the Home tab: Slack takes 100 blocks.
const shownRooms = 30

// ShowDesk fills the app's Home tab for a person, with what that person may know of; see
// chat.Desker.
func (c *Connector) ShowDesk(ctx context.Context, to chat.UserID, d chat.Desk) error {
	d.Rooms = c.visible(ctx, to, d.Rooms)
	blocks := []slack.Block{slack.NewHeaderBlock(plainText("Conversations by email", 150))}
	if d.Note != "" {
		blocks = append(blocks, section("⚠️ "+slacktext.Mrkdwn(d.Note)))
	}
	if d.May {
		blocks = append(blocks, slack.NewActionBlock("", button(actionNew, "New conversation", pack(chat.Place{}, ""))))
	}
	if len(d.Rooms) == 0 {
		blocks = append(blocks, section("No channel is joined with email yet. Write `"+c.cfg.Command+" new ann@example.com` in a channel: the conversation gets a thread of its own there."))
	}
	for i, r := range d.Rooms {
		if i == shownRooms {
			blocks = append(blocks, section(fmt.Sprintf("… and %d more.", len(d.Rooms)-i)))
			break
		}
		blocks = append(blocks, slack.NewDividerBlock(), section(c.deskText(ctx, r)))
		if d.May {
			blocks = append(blocks, deskButtons(r))
		}
	}
	_, err := c.api.PublishViewContext(ctx, slack.PublishViewContextRequest{
		UserID: string(to), View: slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}},
	})
	return wrap("show the app's Home", err)
}

func section(mrkdwn string) slack.Block {
	if r := []rune(mrkdwn); len(r) > 2900 {
		mrkdwn = string(r[:2900]) + "…"
	}
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, mrkdwn, false, true), nil, nil)
}

// deskText is what is told of a linked room.
func (c *Connector) deskText(ctx context.Context, r chat.DeskRoom) string {
	where := "a channel"
	if name, ok := (names{c, ctx}).Channel(string(r.Place.Room)); ok {
		where = "#" + slacktext.Mrkdwn(name)
	}
	if r.Place.Thread != "" {
		where = "a thread in " + where
	}
	state := "linked"
	if r.Paused {
		state = "paused"
	}
	people := make([]string, 0, len(r.People))
	for _, p := range r.People {
		people = append(people, slacktext.Mrkdwn(p))
	}
	with := strings.Join(people, ", ")
	if with == "" {
		with = "nobody"
	}
	how := ""
	switch r.Mode {
	case "open":
		how = " (they see each other's addresses)"
	case "hidden":
		how = " (each by a mail of their own)"
	}
	text := fmt.Sprintf("*%s* – %s, %s\nBy email%s: %s", slacktext.Mrkdwn(r.Title), where, state, how, with)
	if !r.LastMail.IsZero() {
		text += fmt.Sprintf("\nLast mail: <!date^%d^{date_short_pretty} {time}|%s>", r.LastMail.Unix(), r.LastMail.UTC().Format("2 January 15:04 UTC"))
	}
	if r.Waits != "" {
		text += "\nWaiting: " + slacktext.Mrkdwn(r.Waits)
	}
	if r.Trouble != "" {
		text += "\n⚠️ " + slacktext.Mrkdwn(r.Trouble)
	}
	return text
}

func deskButtons(r chat.DeskRoom) slack.Block {
	pause := button(actionDo+"pause", "Pause", pack(r.Place, "pause"))
	if r.Paused {
		pause = button(actionDo+"pause", "Resume", pack(r.Place, "pause off"))
	}
	row := []slack.BlockElement{pause}
	if r.Retry != "" {
		row = append(row, button(actionDo+"retry", "Retry", pack(r.Place, r.Retry)))
	}
	return slack.NewActionBlock("", append(row,
		button(actionInvite, "Invite", pack(r.Place, "")),
		button(actionSettings, "Settings", pack(r.Place, "")),
		danger(button(actionDo+"unlink", "Unlink", pack(r.Place, "unlink")), "Unlink"))...)
}
