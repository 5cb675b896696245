package slack

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// receiver is a connector that receives: what it shares among its connections.
type receiver struct {
	*Connector
	handle  chat.Handler
	running sync.WaitGroup // connections, and what goes on for a request
	gaps    sync.WaitGroup

	line *line

	opening sync.Mutex // connections are opened one after the other

	mu      sync.Mutex
	open    int       // connections that are open
	warned  time.Time // that requests are refused
	missed  bool      // something may have been missed since the last one was lost, or the start
	revoked bool      // it was told that the access was taken away
}

// Run receives until ctx ends; see chat.Connector. A token that is not accepted at
// the start is an error; when the access is taken away later, that is told once,
// and it tries on until it comes back.
func (c *Connector) Run(ctx context.Context, _ string, handle chat.Handler) error {
	defer c.http.CloseIdleConnections()
	defer c.files.CloseIdleConnections()
	r := &receiver{Connector: c, handle: handle, line: newLine(), missed: true}
	defer r.gaps.Wait()
	ctx, stop := context.WithCancel(ctx) // also when it fails
	over, end := context.WithCancel(context.WithoutCancel(ctx))
	var served sync.WaitGroup
	served.Go(func() { r.line.serve(ctx, over, func(in request) (outcome, error) { return r.process(ctx, in) }) })
	defer served.Wait()
	defer end()
	defer r.running.Wait()
	defer stop()
	for attempt := 1; ; attempt++ {
		_, err := c.self(ctx)
		var out *lockedOut
		switch {
		case err == nil:
		case gone(ctx):
			return nil
		case errors.As(err, &out):
			return err
		default:
			c.setTrouble(err)
			pauseFor(ctx, err, attempt)
			continue
		}
		break
	}
	c.setTrouble(nil)
	if !c.cfg.SocketMode() {
		return r.listen(ctx)
	}
	for slot := range slots {
		r.running.Go(func() { r.keepOpen(ctx, slot) })
	}
	<-ctx.Done()
	return nil
}

// pauseFor waits before another attempt: as long as Slack has asked for, else
// longer each time.
func pauseFor(ctx context.Context, err error, attempt int) {
	d, asked := retry.Pause(err)
	if !asked {
		d = retry.Backoff(attempt, time.Second, 5*time.Minute)
	}
	retry.Sleep(ctx, d)
}

// take finds out what a request means.
func (c *Connector) take(ctx context.Context, r request) outcome {
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	switch r.kind {
	case "events_api":
		var cb callback
		var odd *json.UnmarshalTypeError
		if err := json.Unmarshal(r.payload, &cb); err != nil && !errors.As(err, &odd) {
			break
		}
		switch cb.Type {
		case "event_callback":
			return outcome{events: c.convert(ctx, cb)}
		case "app_rate_limited":
			c.env.Log.Warn("Slack left events out because there were too many; what was said is read from the history")
			return outcome{events: []chat.Event{chat.Gap{}}}
		}
	case "slash_commands":
		return c.slash(ctx, r.payload)
	case "interactive":
		return c.interaction(ctx, r.payload)
	}
	c.env.Log.Info("a request of a type that is not known was kept", "type", cut(r.kind, 100))
	return outcome{events: []chat.Event{chat.Unknown{Head: chat.Head{At: time.Now()}, Type: cut(r.kind, 100), Raw: r.payload}}}
}

// lookup is how long the names for one request may take: Slack waits three seconds
// for its acknowledgement.
const lookup = 1200 * time.Millisecond

// enter has a request processed: an event in its turn, and a command, too, lest it
// overtakes what was said before it; dialogs, which Slack opens within three seconds
// alone, at once. done is called once.
func (r *receiver) enter(ctx context.Context, in request, done func(outcome, error)) {
	in.came = time.Now()
	switch {
	case in.kind == "events_api":
		r.line.enter(in, done)
	case commands(in):
		r.line.command(in, done, func(in request) (outcome, error) { return r.process(ctx, in) })
	default:
		r.running.Go(func() { done(r.process(ctx, in)) })
	}
}

// process finds out what a request means and stores what it causes.
func (r *receiver) process(ctx context.Context, in request) (outcome, error) {
	out := r.take(context.WithoutCancel(ctx), in)
	in.late(out.events)
	return out, r.store(ctx, out.events)
}

// store hands events over until they are on disk, for as long as Slack waits. The
// step in hand is finished when ctx ends.
func (r *receiver) store(ctx context.Context, events []chat.Event) error {
	rest := withoutGaps(events)
	if len(rest) < len(events) {
		r.running.Go(func() { r.gap(ctx) })
	}
	return r.tryStore(ctx, rest)
}

func (r *receiver) tryStore(ctx context.Context, events []chat.Event) (err error) {
	if len(events) == 0 {
		return nil
	}
	for attempt := range 5 {
		if err = r.handle(context.WithoutCancel(ctx), "", events...); err == nil {
			return nil
		}
		r.env.Log.Warn("events could not be stored and are tried again", "error", err)
		if !retry.Sleep(ctx, time.Duration(attempt+1)*100*time.Millisecond) {
			return err
		}
	}
	return err
}

// withoutGaps leaves out what takes long: catching up must not hold up the
// acknowledgement.
func withoutGaps(events []chat.Event) (rest []chat.Event) {
	for _, e := range events {
		if _, is := e.(chat.Gap); !is {
			rest = append(rest, e)
		}
	}
	return rest
}

// denied tells once that Slack has taken the access away.
func (r *receiver) denied(ctx context.Context, err error) {
	r.setTrouble(err)
	r.mu.Lock()
	told := r.revoked
	r.revoked = true
	r.mu.Unlock()
	if told {
		return
	}
	r.env.Log.Error("Slack does not let us in any more", "error", err)
	why := chat.Revoked{Head: chat.Head{At: time.Now()}, Why: "it does not accept the token any more"}
	if err := r.store(ctx, []chat.Event{why}); err != nil {
		r.env.Log.Error("the loss of access could not be stored", "error", err)
	}
}

// admitted notes that Slack lets us in again.
func (r *receiver) admitted() {
	r.setTrouble(nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.revoked = false
}
