package outbox

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/store"
)

// tried runs an outbox for an hour with one delivery of a kind, and returns how often it
// was tried and why it was given up (nil: it was not).
func tried(t *testing.T, deliver func(e *core.Env, attempt int, d store.Delivery) error, kind string) (attempts int, gaveUp error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st, err := store.Open(t.Context(), t.TempDir(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		e, err := core.NewEnv(core.Options{Store: st})
		if err != nil {
			t.Fatal(err)
		}
		o := New(e, func(_ *core.Work, _ store.Delivery, cause error) error { gaveUp = cause; return nil },
			Kind{Name: "known", Patience: 10 * time.Minute, Deliver: func(_ context.Context, d store.Delivery) error {
				attempts++
				return deliver(e, attempts, d)
			}})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- o.Run(ctx) }()
		if err := e.Write(ctx, "test", func(w *core.Work) error { return Enqueue(w, kind, "lane", "key", nil, nil, time.Time{}) }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if left := len(waiting(t, st)); left != 0 {
			t.Errorf("%d deliveries are left", left)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return attempts, gaveUp
}

func waiting(t *testing.T, st *store.Store) (all []store.Delivery) {
	t.Helper()
	if err := st.Read(context.Background(), func(tx *store.Tx) (err error) { all, err = tx.Waiting(10); return err }); err != nil {
		t.Fatal(err)
	}
	return all
}

func settle(e *core.Env, d store.Delivery) error {
	return e.Write(context.Background(), "settle", func(w *core.Work) error { return w.Done(d.ID) })
}

func TestUnknownKindIsTold(t *testing.T) {
	n, gaveUp := tried(t, func(*core.Env, int, store.Delivery) error { return nil }, "from a newer version")
	if n != 0 || gaveUp == nil {
		t.Errorf("tried %d times, told: %v", n, gaveUp)
	}
}

func TestPanicIsAnAttempt(t *testing.T) {
	n, gaveUp := tried(t, func(e *core.Env, attempt int, d store.Delivery) error {
		if attempt < 3 {
			panic("boom")
		}
		if attempt == 3 && !InDoubt(d) {
			t.Error("what panicked is not looked for before it is made again")
		}
		return settle(e, d)
	}, "known")
	if n != 3 || gaveUp != nil {
		t.Errorf("tried %d times, given up: %v", n, gaveUp)
	}
}

// A delivery that the network has taken and the database refuses is tried as long as its
// patience lasts, with growing pauses, and then told.
func TestUnsettledIsGivenUp(t *testing.T) {
	refused := errors.New("constraint failed")
	n, gaveUp := tried(t, func(*core.Env, int, store.Delivery) error { return refused }, "known")
	if n < 3 || n > 30 || !errors.Is(gaveUp, refused) {
		t.Errorf("tried %d times, given up: %v", n, gaveUp)
	}
}
