package files

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"strconv"
	"strings"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// Linked is the file of a link in an email. The caller closes Content.
type Linked struct {
	Name, Type string
	At         time.Time
	Content    io.ReadSeekCloser
}

// ErrNoLink reports that a link was never valid, has expired, or that its message was deleted.
// It does not tell which.
var ErrNoLink = errors.New("this link no longer works")

// Links makes download links for files.
type Links struct {
	mint mail.Mint
	base string        // public URL; empty: no links
	keep time.Duration // how long files are kept
}

func LinksOf(e *core.Env) Links {
	return Links{e.Mint, strings.TrimSuffix(e.Files.URL, "/"), e.Files.Keep}
}

// Link returns the URL of a file for one participant, or 0 for several. It is empty if there is
// no link.
func (l Links) Link(f store.File, reader int64) string {
	if l.base == "" || f.State != store.FileHere {
		return ""
	}
	until := f.At.Add(l.keep).Unix()
	return fmt.Sprintf("%s/f/%d.%d.%d.%s/%s", l.base, f.ID, reader, until, l.mac(f.ID, reader, until), url.PathEscape(f.Name))
}

func (l Links) mac(file, reader, until int64) string {
	return l.mint.Address("file", fmt.Sprintf("%d.%d.%d", file, reader, until))
}

// read returns the file and the reader in the path of a link. ok is false if the link is
// not one of ours or has expired.
func (l Links) read(path string, now time.Time) (file, reader int64, ok bool) {
	parts := strings.Split(path, ".")
	if len(parts) != 4 {
		return 0, 0, false
	}
	var n [3]int64 // file, reader, expiry
	for i := range n {
		var err error
		if n[i], err = strconv.ParseInt(parts[i], 10, 64); err != nil {
			return 0, 0, false
		}
	}
	genuine := subtle.ConstantTimeCompare([]byte(parts[3]), []byte(l.mac(n[0], n[1], n[2]))) == 1
	return n[0], n[1], genuine && now.Unix() <= n[2]
}

// OpenLink opens the file of a link with the path "ID.READER.UNTIL.MAC". It returns ErrNoLink
// if the link is not valid. The link of a participant ends when they leave.
func OpenLink(ctx context.Context, e *core.Env, path string) (Linked, error) {
	file, reader, ok := LinksOf(e).read(path, e.Now())
	if !ok {
		return Linked{}, ErrNoLink
	}
	var f store.File
	var m store.Message
	takes := reader == 0
	err := e.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if f, err = tx.File(file); err == nil {
			m, err = tx.Message(f.Message)
		}
		if err == nil && !takes {
			var who store.Participant
			who, err = tx.ParticipantByID(reader)
			takes = who.Takes()
		}
		return err
	})
	if errors.Is(err, store.ErrNone) || err == nil && (f.State != store.FileHere || m.State == store.Deleted || !takes) {
		return Linked{}, ErrNoLink
	}
	if err != nil {
		return Linked{}, err
	}
	content, err := e.Store.OpenBlob(f.Blob)
	if errors.Is(err, fs.ErrNotExist) {
		return Linked{}, ErrNoLink
	}
	return Linked{Name: f.Name, Type: f.Type, At: f.At, Content: content}, err
}
