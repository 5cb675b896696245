package matrix

import (
	"context"
	"errors"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
)

// Report shows at a message of a person how far it has come: a read receipt when
// the mail server has it, a sign when it failed, and, where it is asked for, a
// status event; see chat.Reporter.
func (c *Connector) Report(ctx context.Context, of chat.MessageID, p chat.Place, s chat.State) error {
	return errors.Join(c.sign(ctx, of, p, s), c.sendStatus(ctx, of, p, s))
}

// sendStatus posts the status event of a message. Clients show the newest one of a
// message, so what only some have got is not told as a success.
func (c *Connector) sendStatus(ctx context.Context, of chat.MessageID, p chat.Place, s chat.State) error {
	if !c.cfg.SendStatus || (s.Phase == chat.Accepted && s.Reason != "") {
		return nil
	}
	content := event.BeeperMessageStatusEventContent{
		Network: "hashsend", RelatesTo: event.RelatesTo{Type: event.RelReference, EventID: id.EventID(of)},
		Status: event.MessageStatusSuccess,
	}
	switch s.Phase {
	case chat.Delayed:
		content.Status = event.MessageStatusPending
	case chat.Failed:
		content.Status = event.MessageStatusFail
		if s.Later {
			content.Status = event.MessageStatusRetriable
		}
	case chat.Delivered:
		content.Message = "delivered"
	case chat.Read:
		content.Message = "read"
	}
	if s.Reason != "" {
		content.Reason, content.Message = event.MessageStatusNetworkError, s.Reason
	}
	cl, err := c.bot(ctx)
	if err != nil {
		return err
	}
	m := chat.Outgoing{Key: "status." + s.Key, Place: p, At: time.Time{}}
	_, err = c.post(ctx, cl, c.cfg.bot(), m, event.BeeperMessageStatus, content)
	return err
}
