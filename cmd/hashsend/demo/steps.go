package demo

import (
	"slices"
	"sync"

	"hashsend/bridge/core"
)

// mostSteps is the number of steps kept for pages that are opened later.
const mostSteps = 500

// steps keeps the latest steps of the bridge, for pages that are opened later.
type steps struct {
	mu      sync.Mutex
	all     []core.Trace
	gone    int           // number of steps that were dropped
	changed chan struct{} // closed and replaced with each new step
}

// keep adds steps until come is closed.
func (s *steps) keep(come <-chan core.Trace) {
	for step := range come {
		s.mu.Lock()
		s.all = append(s.all, step)
		if n := len(s.all) - mostSteps; n > 0 {
			s.all, s.gone = slices.Delete(s.all, 0, n), s.gone+n
		}
		close(s.changed)
		s.changed = make(chan struct{})
		s.mu.Unlock()
	}
}

// after returns the steps after the first n, the number of steps so far, and a channel that
// is closed when there are more.
func (s *steps) after(n int) (more []core.Trace, now int, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all[min(max(n-s.gone, 0), len(s.all)):]), s.gone + len(s.all), s.changed
}
