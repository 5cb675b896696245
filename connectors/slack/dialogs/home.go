package dialogs

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/blocks"
	"hashsend/connectors/slack/slacktext"
	"hashsend/connectors/slack/web"
)

// shownRooms is how many rooms fit on the Home tab: Slack takes 100 blocks.
const shownRooms = 30

// ShowPage fills the app's Home tab for a person, with the rooms that the person may
// know of; see chat.Pager.
func (d *Dialogs) ShowPage(ctx context.Context, to chat.UserID, desk chat.Page) error {
	desk.Rooms = d.directory.Visible(ctx, to, desk.Rooms)
	all := []slack.Block{slack.NewHeaderBlock(blocks.Plain("Email conversations", 150))}
	if desk.Note != "" {
		all = append(all, blocks.Section("⚠️ "+slacktext.Mrkdwn(desk.Note)))
	}
	if desk.May {
		all = append(all, slack.NewActionBlock("", blocks.Button(actionNew, "New conversation", blocks.Pack(chat.Place{}, ""))))
	}
	if len(desk.Rooms) == 0 {
		all = append(all, blocks.Section("No channel is connected to email yet. Type `"+d.command+" new ann@example.com` in a channel to start a conversation in a thread there."))
	}
	for i, r := range desk.Rooms {
		if i == shownRooms {
			all = append(all, blocks.Section(fmt.Sprintf("… and %d more.", len(desk.Rooms)-i)))
			break
		}
		all = append(all, slack.NewDividerBlock(), blocks.Section(roomText(r, d.where(ctx, r.Place))))
		if desk.May {
			all = append(all, roomButtons(r))
		}
	}
	_, err := d.web.API.PublishViewContext(ctx, slack.PublishViewContextRequest{
		UserID: string(to), View: slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: all}},
	})
	return web.Wrap("show the app's Home", err)
}

// where names the place of a linked room.
func (d *Dialogs) where(ctx context.Context, p chat.Place) string {
	where := "a channel"
	if name, ok := d.directory.Names(ctx).Channel(string(p.Room)); ok {
		where = "#" + slacktext.Mrkdwn(name)
	}
	if p.Thread != "" {
		where = "a thread in " + where
	}
	return where
}

// roomText describes a linked room.
func roomText(r chat.PageRoom, where string) string {
	state := "connected"
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
		how = " (each gets a separate email)"
	}
	text := fmt.Sprintf("*%s* – %s, %s\nBy email%s: %s", slacktext.Mrkdwn(r.Title), where, state, how, with)
	if !r.LastMail.IsZero() {
		text += fmt.Sprintf("\nLast email: <!date^%d^{date_short_pretty} {time}|%s>", r.LastMail.Unix(), r.LastMail.UTC().Format("2 Jan, 15:04 UTC"))
	}
	if r.Waits != "" {
		text += "\nWaiting: " + slacktext.Mrkdwn(r.Waits)
	}
	if r.Trouble != "" {
		text += "\n⚠️ " + slacktext.Mrkdwn(r.Trouble)
	}
	return text
}

func roomButtons(r chat.PageRoom) slack.Block {
	pause := blocks.Button(actionDo+"pause", "Pause", blocks.Pack(r.Place, "pause"))
	if r.Paused {
		pause = blocks.Button(actionDo+"pause", "Resume", blocks.Pack(r.Place, "pause off"))
	}
	row := []slack.BlockElement{pause}
	if r.Retry != "" {
		row = append(row, blocks.Button(actionDo+"retry", "Retry", blocks.Pack(r.Place, r.Retry)))
	}
	return slack.NewActionBlock("", append(row,
		blocks.Button(actionInvite, "Invite", blocks.Pack(r.Place, "")),
		blocks.Button(actionSettings, "Settings", blocks.Pack(r.Place, "")),
		blocks.Danger(blocks.Button(actionDo+"unlink", "Disconnect", blocks.Pack(r.Place, "unlink")), "Disconnect"))...)
}
