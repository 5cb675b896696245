package imap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"hashsend/bridge/mail"
)

// head is what is fetched of a mail first.
type head struct {
	uid      imap.UID
	seq      uint32
	size     int64
	received time.Time
	header   mail.Header
}

// search returns UIDs in ascending order.
func (x *session) search(ctx context.Context, c *imap.SearchCriteria) (uids []imap.UID, err error) {
	err = x.do(ctx, func() error {
		d, err := x.c.UIDSearch(c, nil).Wait()
		if err == nil {
			uids = d.AllUIDs()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	slices.Sort(uids)
	return slices.Compact(uids), nil
}

// numbers returns the sequence numbers of mails; those that are gone are missing.
func (x *session) numbers(ctx context.Context, uids []imap.UID) (seqs []uint32, err error) {
	err = x.do(ctx, func() error {
		d, err := x.c.Search(&imap.SearchCriteria{UID: []imap.UIDSet{imap.UIDSetNum(uids...)}}, nil).Wait()
		if err == nil {
			seqs = d.AllSeqNums()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return seqs, nil
}

// headSection is the header, at most as much as mail.ReadHeader reads.
func headSection() *imap.FetchItemBodySection {
	return &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, Peek: true, Partial: &imap.SectionPartial{Size: mail.MaxHeader}}
}

// heads fetches the headers of mails. They are asked for by sequence number with
// the UID among the items: an answer whose UID comes late is then not lost in the
// library. What did not come at once is asked for once more by itself; a mail
// that is there and cannot be read is an error, so that none is passed by.
func (x *session) heads(ctx context.Context, uids []imap.UID) (map[imap.UID]head, error) {
	got := map[imap.UID]head{}
	for attempt := range 3 {
		var missing []imap.UID
		for _, uid := range uids {
			if _, there := got[uid]; !there {
				missing = append(missing, uid)
			}
		}
		if len(missing) == 0 {
			return got, nil
		}
		if attempt > 0 {
			// Pending announcements must not mix with the answers.
			if err := x.do(ctx, func() error { return x.c.Noop().Wait() }); err != nil {
				return nil, err
			}
			missing = missing[:1]
		}
		seqs, err := x.numbers(ctx, missing)
		if err != nil {
			return nil, err
		}
		if len(seqs) == 0 {
			return got, nil // they are gone
		}
		if err := x.fetchHeads(ctx, seqs, got); err != nil {
			return nil, err
		}
		if attempt > 0 {
			if _, there := got[missing[0]]; !there {
				return nil, fmt.Errorf("the server did not give the header of mail %d", missing[0])
			}
			return x.restHeads(ctx, uids, got)
		}
	}
	return got, nil
}

// restHeads goes on with what is still missing, one by one.
func (x *session) restHeads(ctx context.Context, uids []imap.UID, got map[imap.UID]head) (map[imap.UID]head, error) {
	for _, uid := range uids {
		if _, there := got[uid]; there {
			continue
		}
		seqs, err := x.numbers(ctx, []imap.UID{uid})
		if err != nil {
			return nil, err
		}
		if len(seqs) == 0 {
			continue
		}
		if err := x.fetchHeads(ctx, seqs, got); err != nil {
			return nil, err
		}
		if _, there := got[uid]; !there {
			return nil, fmt.Errorf("the server did not give the header of mail %d", uid)
		}
	}
	return got, nil
}

func (x *session) fetchHeads(ctx context.Context, seqs []uint32, into map[imap.UID]head) error {
	section := headSection()
	return x.do(ctx, func() error {
		cmd := x.c.Fetch(imap.SeqSetNum(seqs...), &imap.FetchOptions{
			UID: true, RFC822Size: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{section},
		})
		for m := cmd.Next(); m != nil; m = cmd.Next() {
			buf, err := m.Collect()
			if err != nil {
				return errors.Join(err, cmd.Close())
			}
			raw := buf.FindBodySection(section)
			if buf.UID == 0 || raw == nil {
				continue // an announcement, not the answer
			}
			h, err := mail.ReadHeader(bufio.NewReader(bytes.NewReader(raw)))
			if err != nil {
				return errors.Join(err, cmd.Close())
			}
			into[buf.UID] = head{uid: buf.UID, seq: buf.SeqNum, size: buf.RFC822Size, received: buf.InternalDate, header: h}
		}
		if err := cmd.Close(); err != nil {
			return fmt.Errorf("fetch headers: %w", err)
		}
		return nil
	})
}

// body is the whole of a mail, fetched when it is first opened.
type body struct {
	x    *session
	head head
	data []byte   // a small mail
	file *os.File // a larger one
}

// inMemory is up to which size a mail is not written to a file.
const inMemory = 1 << 20

func (b *body) open(ctx context.Context) (io.ReadCloser, error) {
	if b.data == nil && b.file == nil {
		if err := b.fetch(ctx); err != nil {
			return nil, err
		}
	}
	if b.file == nil {
		return io.NopCloser(bytes.NewReader(b.data)), nil
	}
	info, err := b.file.Stat()
	if err != nil {
		return nil, err
	}
	return io.NopCloser(io.NewSectionReader(b.file, 0, info.Size())), nil
}

// fetch reads the mail by its sequence number, looked up anew if the folder has
// changed, and checks that it is the one that was asked for.
func (b *body) fetch(ctx context.Context) error {
	for attempt := range 2 {
		seq := b.head.seq
		if attempt > 0 {
			seqs, err := b.x.numbers(ctx, []imap.UID{b.head.uid})
			if err != nil {
				return err
			}
			if len(seqs) != 1 {
				return fmt.Errorf("mail %d is no longer in the folder", b.head.uid)
			}
			seq = seqs[0]
		}
		ok, err := b.fetchSeq(ctx, seq)
		if err != nil || ok {
			return err
		}
		b.drop()
	}
	return fmt.Errorf("the server did not give mail %d", b.head.uid)
}

func (b *body) fetchSeq(ctx context.Context, seq uint32) (ok bool, err error) {
	limit := b.x.answer + time.Duration(b.head.size/(20<<10))*time.Second // at 20 kB/s
	err = guard(ctx, b.x.conn, limit, func() error {
		cmd := b.x.c.Fetch(imap.SeqSetNum(seq), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
		var uid imap.UID
		read := false
		for m := cmd.Next(); m != nil; m = cmd.Next() {
			for item := m.Next(); item != nil; item = m.Next() {
				switch item := item.(type) {
				case imapUID:
					uid = item.UID
				case imapBody:
					if item.Literal == nil || read {
						continue
					}
					if err := b.store(item.Literal); err != nil {
						return errors.Join(err, cmd.Close())
					}
					read = true
				}
			}
		}
		ok = read && uid == b.head.uid
		return cmd.Close()
	})
	if err != nil {
		return false, fmt.Errorf("fetch mail %d: %w", b.head.uid, err)
	}
	return ok, nil
}

func (b *body) store(r imap.LiteralReader) (err error) {
	if r.Size() <= inMemory {
		b.data, err = io.ReadAll(r)
		if b.data == nil {
			b.data = []byte{}
		}
		return err
	}
	if b.file, err = os.CreateTemp("", "hashsend-mail-*"); err != nil {
		return err
	}
	if err := os.Remove(b.file.Name()); err != nil { // it lives as long as it is open
		return err
	}
	_, err = io.Copy(b.file, r)
	return err
}

func (b *body) drop() {
	if b.file != nil {
		b.file.Close() //nolint:errcheck // a temporary file that has no name any more
	}
	b.data, b.file = nil, nil
}

func (x *session) mark(ctx context.Context, uid imap.UID, flag string) error {
	f := imap.Flag(flag)
	switch flag {
	case "seen":
		f = imap.FlagSeen
	case "flagged":
		f = imap.FlagFlagged
	}
	return x.do(ctx, func() error {
		return x.c.Store(imap.UIDSetNum(uid), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{f}}, nil).Close()
	})
}
