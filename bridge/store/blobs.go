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

// Files are stored beside the database under their SHA-256, so that the same content is stored
// once.
const blobFolder = "files"

// BlobWriter writes one file. Keep or Drop ends it. It is used by one goroutine.
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

// NewBlob starts to store a file.
func (s *Store) NewBlob() (*BlobWriter, error) {
	f, err := os.CreateTemp(filepath.Join(s.dir, blobFolder), "new-*")
	if err != nil {
		return nil, fmt.Errorf("store a file: %w", err)
	}
	sum := sha256.New()
	return &BlobWriter{s: s, f: f, sum: sum, buf: bufio.NewWriterSize(io.MultiWriter(f, sum), 64<<10)}, nil
}

// Write writes the next bytes.
func (w *BlobWriter) Write(b []byte) (int, error) {
	n, err := w.buf.Write(b)
	w.size += int64(n)
	if err != nil {
		w.err = fmt.Errorf("store a file: %w", err)
	}
	return n, w.err
}

// Size returns the number of bytes written.
func (w *BlobWriter) Size() int64 { return w.size }

// Keep finishes the file and returns its name. A file that no record names is removed some time
// later (see DropBlobs).
func (w *BlobWriter) Keep() (name string, err error) {
	w.err = errors.Join(w.err, w.buf.Flush())
	name = hex.EncodeToString(w.sum.Sum(nil))
	path := w.s.blobPath(name)
	if info, err := os.Stat(path); w.err == nil && err == nil && info.Size() == w.size {
		now := time.Now()
		return name, errors.Join(w.Drop(), os.Chtimes(path, now, now)) // a fresh time protects it from removal
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

// Drop discards the file.
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

// OpenBlob opens a stored file. The caller closes it. The error is fs.ErrNotExist if it was
// removed.
func (s *Store) OpenBlob(name string) (*os.File, error) {
	f, err := os.Open(s.blobPath(name))
	if err != nil {
		return nil, fmt.Errorf("read a stored file: %w", err)
	}
	return f, nil
}

// orphanAge is how long a file may exist before a record names it.
const orphanAge = 24 * time.Hour

// DropBlobs removes files that are older than a day at now unless keep, called with the name,
// returns true.
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
		if filepath.Dir(path) != root { // files in the root folder were never finished
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
