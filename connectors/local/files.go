package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// File is a file of an entry. Its content is in the server's folder.
type File struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type,omitempty"` // media type, as the sender declared it
	Size int64  `json:"size"`           // bytes
}

// Keep stores the content of a file, so that an entry can name it. The content is on
// disk when Keep returns. A file that no entry names is never shown.
func (s *Server) Keep(name, kind string, r io.Reader) (_ File, err error) {
	k := File{ID: strings.ToLower(rand.Text()), Name: name, Type: kind}
	if err := os.MkdirAll(s.files, 0o700); err != nil {
		return File{}, fmt.Errorf("keep a file: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(s.files, k.ID), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return File{}, fmt.Errorf("keep a file: %w", err)
	}
	k.Size, err = io.Copy(f, r)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return File{}, errors.Join(fmt.Errorf("keep the file %s: %w", name, err), os.Remove(f.Name()))
	}
	return k, nil
}

// Content opens a stored file. The error is fs.ErrNotExist if there is none. The caller
// closes the file.
func (s *Server) Content(id string) (*os.File, error) {
	return os.OpenInRoot(s.files, id) // an id that leads out of the folder is refused
}

// OpenFile reads a file; see chat.Opener.
func (c *Connector) OpenFile(_ context.Context, f chat.File) (io.ReadCloser, error) {
	content, err := c.s.Content(string(f.ID))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, retry.Never(fmt.Errorf("the file %s is gone", f.Name))
	}
	return content, err
}

// SendFile posts a file; see chat.Filer.
func (c *Connector) SendFile(ctx context.Context, m chat.Outgoing, a chat.Attachment) (chat.MessageID, error) {
	if m.Place.Room == "" {
		return "", retry.Never(errors.New("no room given"))
	}
	if e, sent := c.s.ByKey(m.Key); sent {
		return chat.MessageID(e.ID()), nil
	}
	r, err := a.Open(ctx)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", a.Name, err)
	}
	f, err := c.s.Keep(a.Name, a.Type, r)
	if err = errors.Join(err, r.Close()); err != nil {
		return "", err
	}
	e := c.entry("said", m)
	e.Files = []File{f}
	return c.add(e)
}

// chatFiles describes the files of an entry to the bridge.
func chatFiles(e Entry) (files []chat.File) {
	for _, f := range e.Files {
		family, _, _ := strings.Cut(f.Type, "/")
		sort := map[string]chat.FileKind{"image": chat.Picture, "audio": chat.Sound, "video": chat.Film}[family]
		files = append(files, chat.File{ID: chat.FileID(f.ID), Name: f.Name, Type: f.Type, Size: f.Size, Kind: sort})
	}
	return files
}
