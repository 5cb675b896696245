package matrix

import (
	"context"
	"errors"
	"net/http"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
)

// The signs at messages of people.
const (
	failedSign  = "⚠️"
	delayedSign = "⏳"
)

// sign shows with a read receipt that a message is on its way, and with a reaction
// that it is not, for as long as that is so.
func (c *Connector) sign(ctx context.Context, of chat.MessageID, p chat.Place, s chat.State) error {
	sign := map[chat.Phase]string{chat.Failed: failedSign, chat.Delayed: delayedSign}[s.Phase]
	if sign == "" && s.Phase != chat.Accepted {
		return nil
	}
	cl, err := c.bot(ctx)
	if err != nil {
		return err
	}
	if s.Mended {
		return c.takeSigns(ctx, cl, of, p)
	}
	if sign == "" {
		return wrap("show that a message was read", cl.MarkRead(ctx, id.RoomID(p.Room), id.EventID(of)))
	}
	there, err := c.ownSigns(ctx, cl, of, p)
	if err != nil || there[sign] != "" {
		return wrap("look for a sign at a message", err)
	}
	_, err = c.React(ctx, of, sign, chat.Outgoing{Key: "sign." + s.Key, Place: p})
	return err
}

// takeSigns takes away what stands at a message.
func (c *Connector) takeSigns(ctx context.Context, cl *mautrix.Client, of chat.MessageID, p chat.Place) error {
	there, err := c.ownSigns(ctx, cl, of, p)
	if err != nil {
		return wrap("look for a sign at a message", err)
	}
	for _, sign := range []string{failedSign, delayedSign} {
		if there[sign] == "" {
			continue
		}
		_, err := cl.RedactEvent(ctx, id.RoomID(p.Room), there[sign], mautrix.ReqRedact{TxnID: transaction("unsign."+string(there[sign]), cl.UserID)})
		if err != nil {
			return wrap("take a sign from a message", err)
		}
	}
	return nil
}

// ownSigns lists the reactions of the bridge's own user at a message, by what they
// show. Homeservers before version 1.3 of the specification, Dendrite among them, have
// the list of relations under another path; where there is none, none are found.
func (c *Connector) ownSigns(ctx context.Context, cl *mautrix.Client, of chat.MessageID, p chat.Place) (map[string]id.EventID, error) {
	list := func(version string) (page mautrix.RespGetRelations, err error) {
		path := mautrix.ClientURLPath{version, "rooms", p.Room, "relations", of, event.RelAnnotation, event.EventReaction.Type}
		_, err = cl.MakeRequest(ctx, http.MethodGet, cl.BuildURLWithQuery(path, map[string]string{"limit": "100"}), nil, &page)
		return page, err
	}
	page, err := list("v1")
	if isUnknownPath(err) {
		page, err = list("unstable")
	}
	if isUnknownPath(err) {
		return nil, nil
	}
	there := map[string]id.EventID{}
	for _, e := range page.Chunk {
		about, _ := e.Content.Raw["m.relates_to"].(map[string]any)
		if sign, _ := about["key"].(string); sign != "" && e.Sender == cl.UserID {
			there[sign] = e.ID
		}
	}
	return there, err
}

// isUnknownPath reports whether a homeserver does not know a request.
func isUnknownPath(err error) bool {
	var he mautrix.HTTPError
	return errors.Is(err, mautrix.MUnrecognized) ||
		errors.As(err, &he) && he.Response != nil && (he.Response.StatusCode == http.StatusNotFound || he.Response.StatusCode == http.StatusMethodNotAllowed) && !errors.Is(err, mautrix.MNotFound)
}
