package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/matrixtext"
)

// SendFile uploads a file and posts it; see chat.Filer. The upload is remembered until the
// message is posted, so that another attempt does not store the file again.
func (s *Sender) SendFile(ctx context.Context, m chat.Outgoing, f chat.Attachment) (chat.MessageID, error) {
	if m.Place.Room == "" {
		return "", retry.Never(errors.New("post a file in the room: no room is named"))
	}
	if limit := s.media.Limit(); limit > 0 && f.Size > limit {
		return "", retry.Never(fmt.Errorf("post %q in the room: it has %d bytes; the homeserver accepts at most %d", f.Name, f.Size, limit))
	}
	sp, err := s.speaker(ctx, m)
	if err != nil {
		return "", err
	}
	source, err := s.upload(ctx, sp, m, f)
	if err != nil {
		return "", err
	}
	kind, content := matrixtext.File(m, f.File, source, sp.profile, s.called(ctx, m))
	posted, err := s.postFitting(ctx, sp, m, kind, matrixtext.Plainer(content))
	if err == nil {
		s.mu.Lock()
		delete(s.uploads, transaction(m.Key, sp.UserID))
		s.mu.Unlock()
	}
	return posted, err
}

// sendAsFile posts the text of a message as a file, with its start as the caption. cause
// is the error of posting the message itself.
func (s *Sender) sendAsFile(ctx context.Context, m chat.Outgoing, cause error) (chat.MessageID, error) {
	m, f, text := matrixtext.AsFile(m)
	if limit := s.media.Limit(); limit > 0 && f.Size > limit {
		return "", cause
	}
	return s.SendFile(ctx, m, chat.Attachment{File: f, Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(text)), nil
	}})
}

// upload stores the file of a message, unless an earlier attempt has stored it.
func (s *Sender) upload(ctx context.Context, sp speaker, m chat.Outgoing, f chat.Attachment) (matrixtext.Content, error) {
	txn := transaction(m.Key, sp.UserID)
	s.mu.Lock()
	source, there := s.uploads[txn]
	s.mu.Unlock()
	if there {
		return source, nil
	}
	encrypted, err := s.rooms.IsEncrypted(ctx, id.RoomID(m.Place.Room))
	if err != nil {
		return nil, err
	}
	if source, err = s.media.Upload(ctx, sp.Client, f, encrypted); err != nil {
		return nil, fmt.Errorf("upload %q: %w", f.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.uploads) > 1000 {
		clear(s.uploads)
	}
	s.uploads[txn] = source
	return source, nil
}
