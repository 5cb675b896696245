package retry_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hashsend/bridge/retry"
)

func TestMarks(t *testing.T) {
	cause := errors.New("no")
	for _, c := range []struct {
		name                      string
		err                       error
		never, unclear, congested bool
		pause                     time.Duration
	}{
		{"none", cause, false, false, false, 0},
		{"never", retry.Never(cause), true, false, false, 0},
		{"after", fmt.Errorf("post: %w", retry.After(cause, time.Minute)), false, false, false, time.Minute},
		{"several, one in the other", retry.Unclear(fmt.Errorf("post: %w", retry.After(cause, time.Second))), false, true, false, time.Second},
		{"several, side by side", errors.Join(cause, retry.Congested(cause)), false, false, true, 0},
	} {
		pause, asked := retry.Pause(c.err)
		if retry.IsNever(c.err) != c.never || retry.IsUnclear(c.err) != c.unclear || retry.IsCongested(c.err) != c.congested || pause != c.pause || asked != (c.pause > 0) {
			t.Errorf("%s: never %v, unclear %v, congested %v, pause %v", c.name, retry.IsNever(c.err), retry.IsUnclear(c.err), retry.IsCongested(c.err), pause)
		}
		if !errors.Is(c.err, cause) {
			t.Errorf("%s: the cause is lost", c.name)
		}
	}
	for _, none := range []error{retry.Never(nil), retry.After(nil, time.Second), retry.Unclear(nil), retry.Congested(nil)} {
		if none != nil {
			t.Errorf("a mark made an error of nothing: %v", none)
		}
	}
}

func TestBackoff(t *testing.T) {
	for attempt, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 4: 5 * time.Second, 1000: 5 * time.Second} {
		for range 100 {
			if got := retry.Backoff(attempt, time.Second, 5*time.Second); got > want || got <= want-want/4 {
				t.Errorf("attempt %d waits %s, want %s or up to a quarter less", attempt, got, want)
			}
		}
	}
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		if !retry.Sleep(t.Context(), time.Minute) || time.Since(begun) != time.Minute {
			t.Errorf("slept %s of a minute", time.Since(begun))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if retry.Sleep(ctx, time.Minute) || time.Since(begun) != time.Minute+time.Second {
			t.Errorf("the end of the context came after %s", time.Since(begun))
		}
		if retry.Sleep(ctx, 0) {
			t.Error("slept on after the end")
		}
	})
}
