package imap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"hashsend/bridge/mail"
)

type (
	imapUID  = imapclient.FetchItemDataUID
	imapBody = imapclient.FetchItemDataBodySection
)

// withKept runs do on the connection that looks after the Sent folder; one that
// was kept and has died is replaced once.
func (s *Source) withKept(ctx context.Context, do func(x *session, sent string) error) error {
	s.keeper.Lock()
	defer s.keeper.Unlock()
	for {
		fresh := s.kept == nil
		if fresh {
			x, err := s.connect(context.WithoutCancel(ctx), nil)
			if err != nil {
				return err
			}
			s.kept = x
		}
		sent, err := s.cfg.Sent, error(nil)
		if sent == "" {
			sent, err = s.kept.findSent(ctx)
		}
		if err == nil {
			err = do(s.kept, sent)
		}
		var said *imap.Error
		if err == nil || errors.As(err, &said) {
			return err
		}
		s.dropKept()
		if fresh || ctx.Err() != nil {
			return err
		}
	}
}

func (s *Source) dropKept() {
	if s.kept != nil {
		s.kept.close()
		s.kept = nil
	}
}

// FindSent looks for the copy of a mail in the Sent folder; see mail.Keeper.
func (s *Source) FindSent(ctx context.Context, trace string, since time.Time) (id string, found bool, err error) {
	err = s.withKept(ctx, func(x *session, sent string) error {
		if sent == "" {
			return nil
		}
		h, ok, err := x.find(ctx, sent, true, trace, since)
		id, found = messageID(h), ok
		return err
	})
	if err != nil {
		return "", false, fmt.Errorf("look into the Sent folder: %w", err)
	}
	return id, found, nil
}

func messageID(h head) string { return h.header.Message().ID }

// find looks for our mail by its X-Hashsend-ID in a folder. Servers that search
// headers badly are not trusted: the newest mails are looked at as well.
func (x *session) find(ctx context.Context, folder string, readOnly bool, trace string, since time.Time) (h head, found bool, err error) {
	err = x.do(ctx, func() error {
		_, err := x.c.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
		return err
	})
	if err != nil {
		return h, false, fmt.Errorf("open folder: %w", err)
	}
	hits, err := x.search(ctx, &imap.SearchCriteria{
		Since: since.AddDate(0, 0, -1), Header: []imap.SearchCriteriaHeaderField{{Key: mail.HeaderTrace, Value: trace}},
	})
	if err != nil {
		return h, false, err
	}
	if len(hits) == 0 {
		if hits, err = x.search(ctx, &imap.SearchCriteria{Since: since.AddDate(0, 0, -1)}); err != nil {
			return h, false, err
		}
		hits = hits[max(0, len(hits)-batch):]
	}
	slices.Reverse(hits)
	for part := range slices.Chunk(hits, batch) {
		heads, err := x.heads(ctx, part)
		if err != nil {
			return h, false, err
		}
		for _, uid := range part {
			if h, ok := heads[uid]; ok && h.header.Get(mail.HeaderTrace) == trace {
				return h, true, nil
			}
		}
	}
	return h, false, nil
}

// KeepSent stores a copy in the Sent folder, which is made if there is none; see
// mail.Keeper.
func (s *Source) KeepSent(ctx context.Context, o mail.Outgoing, at time.Time) error {
	err := s.withKept(ctx, func(x *session, sent string) error {
		sent, err := x.sentOrNew(ctx, sent)
		if err != nil {
			return err
		}
		r, err := o.Open()
		if err != nil {
			return err
		}
		defer r.Close() //nolint:errcheck // it was only read
		return x.do(ctx, func() error {
			cmd := x.c.Append(sent, o.Size, &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}, Time: at})
			_, err := io.Copy(cmd, r)
			if err := errors.Join(err, cmd.Close()); err != nil {
				return err
			}
			_, err = cmd.Wait()
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("store a copy in the Sent folder: %w", err)
	}
	return nil
}

func (x *session) sentOrNew(ctx context.Context, sent string) (string, error) {
	if sent != "" {
		return sent, nil
	}
	return "Sent", x.do(ctx, func() error {
		err := x.c.Create("Sent", nil).Wait()
		var said *imap.Error
		if errors.As(err, &said) && said.Code == imap.ResponseCodeAlreadyExists {
			return nil
		}
		return err
	})
}

// AdoptSent moves our own copy from the first incoming folder to Sent; see
// mail.Keeper.
func (s *Source) AdoptSent(ctx context.Context, trace string, since time.Time) (id string, found bool, err error) {
	err = s.withKept(ctx, func(x *session, sent string) error {
		h, ok, err := x.find(ctx, s.cfg.Inbox[0], false, trace, since)
		if err != nil || !ok {
			return err
		}
		if sent, err = x.sentOrNew(ctx, sent); err != nil {
			return err
		}
		if err := x.move(ctx, h.uid, sent); err != nil {
			return err
		}
		id, found = messageID(h), true
		return nil
	})
	if err != nil {
		return "", false, fmt.Errorf("move our copy to the Sent folder: %w", err)
	}
	return id, found, nil
}

// move moves a mail and marks it as read. Where the server has no MOVE (RFC
// 6851) it is copied first and removed only when the copy is there; the library's
// own way does not wait for the copy.
func (x *session) move(ctx context.Context, uid imap.UID, to string) error {
	set := imap.UIDSetNum(uid)
	return x.do(ctx, func() error {
		if err := x.c.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}, nil).Close(); err != nil {
			return err
		}
		if x.c.Caps().Has(imap.CapMove) {
			_, err := x.c.Move(set, to).Wait()
			return err
		}
		if _, err := x.c.Copy(set, to).Wait(); err != nil {
			return err
		}
		if err := x.c.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
			return err
		}
		if !x.c.Caps().Has(imap.CapUIDPlus) {
			return nil // a plain EXPUNGE would remove what the owner has marked too
		}
		return x.c.UIDExpunge(set).Close()
	})
}
