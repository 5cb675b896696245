package core

import (
	"slices"
	"sync"

	"hashsend/bridge/retry"
)

// watchers receive the traces of the bridge.
type watchers struct {
	mu   sync.Mutex
	subs []chan Trace
}

// Watch returns a channel of traces from now on. A watcher that is too slow loses some. stop
// ends it and may be called twice.
func (e *Env) Watch() (steps <-chan Trace, stop func()) {
	c := make(chan Trace, 64)
	e.watch.mu.Lock()
	e.watch.subs = append(e.watch.subs, c)
	e.watch.mu.Unlock()
	return c, sync.OnceFunc(func() {
		e.watch.mu.Lock()
		e.watch.subs = slices.DeleteFunc(e.watch.subs, func(s chan Trace) bool { return s == c })
		e.watch.mu.Unlock()
		close(c)
	})
}

func (w *watchers) tell(s Trace) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.subs {
		select {
		case c <- s:
		default:
		}
	}
}

// healths is the state of the connections.
type healths struct {
	mu  sync.Mutex
	all []Health
}

func (h *healths) Set(v Health) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.all {
		if h.all[i].Name == v.Name && h.all[i].Kind == v.Kind {
			if h.all[i].OK == v.OK && h.all[i].Error == v.Error {
				return
			}
			h.all[i] = v
			return
		}
	}
	h.all = append(h.all, v)
}

func (h *healths) list() []Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// NoteHealth records the result of using a connection: an error, or that it works again.
func (e *Env) NoteHealth(name, kind string, err error) {
	h := Health{Name: name, Kind: kind, OK: err == nil || retry.IsNever(err), Since: e.Now()}
	if !h.OK {
		h.Error = err.Error()
	}
	e.Health.Set(h)
}

// HealthList returns the state of the connections, including the errors that chat networks
// report themselves.
func (e *Env) HealthList() []Health {
	all := e.Health.list()
	for i, h := range all {
		doctor := e.Network(h.Name).Troubled
		if h.Kind != "chat" || doctor == nil || !h.OK {
			continue
		}
		if err := doctor.Trouble(); err != nil {
			all[i].OK, all[i].Error = false, err.Error()
		}
	}
	return all
}
