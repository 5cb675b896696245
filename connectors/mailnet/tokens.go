package mailnet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// Token is what a provider gave out (RFC 6749, 5.1).
type Token struct {
	Refresh string
	Access  string
	Expires time.Time // of Access
	Origin  string    // names the configuration that it came from
}

// TokenKeeper keeps the token of one mailbox.
type TokenKeeper interface {
	// Update changes the token and returns what is kept then; the zero Token stands
	// for none. Other calls wait meanwhile, those of other processes too. When it
	// returns nil, the token is on disk.
	Update(ctx context.Context, change func(old Token) (Token, error)) (Token, error)
}

// Tokens gives out access tokens of one mailbox. It is safe for several goroutines;
// IMAP and SMTP share one.
type Tokens struct {
	cfg    OAuth2
	keep   TokenKeeper
	client *http.Client
	now    func() time.Time

	mu       sync.Mutex
	unsaved  *Token    // one that was renewed and could not be kept
	rejected string    // access token that a mail server did not take
	refused  Token     // with which the provider gave no access token
	why      error     // its answer
	again    time.Time // when the same is asked again
}

// SignInError says that somebody has to sign in anew, in words for the admin.
type SignInError struct{ Reason string }

func (e *SignInError) Error() string {
	return "the provider no longer accepts the sign-in of this mailbox (" + e.Reason + "): run hashsend login"
}

// NewTokens gives out tokens for the settings. keep may be nil: then a renewed
// refresh token lives as long as the process.
func NewTokens(o OAuth2, keep TokenKeeper) *Tokens {
	if keep == nil {
		keep = &inMemory{}
	}
	return &Tokens{cfg: o, keep: keep, client: &http.Client{Timeout: 20 * time.Second}, now: time.Now}
}

// Origin names the refresh token of a configuration without telling it.
func (o OAuth2) Origin() string {
	sum := sha256.Sum256([]byte(o.TokenURL + "\x00" + o.ClientID + "\x00" + o.RefreshToken))
	return hex.EncodeToString(sum[:8])
}

const (
	ahead      = 5 * time.Minute  // how long before its end an access token is renewed, at most
	assumed    = 30 * time.Minute // for how long one is good where the provider does not say
	askedAgain = 10 * time.Minute // after which a refused refresh token is tried again
)

// Access returns an access token that is good for some time. It is renewed ahead
// of its end; a new refresh token that comes with it is kept before anything uses
// the access token. An error is a *SignInError when the provider refuses.
func (t *Tokens) Access(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cfg.RefreshToken == "" && t.cfg.AccessToken != "" {
		return t.cfg.AccessToken, nil
	}
	got := Token{}
	now, err := t.keep.Update(ctx, func(old Token) (Token, error) {
		var err error
		got, err = t.renewed(ctx, old)
		return got, err
	})
	switch {
	case err == nil:
		t.unsaved = nil
		return now.Access, nil
	case got.Access != "":
		t.unsaved = &got // the old one may be used up
		return "", fmt.Errorf("keep the token: %w", err)
	}
	return "", err
}

// Reject says that a mail server did not take an access token: the next Access
// gives another. It reports whether that is worth a try.
func (t *Tokens) Reject(access string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if access == "" || access == t.rejected || t.cfg.RefreshToken == "" && t.cfg.AccessToken != "" {
		return false
	}
	t.rejected = access
	return true
}

// renewed decides whether a token has to be renewed, and does so.
func (t *Tokens) renewed(ctx context.Context, old Token) (Token, error) {
	origin := t.cfg.Origin()
	switch {
	case t.unsaved != nil:
		old = *t.unsaved
	case t.cfg.RefreshToken != "" && old.Origin != origin: // the configuration has another one since
		old = Token{Refresh: t.cfg.RefreshToken, Origin: origin}
	case old.Refresh == "":
		return Token{}, &SignInError{Reason: "nobody has signed in yet"}
	}
	if old.Access != "" && old.Access != t.rejected && t.now().Before(old.Expires) {
		return old, nil
	}
	if t.why != nil && old == t.refused && t.now().Before(t.again) {
		return Token{}, t.why
	}
	next, err := t.ask(ctx, old)
	var no *SignInError
	if errors.As(err, &no) {
		t.refused, t.why, t.again = old, err, t.now().Add(askedAgain)
	} else if err == nil {
		t.why = nil
	}
	return next, err
}

// ask uses a refresh token.
func (t *Tokens) ask(ctx context.Context, old Token) (Token, error) {
	// The answer must not be lost half way: the old token may be used up by then.
	ctx, cancel := context.WithTimeout(context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, t.client), 20*time.Second)
	defer cancel()
	config := oauth2.Config{ClientID: t.cfg.ClientID, ClientSecret: t.cfg.ClientSecret, Scopes: t.cfg.Scopes, Endpoint: oauth2.Endpoint{TokenURL: t.cfg.TokenURL, AuthStyle: oauth2.AuthStyleInParams}}
	asked := t.now()
	got, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: old.Refresh}).Token()
	if err != nil {
		return Token{}, t.explained(err)
	}
	life := time.Duration(got.ExpiresIn) * time.Second
	if life <= 0 {
		life = assumed
	}
	next := Token{Refresh: old.Refresh, Access: got.AccessToken, Origin: old.Origin, Expires: asked.Add(life - min(ahead, life/5)).Truncate(time.Second)}
	if got.RefreshToken != "" {
		next.Refresh = got.RefreshToken
	}
	return next, nil
}

func (t *Tokens) explained(err error) error {
	var said *oauth2.RetrieveError
	if !errors.As(err, &said) || said.Response == nil || said.Response.StatusCode >= 500 || said.Response.StatusCode == http.StatusTooManyRequests {
		return fmt.Errorf("get an access token: %w", err)
	}
	reason := said.ErrorCode
	switch reason {
	case "invalid_grant":
		reason = "it has expired or was revoked"
	case "invalid_client", "unauthorized_client":
		reason = "the client id or secret is not accepted"
	case "":
		reason = said.Response.Status
	}
	return &SignInError{Reason: reason}
}

// inMemory is a TokenKeeper that forgets at the end.
type inMemory struct{ token Token }

func (m *inMemory) Update(_ context.Context, change func(Token) (Token, error)) (Token, error) {
	next, err := change(m.token)
	if err == nil {
		m.token = next
	}
	return next, err
}
