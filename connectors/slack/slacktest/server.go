// Package slacktest stands in for Slack in tests: a server in the same process, as
// strict as Slack's documentation. It has the methods of the Web API that hashsend
// uses, with their scopes, argument checks, errors and rate limits; Socket Mode with
// envelopes, redelivery and announced disconnects; the Events API with signatures and
// retries; slash commands, dialogs, menus and the Home tab; and people who write,
// edit, press buttons and read channels.
//
// It shares no code with the connector. server.go receives requests; chat.go,
// conversations.go, files.go and views.go have the methods; blocks.go checks blocks;
// socket.go and events.go deliver; people.go and clicks.go have the actions of people;
// faults.go injects errors.
package slacktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The ids and secrets of the app and its workspace.
const (
	Team          = "T0LAB0001"
	OtherTeam     = "T0OTHER01"
	Org           = "E0LAB0001" // of Team, after Grid
	OtherOrg      = "E0OTHER01"
	App           = "A0HASHSEND"
	BotUser       = "U0HASHSEND"
	Bot           = "B0HASHSEND"
	BotToken      = "xoxb-111-222-lab"
	UserToken     = "xoxp-111-222-lab"
	AppToken      = "xapp-1-A0HASHSEND-lab"
	SigningSecret = "8f742231b10e8888abcd99yyyzzz85a5"
)

// Server is a workspace with one app. Its methods may be called by several
// goroutines.
type Server struct {
	// Patience is how long the app may take to acknowledge; 0: Slack's 3 s.
	Patience time.Duration
	// Again are the pauses before redeliveries; nil: Slack's 0, 1 and 5 min.
	Again []time.Duration
	// Processing is how long an app's file is examined before its channel shows it; 0: a
	// moment.
	Processing time.Duration

	mu       sync.Mutex
	http     *http.Server
	address  string
	users    map[string]*User
	channels map[string]*Channel
	files    map[string]*file
	uploads  map[string]*file // by upload path
	dropped  int              // number of files that will not appear
	scopes   []string
	events   map[string]bool // subscriptions
	revoked  string          // error for the token; empty: it is valid
	lastTS   time.Time
	serial   int
	emoji    map[string]string
	grid     bool // the workspace belongs to Org

	sockets  []*socket
	tickets  map[string]bool // addresses of sockets that were not used yet
	next     int             // the next socket to send to
	pending  []*envelope     // not acknowledged yet
	queue    []*envelope     // not sent yet, in order
	sending  bool            // a goroutine is sending the queue
	request  string          // request URL of the Events API; empty: Socket Mode
	off      string          // why no sockets may be opened; empty: they may
	triggers map[string]time.Time
	answers  map[string]*answerURL
	modals   map[string]map[string]any // by user
	homes    map[string]map[string]any

	unlimited bool
	buckets   map[string]*bucket
	faults    map[string][]Fault
	calls     map[string]int
	delivery  sync.WaitGroup
	ctx       context.Context
	cancel    context.CancelFunc
}

// Start starts a server. address is "127.0.0.1:0", or the address of one that was
// stopped. The app has all scopes and subscriptions until Allow and Subscribe change
// them.
func Start(address string) (*Server, error) {
	s := &Server{
		users: map[string]*User{}, channels: map[string]*Channel{}, files: map[string]*file{}, uploads: map[string]*file{}, tickets: map[string]bool{},
		triggers: map[string]time.Time{}, answers: map[string]*answerURL{}, modals: map[string]map[string]any{}, homes: map[string]map[string]any{},
		buckets: map[string]*bucket{}, faults: map[string][]Fault{}, calls: map[string]int{}, emoji: map[string]string{},
	}
	s.users[BotUser] = &User{ID: BotUser, Name: "hashsend", Real: "hashsend", Bot: true, Team: Team}
	return s, s.Resume(address)
}

// Resume listens again after Stop, with all its data. An empty address means the one
// before.
func (s *Server) Resume(address string) error {
	if address == "" {
		address = s.address
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.address = l.Addr().String()
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	srv := s.http
	s.mu.Unlock()
	s.delivery.Go(func() { srv.Serve(l) }) //nolint:errcheck // it ends with Stop
	return nil
}

// Stop closes all connections and stops listening. People can still act meanwhile.
func (s *Server) Stop() {
	s.mu.Lock()
	srv := s.http
	s.cancel()
	for _, c := range s.sockets {
		c.conn.Close() //nolint:errcheck // it is to break
	}
	s.mu.Unlock()
	srv.Close() //nolint:errcheck // it is to break
	s.delivery.Wait()
}

// API is the address of the Web API.
func (s *Server) API() string { return "http://" + s.address + "/api/" }

// ServeHTTP handles the app's requests.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/"):
		s.serveAPI(w, r, strings.TrimPrefix(r.URL.Path, "/api/"))
	case strings.HasPrefix(r.URL.Path, "/link/"):
		s.serveSocket(w, r)
	case strings.HasPrefix(r.URL.Path, "/actions/"):
		s.serveAnswer(w, r)
	case strings.HasPrefix(r.URL.Path, "/files-pri/"):
		s.serveFile(w, r)
	case strings.HasPrefix(r.URL.Path, "/upload/"):
		s.serveUpload(w, r)
	case r.URL.Path == "/" && r.URL.Query().Has("redir"):
		page(w)
	default:
		http.NotFound(w, r)
	}
}

// apiError is an error of the Web API.
type apiError struct {
	code  string
	extra map[string]any
}

func (e *apiError) Error() string { return e.code }

func fail(code string) error { return &apiError{code: code} }

// call is one call of a method.
type call struct {
	s     *Server
	args  map[string]string
	token string
	json  bool // the arguments came as JSON
}

type reply map[string]any

// method is one of the Web API.
type method struct {
	do     func(*call) (reply, error)
	scopes []string // one of them is needed
	app    bool     // needs the app-level token
	tier   int      // calls a minute: 1, 20, 50, 100 for tiers 1 to 4; 0: a limit of its own
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, name string) {
	s.mu.Lock()
	s.calls[name]++
	fault, faulty := s.fault(name)
	s.mu.Unlock()
	if faulty && fault.before(w) {
		return
	}
	m, known := methods()[name]
	out, err := reply(nil), error(nil)
	c := &call{s: s}
	switch args, token, argErr := arguments(r); {
	case !known:
		err = fail("unknown_method")
	case argErr != nil:
		err = argErr
	default:
		c.args, c.token, c.json = args, token, strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
		s.mu.Lock()
		if err = s.permitted(w, m, name, c); err == nil {
			out, err = m.do(c)
		}
		s.mu.Unlock()
	}
	if faulty && fault.after(w) {
		return
	}
	s.writeAnswer(w, out, err)
}

func (s *Server) writeAnswer(w http.ResponseWriter, out reply, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	var said *apiError
	switch {
	case errors.As(err, &said):
		out = reply{"ok": false, "error": said.code}
		for k, v := range said.extra {
			out[k] = v
		}
		if pause, limited := said.extra["retry_after"].(int); limited {
			delete(out, "retry_after")
			w.Header().Set("Retry-After", strconv.Itoa(pause))
			w.WriteHeader(http.StatusTooManyRequests)
		}
	default:
		if out == nil {
			out = reply{}
		}
		out["ok"] = true
	}
	json.NewEncoder(w).Encode(out) //nolint:errcheck // the client may have gone
}

// arguments reads the arguments of a call from a form or JSON, and the token, which
// must not be in the query.
func arguments(r *http.Request) (args map[string]string, token string, err error) {
	args = map[string]string{}
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err != nil {
		return nil, "", fail("invalid_post_type")
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := r.URL.Query()
	switch {
	case len(body) == 0:
	case kind == "application/json":
		var fields map[string]json.RawMessage
		if json.Unmarshal(body, &fields) != nil {
			return nil, "", fail("invalid_json")
		}
		for k, raw := range fields {
			var text string
			if json.Unmarshal(raw, &text) != nil {
				text = string(raw)
			}
			form.Set(k, text)
		}
	case kind == "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, "", fail("invalid_form_data")
		}
		token = values.Get("token")
		for k, v := range values {
			form[k] = v
		}
	default:
		return nil, "", fail("invalid_post_type")
	}
	if bearer, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); is {
		token = bearer
	}
	for k := range form {
		args[k] = form.Get(k)
	}
	delete(args, "token")
	return args, token, nil
}

// permitted checks token, scope and rate.
func (s *Server) permitted(w http.ResponseWriter, m method, name string, c *call) error {
	switch c.token {
	case "":
		return fail("not_authed")
	case BotToken:
		if m.app {
			return fail("not_allowed_token_type")
		}
		if s.revoked != "" {
			return fail(s.revoked)
		}
		w.Header().Set("X-OAuth-Scopes", strings.Join(s.granted(), ","))
		w.Header().Set("X-Accepted-OAuth-Scopes", strings.Join(m.scopes, ","))
		if len(m.scopes) > 0 && !slices.ContainsFunc(m.scopes, s.may) {
			return &apiError{"missing_scope", map[string]any{"needed": strings.Join(m.scopes, ","), "provided": strings.Join(s.granted(), ",")}}
		}
	case AppToken:
		if !m.app {
			return fail("not_allowed_token_type")
		}
	case UserToken:
		return fail("not_allowed_token_type")
	default:
		return fail("invalid_auth")
	}
	return s.limited(name, m.tier, c.args["channel"])
}

// granted returns the scopes of the token.
func (s *Server) granted() []string {
	if s.scopes != nil {
		return s.scopes
	}
	return allScopes()
}

func (s *Server) may(scope string) bool { return slices.Contains(s.granted(), scope) }

func allScopes() []string {
	return []string{
		"app_mentions:read", "bookmarks:read", "bookmarks:write", "channels:history", "channels:join", "channels:read", "chat:write", "chat:write.customize", "chat:write.public", "commands",
		"emoji:read", "files:read", "files:write", "groups:history", "groups:read", "im:history", "im:read", "im:write", "metadata.message:read", "mpim:history",
		"mpim:read", "pins:read", "pins:write", "reactions:read", "reactions:write", "team:read", "usergroups:read", "users:read", "users:read.email",
	}
}

// Allow sets the scopes of the token; without arguments, all.
func (s *Server) Allow(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scopes = scopes
}

// Subscribe sets the events that are delivered.
func (s *Server) Subscribe(events ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = map[string]bool{}
	for _, e := range events {
		s.events[e] = true
	}
}

// stamp makes a ts later than all before it.
func (s *Server) stamp() string {
	now := time.Now()
	if !now.After(s.lastTS.Add(time.Microsecond)) {
		now = s.lastTS.Add(2 * time.Microsecond)
	}
	s.lastTS = now
	return fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000)
}

func (s *Server) id(prefix string) string {
	s.serial++
	return fmt.Sprintf("%s0%07dX", prefix, s.serial)
}
