package demo

import (
	"slices"
	"sync"

	"hashsend/bridge/core"
)

// mostSteps is how many steps of the bridge are shown to a page that is opened later.
const mostSteps = 500

// steps are what the bridge has done since the start, for pages that are opened later.
type steps struct {
	mu      sync.Mutex
	all     []core.Trace
	gone    int           // how many were forgotten
	changed chan struct{} // closed and replaced with each new one
}

// keep keeps what comes until it ends.
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

// after returns the steps behind the first n and how many there were by now, and a
// channel that is closed when there are more.
func (s *steps) after(n int) (more []core.Trace, now int, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all[min(max(n-s.gone, 0), len(s.all)):]), s.gone + len(s.all), s.changed
}
