// Package dialogs has the user interface of the app in Slack: the slash command,
// buttons, menus, dialogs and the Home tab. It turns actions of people into commands
// to the bridge.
package dialogs

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/blocks"
	"hashsend/connectors/slack/directory"
	"hashsend/connectors/slack/send"
	"hashsend/connectors/slack/slacktext"
	"hashsend/connectors/slack/web"
	"hashsend/connectors/slack/wire"
)

// Dialogs is the user interface in one workspace. It is safe for several goroutines.
type Dialogs struct {
	web       *web.Client
	directory *directory.Directory
	sender    *send.Sender
	command   string // the slash command
}

// New makes the dialogs of a workspace with this slash command.
func New(w *web.Client, d *directory.Directory, s *send.Sender, command string) *Dialogs {
	return &Dialogs{web: w, directory: d, sender: s, command: command}
}

// The kinds of requests for actions of people.
const (
	KindSlash       = "slash_commands"
	KindInteraction = "interactive"
)

// Outcome is the result of a request.
type Outcome struct {
	Events []chat.Event              // to be stored before the request is acknowledged
	Answer any                       // sent with the acknowledgement; nil: none
	After  func(ctx context.Context) // done once it is acknowledged, such as opening a dialog; nil: nothing
}

// Kept is the outcome of a request that cannot be read: it is stored as it is.
func Kept(kind string, payload json.RawMessage) Outcome {
	return Outcome{Events: []chat.Event{chat.Unknown{Head: chat.Head{At: time.Now()}, Type: wire.Cut(kind, 100), Raw: payload}}}
}

// asking is the context of an action: who did it, where, and how to reply.
type asking struct {
	channel, thread   string
	user              string
	home              directory.Home // the user's, according to the request
	trigger, response string         // for a dialog, and for a reply; empty: none
	about             chat.MessageID
}

// Slash reads a slash command. Without words it opens a dialog.
func (d *Dialogs) Slash(ctx context.Context, payload json.RawMessage) Outcome {
	var s struct {
		Text     string `json:"text"`
		Channel  string `json:"channel_id"`
		User     string `json:"user_id"`
		Trigger  string `json:"trigger_id"`
		Response string `json:"response_url"`
		Team     string `json:"team_id"` // of the workspace in which it was typed
		Org      string `json:"enterprise_id"`
	}
	if err := json.Unmarshal(payload, &s); err != nil || s.User == "" || s.Channel == "" {
		return Kept(KindSlash, payload)
	}
	ask := asking{channel: s.Channel, user: s.User, home: directory.Home{Team: s.Team, Enterprise: s.Org}, trigger: s.Trigger, response: s.Response}
	text := slacktext.Command(s.Text)
	if text == "" {
		return d.opens(ask, newDialog(ask))
	}
	d.enter(ctx, s.Channel, text)
	return Outcome{Events: []chat.Event{d.commanded(ctx, ask, text)}}
}

// opens is the outcome that opens a dialog.
func (d *Dialogs) opens(a asking, view slack.ModalViewRequest) Outcome {
	return Outcome{After: func(ctx context.Context) { d.open(ctx, a, view) }}
}

// Commands reports whether a request is a command with words, or a button that
// stands for one. Such a request opens no dialog.
func Commands(kind string, payload json.RawMessage) bool {
	var in struct {
		Text    string `json:"text"` // of a slash command
		Type    string `json:"type"`
		Actions []struct {
			ID string `json:"action_id"`
		} `json:"actions"`
	}
	if json.Unmarshal(payload, &in) != nil {
		return false
	}
	if kind == KindSlash {
		return slacktext.Command(in.Text) != ""
	}
	for _, a := range in.Actions {
		if !strings.HasPrefix(a.ID, blocks.Command) && !strings.HasPrefix(a.ID, actionDo) {
			return false
		}
	}
	return kind == KindInteraction && in.Type == string(slack.InteractionTypeBlockActions) && len(in.Actions) > 0
}

// enter joins a public channel that is about to be linked.
func (d *Dialogs) enter(ctx context.Context, channel, text string) {
	word, _, _ := strings.Cut(text, " ")
	if word != "link" && word != "new" && word != "mail" {
		return
	}
	if ch, err := d.directory.Channel(ctx, channel); err == nil && !ch.Member && !ch.Private && d.web.Uses(web.Entering) {
		if err := d.directory.Join(ctx, chat.RoomID(channel)); err != nil {
			d.web.Log.Warn("could not join a channel that is about to be linked", "error", err)
		}
	}
}

// commanded makes the event of a command.
func (d *Dialogs) commanded(ctx context.Context, a asking, text string) chat.Command {
	id := a.trigger
	if id == "" {
		id = a.response
	}
	p := d.directory.Seen(ctx, a.user, a.home)
	return chat.Command{
		Head: chat.Head{
			Event: chat.EventID("command/" + id + "/" + text), At: time.Now(),
			Place: chat.Place{Room: chat.RoomID(a.channel), Thread: chat.ThreadID(a.thread)}, By: p.Author,
		},
		Text: text, Rank: d.directory.Rank(ctx, p, a.channel), Root: chat.ThreadID(a.thread), About: a.about, Private: true, Via: a.response,
	}
}

// refreshed makes the event that shows somebody's Home anew.
func (d *Dialogs) refreshed(ctx context.Context, a asking) chat.PageOpened {
	p := d.directory.Seen(ctx, a.user, a.home)
	return chat.PageOpened{Head: chat.Head{At: time.Now(), By: p.Author}, Rank: p.Rank}
}

// Interaction reads an action of a person on a button, menu or dialog.
func (d *Dialogs) Interaction(ctx context.Context, payload json.RawMessage) Outcome {
	var in slack.InteractionCallback
	if err := json.Unmarshal(payload, &in); err != nil || in.User.ID == "" {
		return Kept(KindInteraction, payload)
	}
	switch in.Type {
	case slack.InteractionTypeBlockActions:
		return d.pressed(ctx, in)
	case slack.InteractionTypeViewSubmission:
		return d.submitted(ctx, in)
	case slack.InteractionTypeViewClosed:
		return Outcome{}
	case slack.InteractionTypeShortcut:
		if in.CallbackID == ShortcutNew {
			ask := asking{user: in.User.ID, home: home(in), trigger: in.TriggerID}
			return d.opens(ask, newDialog(ask))
		}
	case slack.InteractionTypeMessageAction:
		if out, known := d.menu(ctx, in); known {
			return out
		}
	}
	return Kept(KindInteraction+"/"+string(in.Type), payload)
}

// home is the home of the person who acts.
func home(in slack.InteractionCallback) directory.Home { return directory.Home{Team: in.User.TeamID} }

// The ids of the shortcuts in the app's manifest.
const (
	ShortcutNew     = "hs_new_thread"
	ShortcutMail    = "hs_msg_email"
	ShortcutDetails = "hs_msg_details"
)

// menu reads an entry of the menu of a message.
func (d *Dialogs) menu(ctx context.Context, in slack.InteractionCallback) (Outcome, bool) {
	ts := in.Message.Timestamp
	if ts == "" {
		ts = in.MessageTs
	}
	ask := asking{channel: in.Channel.ID, user: in.User.ID, home: home(in), trigger: in.TriggerID, response: in.ResponseURL, about: wire.MessageID(in.Channel.ID, ts)}
	if under := in.Message.ThreadTimestamp; under != "" && under != ts {
		ask.thread = under
	}
	switch in.CallbackID {
	case ShortcutDetails:
		return Outcome{Events: []chat.Event{d.commanded(ctx, ask, "why")}}, true
	case ShortcutMail:
		return d.opens(ask, mailDialog(ask, in.Message.Text)), true
	}
	return Outcome{}, false
}

// The ids of buttons that open dialogs or are on the Home tab. Buttons under messages
// have ids of package blocks.
const (
	actionNew      = "hs_new"
	actionInvite   = "hs_invite"
	actionSettings = "hs_settings"
	actionDo       = "hs_do_" // a command on the Home tab
)

// pressed reads a pressed button.
func (d *Dialogs) pressed(ctx context.Context, in slack.InteractionCallback) (out Outcome) {
	for _, a := range in.ActionCallback.BlockActions {
		if a == nil {
			continue
		}
		place, command := blocks.Unpack(a.Value)
		ask := asking{channel: string(place.Room), thread: string(place.Thread), user: in.User.ID, home: home(in), trigger: in.TriggerID, response: in.ResponseURL}
		switch {
		case strings.HasPrefix(a.ActionID, blocks.Command):
			out.Events = append(out.Events, d.commanded(ctx, ask, command))
		case strings.HasPrefix(a.ActionID, actionDo):
			ask.response = send.ViaPerson(in.User.ID)
			out.Events = append(out.Events, d.commanded(ctx, ask, command), d.refreshed(ctx, ask))
		case a.ActionID == actionSettings:
			p := d.directory.Seen(ctx, ask.user, ask.home)
			out.Events = append(out.Events, chat.SettingsAsked{
				Head: chat.Head{Event: chat.EventID("settings/" + in.TriggerID), At: time.Now(), Place: place, By: p.Author},
				Rank: d.directory.Rank(ctx, p, ask.channel), Via: in.TriggerID,
			})
		case a.ActionID == actionNew:
			out.After = d.opens(ask, newDialog(ask)).After
		case a.ActionID == actionInvite:
			out.After = d.opens(ask, inviteDialog(place)).After
		}
	}
	return out
}
