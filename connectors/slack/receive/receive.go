// Package receive receives requests from Slack, over Socket Mode connections or by
// HTTP. It puts events into their order, and acknowledges them once they are stored.
package receive

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/dialogs"
	"hashsend/connectors/slack/events"
	"hashsend/connectors/slack/web"
	"hashsend/connectors/slack/wire"
)

// Settings say how to receive.
type Settings struct {
	SigningSecret string // for the Events API; empty: Socket Mode
	Listen        string // the address to listen on for the Events API
	URL           string // the same as Slack sees it
}

// Receiver receives from one workspace.
type Receiver struct {
	web      *web.Client
	events   *events.Converter
	dialogs  *dialogs.Dialogs
	settings Settings

	state   sync.Mutex
	trouble error
}

// New makes a receiver; it connects in Run.
func New(w *web.Client, e *events.Converter, d *dialogs.Dialogs, s Settings) *Receiver {
	return &Receiver{web: w, events: e, dialogs: d, settings: s}
}

// Trouble returns the current error of the connection; see chat.Troubled.
func (r *Receiver) Trouble() error {
	r.state.Lock()
	defer r.state.Unlock()
	return r.trouble
}

func (r *Receiver) setTrouble(err error) {
	r.state.Lock()
	defer r.state.Unlock()
	r.trouble = err
}

// session is one run of a receiver, with the state that its connections share.
type session struct {
	*Receiver
	handle  chat.Handler
	line    *line
	running sync.WaitGroup // connections, and work for requests
	gaps    sync.WaitGroup

	opening sync.Mutex // connections are opened one after the other

	mu      sync.Mutex
	open    int       // connections that are open
	warned  time.Time // when it was last logged that requests are refused
	missed  bool      // something may have been missed since the last connection was lost, or the start
	revoked bool      // the loss of access was told
}

// Run receives until ctx ends; see chat.Connector. A token that is not accepted at
// the start is an error. If the access is taken away later, that is told once, and
// Run tries until it comes back.
func (r *Receiver) Run(ctx context.Context, handle chat.Handler) error {
	defer r.web.CloseIdle()
	s := &session{Receiver: r, handle: handle, line: newLine(), missed: true}
	defer s.gaps.Wait()
	ctx, stop := context.WithCancel(ctx) // also when it fails
	over, end := context.WithCancel(context.WithoutCancel(ctx))
	var served sync.WaitGroup
	served.Go(func() {
		s.line.serve(ctx, over, func(in request) (dialogs.Outcome, error) { return s.process(ctx, in) })
	})
	defer served.Wait()
	defer end()
	defer s.running.Wait()
	defer stop()
	for attempt := 1; ; attempt++ {
		_, err := r.web.Me(ctx)
		var out *web.LockedOut
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &out):
			return err
		default:
			r.setTrouble(err)
			pauseFor(ctx, err, attempt)
			continue
		}
		break
	}
	r.setTrouble(nil)
	if r.settings.SigningSecret != "" {
		return s.listen(ctx)
	}
	for slot := range Slots {
		s.running.Go(func() { s.keepOpen(ctx, slot) })
	}
	<-ctx.Done()
	return nil
}

// pauseFor waits before another attempt: as long as Slack has asked for, else longer
// each time.
func pauseFor(ctx context.Context, err error, attempt int) {
	d, asked := retry.Pause(err)
	if !asked {
		d = retry.Backoff(attempt, time.Second, 5*time.Minute)
	}
	retry.Sleep(ctx, d)
}

// enter processes a request. Events take their turn in the line. Commands do too, so
// that they do not overtake earlier messages, unless the line is held up. Dialogs do
// not wait, because Slack opens them only within three seconds. done is called once.
func (s *session) enter(ctx context.Context, in request, done func(dialogs.Outcome, error)) {
	in.came = time.Now()
	switch {
	case in.kind == kindEvent:
		s.line.enter(in, done)
	case dialogs.Commands(in.kind, in.payload):
		w := s.line.command(in, done)
		s.running.Go(func() {
			if s.line.heldUp(w) {
				done(s.process(ctx, in))
			}
		})
	default:
		s.running.Go(func() { done(s.process(ctx, in)) })
	}
}

// lookup limits the time for looking up names for a request: Slack waits three seconds
// for the acknowledgement.
const lookup = 1200 * time.Millisecond

// process finds out what a request means and stores the events.
func (s *session) process(ctx context.Context, in request) (dialogs.Outcome, error) {
	out := s.take(context.WithoutCancel(ctx), in)
	in.late(out.Events)
	return out, s.store(ctx, out.Events)
}

// take finds out what a request means.
func (r *Receiver) take(ctx context.Context, in request) dialogs.Outcome {
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	switch in.kind {
	case kindEvent:
		if all, known := r.events.Request(ctx, in.payload); known {
			return dialogs.Outcome{Events: all}
		}
	case dialogs.KindSlash:
		return r.dialogs.Slash(ctx, in.payload)
	case dialogs.KindInteraction:
		return r.dialogs.Interaction(ctx, in.payload)
	}
	r.web.Log.Info("kept a request of an unknown type", "type", wire.Cut(in.kind, 100))
	return dialogs.Kept(in.kind, in.payload)
}

// store hands events over until they are on disk, for as long as Slack waits. The
// attempt in progress is finished when ctx ends.
func (s *session) store(ctx context.Context, all []chat.Event) error {
	rest := withoutGaps(all)
	if len(rest) < len(all) {
		s.running.Go(func() { s.gap(ctx) })
	}
	return s.tryStore(ctx, rest)
}

func (s *session) tryStore(ctx context.Context, all []chat.Event) (err error) {
	if len(all) == 0 {
		return nil
	}
	for attempt := range 5 {
		if err = s.handle(context.WithoutCancel(ctx), "", all...); err == nil {
			return nil
		}
		s.web.Log.Warn("could not store events; trying again", "error", err)
		if !retry.Sleep(ctx, time.Duration(attempt+1)*100*time.Millisecond) {
			return err
		}
	}
	return err
}

// withoutGaps leaves out the gaps: reading the history must not hold up the
// acknowledgement.
func withoutGaps(all []chat.Event) (rest []chat.Event) {
	for _, e := range all {
		if _, is := e.(chat.Gap); !is {
			rest = append(rest, e)
		}
	}
	return rest
}

// gap has all linked channels caught up from their history, before what arrives now
// is stored.
func (s *session) gap(ctx context.Context) {
	if !s.line.begin() {
		return
	}
	s.gaps.Go(func() {
		for attempt := 1; ; attempt++ {
			err := s.handle(ctx, "", chat.Gap{})
			switch {
			case ctx.Err() != nil:
				return
			case err != nil: // new events do not wait for a channel that cannot be read
				ended := s.line.finish()
				pauseFor(ctx, err, attempt)
				if ended && !s.line.begin() {
					return
				}
			case s.line.finish():
				return
			default:
				attempt = 0
			}
		}
	})
}

// denied tells once that Slack has taken the access away.
func (s *session) denied(ctx context.Context, err error) {
	s.setTrouble(err)
	s.mu.Lock()
	told := s.revoked
	s.revoked = true
	s.mu.Unlock()
	if told {
		return
	}
	s.web.Log.Error("Slack no longer lets us in", "error", err)
	why := chat.Revoked{Head: chat.Head{At: time.Now()}, Why: "it no longer accepts the token"}
	if err := s.store(ctx, []chat.Event{why}); err != nil {
		s.web.Log.Error("could not store the loss of access", "error", err)
	}
}

// admitted notes that Slack lets us in again.
func (s *session) admitted() {
	s.setTrouble(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = false
}

// kindEvent is the kind of requests that bring events. The other kinds are those of
// package dialogs.
const kindEvent = "events_api"

// request is one request of Slack, over a socket or by HTTP.
type request struct {
	kind    string
	payload json.RawMessage // the form of a slash command is an object of texts
	came    time.Time
	again   bool // Slack has sent it before
}

// inTime is how long after its arrival a request counts as live.
const inTime = time.Second

// late marks events that were told, or are stored, some time after they happened:
// the channel may have been linked meanwhile.
func (in request) late(all []chat.Event) {
	if !in.again && time.Since(in.came) < inTime {
		return
	}
	for i, e := range all {
		switch e := e.(type) {
		case chat.Posted:
			e.Late = true
			all[i] = e
		case chat.Reacted:
			e.Late = true
			all[i] = e
		}
	}
}
