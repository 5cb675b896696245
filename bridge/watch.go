package bridge

import (
	"slices"
	"sync"

	"hashsend/bridge/chat"
)

// watchers are those who look at what the bridge does, as it does it.
type watchers struct {
	mu   sync.Mutex
	subs []chan Step
}

// Watch returns a channel of what the bridge does from now on. A watcher that is
// slower than the bridge loses steps. stop ends it; it may be called twice.
func (b *Bridge) Watch() (steps <-chan Step, stop func()) {
	c := make(chan Step, 64)
	b.watch.mu.Lock()
	b.watch.subs = append(b.watch.subs, c)
	b.watch.mu.Unlock()
	return c, sync.OnceFunc(func() {
		b.watch.mu.Lock()
		b.watch.subs = slices.DeleteFunc(b.watch.subs, func(s chan Step) bool { return s == c })
		b.watch.mu.Unlock()
		close(c)
	})
}

func (w *watchers) tell(s Step) {
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

func (h *healths) set(v Health) {
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

// healthList is the state of the connections, with what the chat networks
// themselves say is wrong.
func (b *Bridge) healthList() []Health {
	all := b.health.list()
	for i, h := range all {
		doctor, can := b.chats[h.Name].(chat.Doctor)
		if h.Kind != "chat" || !can || !h.OK {
			continue
		}
		if err := doctor.Trouble(); err != nil {
			all[i].OK, all[i].Error = false, err.Error()
		}
	}
	return all
}
