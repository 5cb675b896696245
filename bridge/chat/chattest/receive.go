package chattest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hashsend/bridge/chat"
)

// running is a connector that receives.
type running struct {
	events chan chat.Event
	cursor chan string // the last one, once the connector has stopped
	stop   func() error
}

// receive runs a connector until stop is called. refuse decides per call whether
// the handler fails; nil: never. Events of failed calls are not kept.
func receive(t *testing.T, f Fixture, c chat.Connector, cursor string, refuse func() bool) *running {
	t.Helper()
	r := &running{events: make(chan chat.Event, 10000), cursor: make(chan string, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	var last atomic.Pointer[string]
	last.Store(&cursor)
	go func() {
		ended <- c.Run(ctx, cursor, FillingGaps(c, func() []chat.Place { return []chat.Place{f.Place()} }, func(_ context.Context, cursor string, events ...chat.Event) error {
			if refuse != nil && refuse() {
				return errors.New("the disk is full")
			}
			for _, e := range events {
				r.events <- e
			}
			if cursor != "" {
				last.Store(&cursor)
			}
			return nil
		}))
	}()
	stopped := false
	r.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			r.cursor <- *last.Load()
			return err
		case <-time.After(Patience):
			return errors.New("Run does not return after its context has ended")
		}
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("Run: %v; want nil when the context ends", err)
		}
	})
	return r
}

// FillingGaps returns a handler that has the connector read the history of places where
// it says that something may have been missed, as the bridge does: what was said in the
// last minute, which may be known already.
func FillingGaps(c chat.Connector, places func() []chat.Place, handle chat.Handler) chat.Handler {
	return func(ctx context.Context, cursor string, events ...chat.Event) error {
		var rest []chat.Event
		for _, e := range events {
			if _, is := e.(chat.Gap); !is {
				rest = append(rest, e)
				continue
			}
			from, can := c.(chat.Backfiller)
			for _, p := range places() {
				if room := e.EventHead().Place.Room; !can || (room != "" && room != p.Room) {
					continue
				}
				if err := from.Backfill(ctx, p, "", time.Now().Add(-time.Minute), handle); err != nil {
					return err
				}
			}
		}
		if len(rest) == 0 && cursor == "" {
			return nil
		}
		return handle(ctx, cursor, rest...)
	}
}

// until returns the events up to the Posted with this text.
func (r *running) until(t *testing.T, text string) (before []chat.Event, hit chat.Posted) {
	t.Helper()
	limit := time.After(Patience)
	for {
		select {
		case e := <-r.events:
			if p, is := e.(chat.Posted); is && p.Body.Text == text {
				return before, p
			}
			before = append(before, e)
		case <-limit:
			t.Fatalf("%q did not arrive within %v; what did: %s", text, Patience, list(before))
		}
	}
}

// all returns the Posted with these texts, in whatever order they come (what a
// network tells again may come in any), and everything else up to the last.
func (r *running) all(t *testing.T, texts ...string) (hits []chat.Posted, rest []chat.Event) {
	t.Helper()
	hits = make([]chat.Posted, len(texts))
	limit := time.After(Patience)
	for found := 0; found < len(texts); {
		select {
		case e := <-r.events:
			p, is := e.(chat.Posted)
			n := slices.Index(texts, p.Body.Text)
			if !is || n < 0 || hits[n].Message != "" {
				rest = append(rest, e)
				continue
			}
			hits[n] = p
			found++
		case <-limit:
			t.Fatalf("%q did not all arrive within %v; what did: %s %s", texts, Patience, list(rest), fmt.Sprint(hits))
		}
	}
	return hits, rest
}

func list(events []chat.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "\n%T %+v", e, e)
	}
	return b.String()
}

// settle waits until the connector receives: some networks tell a connector
// without a cursor only what happens after it has connected.
func settle(t *testing.T, f Fixture, r *running) {
	t.Helper()
	limit := time.After(Patience)
	for n := 0; ; n++ {
		text := fmt.Sprintf("are you there? %d", n)
		f.Say(t, text)
		next := time.After(time.Second)
		for waiting := true; waiting; {
			select {
			case e := <-r.events:
				if p, is := e.(chat.Posted); is && strings.HasPrefix(p.Body.Text, "are you there?") {
					r.drain(t, f)
					return
				}
			case <-next:
				waiting = false
			case <-limit:
				t.Fatal("nothing that a person says arrives")
			}
		}
	}
}

// drain takes in what was said to find out whether the connector receives.
func (r *running) drain(t *testing.T, f Fixture) {
	t.Helper()
	f.Say(t, "now we begin")
	r.until(t, "now we begin")
}
