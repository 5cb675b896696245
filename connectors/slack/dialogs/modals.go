package dialogs

import (
	"context"
	"encoding/json"
	"net/mail"
	"strings"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/blocks"
	"hashsend/connectors/slack/send"
)

// The ids in the dialogs.
const (
	modalNew      = "hs_modal_new"
	modalMail     = "hs_modal_mail"
	modalInvite   = "hs_modal_invite"
	modalSettings = "hs_modal_settings"

	fieldPeople  = "people"
	fieldTitle   = "title"
	fieldMode    = "mode"
	fieldWhere   = "where"
	fieldChannel = "channel"

	inThread  = "thread"
	inChannel = "channel"
	modeAuto  = "auto"
)

// open opens a dialog. Guests are told that they may not use it. If Slack does not
// open it, because it came too late, say, the person is told so.
func (d *Dialogs) open(ctx context.Context, a asking, view slack.ModalViewRequest) {
	if d.directory.Seen(ctx, a.user, a.home).Author.Guest {
		d.excuse(ctx, a, "Guests and people from other organisations can't use this. Ask a member of this workspace.")
		return
	}
	if _, err := d.web.API.OpenViewContext(ctx, a.trigger, view); err != nil {
		d.web.Log.Warn("could not open a dialog", "error", err)
		d.excuse(ctx, a, "Couldn't open the dialog. Try again, or type "+d.command+" help for the commands.")
	}
}

// excuse tells somebody why nothing happened.
func (d *Dialogs) excuse(ctx context.Context, a asking, text string) {
	m := chat.Outgoing{
		Key: "excuse." + a.trigger, Place: chat.Place{Room: chat.RoomID(a.channel)}, Kind: chat.Notice, Body: chat.Body{Text: text}, For: chat.UserID(a.user), Via: a.response,
	}
	if a.response == "" {
		m.Via = send.ViaPerson(a.user)
	}
	if _, err := d.sender.Send(ctx, m); err != nil {
		d.web.Log.Warn("could not tell somebody why nothing happened", "error", err)
	}
}

// noted is what a dialog carries from its opening to its end.
type noted struct {
	Channel  string         `json:"channel"`
	Thread   string         `json:"thread,omitempty"`
	About    chat.MessageID `json:"about,omitempty"`
	Response string         `json:"response,omitempty"`
	Title    string         `json:"title,omitempty"` // in the settings dialog: the title before
	Mode     string         `json:"mode,omitempty"`  // likewise
}

func (n noted) text() string {
	raw, _ := json.Marshal(n) //nolint:errcheck // texts
	return string(raw)
}

func (a asking) noted() string {
	return noted{Channel: a.channel, Thread: a.thread, About: a.about, Response: a.response}.text()
}

func modal(id, title, submit, note string, all ...slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: id, Title: blocks.Plain(title, 24), Submit: blocks.Plain(submit, 24), Close: blocks.Plain("Cancel", 24),
		PrivateMetadata: note, Blocks: slack.Blocks{BlockSet: all},
	}
}

func input(id, label, hint, placeholder string, optional bool) *slack.InputBlock {
	var h *slack.TextBlockObject
	if hint != "" {
		h = blocks.Plain(hint, 2000)
	}
	b := slack.NewInputBlock(id, blocks.Plain(label, 2000), h, slack.NewPlainTextInputBlockElement(blocks.Plain(placeholder, 150), id))
	b.Optional = optional
	return b
}

func choose(id, label string, options ...[2]string) *slack.InputBlock {
	var all []*slack.OptionBlockObject
	for _, o := range options {
		all = append(all, slack.NewOptionBlockObject(o[0], blocks.Plain(o[1], 75), nil))
	}
	radio := slack.NewRadioButtonsBlockElement(id, all...)
	radio.InitialOption = all[0]
	return slack.NewInputBlock(id, blocks.Plain(label, 2000), nil, radio)
}

// newDialog starts a conversation. A thread of its own is offered first, so that one
// channel serves many conversations.
func newDialog(a asking) slack.ModalViewRequest {
	fields := []slack.Block{
		input(fieldPeople, "People", "Email addresses, separated by spaces or commas.", "ann@example.com", false),
		input(fieldTitle, "Title", "Shown in the subject of the emails.", "Lunch", true),
		choose(fieldWhere, "Where", [2]string{inThread, "In a new thread"}, [2]string{inChannel, "In the whole channel"}),
		choose(fieldMode, "Email participants", [2]string{modeAuto, "See each other if they share a domain"}, [2]string{"open", "See each other's addresses"}, [2]string{"hidden", "Each get a separate email"}),
	}
	if a.channel == "" {
		pick := slack.NewOptionsSelectBlockElement(slack.OptTypeConversations, blocks.Plain("Channel", 150), fieldChannel)
		pick.DefaultToCurrentConversation = true
		pick.Filter = &slack.SelectBlockElementFilter{Include: []string{"public", "private"}, ExcludeBotUsers: true}
		fields = append([]slack.Block{slack.NewInputBlock(fieldChannel, blocks.Plain("Channel", 2000), nil, pick)}, fields...)
	}
	return modal(modalNew, "New conversation", "Start", a.noted(), fields...)
}

// mailDialog sends one message by email.
func mailDialog(a asking, text string) slack.ModalViewRequest {
	quote := slack.NewSectionBlock(blocks.Plain(text, 2900), nil, nil)
	if strings.TrimSpace(text) == "" {
		quote = slack.NewSectionBlock(blocks.Plain("(no text)", 100), nil, nil)
	}
	return modal(modalMail, "Reply by email", "Send", a.noted(), quote,
		input(fieldPeople, "People", "If this channel or thread is already connected, leave this empty to send the message to its participants.", "ann@example.com", true),
		input(fieldTitle, "Title", "Shown in the subject of the emails.", "Lunch", true))
}

// inviteDialog invites people into a linked room.
func inviteDialog(p chat.Place) slack.ModalViewRequest {
	return modal(modalInvite, "Invite by email", "Invite", asking{channel: string(p.Room), thread: string(p.Thread)}.noted(),
		input(fieldPeople, "People", "Email addresses, separated by spaces or commas.", "ann@example.com", false))
}

// addresses reads the field for people. If a word is not an address, it returns that
// word and no addresses.
func addresses(s string) (all []string, wrong string) {
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" ,;\n\t\u00a0", r) }) {
		word = strings.Trim(strings.TrimPrefix(strings.Trim(word, "<>"), "mailto:"), "<>")
		a, err := mail.ParseAddress(word)
		if err != nil || a.Address != word {
			return nil, word
		}
		all = append(all, word)
	}
	return all, ""
}

// filled are the fields of a dialog that was submitted.
type filled map[string]map[string]slack.BlockAction

func (f filled) text(field string) string {
	return strings.Join(strings.Fields(f[field][field].Value), " ")
}

func (f filled) choice(field string) string { return f[field][field].SelectedOption.Value }

// mistake says what is wrong with the people of a dialog; empty: nothing is.
func mistake(modal string, people []string, wrong string) string {
	switch {
	case wrong != "":
		return wrong + " is not a valid email address. Enter one such as ann@example.com."
	case len(people) == 0 && modal != modalMail:
		return "Enter at least one email address."
	}
	return ""
}

// wish is the command that a submitted dialog stands for; empty: none.
func wish(modal string, people []string, f filled) string {
	who, title, text := strings.Join(people, " "), f.text(fieldTitle), ""
	switch modal {
	case modalNew:
		text = "new " + who
		if f.choice(fieldWhere) == inChannel {
			text = "link " + who
		}
		if mode := f.choice(fieldMode); mode == "open" || mode == "hidden" {
			text += " " + mode
		}
	case modalMail:
		text = strings.TrimSpace("mail " + who)
		if len(people) == 0 {
			title = ""
		}
	case modalInvite:
		return "add " + who
	default:
		return ""
	}
	if title != "" {
		text += " title " + title
	}
	return text
}

// submitted reads a submitted dialog. Mistakes are shown at their field.
func (d *Dialogs) submitted(ctx context.Context, in slack.InteractionCallback) Outcome {
	var n noted
	if err := json.Unmarshal([]byte(in.View.PrivateMetadata), &n); err != nil || in.View.State == nil {
		return Outcome{}
	}
	f := filled(in.View.State.Values)
	if in.View.CallbackID == modalSettings {
		return d.changed(ctx, in, n, f)
	}
	people, wrong := addresses(f[fieldPeople][fieldPeople].Value)
	if m := mistake(in.View.CallbackID, people, wrong); m != "" {
		return Outcome{Answer: slack.NewErrorsViewSubmissionResponse(map[string]string{fieldPeople: m})}
	}
	ask := asking{channel: n.Channel, thread: n.Thread, about: n.About, user: in.User.ID, home: home(in), response: n.Response}
	if picked := f[fieldChannel][fieldChannel].SelectedConversation; picked != "" {
		ask.channel = picked
	}
	if ask.response == "" {
		ask.response = send.ViaPerson(in.User.ID)
	}
	text := wish(in.View.CallbackID, people, f)
	if text == "" {
		return Outcome{}
	}
	d.enter(ctx, ask.channel, text)
	ev := d.commanded(ctx, ask, text)
	ev.Event = chat.EventID("view/" + in.View.ID + "/" + in.View.Hash)
	out := Outcome{Events: []chat.Event{ev}}
	if in.View.CallbackID == modalInvite {
		out.Events = append(out.Events, d.refreshed(ctx, ask))
	}
	return out
}
