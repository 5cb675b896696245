package imap

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/mail"
)

// withKept runs do on the connection that looks after the Sent folder; one that
// was kept and has died is replaced once. Where all folders share a connection, it
// waits for its turn.
func (s *Source) withKept(ctx context.Context, do func(x *session, sent string) error) error {
	s.enliven()
	s.keeper.Lock()
	defer s.keeper.Unlock()
	for {
		x, fresh, leave, err := s.keep(ctx)
		if err != nil {
			return err
		}
		sent := s.cfg.Sent
		if sent == "" {
			sent, err = x.findSent(ctx)
		}
		if err == nil {
			err = do(x, sent)
		}
		broken := err != nil && !isSaid(err)
		leave(broken)
		if !broken || fresh || ctx.Err() != nil {
			return err
		}
	}
}

// keep returns the connection of the keeper. fresh: it was made now.
func (s *Source) keep(ctx context.Context) (x *session, fresh bool, leave func(broken bool), err error) {
	if !s.seats.isSingle() && s.kept != nil {
		return s.kept, false, s.keepOn, nil
	}
	s.dropKept()
	if s.seats.isSingle() {
		x, leave, err = s.board(ctx, nil)
		return x, false, leave, err
	}
	life, done := context.WithCancel(s.life)
	stop := context.AfterFunc(ctx, done)
	x, leave, err = s.board(life, nil)
	stop()
	if err != nil {
		done()
		return nil, false, nil, err
	}
	if s.seats.isSingle() {
		return x, false, func(broken bool) { leave(broken); done() }, nil
	}
	inner := x.done
	x.done = func() { inner(); done() }
	s.kept = x
	return x, true, s.keepOn, nil
}

func (s *Source) keepOn(broken bool) {
	if broken {
		s.dropKept()
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

// looked is how many of the newest mails are looked at where a search finds nothing.
const looked = 50

// find looks for our mail by its X-Hashsend-ID in a folder. Servers that search
// headers badly, or not at all, are not trusted: the newest mails are looked at as
// well.
func (x *session) find(ctx context.Context, folder string, readOnly bool, trace string, since time.Time) (h head, found bool, err error) {
	if _, err := x.selectFolder(ctx, folder, readOnly); err != nil {
		return h, false, err
	}
	since = since.AddDate(0, 0, -1)
	hits, err := x.search(ctx, 1, since, `HEADER `+mail.HeaderTrace+` "`+strings.NewReplacer(`"`, "", `\`, "").Replace(trace)+`"`)
	if err != nil && !isSaid(err) {
		return h, false, err
	}
	if err != nil || len(hits) == 0 {
		if hits, err = x.search(ctx, 1, since, ""); err != nil {
			return h, false, err
		}
		hits = hits[max(0, len(hits)-looked):]
	}
	slices.Reverse(hits)
	for part := range slices.Chunk(hits, looked) {
		slices.Sort(part)
		heads, _, err := x.heads(ctx, part)
		if err != nil {
			return h, false, err
		}
		for _, h := range heads {
			if h.header.Get(mail.HeaderTrace) == trace {
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
		if err = x.append(ctx, sent, o, at); isSaid(err) {
			if kind, _ := troubleOf(err); kind == noTrouble {
				err = x.append(ctx, sent, o, time.Time{}) // old servers stumble over dates and flags
			}
		}
		return x.s.explained(err)
	})
	if err != nil {
		return fmt.Errorf("store a copy in the Sent folder: %w", err)
	}
	return nil
}

func (x *session) append(ctx context.Context, folder string, o mail.Outgoing, at time.Time) error {
	r, err := o.Open()
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // it was only read
	limit := x.answer + time.Duration(o.Size/slowest)*time.Second
	return guard(ctx, x.conn, limit, func() error { return x.c.Append(folder, at, o.Size, r) })
}

func (x *session) sentOrNew(ctx context.Context, sent string) (string, error) {
	if sent != "" {
		return sent, nil
	}
	return x.newFolder(ctx, "Sent")
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
// 6851), or refuses it, it is copied first and removed only when the copy is there.
func (x *session) move(ctx context.Context, uid uint32, to string) error {
	return x.do(ctx, func() error {
		if err := x.c.Flag(uid, `\Seen`); err != nil && !isSaid(err) {
			return err
		}
		if x.c.Has("MOVE") {
			if err := x.c.Move(uid, to); !isSaid(err) {
				return err
			}
		}
		if err := x.c.Copy(uid, to); err != nil {
			return err
		}
		if err := x.c.Flag(uid, `\Deleted`); err != nil {
			return err
		}
		if !x.c.Has("UIDPLUS") && !x.c.Has("IMAP4REV2") {
			return nil // a plain EXPUNGE would remove what the owner has marked too
		}
		return x.c.Expunge(uid)
	})
}
