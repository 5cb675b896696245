// Package store stores the records of the bridge in SQLite. It is the only package with SQL.
// One call of Write stores an event with all its consequences, and they are on disk when it
// returns.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"go.mau.fi/util/dbutil"
	_ "modernc.org/sqlite" // the driver "sqlite", without cgo
)

//go:embed schema/*.sql
var schema embed.FS

// Store is an open database. It is safe for several goroutines.
type Store struct {
	dir     string
	lock    *os.File
	writer  *sql.DB
	reader  *sql.DB
	readers chan *readConn

	jobs    chan *job
	stop    chan struct{}
	stopped chan struct{}

	run atomic.Int64
	mem *memory

	mu    sync.Mutex
	sides []*sql.DB
}

// Statements returns how many statements were run since the database was opened, without those
// that begin and end transactions.
func (s *Store) Statements() int64 { return s.run.Load() }

const pragmas = "_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)&_pragma=cache_size(-16000)&_txlock=immediate&_time_format=sqlite"

// Open opens the database in the folder dir, creates both if needed, and upgrades the tables.
// It returns a *LockedError if another process uses the folder, and refuses a database of a
// newer version. The caller closes the Store.
func Open(ctx context.Context, dir string, log *slog.Logger) (*Store, error) {
	if err := makeFolders(dir); err != nil {
		return nil, fmt.Errorf("create data folder: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, lock: lock, jobs: make(chan *job), stop: make(chan struct{}), stopped: make(chan struct{}), mem: newMemory()}
	if err := s.open(ctx, log); err != nil {
		close(s.stopped)
		return nil, errors.Join(err, s.closeFiles())
	}
	return s, nil
}

func makeFolders(dir string) error {
	return errors.Join(os.MkdirAll(filepath.Join(dir, heldFolder), 0o700), os.MkdirAll(filepath.Join(dir, blobFolder), 0o700))
}

func (s *Store) open(ctx context.Context, log *slog.Logger) error {
	path := filepath.Join(s.dir, "hashsend.db")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if s.writer, err = openSQL(path, ""); err != nil {
		return err
	}
	s.writer.SetMaxOpenConns(1)
	if _, err := s.writer.ExecContext(ctx, "PRAGMA journal_mode=WAL"); err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	steps, err := fs.Sub(schema, "schema")
	if err != nil {
		return err
	}
	if err := upgrade(ctx, s.writer, steps, log); err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	if err := s.examine(ctx, path); err != nil {
		return err
	}
	if s.reader, err = openSQL(path, "&_pragma=query_only(1)"); err != nil {
		return err
	}
	n := max(4, runtime.NumCPU())
	s.reader.SetMaxOpenConns(n)
	s.readers = make(chan *readConn, n)
	for range n {
		conn, err := s.reader.Conn(ctx)
		if err != nil {
			return fmt.Errorf("open database %s: %w", path, err)
		}
		s.readers <- &readConn{conn: conn, st: newStatements(conn, &s.run)}
	}
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	go s.writeLoop(conn)
	return nil
}

// examinedUpTo is the size in bytes up to which the database is checked at the start. Checking
// a larger one takes too long.
const examinedUpTo = 128 << 20

// examine checks the database for damage.
func (s *Store) examine(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Size() > examinedUpTo {
		return err
	}
	var ok string
	if err := s.writer.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&ok); err != nil {
		return fmt.Errorf("check database %s: %w", path, err)
	}
	if ok != "ok" {
		return fmt.Errorf("database %s is damaged (%s): restore it from a backup", path, ok)
	}
	return nil
}

func openSQL(path, more string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)+"?"+pragmas+more)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	return db, nil
}

// upgrade brings the tables up to date by steps that a database has not taken yet.
func upgrade(ctx context.Context, raw *sql.DB, steps fs.FS, log *slog.Logger) error {
	db, err := dbutil.NewWithDB(raw, "sqlite")
	if err != nil {
		return err
	}
	db.Owner = "hashsend"
	db.Log = upgradeLog{log}
	table := dbutil.BuildUpgradeTable()
	db.UpgradeTable = table.WithFS(steps.(interface {
		fs.ReadDirFS
		fs.ReadFileFS
	})).Finish()
	if err := db.Upgrade(ctx); err != nil {
		if errors.Is(err, dbutil.ErrUnsupportedDatabaseVersion) {
			return fmt.Errorf("it was written by a newer hashsend; install that version or restore an older backup: %w", err)
		}
		return fmt.Errorf("upgrade the tables: %w", err)
	}
	return nil
}

// Dir returns the folder of the database.
func (s *Store) Dir() string { return s.dir }

// Side opens another database file, NAME.db, for a library with its own tables. It is never
// used inside Write. The Store closes it.
func (s *Store) Side(name string) (*sql.DB, error) {
	path := filepath.Join(s.dir, name+".db")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	db, err := openSQL(path, "&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s.mu.Lock()
	s.sides = append(s.sides, db)
	s.mu.Unlock()
	return db, nil
}

// Secret returns the secret of the installation, made on first use.
func (s *Store) Secret(ctx context.Context) (secret []byte, err error) {
	err = s.Write(ctx, func(t *Tx) error {
		text, err := t.Setting("keys")
		if err != nil {
			return err
		}
		if text == "" {
			text = rand.Text() + rand.Text()
		}
		secret = []byte(text)
		return t.SetSetting("keys", text)
	})
	return secret, err
}

// Close waits for running writes and closes the files.
func (s *Store) Close() error {
	close(s.stop)
	<-s.stopped
	return s.closeFiles()
}

func (s *Store) closeFiles() error {
	var errs []error
	for range len(s.readers) {
		r := <-s.readers
		r.st.close()
		errs = append(errs, r.conn.Close())
	}
	for _, db := range append([]*sql.DB{s.reader, s.writer}, s.sides...) {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, s.lock.Close())...)
}
