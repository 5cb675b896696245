package send

import (
	"context"
	"errors"
	"net/http"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/homeserver"
)

// Report shows at a person's message how far it has come: a read receipt when the mail
// server has accepted it, a reaction when it is delayed or failed, and a status event
// where Status is set; see chat.Reporter.
func (s *Sender) Report(ctx context.Context, of chat.MessageID, p chat.Place, state chat.State) error {
	return errors.Join(s.sign(ctx, of, p, state), s.sendStatus(ctx, of, p, state))
}

// sendStatus posts the status event of a message. Clients show the newest one, so a state
// that holds for some recipients alone is not reported as a success.
func (s *Sender) sendStatus(ctx context.Context, of chat.MessageID, p chat.Place, state chat.State) error {
	if !s.Status || (state.Phase == chat.Accepted && state.Reason != "") {
		return nil
	}
	content := event.BeeperMessageStatusEventContent{
		Network: "hashsend", RelatesTo: event.RelatesTo{Type: event.RelReference, EventID: id.EventID(of)},
		Status: event.MessageStatusSuccess,
	}
	switch state.Phase {
	case chat.Delayed:
		content.Status = event.MessageStatusPending
	case chat.Failed:
		content.Status = event.MessageStatusFail
		if state.Later {
			content.Status = event.MessageStatusRetriable
		}
	case chat.Delivered:
		content.Message = "delivered"
	case chat.Read:
		content.Message = "read"
	}
	if state.Reason != "" {
		content.Reason, content.Message = event.MessageStatusNetworkError, state.Reason
	}
	bot, err := s.server.Bot(ctx)
	if err != nil {
		return err
	}
	_, err = s.post(ctx, speaker{Client: bot}, chat.Outgoing{Key: "status." + state.Key, Place: p}, event.BeeperMessageStatus, content)
	return err
}

// The reactions of the bot to people's messages.
const (
	failedSign  = "⚠️"
	delayedSign = "⏳"
)

// sign shows with a read receipt that a message was accepted, and with a reaction that it
// was not, for as long as that is so.
func (s *Sender) sign(ctx context.Context, of chat.MessageID, p chat.Place, state chat.State) error {
	sign := map[chat.Phase]string{chat.Failed: failedSign, chat.Delayed: delayedSign}[state.Phase]
	if sign == "" && state.Phase != chat.Accepted {
		return nil
	}
	bot, err := s.server.Bot(ctx)
	if err != nil {
		return err
	}
	if state.Recovered {
		return s.removeSigns(ctx, bot, of, p)
	}
	if sign == "" {
		return homeserver.Wrap("mark a message as read", bot.MarkRead(ctx, id.RoomID(p.Room), id.EventID(of)))
	}
	there, err := ownSigns(ctx, bot, of, p)
	if err != nil || there[sign] != "" {
		return homeserver.Wrap("read the reactions to a message", err)
	}
	_, err = s.React(ctx, of, sign, chat.Outgoing{Key: "sign." + state.Key, Place: p})
	return err
}

// removeSigns removes our signs from a message.
func (s *Sender) removeSigns(ctx context.Context, bot *mautrix.Client, of chat.MessageID, p chat.Place) error {
	there, err := ownSigns(ctx, bot, of, p)
	if err != nil {
		return homeserver.Wrap("read the reactions to a message", err)
	}
	for _, sign := range []string{failedSign, delayedSign} {
		if there[sign] == "" {
			continue
		}
		_, err := bot.RedactEvent(ctx, id.RoomID(p.Room), there[sign], mautrix.ReqRedact{TxnID: transaction("unsign."+string(there[sign]), bot.UserID)})
		if err != nil {
			return homeserver.Wrap("remove a reaction from a message", err)
		}
	}
	return nil
}

// ownSigns returns the bot's reactions to a message, by emoji. Homeservers before version
// 1.3 of the specification, Dendrite among them, have the list of relations under another
// path; if there is none, nothing is found.
func ownSigns(ctx context.Context, bot *mautrix.Client, of chat.MessageID, p chat.Place) (map[string]id.EventID, error) {
	list := func(version string) (page mautrix.RespGetRelations, err error) {
		path := mautrix.ClientURLPath{version, "rooms", p.Room, "relations", of, event.RelAnnotation, event.EventReaction.Type}
		_, err = bot.MakeRequest(ctx, http.MethodGet, bot.BuildURLWithQuery(path, map[string]string{"limit": "100"}), nil, &page)
		return page, err
	}
	page, err := list("v1")
	if homeserver.UnknownPath(err) {
		page, err = list("unstable")
	}
	if homeserver.UnknownPath(err) {
		return nil, nil
	}
	there := map[string]id.EventID{}
	for _, e := range page.Chunk {
		about, _ := e.Content.Raw["m.relates_to"].(map[string]any)
		if sign, _ := about["key"].(string); sign != "" && e.Sender == bot.UserID {
			there[sign] = e.ID
		}
	}
	return there, err
}
