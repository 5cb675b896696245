// Package oauthtest is an OAuth2 server for tests: authorization code with PKCE,
// device code and refresh tokens that are good for one use (RFC 6749, RFC 7636,
// RFC 8628, RFC 9700).
package oauthtest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// ClientID is that of the only client.
const ClientID = "hashsend-test"

// Server is the provider. Its fields may be changed before it is asked.
type Server struct {
	URL      string
	Lifetime time.Duration // of access tokens, as the server counts; 0: an hour
	Rotates  bool          // a refresh token is good for one use; a second use ends the family
	Silent   bool          // it does not say how long an access token is good
	Down     bool          // it answers 503

	mu      sync.Mutex
	access  map[string]time.Time // until when it is good
	refresh map[string]*family
	codes   map[string]code
	device  map[string]bool // confirmed
	uses    int
	reused  int
}

type family struct {
	current string
	revoked bool
}

type code struct{ challenge, redirect string }

// New starts a server that ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{access: map[string]time.Time{}, refresh: map[string]*family{}, codes: map[string]code{}, device: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("GET /authorize", s.authorize)
	mux.HandleFunc("POST /device", s.askDevice)
	mux.HandleFunc("POST /token", s.token)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	s.URL = srv.URL
	return s
}

// TokenURL is where tokens are given out.
func (s *Server) TokenURL() string { return s.URL + "/token" }

// Grant makes a refresh token, as if somebody had signed in.
func (s *Server) Grant() (refresh string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newFamily()
}

func (s *Server) newFamily() string {
	r := rand.Text()
	s.refresh[r] = &family{current: r}
	return r
}

// Revoke ends what a refresh token, or one that came from it, is good for.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.refresh {
		f.revoked = true
	}
	clear(s.access)
}

// EndAccess makes all access tokens useless before their time.
func (s *Server) EndAccess() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
}

// Good reports whether an access token is good now.
func (s *Server) Good(access string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.access[access]
	return ok && time.Now().Before(until)
}

// Uses is how often a refresh token was used, and how often one that was used up.
func (s *Server) Uses() (all, reused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uses, s.reused
}

// Confirm lets everybody in who waits with a device code.
func (s *Server) Confirm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for d := range s.device {
		s.device[d] = true
	}
}

func (s *Server) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": s.URL, "token_endpoint": s.URL + "/token", "authorization_endpoint": s.URL + "/authorize",
		"device_authorization_endpoint": s.URL + "/device",
	})
}

// authorize is the page of the provider on which somebody has said yes.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	to, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	c := rand.Text()
	s.mu.Lock()
	s.codes[c] = code{challenge: q.Get("code_challenge"), redirect: q.Get("redirect_uri")}
	s.mu.Unlock()
	to.RawQuery = url.Values{"code": {c}, "state": {q.Get("state")}}.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

func (s *Server) askDevice(w http.ResponseWriter, _ *http.Request) {
	d := rand.Text()
	s.mu.Lock()
	s.device[d] = false
	s.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"device_code": d, "user_code": "ABCD-EFGH", "verification_uri": s.URL + "/activate", "expires_in": 60, "interval": 1})
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	refuse := func(word string) { answer(w, http.StatusBadRequest, map[string]any{"error": word}) }
	if s.Down {
		http.Error(w, "later", http.StatusServiceUnavailable)
		return
	}
	if r.PostFormValue("client_id") != ClientID {
		refuse("invalid_client")
		return
	}
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		c, ok := s.codes[r.PostFormValue("code")]
		delete(s.codes, r.PostFormValue("code"))
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if !ok || c.redirect != r.PostFormValue("redirect_uri") || base64.RawURLEncoding.EncodeToString(sum[:]) != c.challenge {
			refuse("invalid_grant")
			return
		}
		s.give(w, s.newFamily())
	case "urn:ietf:params:oauth:grant-type:device_code":
		confirmed, ok := s.device[r.PostFormValue("device_code")]
		switch {
		case !ok:
			refuse("expired_token")
		case !confirmed:
			refuse("authorization_pending")
		default:
			s.give(w, s.newFamily())
		}
	case "refresh_token":
		s.renew(w, r.PostFormValue("refresh_token"), refuse)
	default:
		refuse("unsupported_grant_type")
	}
}

func (s *Server) renew(w http.ResponseWriter, old string, refuse func(string)) {
	s.uses++
	f := s.refresh[old]
	switch {
	case f == nil || f.revoked:
		refuse("invalid_grant")
		return
	case f.current != old: // used a second time: somebody has stolen it
		s.reused++
		f.revoked = true
		refuse("invalid_grant")
		return
	}
	given := ""
	if s.Rotates {
		given = rand.Text()
		f.current = given
		s.refresh[given] = f
	}
	s.give(w, given)
}

func (s *Server) give(w http.ResponseWriter, refresh string) {
	life := s.Lifetime
	if life == 0 {
		life = time.Hour
	}
	a := rand.Text()
	s.access[a] = time.Now().Add(life)
	said := map[string]any{"access_token": a, "token_type": "Bearer", "expires_in": int(life / time.Second)}
	if s.Silent {
		delete(said, "expires_in")
	}
	if refresh != "" {
		said["refresh_token"] = refresh
	}
	answer(w, http.StatusOK, said)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the client sees what is missing
}
