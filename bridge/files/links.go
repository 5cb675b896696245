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

// Linked is a file that a link in a mail leads to. The caller closes Content.
type Linked struct {
	Name, Type string
	At         time.Time
	Content    io.ReadSeekCloser
}

// ErrNoLink says that a link leads nowhere: it was never made here, its time is over,
// or the message was deleted. Which of these it is, is not told.
var ErrNoLink = errors.New("this link no longer works")

// Links makes the addresses under which files can be had.
type Links struct {
	mint mail.Mint
	base string        // address of the web; empty: there are no links
	keep time.Duration // how long files are kept
}

func LinksOf(e *core.Env) Links {
	return Links{e.Mint, strings.TrimSuffix(e.Files.URL, "/"), e.Files.Keep}
}

// Link is the address under which a file can be had until it is removed, by one
// participant; 0: by several. Empty: there is none.
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

// OpenLink opens the file behind the path "ID.READER.UNTIL.MAC" of a link. The error
// is ErrNoLink if it leads nowhere: one of a person ends when the person takes part no more.
func OpenLink(ctx context.Context, e *core.Env, path string) (Linked, error) {
	parts := strings.Split(path, ".")
	if len(parts) != 4 {
		return Linked{}, ErrNoLink
	}
	var n [3]int64 // file, reader, end
	for i := range n {
		var err error
		if n[i], err = strconv.ParseInt(parts[i], 10, 64); err != nil {
			return Linked{}, ErrNoLink
		}
	}
	if subtle.ConstantTimeCompare([]byte(parts[3]), []byte(LinksOf(e).mac(n[0], n[1], n[2]))) != 1 || e.Now().Unix() > n[2] {
		return Linked{}, ErrNoLink
	}
	var f store.File
	var m store.Message
	takes := n[1] == 0
	err := e.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if f, err = tx.File(n[0]); err == nil {
			m, err = tx.Message(f.Message)
		}
		if err == nil && !takes {
			var who store.Participant
			who, err = tx.ParticipantByID(n[1])
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
