package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
)

// slash converts a slash command. Without words it opens a dialog.
func (c *Connector) slash(ctx context.Context, payload json.RawMessage) outcome {
	var s struct {
		Text     string `json:"text"`
		Channel  string `json:"channel_id"`
		User     string `json:"user_id"`
		Trigger  string `json:"trigger_id"`
		Response string `json:"response_url"`
	}
	if err := json.Unmarshal(payload, &s); err != nil || s.User == "" || s.Channel == "" {
		return kept("slash_commands", payload)
	}
	ask := asking{channel: s.Channel, user: s.User, trigger: s.Trigger, response: s.Response}
	text := plainCommand(s.Text)
	if text == "" {
		return outcome{after: func(ctx context.Context) { c.dialog(ctx, ask, c.newDialog(ctx, ask)) }}
	}
	c.enter(ctx, s.Channel, text)
	return outcome{events: []chat.Event{c.commanded(ctx, ask, text)}}
}

// commands reports whether a request is a command with words, or a button that stands
// for one, and so opens no dialog.
func commands(r request) bool {
	var in struct {
		Text    string `json:"text"` // of a slash command
		Type    string `json:"type"`
		Actions []struct {
			ID string `json:"action_id"`
		} `json:"actions"`
	}
	if json.Unmarshal(r.payload, &in) != nil {
		return false
	}
	if r.kind == "slash_commands" {
		return plainCommand(in.Text) != ""
	}
	for _, a := range in.Actions {
		if !strings.HasPrefix(a.ID, actionCommand) && !strings.HasPrefix(a.ID, actionDo) {
			return false
		}
	}
	return r.kind == "interactive" && in.Type == string(slack.InteractionTypeBlockActions) && len(in.Actions) > 0
}

// enter brings us into a public channel that is about to be linked.
func (c *Connector) enter(ctx context.Context, channel, text string) {
	word, _, _ := strings.Cut(text, " ")
	if word != "link" && word != "new" && word != "mail" {
		return
	}
	if ch, err := c.channel(ctx, channel); err == nil && !ch.member && !ch.private && c.cfg.uses("join") {
		if err := c.Join(ctx, chat.RoomID(channel), ""); err != nil {
			c.env.Log.Warn("a channel that is to be linked could not be entered", "error", err)
		}
	}
}

// asking is where somebody asked for something.
type asking struct {
	channel, thread   string
	user              string
	trigger, response string // for a dialog, and for an answer; empty: none
	about             chat.MessageID
}

// commanded makes the event of a command.
func (c *Connector) commanded(ctx context.Context, a asking, text string) chat.Command {
	id := a.trigger
	if id == "" {
		id = a.response
	}
	return chat.Command{
		Head: chat.Head{
			Event: chat.EventID("command/" + id + "/" + text), At: time.Now(),
			Place: chat.Place{Room: chat.RoomID(a.channel), Thread: chat.ThreadID(a.thread)}, By: c.person(ctx, a.user).author,
		},
		Text: text, Rank: c.rank(ctx, a.user, a.channel), Root: chat.ThreadID(a.thread), About: a.about, Private: true, Via: a.response,
	}
}

// kept keeps what cannot be read.
func kept(kind string, payload json.RawMessage) outcome {
	return outcome{events: []chat.Event{chat.Unknown{Head: chat.Head{At: time.Now()}, Type: cut(kind, 100), Raw: payload}}}
}

// interaction converts what people do with buttons, menus and dialogs.
func (c *Connector) interaction(ctx context.Context, payload json.RawMessage) outcome {
	var in slack.InteractionCallback
	if err := json.Unmarshal(payload, &in); err != nil || in.User.ID == "" {
		return kept("interactive", payload)
	}
	switch in.Type {
	case slack.InteractionTypeBlockActions:
		return c.pressed(ctx, in)
	case slack.InteractionTypeViewSubmission:
		return c.submitted(ctx, in)
	case slack.InteractionTypeViewClosed:
		return outcome{}
	case slack.InteractionTypeShortcut:
		if in.CallbackID == shortcutNew {
			ask := asking{user: in.User.ID, trigger: in.TriggerID}
			return outcome{after: func(ctx context.Context) { c.dialog(ctx, ask, c.newDialog(ctx, ask)) }}
		}
	case slack.InteractionTypeMessageAction:
		if out, known := c.menu(ctx, in); known {
			return out
		}
	}
	return kept("interactive/"+string(in.Type), payload)
}

// The ids of the shortcuts in the manifest.
const (
	shortcutNew     = "hs_new_thread"
	shortcutMail    = "hs_msg_email"
	shortcutDetails = "hs_msg_details"
)

// menu converts an entry of the menu of a message.
func (c *Connector) menu(ctx context.Context, in slack.InteractionCallback) (outcome, bool) {
	ts := in.Message.Timestamp
	if ts == "" {
		ts = in.MessageTs
	}
	ask := asking{channel: in.Channel.ID, user: in.User.ID, trigger: in.TriggerID, response: in.ResponseURL, about: messageID(in.Channel.ID, ts)}
	if under := in.Message.ThreadTimestamp; under != "" && under != ts {
		ask.thread = under
	}
	switch in.CallbackID {
	case shortcutDetails:
		return outcome{events: []chat.Event{c.commanded(ctx, ask, "why")}}, true
	case shortcutMail:
		text := in.Message.Text
		return outcome{after: func(ctx context.Context) { c.dialog(ctx, ask, c.mailDialog(ask, text)) }}, true
	}
	return outcome{}, false
}

// Button ids. Those of commands carry the command in their value.
const (
	actionCommand  = "hs_cmd_"
	actionNew      = "hs_new"
	actionInvite   = "hs_invite"
	actionSettings = "hs_settings"
	actionDo       = "hs_do_" // on the desk
)

// pressed converts a button.
func (c *Connector) pressed(ctx context.Context, in slack.InteractionCallback) (out outcome) {
	for _, a := range in.ActionCallback.BlockActions {
		if a == nil {
			continue
		}
		place, command := unpack(a.Value)
		ask := asking{channel: string(place.Room), thread: string(place.Thread), user: in.User.ID, trigger: in.TriggerID, response: in.ResponseURL}
		switch {
		case strings.HasPrefix(a.ActionID, actionCommand):
			out.events = append(out.events, c.commanded(ctx, ask, command))
		case strings.HasPrefix(a.ActionID, actionDo):
			ask.response = direct + in.User.ID
			p := c.person(ctx, in.User.ID)
			out.events = append(out.events, c.commanded(ctx, ask, command), chat.DeskOpened{Head: chat.Head{At: time.Now(), By: p.author}, Rank: p.rank})
		case a.ActionID == actionSettings:
			out.events = append(out.events, chat.SettingsAsked{
				Head: chat.Head{Event: chat.EventID("settings/" + in.TriggerID), At: time.Now(), Place: place, By: c.person(ctx, in.User.ID).author},
				Rank: c.rank(ctx, in.User.ID, ask.channel), Via: in.TriggerID,
			})
		case a.ActionID == actionNew:
			out.after = func(ctx context.Context) { c.dialog(ctx, ask, c.newDialog(ctx, ask)) }
		case a.ActionID == actionInvite:
			out.after = func(ctx context.Context) { c.dialog(ctx, ask, c.inviteDialog(place)) }
		}
	}
	return out
}

// pack writes a place and a command into the value of a button.
func pack(p chat.Place, command string) string {
	return string(p.Room) + "|" + string(p.Thread) + "|" + command
}

func unpack(value string) (chat.Place, string) {
	parts := strings.SplitN(value, "|", 3)
	if len(parts) < 3 {
		return chat.Place{}, ""
	}
	return chat.Place{Room: chat.RoomID(parts[0]), Thread: chat.ThreadID(parts[1])}, parts[2]
}

// buttons is the row under a message that offers answers; nil: there are none.
func buttons(m chat.Outgoing) slack.Block {
	var row []slack.BlockElement
	for i, choice := range m.Choices {
		b := button(fmt.Sprint(actionCommand, i), choice.Label, pack(m.Place, choice.Command))
		if choice.Danger {
			b = danger(b, choice.Label)
		}
		row = append(row, b)
	}
	if len(row) == 0 {
		return nil
	}
	return slack.NewActionBlock("", row...)
}

func button(id, label, value string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(id, value, plainText(label, 75))
}

func danger(b *slack.ButtonBlockElement, label string) *slack.ButtonBlockElement {
	return b.WithStyle(slack.StyleDanger).WithConfirm(slack.NewConfirmationBlockObject(
		plainText(label+"?", 100), plainText("This cannot be undone.", 300), plainText(label, 30), plainText("Cancel", 30)))
}

// plainText is a text of at most limit characters.
func plainText(s string, limit int) *slack.TextBlockObject {
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit-1]) + "…"
	}
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}
