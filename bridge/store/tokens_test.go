package store

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Several processes renew one token by turns, and none loses what another has
// written; what fails changes nothing.
func TestTokens(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	var all []*Tokens
	for range 3 {
		x, err := OpenTokens(ctx, dir)
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close() //nolint:errcheck // the test is over
		all = append(all, x)
	}
	var working sync.WaitGroup
	for _, x := range all {
		for range 10 {
			working.Go(func() {
				_, err := x.Update(ctx, "team", func(old Token) (Token, error) {
					n := 0
					fmt.Sscanf(old.Refresh, "r%d", &n) //nolint:errcheck // the first time there is none
					return Token{Refresh: fmt.Sprintf("r%d", n+1), Access: "a", Expires: time.Unix(1000, 0), Origin: "o"}, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	working.Wait()
	cause := errors.New("no network")
	if _, err := all[0].Update(ctx, "team", func(Token) (Token, error) { return Token{Refresh: "lost"}, cause }); !errors.Is(err, cause) {
		t.Errorf("an error of the change: %v", err)
	}
	got, err := all[1].Update(ctx, "team", func(old Token) (Token, error) { return old, nil })
	if want := (Token{Refresh: "r30", Access: "a", Expires: time.Unix(1000, 0), Origin: "o"}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := all[2].Update(ctx, "other", func(old Token) (Token, error) { return old, nil }); err != nil || got != (Token{}) {
		t.Errorf("a mailbox without a token: %+v, %v", got, err)
	}
	info, err := os.Stat(filepath.Join(dir, "tokens.db"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// A token is read while a Store has the folder.
func TestTokensBesideStore(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	s, err := Open(ctx, dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // the test is over
	x, err := OpenTokens(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	db, err := openSQL(filepath.Join(dir, "tokens.db"), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	db.Close() //nolint:errcheck // it was only changed
	if _, err := OpenTokens(ctx, dir); err == nil {
		t.Error("the file of a newer program was opened")
	}
}
