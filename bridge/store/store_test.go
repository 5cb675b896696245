package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"
)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(context.Background(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOpenTwiceIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := Open(context.Background(), dir, slog.New(slog.DiscardHandler))
	var locked *LockedError
	if !errors.As(err, &locked) || locked.Dir != dir || locked.PID == "" {
		t.Errorf("second Open: %v, want a LockedError that names the folder and the process", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Write(t.Context(), func(tx *Tx) error { return tx.exec("UPDATE version SET version = 99, compat = 99") }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a database of a newer program was opened")
	}
}

func TestGroupCommitKeepsFailuresApart(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	var wg sync.WaitGroup
	boom := errors.New("boom")
	errs := make([]error, 100)
	for i := range errs {
		wg.Go(func() {
			errs[i] = s.Write(t.Context(), func(tx *Tx) error {
				if err := tx.SetSetting(fmt.Sprint("n", i), "x"); err != nil {
					return err
				}
				switch i % 10 {
				case 3:
					return boom
				case 7:
					panic("no")
				}
				return nil
			})
		})
	}
	wg.Wait()
	for i, err := range errs {
		bad := i%10 == 3 || i%10 == 7
		if bad != (err != nil) {
			t.Errorf("write %d: %v", i, err)
		}
		var v string
		if err := s.Read(t.Context(), func(tx *Tx) (err error) { v, err = tx.Setting(fmt.Sprint("n", i)); return err }); err != nil {
			t.Fatal(err)
		}
		if bad == (v == "x") {
			t.Errorf("write %d left %q", i, v)
		}
	}
}

func TestMailIDs(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	err := s.Write(t.Context(), func(tx *Tx) error {
		box, err := tx.Mailbox("main", "team@example.org")
		if err != nil {
			return err
		}
		th := Thread{Mailbox: box, Mode: ModeOpen, Title: "Lunch", Token: "tok", Created: time.Now()}
		if err := tx.AddThread(&th, &Epoch{Name: "e", Subject: "#Send Lunch", Anchor: "hs.e.root.x@example.org", GUID: []byte{1}, Started: time.Now()}); err != nil {
			return err
		}
		m := Mail{Thread: th.ID, Uniq: "u", MessageID: "sent@example.org", Out: true, At: time.Now()}
		if err := tx.AddMail(&m); err != nil {
			return err
		}
		other := Mail{Thread: th.ID, MessageID: "other@example.org", At: time.Now()}
		if err := tx.AddMail(&other); err != nil {
			return err
		}
		if err := tx.AddMailID(m.ID, IDFinal, "final@outlook.example"); err != nil {
			return err
		}
		// Somebody else's mail that claims a known id does not take it away.
		if err := tx.AddMailID(other.ID, IDLearned, "sent@example.org"); err != nil {
			return err
		}
		for _, id := range []string{"sent@example.org", "final@outlook.example"} {
			got, err := tx.MailByID(id)
			if err != nil || got.ID != m.ID || got.MessageID != "final@outlook.example" {
				t.Errorf("MailByID(%s) = %+v, %v", id, got, err)
			}
		}
		if _, err := tx.MailByID("unknown@example.org"); !errors.Is(err, ErrNone) {
			t.Errorf("unknown id: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLanesKeepOrder(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	now := time.UnixMilli(1000)
	err := s.Write(t.Context(), func(tx *Tx) error {
		for i := range 3 {
			if err := tx.Enqueue(Delivery{Kind: "k", Lane: "a", Key: fmt.Sprint(i), Due: now, Created: now, Data: "{}"}); err != nil {
				return err
			}
		}
		// The same key again changes nothing.
		return tx.Enqueue(Delivery{Kind: "k", Lane: "a", Key: "0", Due: now, Created: now, Data: "other"})
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		err := s.Write(t.Context(), func(tx *Tx) error {
			d, err := tx.First("a")
			if err != nil {
				return err
			}
			if d.Key != fmt.Sprint(i) || d.Data != "{}" {
				t.Errorf("first is %+v, want key %d", d, i)
			}
			return tx.Done(d.ID)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Read(t.Context(), func(tx *Tx) error { _, err := tx.First("a"); return err }); !errors.Is(err, ErrNone) {
		t.Errorf("empty lane: %v", err)
	}
}

// Many readers at once, each with queries that nobody has used before, do not
// wait for each other's connections.
func TestManyReaders(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			err := s.Read(t.Context(), func(tx *Tx) error {
				for j := range 10 {
					var n int
					if err := tx.row(fmt.Sprintf("SELECT %d + %d", i, j), nil, &n); err != nil || n != i+j {
						return fmt.Errorf("%d: %w", n, err)
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
