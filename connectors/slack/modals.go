package slack

import (
	"context"
	"encoding/json"
	"net/mail"
	"strings"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
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

// dialog opens one. Who may not command is told so instead; so is whoever waited
// longer for it than Slack lets a dialog come.
func (c *Connector) dialog(ctx context.Context, a asking, view slack.ModalViewRequest) {
	p := c.person(ctx, a.user)
	if p.author.Guest {
		c.excuse(ctx, a, "Guests and people of other organisations may not use this. Ask somebody of this workspace.")
		return
	}
	if _, err := c.api.OpenViewContext(ctx, a.trigger, view); err != nil {
		c.env.Log.Warn("a dialog could not be opened", "error", err)
		c.excuse(ctx, a, "The dialog could not be opened; try it again. "+c.cfg.Command+" help says how it goes without.")
	}
}

// excuse tells somebody why nothing happened.
func (c *Connector) excuse(ctx context.Context, a asking, text string) {
	m := chat.Outgoing{
		Key: "excuse." + a.trigger, Place: chat.Place{Room: chat.RoomID(a.channel)}, Kind: chat.Notice, Body: chat.Body{Text: text}, For: chat.UserID(a.user), Via: a.response,
	}
	if a.response == "" {
		m.Via = direct + a.user
	}
	if _, err := c.Send(ctx, m); err != nil {
		c.env.Log.Warn("somebody could not be told why nothing happened", "error", err)
	}
}

// noted is what a dialog remembers between its opening and its end.
type noted struct {
	Channel  string         `json:"channel"`
	Thread   string         `json:"thread,omitempty"`
	About    chat.MessageID `json:"about,omitempty"`
	Response string         `json:"response,omitempty"`
	Title    string         `json:"title,omitempty"` // of a dialog for settings: as they were
	Mode     string         `json:"mode,omitempty"`
}

func (n noted) text() string {
	raw, _ := json.Marshal(n) //nolint:errcheck // texts
	return string(raw)
}

func (a asking) noted() string {
	return noted{Channel: a.channel, Thread: a.thread, About: a.about, Response: a.response}.text()
}

func modal(id, title, submit, note string, blocks ...slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: id, Title: plainText(title, 24), Submit: plainText(submit, 24), Close: plainText("Cancel", 24),
		PrivateMetadata: note, Blocks: slack.Blocks{BlockSet: blocks},
	}
}

func input(id, label, hint, placeholder string, optional bool) *slack.InputBlock {
	var h *slack.TextBlockObject
	if hint != "" {
		h = plainText(hint, 2000)
	}
	b := slack.NewInputBlock(id, plainText(label, 2000), h, slack.NewPlainTextInputBlockElement(plainText(placeholder, 150), id))
	b.Optional = optional
	return b
}

func choose(id, label string, options ...[2]string) *slack.InputBlock {
	var all []*slack.OptionBlockObject
	for _, o := range options {
		all = append(all, slack.NewOptionBlockObject(o[0], plainText(o[1], 75), nil))
	}
	radio := slack.NewRadioButtonsBlockElement(id, all...)
	radio.InitialOption = all[0]
	return slack.NewInputBlock(id, plainText(label, 2000), nil, radio)
}

// newDialog begins a conversation: first in a thread of its own, so that one
// channel serves many correspondents.
func (c *Connector) newDialog(_ context.Context, a asking) slack.ModalViewRequest {
	blocks := []slack.Block{
		input(fieldPeople, "People", "Email addresses, with spaces or commas between them.", "ann@example.com", false),
		input(fieldTitle, "Title", "It stands in the subject of the mails.", "Lunch", true),
		choose(fieldWhere, "Where", [2]string{inThread, "In a thread of its own"}, [2]string{inChannel, "In the whole channel"}),
		choose(fieldMode, "People by email", [2]string{modeAuto, "See each other if they are of one domain"}, [2]string{"open", "See each other's addresses"}, [2]string{"hidden", "Each gets a mail of their own"}),
	}
	if a.channel == "" {
		pick := slack.NewOptionsSelectBlockElement(slack.OptTypeConversations, plainText("Channel", 150), fieldChannel)
		pick.DefaultToCurrentConversation = true
		pick.Filter = &slack.SelectBlockElementFilter{Include: []string{"public", "private"}, ExcludeBotUsers: true}
		blocks = append([]slack.Block{slack.NewInputBlock(fieldChannel, plainText("Channel", 2000), nil, pick)}, blocks...)
	}
	return modal(modalNew, "New conversation", "Begin", a.noted(), blocks...)
}

// mailDialog mails one message.
func (c *Connector) mailDialog(a asking, text string) slack.ModalViewRequest {
	quote := slack.NewSectionBlock(plainText(text, 2900), nil, nil)
	if strings.TrimSpace(text) == "" {
		quote = slack.NewSectionBlock(plainText("(a message without text)", 100), nil, nil)
	}
	return modal(modalMail, "Reply by email", "Mail it", a.noted(), quote,
		input(fieldPeople, "People", "Where the channel or thread is linked already, leave this empty: the message goes to those who take part.", "ann@example.com", true),
		input(fieldTitle, "Title", "It stands in the subject of the mails.", "Lunch", true))
}

// inviteDialog invites people into a linked room.
func (c *Connector) inviteDialog(p chat.Place) slack.ModalViewRequest {
	return modal(modalInvite, "Invite by email", "Invite", asking{channel: string(p.Room), thread: string(p.Thread)}.noted(),
		input(fieldPeople, "People", "Email addresses, with spaces or commas between them.", "ann@example.com", false))
}

// addresses reads what was typed into the field for people.
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

// submitted converts a filled-in dialog. Mistakes are told at their field.
func (c *Connector) submitted(ctx context.Context, in slack.InteractionCallback) outcome {
	var n noted
	if err := json.Unmarshal([]byte(in.View.PrivateMetadata), &n); err != nil || in.View.State == nil {
		return outcome{}
	}
	if in.View.CallbackID == modalSettings {
		return c.settled(ctx, in, n)
	}
	value := func(field string) slack.BlockAction { return in.View.State.Values[field][field] }
	people, wrong := addresses(value(fieldPeople).Value)
	mistake := ""
	switch {
	case wrong != "":
		mistake = wrong + " is not an email address: it looks like ann@example.com."
	case len(people) == 0 && in.View.CallbackID != modalMail:
		mistake = "Name at least one address."
	}
	if mistake != "" {
		return outcome{answer: slack.NewErrorsViewSubmissionResponse(map[string]string{fieldPeople: mistake})}
	}
	ask := asking{channel: n.Channel, thread: n.Thread, about: n.About, user: in.User.ID, response: n.Response}
	if picked := value(fieldChannel).SelectedConversation; picked != "" {
		ask.channel = picked
	}
	if ask.response == "" {
		ask.response = direct + in.User.ID
	}
	who, title := strings.Join(people, " "), strings.Join(strings.Fields(value(fieldTitle).Value), " ")
	text := ""
	switch in.View.CallbackID {
	case modalNew:
		verb := "new "
		if value(fieldWhere).SelectedOption.Value == inChannel {
			verb = "link "
		}
		text = verb + who
		if mode := value(fieldMode).SelectedOption.Value; mode == "open" || mode == "hidden" {
			text += " " + mode
		}
	case modalMail:
		text = strings.TrimSpace("mail " + who)
		if len(people) == 0 {
			title = ""
		}
	case modalInvite:
		text, title = "add "+who, ""
	default:
		return outcome{}
	}
	if title != "" {
		text += " title " + title
	}
	c.enter(ctx, ask.channel, text)
	ev := c.commanded(ctx, ask, text)
	ev.Event = chat.EventID("view/" + in.View.ID + "/" + in.View.Hash)
	out := outcome{events: []chat.Event{ev}}
	if in.View.CallbackID == modalInvite {
		p := c.person(ctx, in.User.ID)
		out.events = append(out.events, chat.DeskOpened{Head: chat.Head{At: ev.At, By: p.author}, Rank: p.rank})
	}
	return out
}
