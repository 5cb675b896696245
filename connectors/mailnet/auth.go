package mailnet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/emersion/go-sasl"
	"hashsend/bridge/retry"
)

// OAuth2 is how an access token is got: from a refresh token, or as it is.
type OAuth2 struct {
	ClientID     string   `yaml:"client_id"`
	ClientSecret string   `yaml:"client_secret"`
	TokenURL     string   `yaml:"token_url"`
	Scopes       []string `yaml:"scopes"`
	RefreshToken string   `yaml:"refresh_token"`
	AccessToken  string   `yaml:"access_token"` // used as it is, where there is no refresh token
}

func (o *OAuth2) check() (errs []error) {
	if o.RefreshToken == "" && o.AccessToken == "" && (o.ClientID == "" || o.TokenURL == "") {
		errs = append(errs, errors.New("oauth2.client_id: required, with token_url: hashsend login signs in with them; or give refresh_token"))
	}
	if o.RefreshToken != "" && o.TokenURL == "" {
		errs = append(errs, errors.New("oauth2.token_url: required: the address at which the provider issues access tokens"))
	}
	return errs
}

// Login logs in at servers. It is safe for several goroutines.
type Login struct {
	server Server
	tokens *Tokens // nil: with a password

	mu   sync.Mutex
	last string // access token that was used last
}

// NewLogin returns the login for a server.
func NewLogin(s Server) *Login {
	l := &Login{server: s, tokens: s.Tokens}
	if s.OAuth2 != nil && l.tokens == nil {
		l.tokens = NewTokens(*s.OAuth2, nil)
	}
	return l
}

// token returns an access token, a fresh one if the last is near its end.
func (l *Login) token(ctx context.Context) (string, error) {
	access, err := l.tokens.Access(ctx)
	if err == nil {
		l.mu.Lock()
		l.last = access
		l.mu.Unlock()
	}
	return access, err
}

// Renew is called when a server did not take the last access token: it may have
// been ended before its time. It reports whether another attempt with a new one is
// worth it.
func (l *Login) Renew() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.server.OAuth2 != nil && l.tokens.Reject(l.last)
}

// Mechanisms returns the mechanisms (RFC 4422) that the server offers and that fit
// this login, the best first. has tells whether it offers one, by its upper-case
// name. An error says that there is none.
func (l *Login) Mechanisms(ctx context.Context, has func(string) bool) (all []sasl.Client, err error) {
	s := l.server
	if s.OAuth2 != nil {
		token, err := l.token(ctx)
		if err != nil {
			return nil, err
		}
		if has("XOAUTH2") {
			all = append(all, &xoauth2{user: s.User, token: token})
		}
		if has(sasl.OAuthBearer) {
			all = append(all, sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: s.User, Token: token, Host: s.Host, Port: s.Port}))
		}
		if all == nil {
			return nil, retry.Never(fmt.Errorf("%s does not take OAuth2 (neither XOAUTH2 nor OAUTHBEARER): use a password", s.Address()))
		}
		return all, nil
	}
	if has(sasl.Plain) {
		all = append(all, sasl.NewPlainClient("", s.User, s.Password))
	}
	if has(sasl.Login) {
		all = append(all, &login{user: s.User, password: s.Password})
	}
	if all == nil {
		return nil, retry.Never(fmt.Errorf("%s takes no password (neither PLAIN nor LOGIN) over this connection: is tls set right, or does this account need oauth2?", s.Address()))
	}
	return all, nil
}

// Refused says that a login was refused, and what to do about it.
func (l *Login) Refused(err error) error {
	return fmt.Errorf("couldn't sign in to %s as %s: %s (%s)", l.server.Address(), l.server.User, oneLine(err.Error()), l.Advice())
}

// Advice is what to do after a refused login.
func (l *Login) Advice() string {
	if l.server.OAuth2 != nil {
		return "sign in again: hashsend login"
	}
	return "check user and password; many providers want an app password made in the account's security settings"
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// xoauth2 is Google's and Microsoft's mechanism, older than RFC 7628.
type xoauth2 struct{ user, token string }

func (x *xoauth2) Start() (string, []byte, error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next answers the server's explanation of a refusal with an empty line, as the
// mechanism asks; the server's refusal follows.
func (x *xoauth2) Next([]byte) ([]byte, error) { return []byte{}, nil }

// login answers whatever prompts the server has: they differ in words and case.
type login struct {
	user, password string
	asked          int
}

func (l *login) Start() (string, []byte, error) { return sasl.Login, nil, nil }

func (l *login) Next([]byte) ([]byte, error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte(l.user), nil
	case 2:
		return []byte(l.password), nil
	}
	return nil, sasl.ErrUnexpectedServerChallenge
}
