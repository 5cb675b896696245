package matrix

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// maxPush is how many bytes one push of the homeserver may have: it sends at most
// 100 events of 64 KiB.
const maxPush = 16 << 20

// serve takes what the homeserver pushes until ctx ends. The steps in hand are
// finished.
func (c *Connector) serve(ctx context.Context, cursor string, handle chat.Handler) error {
	a := c.cfg.AppService
	l, err := net.Listen("tcp", a.Listen)
	if err != nil {
		return fmt.Errorf("listen for the homeserver (appservice.listen): %w", err)
	}
	c.pushes.start(time.Now())
	catching, caughtUp := context.WithCancel(ctx)
	defer caughtUp()
	srv := &http.Server{
		Handler: c.handler(inTurn(catching, handle)), ReadTimeout: time.Minute, ReadHeaderTimeout: 10 * time.Second,
		WriteTimeout: 2 * time.Minute, IdleTimeout: 5 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog:    slog.NewLogLogger(c.env.Log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		if c.greet(ctx) {
			c.askLimits(ctx)
			running.Go(func() {
				c.catchUp(ctx, handle, caughtUp)
				c.lookBack(ctx, handle)
			})
			running.Go(func() { c.ping(ctx) })
			c.deletions(ctx, cursor, handle)
		}
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

// greet registers our own user as soon as the homeserver answers; false: ctx
// ended before.
func (c *Connector) greet(ctx context.Context) bool {
	for attempt := 1; ctx.Err() == nil; attempt++ {
		err := c.registerBot(ctx)
		if err == nil {
			return true
		}
		wait := retry.Backoff(attempt, time.Second, time.Minute)
		c.env.Log.Warn("the homeserver does not take us yet (is the registration file installed there?)", "again_in", wait.Round(time.Second), "error", err)
		if !retry.Sleep(ctx, wait) {
			break
		}
	}
	return false
}

// ping has the homeserver try to reach us, again and again until it does. Those that
// know no such request (Dendrite; all before Matrix 1.7) leave it open.
func (c *Connector) ping(ctx context.Context) {
	for attempt := 1; ctx.Err() == nil; attempt++ {
		cl, err := c.bot(ctx)
		if err == nil {
			_, err = cl.AppservicePing(ctx, c.cfg.AppService.ID, "hashsend")
		}
		if status := httpStatus(err); status == http.StatusNotFound || status == http.StatusMethodNotAllowed || ctx.Err() != nil {
			return
		}
		if err != nil {
			err = fmt.Errorf("the homeserver cannot reach us at %s (appservice.url; is it the one in the registration file on the homeserver?): %w", c.cfg.AppService.URL, err)
		}
		c.setTrouble(err)
		if err == nil {
			return
		}
		wait := retry.Backoff(attempt, time.Second, time.Minute)
		c.env.Log.Warn("nothing arrives from the homeserver", "again_in", wait.Round(time.Second), "error", err)
		retry.Sleep(ctx, wait)
	}
}

func (c *Connector) setTrouble(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unheard = err
}

// Trouble tells what is wrong at the moment; see chat.Doctor.
func (c *Connector) Trouble() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unheard != nil {
		return c.unheard
	}
	return c.keysTrouble()
}

// handler is the application service API (application-service-api, "Server
// admin style permissions" aside): transactions, and the queries for users and
// rooms.
func (c *Connector) handler(handle chat.Handler) http.Handler {
	mux := http.NewServeMux()
	push := func(w http.ResponseWriter, r *http.Request) { c.push(w, r, handle) }
	mux.HandleFunc("PUT /_matrix/app/v1/transactions/{txn}", push)
	mux.HandleFunc("PUT /transactions/{txn}", push) // what homeservers try when the first is not there
	mux.HandleFunc("POST /_matrix/app/v1/ping", func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, struct{}{}) })
	mux.HandleFunc("GET /_matrix/app/v1/users/{user}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("user") == string(c.cfg.bot()) {
			respond(w, http.StatusOK, struct{}{})
			return
		}
		refuse(w, http.StatusNotFound, "M_NOT_FOUND", "there is no such user") // ghosts are made when they first speak
	})
	mux.HandleFunc("GET /_matrix/app/v1/rooms/{alias}", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "M_NOT_FOUND", "there is no such room")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "M_UNRECOGNIZED", "unknown request")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, there := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !there {
			token = r.URL.Query().Get("access_token")
		}
		switch {
		case token == "":
			refuse(w, http.StatusUnauthorized, "M_MISSING_TOKEN", "the token is missing")
		case subtle.ConstantTimeCompare([]byte(token), []byte(c.cfg.AppService.HSToken)) != 1:
			refuse(w, http.StatusForbidden, "M_FORBIDDEN", "the token is wrong")
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

func respond(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(body) //nolint:errcheck // the homeserver repeats what it got no answer to
}

func refuse(w http.ResponseWriter, code int, errcode, text string) {
	respond(w, code, map[string]string{"errcode": errcode, "error": text})
}

// push takes in one transaction and answers 200 only when all of it is on disk;
// until then the homeserver sends it again.
func (c *Connector) push(w http.ResponseWriter, r *http.Request, handle chat.Handler) {
	var body struct {
		Events    []json.RawMessage `json:"events"`
		Ephemeral []json.RawMessage `json:"ephemeral"`
		Unstable  []json.RawMessage `json:"de.sorunome.msc2409.ephemeral"`
		pushedKeys
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPush)).Decode(&body); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			refuse(w, http.StatusRequestEntityTooLarge, "M_TOO_LARGE", "the transaction is too large")
			return
		}
		refuse(w, http.StatusBadRequest, "M_NOT_JSON", "the transaction is no JSON object with events")
		return
	}
	events, err := c.takeKeys(r.Context(), body.news(c.cfg.bot()))
	if err != nil {
		c.env.Log.Error("take in keys of the homeserver", "error", err)
		refuse(w, http.StatusInternalServerError, "M_UNKNOWN", "not stored yet, send it again")
		return
	}
	events = append(events, c.events(r.Context(), "", body.Events)...)
	if slices.ContainsFunc(events, func(e chat.Event) bool { _, is := e.(chat.Deleted); return is }) {
		c.pushed.Store(true)
	}
	if body.Ephemeral == nil {
		body.Ephemeral = body.Unstable
	}
	events = append(events, c.ephemerals("", body.Ephemeral)...)
	if err := c.takeIn(r.Context(), r.PathValue("txn"), wasLate(body.Events), events, handle); err != nil {
		c.env.Log.Error("take in a push of the homeserver", "error", err)
		refuse(w, http.StatusInternalServerError, "M_UNKNOWN", "not stored yet, send it again")
		return
	}
	respond(w, http.StatusOK, struct{}{})
}
