package bridge

import (
	"testing"
	"time"

	"hashsend/bridge/store"
)

// TestTypingProlongsTheHold tries row A47 as far as the hold goes (rule 1.6).
func TestTypingProlongsTheHold(t *testing.T) {
	h := Hold{Quiet: 5 * time.Second, Max: 30 * time.Second, Live: 2 * time.Second}
	start := time.Unix(1_000_000, 0)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	for _, c := range []struct {
		name         string
		hold         Hold
		first, until time.Time
		now          int
		on           bool
		want         time.Time
	}{
		{"nothing is held", h, time.Time{}, time.Time{}, 3, true, time.Time{}},
		{"somebody types", h, start, at(5), 3, true, at(30)},
		{"still", h, start, at(30), 20, true, at(30)},
		{"ceases", h, start, at(30), 10, false, at(15)},
		{"ceases near the end", h, start, at(30), 28, false, at(30)},
		{"ceases, though nobody was heard to begin", h, start, at(5), 3, false, at(5)},
		{"waits longer already", h, start, at(50), 40, true, at(50)},
		{"no hold is wanted", Hold{Max: 30 * time.Second}, start, at(0), 0, true, at(0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := typingUntil(c.hold, store.Thread{HoldFirst: c.first, HoldUntil: c.until}, at(c.now), c.on); !got.Equal(c.want) {
				t.Errorf("the hold ends at %v, want %v", got, c.want)
			}
		})
	}
}
