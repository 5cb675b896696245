package tomail

import (
	"testing"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/store"
)

// TestTypingProlongsTheHold: typing extends a hold, never beyond its maximum.
func TestTypingProlongsTheHold(t *testing.T) {
	h := core.Hold{Quiet: 5 * time.Second, Max: 30 * time.Second, Live: 2 * time.Second}
	start := time.Unix(1_000_000, 0)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	for _, c := range []struct {
		name         string
		hold         core.Hold
		first, until time.Time
		now          int
		on, urgent   bool
		want         time.Time
	}{
		{"nothing is held", h, time.Time{}, time.Time{}, 3, true, false, time.Time{}},
		{"somebody types", h, start, at(5), 3, true, false, at(30)},
		{"still", h, start, at(30), 20, true, false, at(30)},
		{"ceases", h, start, at(30), 10, false, false, at(15)},
		{"ceases near the end", h, start, at(30), 28, false, false, at(30)},
		{"ceases, though nobody was heard to begin", h, start, at(5), 3, false, false, at(5)},
		{"waits longer already", h, start, at(50), 40, true, false, at(50)},
		{"somebody types, and an answer is awaited", h, start, at(2), 1, true, true, at(2)},
		{"ceases, and an answer is awaited", h, start, at(2), 1, false, true, at(2)},
		{"no hold is wanted", core.Hold{Max: 30 * time.Second}, start, at(0), 0, true, false, at(0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := typingUntil(c.hold, store.Thread{HoldFirst: c.first, HoldUntil: c.until}, at(c.now), c.on, c.urgent); !got.Equal(c.want) {
				t.Errorf("the hold ends at %v, want %v", got, c.want)
			}
		})
	}
}
