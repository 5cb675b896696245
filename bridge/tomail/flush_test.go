package tomail

import (
	"slices"
	"testing"
	"time"

	"hashsend/bridge/core"
)

// TestHoldsInAnyOrder: commits are told of by several goroutines, so the end of a hold may
// be told of after the beginning of the next one. The later transaction counts.
func TestHoldsInAnyOrder(t *testing.T) {
	at := time.Unix(1000, 0)
	f := NewFlusher(&core.Env{})
	f.set(1, at, 1)
	f.set(1, at.Add(time.Second), 3) // a new message
	f.set(1, time.Time{}, 2)         // the flush before it
	f.set(2, at.Add(time.Minute), 4)
	f.set(3, at, 5)
	f.set(3, time.Time{}, 6)
	if next, held := f.next(); !held || !next.Equal(at.Add(time.Second)) {
		t.Errorf("the next hold ends at %v (%v)", next, held)
	}
	if due := f.dueAt(at.Add(time.Hour)); !slices.Equal(due, []int64{1, 2}) {
		t.Errorf("due are %v", due)
	}
}
