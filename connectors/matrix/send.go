package matrix

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// transaction is the transaction id of a delivery: the same at every attempt,
// and another for every ghost, because homeservers remember them without the
// user.
func transaction(key string, user id.UserID) string {
	sum := sha256.Sum256([]byte(key + "\x00" + string(user)))
	return "hs" + base64.RawURLEncoding.EncodeToString(sum[:18])
}

// Send posts a message; see chat.Connector. In the steady state it is one request.
func (c *Connector) Send(ctx context.Context, m chat.Outgoing) (chat.MessageID, error) {
	if m.Place.Room == "" {
		return "", retry.Never(errors.New("post in the room: no room is named"))
	}
	cl, user, profile, err := c.speaker(ctx, m)
	if err != nil {
		return "", err
	}
	content := compose(m, profile, c.called(ctx, m))
	c.mention(ctx, cl, m, content)
	return c.post(ctx, cl, user, m, event.EventMessage, content)
}

// called is what the person is called whom a message is meant for.
func (c *Connector) called(ctx context.Context, m chat.Outgoing) string {
	if m.For == "" {
		return ""
	}
	return c.displayName(ctx, id.RoomID(m.Place.Room), id.UserID(m.For))
}

// speaker returns the client that speaks for the sender, and whether the sender
// is shown by a profile in the message instead of by the user.
func (c *Connector) speaker(ctx context.Context, m chat.Outgoing) (cl *mautrix.Client, user id.UserID, profile bool, err error) {
	user = c.cfg.bot()
	if m.As.ID != "" {
		locked, err := c.isEncrypted(ctx, id.RoomID(m.Place.Room))
		if err != nil {
			return nil, "", false, wrap("ask whether the room is encrypted", err)
		}
		if c.cfg.AppService == nil || locked {
			profile = true
		} else {
			user = c.cfg.ghost(m.As.ID)
			if err := c.ghost(ctx, user, m.As.Name, id.RoomID(m.Place.Room)); err != nil {
				return nil, "", false, err
			}
		}
	}
	if user == c.cfg.bot() {
		cl, err = c.bot(ctx)
	} else {
		cl, err = c.client(user)
	}
	return cl, user, profile, err
}

// post sends an event. A ghost that was put out of the room since we last looked
// is let in again, once.
func (c *Connector) post(ctx context.Context, cl *mautrix.Client, user id.UserID, m chat.Outgoing, kind event.Type, content any) (chat.MessageID, error) {
	room := id.RoomID(m.Place.Room)
	req := mautrix.ReqSendEvent{TransactionID: transaction(m.Key, user), DontEncrypt: true}
	if age := time.Since(m.At); c.cfg.AppService != nil && !m.At.IsZero() && age > 0 && age < 24*time.Hour {
		req.Timestamp = m.At.UnixMilli()
	}
	kind, content, err := c.seal(ctx, room, m, kind, content)
	if err != nil {
		return "", err
	}
	resp, err := cl.SendMessageEvent(ctx, room, kind, content, req)
	if errors.Is(err, mautrix.MForbidden) && user != c.cfg.bot() {
		c.forget(room, user) // the homeserver may have told of it in this moment
		if err := c.ghost(ctx, user, m.As.Name, room); err != nil {
			return "", err
		}
		resp, err = cl.SendMessageEvent(ctx, room, kind, content, req)
	}
	if err != nil {
		return "", fmt.Errorf("post in the room: %w", mark(err))
	}
	return chat.MessageID(resp.EventID), nil
}

func (c *Connector) forget(room id.RoomID, user id.UserID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.joined, nameKey{room, user})
}

// ghost makes sure that a ghost exists, has its name, and is in the room.
func (c *Connector) ghost(ctx context.Context, user id.UserID, name string, room id.RoomID) error {
	c.mu.Lock()
	shown, known := c.shown[user]
	in := c.joined[nameKey{room, user}]
	c.mu.Unlock()
	if known && shown == name && in {
		return nil
	}
	cl, err := c.client(user)
	if err != nil {
		return err
	}
	if !known {
		if err := c.register(ctx, user); err != nil {
			return fmt.Errorf("make a ghost: %w", err)
		}
	}
	if !known || shown != name {
		if err := cl.SetDisplayName(ctx, name); err != nil {
			return fmt.Errorf("name a ghost: %w", mark(err))
		}
	}
	if !in {
		if err := c.letIn(ctx, cl, user, room); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shown[user] = name
	c.joined[nameKey{room, user}] = true
	return nil
}

// letIn brings a ghost into a room, by an invitation of the bot where needed.
func (c *Connector) letIn(ctx context.Context, cl *mautrix.Client, user id.UserID, room id.RoomID) error {
	_, err := cl.JoinRoomByID(ctx, room)
	if err == nil {
		return nil
	}
	if !errors.Is(err, mautrix.MForbidden) {
		return fmt.Errorf("let a ghost into the room: %w", mark(err))
	}
	bot, err := c.bot(ctx)
	if err != nil {
		return err
	}
	if _, err := bot.InviteUser(ctx, room, &mautrix.ReqInviteUser{UserID: user}); err != nil && !errors.Is(err, mautrix.MForbidden) {
		return fmt.Errorf("invite a ghost: %w", mark(err))
	}
	if _, err := cl.JoinRoomByID(ctx, room); err != nil {
		return fmt.Errorf("let a ghost into the room (may I invite there?): %w", mark(err))
	}
	return nil
}

// Edit replaces a message; see chat.Editor.
func (c *Connector) Edit(ctx context.Context, of chat.MessageID, m chat.Outgoing) (chat.MessageID, error) {
	cl, user, profile, err := c.speaker(ctx, m)
	if err != nil {
		return "", err
	}
	m.ReplyTo, m.Place.Thread = "", "" // an edit keeps the original's relations
	fresh := compose(m, profile, c.called(ctx, m))
	content := maps.Clone(fresh)
	content["body"] = "* " + fresh["body"].(string)
	if f, ok := fresh["formatted_body"].(string); ok {
		content["formatted_body"] = "* " + f
	}
	delete(fresh, marker)
	content["m.new_content"] = fresh
	content["m.relates_to"] = map[string]any{"rel_type": "m.replace", "event_id": string(of)}
	return c.post(ctx, cl, user, m, event.EventMessage, content)
}

// Delete takes a message back; see chat.Deleter. Where our own user may not, the
// ghost that wrote the message does it.
func (c *Connector) Delete(ctx context.Context, of chat.MessageID, m chat.Outgoing) error {
	bot, err := c.bot(ctx)
	if err != nil {
		return err
	}
	room, msg := id.RoomID(m.Place.Room), id.EventID(of)
	redact := func(cl *mautrix.Client) error {
		_, err := cl.RedactEvent(ctx, room, msg, mautrix.ReqRedact{TxnID: transaction(m.Key, cl.UserID)})
		return err
	}
	err = redact(bot)
	if errors.Is(err, mautrix.MForbidden) && c.cfg.AppService != nil {
		written, lookErr := bot.GetEvent(ctx, room, msg)
		if lookErr == nil && c.cfg.ours(written.Sender) && written.Sender != bot.UserID {
			ghost, err := c.client(written.Sender)
			if err != nil {
				return err
			}
			return wrap("take a message back", redact(ghost))
		}
	}
	return wrap("take a message back", err)
}

// wrap marks an error of the homeserver and says what was being done.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, mark(err))
}

// React puts an emoji on a message; see chat.Reactor.
func (c *Connector) React(ctx context.Context, to chat.MessageID, emoji string, m chat.Outgoing) (chat.MessageID, error) {
	cl, user, _, err := c.speaker(ctx, m)
	if err != nil {
		return "", err
	}
	m.At = time.Time{}
	posted, err := c.post(ctx, cl, user, m, event.EventReaction, map[string]any{
		marker: m.Key, "m.relates_to": map[string]any{"rel_type": "m.annotation", "event_id": string(to), "key": emoji},
	})
	var he mautrix.HTTPError
	if errors.As(err, &he) && he.RespError != nil && he.RespError.ErrCode == "M_DUPLICATE_ANNOTATION" {
		return "", nil
	}
	return posted, err
}

// findPages is how many pages of a room's history are looked through at most.
const findPages = 50

// Find looks for a message by its marker; see chat.Finder.
func (c *Connector) Find(ctx context.Context, p chat.Place, key string, since time.Time) (chat.MessageID, bool, error) {
	cl, err := c.bot(ctx)
	if err != nil {
		return "", false, err
	}
	from := ""
	for range findPages {
		page, err := c.messages(ctx, cl, id.RoomID(p.Room), from, "")
		if err != nil {
			return "", false, fmt.Errorf("look for a message: %w", err)
		}
		oldest := time.Now()
		for _, raw := range page.Chunk {
			var e struct {
				ID      chat.MessageID             `json:"event_id"`
				At      int64                      `json:"origin_server_ts"`
				Sender  id.UserID                  `json:"sender"`
				Content map[string]json.RawMessage `json:"content"`
			}
			if json.Unmarshal(raw, &e) != nil {
				continue
			}
			oldest = time.UnixMilli(e.At)
			var k string
			if json.Unmarshal(e.Content[marker], &k) == nil && k == key && c.cfg.ours(e.Sender) {
				return e.ID, true, nil
			}
		}
		if page.End == "" || page.End == from || len(page.Chunk) == 0 || oldest.Before(since.Add(-24*time.Hour)) {
			return "", false, nil
		}
		from = page.End
	}
	return "", false, nil
}
