package imap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"hashsend/connectors/imap/wire"
)

// inMemory is up to which size a mail is not written to a file.
const inMemory = 1 << 20

// slowest is the rate in bytes a second below which a server is not waited for.
const slowest = 1 << 10

// spool holds a whole mail as long as it is taken in.
type spool struct {
	data []byte
	file *os.File
}

// open begins to read from the start.
func (b *spool) open() io.Reader {
	if b.file == nil {
		return bytes.NewReader(b.data)
	}
	return io.NewSectionReader(b.file, 0, 1<<62)
}

func (b *spool) drop() {
	if b != nil && b.file != nil {
		b.file.Close() //nolint:errcheck // a temporary file that has no name any more
	}
}

// Write takes what is too large for memory into a file, made at the first call.
func (b *spool) Write(p []byte) (int, error) {
	if b.file == nil {
		f, err := os.CreateTemp("", "hashsend-mail-*")
		if err != nil {
			return 0, err
		}
		b.file = f
		if err := os.Remove(f.Name()); err != nil { // it lives as long as it is open
			return 0, err
		}
	}
	return b.file.Write(p)
}

// errGone says that a mail is no longer in the folder.
var errGone = errors.New("the mail is no longer in the folder")

// body fetches a whole mail. The caller drops it.
func (x *session) body(ctx context.Context, h head) (*spool, error) {
	b := &spool{}
	var mails []wire.Mail
	limit := x.answer + time.Duration(h.size/slowest)*time.Second
	x.conn.SetLimit(x.answer)
	err := guard(ctx, x.conn, limit, func() (err error) {
		mails, err = x.c.Fetch(fmt.Sprint(h.uid), wire.FetchOptions{Section: "BODY.PEEK[]", Most: inMemory, Sink: b})
		return err
	})
	x.conn.SetLimit(idleLimit)
	if err == nil && len(mails) == 1 {
		b.data = mails[0].Data
		return b, nil
	}
	b.drop()
	if err != nil {
		return nil, fmt.Errorf("fetch mail %d: %w", h.uid, err)
	}
	there, err := x.present(ctx, []uint32{h.uid})
	if err != nil {
		return nil, err
	}
	if len(there) == 0 {
		return nil, errGone
	}
	return nil, &notGiven{uid: h.uid}
}

// notGiven says that a mail is there, and the server did not give it.
type notGiven struct{ uid uint32 }

func (e *notGiven) Error() string { return fmt.Sprintf("the server did not give mail %d", e.uid) }
