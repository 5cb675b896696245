package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Backed is the content of a backup.
type Backed struct {
	Keys  bool // the side database "keys"
	Files int  // stored files
	Held  int  // emails held for review
	Bytes int64
}

// Backup copies a data folder to the new folder to. The copy can be opened in place of the
// original. It works while another process uses the data folder. The tables in spent, of side
// databases, are left empty because their content must not be used twice; unknown ones are
// ignored. Deliveries in the copy are marked as in doubt.
func Backup(ctx context.Context, dir, to string, spent map[string][]string) (done Backed, err error) {
	if _, err := os.Stat(filepath.Join(dir, "hashsend.db")); err != nil {
		return done, fmt.Errorf("back up: %w", err)
	}
	if _, err := os.Lstat(to); err == nil {
		return done, fmt.Errorf("back up: %s already exists", to)
	}
	// The folder gets its name when it is complete, so that an unfinished backup does not look
	// like one.
	part := strings.TrimSuffix(to, string(filepath.Separator)) + ".part"
	if err := os.Mkdir(part, 0o700); errors.Is(err, fs.ErrExist) {
		return done, fmt.Errorf("back up: %s already exists: another backup is running or was interrupted; if none is running, remove it", part)
	} else if err != nil {
		return done, fmt.Errorf("back up: %w", err)
	}
	if done, err = backup(ctx, dir, part, spent); err != nil {
		return done, errors.Join(fmt.Errorf("back up to %s: %w", to, err), os.RemoveAll(part))
	}
	if err := os.Rename(part, to); err != nil {
		return done, fmt.Errorf("back up: %w", err)
	}
	return done, syncDir(filepath.Dir(filepath.Clean(to)))
}

func backup(ctx context.Context, dir, to string, spent map[string][]string) (done Backed, err error) {
	// Two rounds find every file that the copied database names, whether it was added or
	// removed meanwhile. The keys are newer than the stored position, as after a crash.
	if err := copyFolders(ctx, dir, to); err != nil {
		return done, err
	}
	if err := copyDatabase(ctx, dir, to, "hashsend", "UPDATE outbox SET phase = 'unclear', started = created WHERE phase = 'new'"); err != nil {
		return done, err
	}
	if err := copyFolders(ctx, dir, to); err != nil {
		return done, err
	}
	sides, err := filepath.Glob(filepath.Join(dir, "*.db"))
	if err != nil {
		return done, err
	}
	for _, path := range sides {
		name := strings.TrimSuffix(filepath.Base(path), ".db")
		if name == "hashsend" {
			continue
		}
		done.Keys = done.Keys || name == "keys"
		var empty []string
		for _, table := range spent[name] {
			empty = append(empty, "DELETE FROM "+table)
		}
		if err := copyDatabase(ctx, dir, to, name, empty...); err != nil {
			return done, err
		}
	}
	return done, done.count(to)
}

// copyDatabase copies a database in a consistent state, and changes the copy.
func copyDatabase(ctx context.Context, dir, to, name string, changes ...string) error {
	path := filepath.Join(to, name+".db")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // VACUUM INTO accepts an empty file
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := openSQL(filepath.Join(dir, name+".db"), "") // VACUUM INTO only reads, but query_only forbids it
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", path)
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("copy %s.db: %w", name, err)
	}
	if db, err = openSQL(path, "&_pragma=journal_mode(DELETE)"); err != nil {
		return err
	}
	for _, change := range changes {
		if _, err = db.ExecContext(ctx, change); err != nil && strings.Contains(err.Error(), "no such table") {
			err = nil
		} else if err != nil {
			break
		}
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("prepare the copy of %s.db: %w", name, err)
	}
	return syncFile(path)
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// copyFolders copies stored files and held emails that are missing or incomplete in the copy. A
// held email has its final name while it is written.
func copyFolders(ctx context.Context, dir, to string) error {
	for _, folder := range []string{blobFolder, heldFolder} {
		root := filepath.Join(dir, folder)
		if err := os.MkdirAll(filepath.Join(to, folder), 0o700); err != nil {
			return err
		}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return ignoreGone(err)
			}
			rest, err := filepath.Rel(dir, path)
			switch {
			case err != nil || ctx.Err() != nil:
				return errors.Join(err, ctx.Err())
			case d.IsDir():
				return os.MkdirAll(filepath.Join(to, rest), 0o700)
			case folder == blobFolder && filepath.Dir(path) == root:
				return nil // still being written
			}
			return ignoreGone(copyNew(path, filepath.Join(to, rest)))
		})
		if err != nil {
			return fmt.Errorf("copy the folder %s: %w", folder, err)
		}
	}
	return nil
}

// copyNew copies a file unless a copy of the same size exists.
func copyNew(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if had, err := os.Stat(to); err == nil && had.Size() == info.Size() {
		return nil
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// count counts the content of a backup and syncs its folders.
func (b *Backed) count(to string) error {
	return filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return syncDir(path)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		b.Bytes += info.Size()
		rest, err := filepath.Rel(to, path)
		if err != nil {
			return err
		}
		switch strings.SplitN(rest, string(filepath.Separator), 2)[0] {
		case blobFolder:
			b.Files++
		case heldFolder:
			b.Held++
		}
		return nil
	})
}
