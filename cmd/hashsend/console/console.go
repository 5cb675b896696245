// Package console is the admin's web page: conversations with the state of each message, the
// queue, held email and connections. It also serves metrics and health checks.
package console

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hashsend/bridge"
)

//go:embed console.html
var pageText string

//go:embed console.js
var script []byte

//go:embed console.css
var style []byte

// Config controls access to the console.
type Config struct {
	Token string // required as a bearer token, or once as ?token=, which sets a cookie; empty: no token needed
	// Doctor finds out why email doesn't arrive and returns a report in plain text. It can take
	// minutes. Nil: the page has no link to it.
	Doctor func(context.Context) (string, error)
}

const cookie = "hashsend_console"

// New returns the console of a running bridge.
func New(b *bridge.Bridge, m *Metrics, cfg Config, log *slog.Logger) http.Handler {
	page := template.Must(template.New("console").Funcs(template.FuncMap{
		"ago":    func(t time.Time) string { return time.Since(t).Round(time.Second).String() },
		"doctor": func() bool { return cfg.Doctor != nil },
	}).Parse(pageText))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		o, err := b.Overview(r.Context())
		if err != nil {
			log.Error("show the console", "error", err)
			http.Error(w, "Couldn't read the database. The log has the details.", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		if err := page.Execute(w, o); err != nil {
			log.Debug("show the console", "error", err)
		}
	})
	mux.HandleFunc("GET /console.js", static("text/javascript; charset=utf-8", script))
	mux.HandleFunc("GET /console.css", static("text/css; charset=utf-8", style))
	mux.HandleFunc("GET /steps", func(w http.ResponseWriter, r *http.Request) { steps(w, r, b) })
	if cfg.Doctor != nil {
		mux.Handle("GET /doctor", examination(cfg.Doctor, log))
	}
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { health(w, r, b) })
	return guard(cfg, mux)
}

// examination runs the doctor, one run at a time. Other sites' pages can't start it.
func examination(doctor func(context.Context) (string, error), log *slog.Logger) http.Handler {
	var busy sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" && from != "none" {
			http.Error(w, "Open this from the console.", http.StatusForbidden)
			return
		}
		if !busy.TryLock() {
			http.Error(w, "The doctor is already running. Try again in a minute.", http.StatusConflict)
			return
		}
		defer busy.Unlock()
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprint(w, "Running. This can take a few minutes.\n\n") //nolint:errcheck // the browser is gone
		if err := http.NewResponseController(w).Flush(); err != nil {
			log.Debug("show what the doctor found", "error", err)
		}
		text, err := doctor(r.Context())
		if err != nil {
			log.Error("run the doctor", "error", err)
			text = "The doctor couldn't finish. The log says why.\n"
		}
		fmt.Fprint(w, text) //nolint:errcheck // the browser is gone
	})
}

// guard rejects requests without the token.
func guard(cfg Config, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		if cfg.Token == "" {
			next.ServeHTTP(w, r)
			return
		}
		right := func(token string) bool { return subtle.ConstantTimeCompare([]byte(token), []byte(cfg.Token)) == 1 }
		bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if c, err := r.Cookie(cookie); right(bearer) || (err == nil && right(c.Value)) {
			next.ServeHTTP(w, r)
			return
		}
		if right(r.URL.Query().Get("token")) {
			http.SetCookie(w, &http.Cookie{Name: cookie, Value: cfg.Token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil})
			http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
			return
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "Open this page once with ?token=TOKEN, where TOKEN is console.token from the configuration.", http.StatusUnauthorized)
	})
}

func static(kind string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Write(body) //nolint:errcheck // the browser is gone
	}
}

// steps streams what the bridge does to a page (server-sent events).
func steps(w http.ResponseWriter, r *http.Request, b *bridge.Bridge) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	watch, stop := b.Watch()
	defer stop()
	if _, err := fmt.Fprint(w, ": here\n\n"); err != nil || out.Flush() != nil {
		return
	}
	for {
		select {
		case s := <-watch:
			data, err := json.Marshal(s)
			if err != nil {
				return
			}
			if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil || out.Flush() != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

// health returns 200 if every connection works, and 503 otherwise.
func health(w http.ResponseWriter, r *http.Request, b *bridge.Bridge) {
	o, err := b.Overview(r.Context())
	code := http.StatusOK
	if err != nil {
		code = http.StatusServiceUnavailable
	}
	for _, c := range o.Connections {
		if !c.OK {
			code = http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(map[string]any{"connections": o.Connections, "waiting": len(o.Queue)}) //nolint:errcheck // the asker is gone
}
