package bridge

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

	"hashsend/bridge/store"
)

// Linked is a file that a link in a mail leads to. The caller closes Content.
type Linked struct {
	Name, Type string
	At         time.Time
	Content    io.ReadSeekCloser
}

// ErrNoLink says that a link leads nowhere: it was never made here, its time is over,
// or the message was deleted. Which of these it is, is not told.
var ErrNoLink = errors.New("there is no file behind this link any more")

// link is the address under which a file can be had until it is removed; empty: no
// address of the web is set.
func (b *Bridge) link(f store.File) string {
	base := strings.TrimSuffix(b.o.Files.URL, "/")
	if base == "" || f.State != store.FileHere {
		return ""
	}
	until := f.At.Add(b.o.Files.Keep).Unix()
	return fmt.Sprintf("%s/f/%d.%d.%s/%s", base, f.ID, until, b.linkMAC(f.ID, until), url.PathEscape(f.Name))
}

func (b *Bridge) linkMAC(file, until int64) string {
	return b.mint.Address("file", fmt.Sprintf("%d.%d", file, until))
}

// OpenLink opens the file behind the path "ID.UNTIL.MAC" of a link. The error is
// ErrNoLink if it leads nowhere.
func (b *Bridge) OpenLink(ctx context.Context, path string) (Linked, error) {
	id, rest, _ := strings.Cut(path, ".")
	until, mac, _ := strings.Cut(rest, ".")
	file, err1 := strconv.ParseInt(id, 10, 64)
	end, err2 := strconv.ParseInt(until, 10, 64)
	if err1 != nil || err2 != nil || subtle.ConstantTimeCompare([]byte(mac), []byte(b.linkMAC(file, end))) != 1 || b.o.Now().Unix() > end {
		return Linked{}, ErrNoLink
	}
	var f store.File
	var m store.Message
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		if f, err = tx.File(file); err == nil {
			m, err = tx.Message(f.Message)
		}
		return err
	})
	if errors.Is(err, store.ErrNone) || err == nil && (f.State != store.FileHere || m.State == store.Deleted) {
		return Linked{}, ErrNoLink
	}
	if err != nil {
		return Linked{}, err
	}
	content, err := b.store.OpenBlob(f.Blob)
	if errors.Is(err, fs.ErrNotExist) {
		return Linked{}, ErrNoLink
	}
	return Linked{Name: f.Name, Type: f.Type, At: f.At, Content: content}, err
}
