package store

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The content of files lies beside the database under its SHA-256, so that the
// same content is stored once, whoever sends it to how many.
const blobFolder = "files"

// BlobWriter takes the content of one file. It is used by one goroutine. Either
// Keep or Drop ends it.
type BlobWriter struct {
	s    *Store
	f    *os.File
	buf  *bufio.Writer // into f and sum
	sum  summer
	size int64
	err  error
}

// summer is a running checksum.
type summer interface {
	io.Writer
	Sum(b []byte) []byte
}

// NewBlob begins to store a file's content.
func (s *Store) NewBlob() (*BlobWriter, error) {
	f, err := os.CreateTemp(filepath.Join(s.dir, blobFolder), "new-*")
	if err != nil {
		return nil, fmt.Errorf("store a file: %w", err)
	}
	sum := sha256.New()
	return &BlobWriter{s: s, f: f, sum: sum, buf: bufio.NewWriterSize(io.MultiWriter(f, sum), 64<<10)}, nil
}

// Write takes the next bytes.
func (w *BlobWriter) Write(b []byte) (int, error) {
	n, err := w.buf.Write(b)
	w.size += int64(n)
	if err != nil {
		w.err = fmt.Errorf("store a file: %w", err)
	}
	return n, w.err
}

// Size is how many bytes were written.
func (w *BlobWriter) Size() int64 { return w.size }

// Keep returns the name under which the content is on disk. What no record names
// is removed some time later (see Prune).
func (w *BlobWriter) Keep() (name string, err error) {
	w.err = errors.Join(w.err, w.buf.Flush())
	name = hex.EncodeToString(w.sum.Sum(nil))
	path := w.s.blobPath(name)
	if info, err := os.Stat(path); w.err == nil && err == nil && info.Size() == w.size {
		now := time.Now()
		return name, errors.Join(w.Drop(), os.Chtimes(path, now, now)) // it must not be removed as an old one
	}
	err = errors.Join(w.err, w.f.Sync(), w.f.Close())
	if err == nil {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = os.Rename(w.f.Name(), path)
		}
	}
	if err == nil {
		err = errors.Join(syncDir(filepath.Dir(path)), syncDir(filepath.Join(w.s.dir, blobFolder)))
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("store a file: %w", err), ignoreGone(os.Remove(w.f.Name())))
	}
	return name, nil
}

// Drop forgets what was written.
func (w *BlobWriter) Drop() error {
	return errors.Join(w.f.Close(), ignoreGone(os.Remove(w.f.Name())))
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *Store) blobPath(name string) string {
	name = filepath.Base(name)
	return filepath.Join(s.dir, blobFolder, name[:min(2, len(name))], name)
}

// OpenBlob reads the content of a file. The caller closes it. The error is
// fs.ErrNotExist when it was removed.
func (s *Store) OpenBlob(name string) (*os.File, error) {
	f, err := os.Open(s.blobPath(name))
	if err != nil {
		return nil, fmt.Errorf("read a stored file: %w", err)
	}
	return f, nil
}

// orphanAge is how long a content may lie there before a record names it.
const orphanAge = 24 * time.Hour

// DropBlobs removes content that is older than a day at now and that keep, asked
// with its name, does not want.
func (s *Store) DropBlobs(now time.Time, keep func(name string) (bool, error)) (removed int, err error) {
	root := filepath.Join(s.dir, blobFolder)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return ignoreGone(err)
		}
		info, err := d.Info()
		if err != nil || now.Sub(info.ModTime()) < orphanAge {
			return ignoreGone(err)
		}
		if filepath.Dir(path) != root { // what lies in the folder itself was never finished
			if wanted, err := keep(d.Name()); err != nil || wanted {
				return err
			}
		}
		removed++
		return ignoreGone(os.Remove(path))
	})
	if err != nil {
		return removed, fmt.Errorf("remove old files: %w", err)
	}
	return removed, nil
}
