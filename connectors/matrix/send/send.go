// Package send posts messages, files, reactions and votes in Matrix rooms, as the bot or as
// the ghost of a participant, and edits and deletes what was posted.
package send

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/keys"
	"hashsend/connectors/matrix/matrixtext"
	"hashsend/connectors/matrix/media"
	"hashsend/connectors/matrix/rooms"
)

// Sender posts in the rooms of a homeserver. It is safe for several goroutines.
type Sender struct {
	Status bool // post a status event (com.beeper.message_send_status) for each state of a message

	server *homeserver.Server
	rooms  *rooms.Rooms
	keys   *keys.Keys
	media  *media.Store
	log    *slog.Logger

	mu      sync.Mutex
	uploads map[string]matrixtext.Content // by transaction: files whose message is not posted yet
}

// New returns a Sender.
func New(s *homeserver.Server, r *rooms.Rooms, k *keys.Keys, m *media.Store, log *slog.Logger) *Sender {
	return &Sender{server: s, rooms: r, keys: k, media: m, log: log, uploads: map[string]matrixtext.Content{}}
}

// transaction is the transaction id of a delivery: the same for every attempt, and
// different for every user, because homeservers remember it without the user.
func transaction(key string, user id.UserID) string {
	sum := sha256.Sum256([]byte(key + "\x00" + string(user)))
	return "hs" + base64.RawURLEncoding.EncodeToString(sum[:18])
}

// speaker is the user who posts a message.
type speaker struct {
	*mautrix.Client
	profile bool // the sender is shown by a profile in the message instead of by this user
}

// speaker returns the user who posts for the sender of a message. A ghost is in the room
// when it returns.
func (s *Sender) speaker(ctx context.Context, m chat.Outgoing) (sp speaker, err error) {
	if m.As.ID == "" {
		sp.Client, err = s.server.Bot(ctx)
		return sp, err
	}
	room := id.RoomID(m.Place.Room)
	encrypted, err := s.rooms.IsEncrypted(ctx, room)
	if err != nil {
		return sp, err
	}
	if !s.server.IsService() || encrypted {
		sp.profile = true
		sp.Client, err = s.server.Bot(ctx)
		return sp, err
	}
	ghost := s.server.Users.Ghost(m.As.ID)
	if err := s.rooms.Prepare(ctx, ghost, m.As.Name, room); err != nil {
		return sp, err
	}
	sp.Client, err = s.server.As(ghost)
	return sp, err
}

// called is the name of the person that a message is meant for; empty: it is for all.
func (s *Sender) called(ctx context.Context, m chat.Outgoing) string {
	if m.For == "" {
		return ""
	}
	return s.rooms.DisplayName(ctx, id.RoomID(m.Place.Room), id.UserID(m.For))
}

// post sends an event. A ghost that was removed from the room since we last looked is let
// in again, once.
func (s *Sender) post(ctx context.Context, sp speaker, m chat.Outgoing, kind event.Type, content any) (chat.MessageID, error) {
	room := id.RoomID(m.Place.Room)
	req := mautrix.ReqSendEvent{TransactionID: transaction(m.Key, sp.UserID), DontEncrypt: true}
	if age := time.Since(m.At); s.server.IsService() && !m.At.IsZero() && age > 0 && age < 24*time.Hour {
		req.Timestamp = m.At.UnixMilli()
	}
	kind, content, err := s.keys.Seal(ctx, room, m, kind, content)
	if err != nil {
		return "", err
	}
	resp, err := sp.SendMessageEvent(ctx, room, kind, content, req)
	if errors.Is(err, mautrix.MForbidden) && sp.UserID != s.server.Users.Bot {
		s.rooms.Forget(sp.UserID, room) // the homeserver may have told us in this moment
		if err := s.rooms.Prepare(ctx, sp.UserID, m.As.Name, room); err != nil {
			return "", err
		}
		resp, err = sp.SendMessageEvent(ctx, room, kind, content, req)
	}
	if err != nil {
		return "", homeserver.Wrap("post in the room", err)
	}
	return chat.MessageID(resp.EventID), nil
}

// Send posts a message; see chat.Connector. It usually takes one request. A message that
// is too large is posted without formatting, else as a file. A notice is shortened.
func (s *Sender) Send(ctx context.Context, m chat.Outgoing) (chat.MessageID, error) {
	if m.Place.Room == "" {
		return "", retry.Never(errors.New("post in the room: no room is named"))
	}
	sp, err := s.speaker(ctx, m)
	if err != nil {
		return "", err
	}
	called := s.called(ctx, m)
	content := matrixtext.Message(m, sp.profile, called)
	s.mention(ctx, m, content)
	posted, err := s.postFitting(ctx, sp, m, event.EventMessage, matrixtext.Plainer(content))
	switch {
	case !errors.Is(err, chat.ErrTooLarge):
		return posted, err
	case m.Kind == chat.Notice && m.As.ID == "":
		return s.post(ctx, sp, m, event.EventMessage, matrixtext.Message(matrixtext.Shorter(m), sp.profile, called))
	}
	return s.sendAsFile(ctx, m, err)
}

// postFitting posts the first of the forms of a content that is small enough: for the
// limit of events, and for the homeserver's own, which may be lower. The error is
// chat.ErrTooLarge if none is.
func (s *Sender) postFitting(ctx context.Context, sp speaker, m chat.Outgoing, kind event.Type, forms []matrixtext.Content) (posted chat.MessageID, err error) {
	encrypted, err := s.rooms.IsEncrypted(ctx, id.RoomID(m.Place.Room))
	if err != nil {
		return "", err
	}
	err = retry.Never(chat.TooLarge(errors.New("post in the room: the message is longer than an event may be")))
	for _, form := range forms {
		if !matrixtext.Fits(form, encrypted) {
			continue
		}
		if posted, err = s.post(ctx, sp, m, kind, form); !errors.Is(err, chat.ErrTooLarge) {
			break
		}
	}
	return posted, err
}

// mention adds the members of the room that a participant mentions. It asks the
// homeserver for the members only if there is an @ in the text.
func (s *Sender) mention(ctx context.Context, m chat.Outgoing, content matrixtext.Content) {
	if m.As.ID == "" || !markup.HasMention(m.Body.Text) {
		return
	}
	members, err := s.rooms.Members(ctx, id.RoomID(m.Place.Room))
	if err != nil {
		s.log.Debug("the members of a room are unknown: nobody is mentioned", "error", err)
		return
	}
	matrixtext.Mention(content, m.Body.Text, members)
}

// Edit replaces a message; see chat.Editor. One that is too large loses its formatting. If
// that does not help, the error is chat.ErrTooLarge.
func (s *Sender) Edit(ctx context.Context, of chat.MessageID, m chat.Outgoing) (chat.MessageID, error) {
	sp, err := s.speaker(ctx, m)
	if err != nil {
		return "", err
	}
	content := matrixtext.Edit(of, m, sp.profile, s.called(ctx, m))
	return s.postFitting(ctx, sp, m, event.EventMessage, matrixtext.Plainer(content))
}

// Delete deletes a message; see chat.Deleter. Where the bot may not, the ghost that posted
// the message does it.
func (s *Sender) Delete(ctx context.Context, of chat.MessageID, m chat.Outgoing) error {
	const doing = "delete a message"
	bot, err := s.server.Bot(ctx)
	if err != nil {
		return err
	}
	room, msg := id.RoomID(m.Place.Room), id.EventID(of)
	redact := func(cl *mautrix.Client) error {
		_, err := cl.RedactEvent(ctx, room, msg, mautrix.ReqRedact{TxnID: transaction(m.Key, cl.UserID)})
		return err
	}
	err = redact(bot)
	if !errors.Is(err, mautrix.MForbidden) || !s.server.IsService() {
		return homeserver.Wrap(doing, err)
	}
	author, lookErr := s.author(ctx, bot, m, msg)
	if lookErr != nil {
		return fmt.Errorf("%s: %w", doing, lookErr)
	}
	if author == bot.UserID || !s.server.Users.Ours(author) {
		return homeserver.Wrap(doing, err)
	}
	ghost, err := s.server.As(author)
	if err != nil {
		return err
	}
	return homeserver.Wrap(doing, redact(ghost))
}

// author is the user who posted an event. Dendrite shows an event a moment later than it
// has accepted it: until then it is the ghost of the sender, or else a temporary error.
func (s *Sender) author(ctx context.Context, bot *mautrix.Client, m chat.Outgoing, msg id.EventID) (id.UserID, error) {
	posted, err := bot.GetEvent(ctx, id.RoomID(m.Place.Room), msg)
	switch {
	case err == nil:
		return posted.Sender, nil
	case m.As.ID != "":
		return s.server.Users.Ghost(m.As.ID), nil
	case errors.Is(err, mautrix.MNotFound):
		return "", fmt.Errorf("ask who posted it: %w", err)
	}
	return "", homeserver.Wrap("ask who posted it", err)
}

// React puts an emoji on a message; see chat.Reactor. The id is empty if it was there
// already.
func (s *Sender) React(ctx context.Context, to chat.MessageID, emoji string, m chat.Outgoing) (chat.MessageID, error) {
	sp, err := s.speaker(ctx, m)
	if err != nil {
		return "", err
	}
	m.At = time.Time{}
	posted, err := s.post(ctx, sp, m, event.EventReaction, matrixtext.Reaction(to, emoji, m.Key))
	if homeserver.Code(err) == "M_DUPLICATE_ANNOTATION" {
		return "", nil
	}
	return posted, err
}

// Vote casts a vote; see chat.Voter.
func (s *Sender) Vote(ctx context.Context, b chat.Ballot, m chat.Outgoing) (chat.MessageID, error) {
	sp, err := s.speaker(ctx, m)
	if err != nil {
		return "", err
	}
	kind, content := matrixtext.Vote(b, m.Key)
	return s.post(ctx, sp, m, kind, content)
}

// findPages is how many pages of a room's history are searched at most.
const findPages = 50

// Find looks for a message by its marker; see chat.Finder.
func (s *Sender) Find(ctx context.Context, p chat.Place, key string, since time.Time) (chat.MessageID, bool, error) {
	from := ""
	for range findPages {
		page, err := s.server.History(ctx, id.RoomID(p.Room), from, "")
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
			if json.Unmarshal(e.Content[matrixtext.Marker], &k) == nil && k == key && s.server.Users.Ours(e.Sender) {
				return e.ID, true, nil
			}
		}
		if page.Last(from) || oldest.Before(since.Add(-24*time.Hour)) {
			return "", false, nil
		}
		from = page.End
	}
	return "", false, nil
}
