package receive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/homeserver"
)

// serve takes what the homeserver pushes until ctx ends. It finishes the push that is
// being processed then.
func (r *Receiver) serve(ctx context.Context, cursor string, handle chat.Handler) error {
	l, err := net.Listen("tcp", r.service.Listen)
	if err != nil {
		return fmt.Errorf("listen for the homeserver (appservice.listen): %w", err)
	}
	r.pushes.start(time.Now())
	catching, caughtUp := context.WithCancel(ctx)
	defer caughtUp()
	srv := r.httpServer(ctx, r.handler(inTurn(catching, handle)))
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		if !r.greet(ctx) {
			return
		}
		r.media.AskLimit(ctx)
		running.Go(func() {
			r.catchUp(ctx, handle, caughtUp)
			r.lookBack(ctx, handle)
		})
		running.Go(func() { r.ping(ctx) })
		running.Go(func() { r.watchLines(ctx) })
		running.Go(func() { r.keys.Watch(ctx) })
		r.deletions(ctx, cursor, handle)
	})
	failed := make(chan error, 1)
	running.Go(func() { failed <- srv.Serve(l) })
	defer running.Wait()
	defer cancel()
	select {
	case err := <-failed:
		return fmt.Errorf("serve the homeserver: %w", err)
	case <-ctx.Done():
	}
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer stop()
	if err := srv.Shutdown(last); err != nil {
		return errors.Join(err, srv.Close())
	}
	return nil
}

// httpServer returns the server that the homeserver pushes to. Its connections are watched.
func (r *Receiver) httpServer(ctx context.Context, h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadTimeout: time.Minute, ReadHeaderTimeout: 10 * time.Second,
		WriteTimeout: 2 * time.Minute, IdleTimeout: 5 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog:    slog.NewLogLogger(r.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ConnContext: r.lines.begin,
		ConnState: func(c net.Conn, state http.ConnState) {
			if r.lines.change(c, state, time.Now()) {
				select {
				case r.broken <- struct{}{}:
				default: // one that is not looked at yet says the same
				}
			}
		},
	}
}

// greet registers the bot as soon as the homeserver answers; false: ctx ended before.
func (r *Receiver) greet(ctx context.Context) bool {
	for attempt := 1; ctx.Err() == nil; attempt++ {
		err := r.server.RegisterBot(ctx)
		if err == nil {
			return true
		}
		wait := retry.Backoff(attempt, time.Second, time.Minute)
		r.log.Warn("the homeserver does not accept our application service (is the registration file installed there?)", "again_in", wait.Round(time.Second), "error", err)
		if !retry.Sleep(ctx, wait) {
			break
		}
	}
	return false
}

// ping has the homeserver try to reach us, again and again until it does. Homeservers that
// do not know this request (Dendrite; all before Matrix 1.7) leave it open.
func (r *Receiver) ping(ctx context.Context) {
	for attempt := 1; ctx.Err() == nil; attempt++ {
		err := r.server.PingService(ctx)
		if status := homeserver.Status(err); status == http.StatusNotFound || status == http.StatusMethodNotAllowed || ctx.Err() != nil {
			return
		}
		if err != nil {
			err = fmt.Errorf("the homeserver cannot reach us at %s (appservice.url; is it the one in the registration file on the homeserver?): %w", r.service.URL, err)
		}
		r.setUnheard(err)
		if err == nil {
			return
		}
		wait := retry.Backoff(attempt, time.Second, time.Minute)
		r.log.Warn("nothing arrives from the homeserver", "again_in", wait.Round(time.Second), "error", err)
		retry.Sleep(ctx, wait)
	}
}

func (r *Receiver) setUnheard(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unheard = err
}

// Trouble tells why nothing arrives from the homeserver; nil: as far as we know it does.
func (r *Receiver) Trouble() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unheard
}
