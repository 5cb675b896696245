package mailnet_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"hashsend/bridge/store"
	"hashsend/connectors/mailnet"
	"hashsend/connectors/mailnet/oauthtest"
)

// kept keeps tokens in the store, as the program does.
type kept struct {
	tokens *store.Tokens
	fail   error // of the next commit
}

func (k *kept) Update(ctx context.Context, change func(mailnet.Token) (mailnet.Token, error)) (mailnet.Token, error) {
	got, err := k.tokens.Update(ctx, "team", func(old store.Token) (store.Token, error) {
		next, err := change(mailnet.Token(old))
		if err == nil && k.fail != nil {
			err, k.fail = k.fail, nil
		}
		return store.Token(next), err
	})
	return mailnet.Token(got), err
}

func open(t *testing.T, dir string) *kept {
	t.Helper()
	tokens, err := store.OpenTokens(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tokens.Close() })
	return &kept{tokens: tokens}
}

func settings(s *oauthtest.Server, refresh string) mailnet.OAuth2 {
	return mailnet.OAuth2{ClientID: oauthtest.ClientID, TokenURL: s.TokenURL(), RefreshToken: refresh}
}

func access(t *testing.T, s *oauthtest.Server, tokens *mailnet.Tokens) string {
	t.Helper()
	got, err := tokens.Access(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !s.Good(got) {
		t.Error("the access token is not good")
	}
	return got
}

// A refresh token that is good for one use lasts over restarts, and over another
// token in the configuration.
func TestRotation(t *testing.T) {
	s, dir := oauthtest.New(t), t.TempDir()
	s.Rotates = true
	first := s.Grant()
	for range 5 { // starts of the program
		tokens := mailnet.NewTokens(settings(s, first), open(t, dir))
		a := access(t, s, tokens)
		if access(t, s, tokens) != a {
			t.Error("a good token was renewed")
		}
		s.EndAccess()
		if !tokens.Reject(a) || access(t, s, tokens) == a {
			t.Error("a token that is not taken is given out again")
		}
		if tokens.Reject(a) {
			t.Error("the same token was rejected twice")
		}
	}
	if _, reused := s.Uses(); reused > 0 {
		t.Errorf("%d refresh tokens were used twice", reused)
	}
	s.Revoke()
	access(t, s, mailnet.NewTokens(settings(s, s.Grant()), open(t, dir)))
}

// Many sign-ins at the same time, in several processes, use each refresh token once.
func TestSignInsAtOnce(t *testing.T) {
	s, dir := oauthtest.New(t), t.TempDir()
	s.Rotates = true
	cfg := settings(s, s.Grant())
	var working sync.WaitGroup
	for range 3 { // processes
		tokens := mailnet.NewTokens(cfg, open(t, dir))
		for range 8 {
			working.Go(func() {
				if got, err := tokens.Access(t.Context()); err != nil || !s.Good(got) {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
	}
	working.Wait()
	if all, reused := s.Uses(); all != 1 || reused != 0 {
		t.Errorf("refresh tokens were used %d times, %d of them again", all, reused)
	}
}

// What could not be kept is kept at the next attempt, and never used before.
func TestTokenThatCannotBeKept(t *testing.T) {
	s := oauthtest.New(t)
	s.Rotates = true
	k := open(t, t.TempDir())
	tokens := mailnet.NewTokens(settings(s, s.Grant()), k)
	k.fail = errors.New("disk full")
	if got, err := tokens.Access(t.Context()); err == nil || got != "" || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("%q, %v", got, err)
	}
	access(t, s, tokens)
	if all, reused := s.Uses(); all != 1 || reused != 0 {
		t.Errorf("%d uses, %d again", all, reused)
	}
}

// A revoked sign-in is said in plain words, the provider is not asked again and
// again, and a new sign-in is noticed at once.
func TestRevoked(t *testing.T) {
	s, dir := oauthtest.New(t), t.TempDir()
	cfg := settings(s, "")
	k := open(t, dir)
	tokens := mailnet.NewTokens(cfg, k)
	var no *mailnet.SignInError
	if _, err := tokens.Access(t.Context()); !errors.As(err, &no) || !strings.Contains(err.Error(), "hashsend login") {
		t.Errorf("nobody has signed in: %v", err)
	}
	signIn := func() {
		t.Helper()
		_, err := open(t, dir).Update(t.Context(), func(mailnet.Token) (mailnet.Token, error) {
			return mailnet.Token{Refresh: s.Grant(), Origin: cfg.Origin()}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	signIn()
	a := access(t, s, tokens)
	s.Revoke()
	tokens.Reject(a)
	before, _ := s.Uses()
	for range 5 {
		if _, err := tokens.Access(t.Context()); !errors.As(err, &no) || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("revoked: %v", err)
		}
	}
	if after, _ := s.Uses(); after != before+1 {
		t.Errorf("the provider was asked %d times", after-before)
	}
	signIn()
	access(t, s, tokens)
}

// A provider that is down is no reason to sign in anew; one that does not say how
// long a token is good, or whose clock is wrong, gives tokens all the same.
func TestProviderTrouble(t *testing.T) {
	s := oauthtest.New(t)
	tokens := mailnet.NewTokens(settings(s, s.Grant()), nil)
	s.Down = true
	var no *mailnet.SignInError
	if _, err := tokens.Access(t.Context()); err == nil || errors.As(err, &no) {
		t.Errorf("down: %v", err)
	}
	s.Down, s.Silent = false, true
	a := access(t, s, tokens)
	if access(t, s, tokens) != a {
		t.Error("it was renewed at once")
	}
	wrong := mailnet.NewTokens(mailnet.OAuth2{ClientID: "another", TokenURL: s.TokenURL(), RefreshToken: s.Grant()}, nil)
	if _, err := wrong.Access(t.Context()); !errors.As(err, &no) || !strings.Contains(err.Error(), "client id") {
		t.Errorf("a wrong client id: %v", err)
	}
}
