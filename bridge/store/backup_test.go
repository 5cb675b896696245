package store

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A copy that was made while the folder is in use opens in its place and has all of
// it: records, keys, contents, held mails. Nobody else can read it.
func TestBackup(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	s := open(t, dir)
	secret, stored, held := fill(t, s)
	to := filepath.Join(t.TempDir(), "copy")
	done, err := Backup(ctx, dir, to, map[string][]string{"keys": {"once", "never_made"}})
	if err != nil || !done.Keys || done.Files != 1 || done.Held != 1 || done.Bytes == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if _, err := Backup(ctx, dir, to, nil); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("a second time: %v", err)
	}
	err = filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if info, _ := d.Info(); info.Mode().Perm()&0o077 != 0 || d.IsDir() != (info.Mode().Perm() == 0o700) {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}

	err = s.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	s = open(t, to)
	if again, err := s.Secret(ctx); err != nil || string(again) != string(secret) {
		t.Errorf("the secret is another: %v", err)
	}
	keys, err := s.Side("keys")
	if err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]int{"kept": 1, "once": 0} {
		var n int
		if err := keys.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil || n != want {
			t.Errorf("%s has %d rows, want %d (%v)", table, n, want, err)
		}
	}
	if got := content(s.OpenBlob(stored)); got != "a plan" {
		t.Errorf("the file holds %q", got)
	}
	if got := content(s.OpenFile(held)); got != "a mail" {
		t.Errorf("the held mail is %q", got)
	}
	err = s.Read(ctx, func(tx *Tx) error {
		d, err := tx.First("l")
		if err == nil && (d.Phase != PhaseUnclear || !d.Started.Equal(time.Unix(1000, 0))) {
			t.Errorf("what waited is not looked for: %+v", d)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// fill puts something of each kind into a data folder.
func fill(t *testing.T, s *Store) (secret []byte, stored, held string) {
	t.Helper()
	ctx := context.Background()
	keys, err := s.Side("keys")
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"CREATE TABLE kept (x)", "INSERT INTO kept VALUES (1)", "CREATE TABLE once (x)", "INSERT INTO once VALUES (1)"} {
		if _, err := keys.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	if secret, err = s.Secret(ctx); err != nil {
		t.Fatal(err)
	}
	blob, err := s.NewBlob()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(blob, "a plan") //nolint:errcheck // Keep tells
	if stored, err = blob.Keep(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.NewBlob(); err != nil { // one that is being written is no part of it
		t.Fatal(err)
	}
	if held, err = s.KeepFile(strings.NewReader("a mail")); err != nil {
		t.Fatal(err)
	}
	err = s.Write(ctx, func(tx *Tx) error {
		return tx.Enqueue(Delivery{Kind: "x", Lane: "l", Key: "k", Created: time.Unix(1000, 0), Due: time.Unix(1000, 0)})
	})
	if err != nil {
		t.Fatal(err)
	}
	return secret, stored, held
}

// content reads what was opened.
func content(r io.ReadCloser, err error) string {
	if err != nil {
		return err.Error()
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// What is broken off leaves nothing that looks like a backup.
func TestBackupBrokenOff(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	to := filepath.Join(t.TempDir(), "copy")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Backup(ctx, dir, to, nil); err == nil {
		t.Error("it went on")
	}
	if left, _ := filepath.Glob(to + "*"); len(left) > 0 {
		t.Errorf("it left %q", left)
	}
	if err := os.Mkdir(to+".part", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Backup(context.Background(), dir, to, nil); err == nil || !strings.Contains(err.Error(), "copy.part already exists") {
		t.Errorf("beside another one: %v", err)
	}
	if _, err := Backup(context.Background(), t.TempDir(), to+"2", nil); err == nil {
		t.Error("a folder without a database was backed up")
	}
}
