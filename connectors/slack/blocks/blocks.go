// Package blocks makes the small pieces of Slack's Block Kit that messages and
// dialogs share, within the lengths that Slack takes.
package blocks

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
)

// Command begins the ids of the buttons that stand for a command. The command is in
// the button's value.
const Command = "hs_cmd_"

// Plain makes a text of at most limit characters.
func Plain(s string, limit int) *slack.TextBlockObject {
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit-1]) + "…"
	}
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

// Section makes a paragraph of a text in Slack's markup.
func Section(mrkdwn string) slack.Block {
	if r := []rune(mrkdwn); len(r) > 2900 {
		mrkdwn = string(r[:2900]) + "…"
	}
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, mrkdwn, false, true), nil, nil)
}

// Button makes a button.
func Button(id, label, value string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(id, value, Plain(label, 75))
}

// Danger makes a button red and has Slack ask before it counts.
func Danger(b *slack.ButtonBlockElement, label string) *slack.ButtonBlockElement {
	return b.WithStyle(slack.StyleDanger).WithConfirm(slack.NewConfirmationBlockObject(
		Plain(label+"?", 100), Plain("This can't be undone.", 300), Plain(label, 30), Plain("Cancel", 30)))
}

// Choices makes the row of buttons under a message that offers choices; nil: it
// offers none.
func Choices(m chat.Outgoing) slack.Block {
	var row []slack.BlockElement
	for i, choice := range m.Choices {
		b := Button(fmt.Sprint(Command, i), choice.Label, Pack(m.Place, choice.Command))
		if choice.Danger {
			b = Danger(b, choice.Label)
		}
		row = append(row, b)
	}
	if len(row) == 0 {
		return nil
	}
	return slack.NewActionBlock("", row...)
}

// Pack writes a place and a command into the value of a button.
func Pack(p chat.Place, command string) string {
	return string(p.Room) + "|" + string(p.Thread) + "|" + command
}

// Unpack reads what Pack has written; all is empty if it is something else.
func Unpack(value string) (chat.Place, string) {
	parts := strings.SplitN(value, "|", 3)
	if len(parts) < 3 {
		return chat.Place{}, ""
	}
	return chat.Place{Room: chat.RoomID(parts[0]), Thread: chat.ThreadID(parts[1])}, parts[2]
}
