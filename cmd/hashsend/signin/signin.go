// Package signin gets a refresh token from an OAuth2 provider: with a code that the person
// enters on the provider's page (RFC 8628), or with a browser that returns to this machine
// (RFC 8252, RFC 7636). If it can't return, the person pastes its address.
package signin

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Provider is an OAuth2 provider with our client.
type Provider struct {
	Name                         string
	ClientID, ClientSecret       string
	AuthURL, DeviceURL, TokenURL string // AuthURL or DeviceURL may be empty: that way is not offered
	Scopes                       []string
	Extra                        map[string]string // parameters that the provider wants besides
}

// Person talks to the person who signs in.
type Person struct {
	Say  func(format string, args ...any)
	Line func(ctx context.Context) (string, error) // next line of what is typed; nil: nobody types
}

// patience is the time limit for a sign-in.
const patience = 15 * time.Minute

// Discover fills in the addresses of a provider from its own document (RFC 8414,
// OpenID Connect Discovery).
func Discover(ctx context.Context, client *http.Client, issuer string, p *Provider) error {
	issuer = strings.TrimSuffix(issuer, "/")
	var last error
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		var found struct {
			Auth   string `json:"authorization_endpoint"`
			Token  string `json:"token_endpoint"`
			Device string `json:"device_authorization_endpoint"`
		}
		if last = getJSON(ctx, client, issuer+path, &found); last != nil {
			continue
		}
		if found.Token == "" || found.Auth == "" && found.Device == "" {
			last = fmt.Errorf("%s lists no sign-in pages", issuer+path)
			continue
		}
		p.AuthURL, p.DeviceURL = found.Auth, found.Device
		if p.TokenURL == "" {
			p.TokenURL = found.Token
		}
		return nil
	}
	return fmt.Errorf("find the sign-in pages of %s: %w", issuer, last)
}

func getJSON(ctx context.Context, client *http.Client, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s returned %s", address, res.Status)
	}
	return json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(into)
}

func (p Provider) config() oauth2.Config {
	return oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Scopes: p.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: p.AuthURL, DeviceAuthURL: p.DeviceURL, TokenURL: p.TokenURL, AuthStyle: oauth2.AuthStyleInParams},
	}
}

// Device signs in with a code that the person enters on the provider's page, on any machine.
func Device(ctx context.Context, client *http.Client, p Provider, who Person) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, client), patience)
	defer cancel()
	conf := p.config()
	code, err := conf.DeviceAuth(ctx)
	if err != nil {
		return nil, fmt.Errorf("start signing in at %s: %w", p.Name, err)
	}
	who.Say("Open %s in a browser and enter the code %s. Waiting …", code.VerificationURI, code.UserCode)
	token, err := conf.DeviceAccessToken(ctx, code)
	if err != nil {
		return nil, fmt.Errorf("sign in at %s: %w", p.Name, err)
	}
	return p.checked(token)
}

func (p Provider) checked(token *oauth2.Token) (*oauth2.Token, error) {
	if token.RefreshToken == "" {
		return nil, fmt.Errorf("%s issued no refresh token, so the sign-in would not last: allow offline access for the client ID", p.Name)
	}
	return token, nil
}

// Browser signs in by a browser that comes back to a port of this machine. On a
// remote machine it cannot: the address that it shows then, or the code in it, is
// pasted instead. port 0 is any.
func Browser(ctx context.Context, client *http.Client, p Provider, who Person, port int) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, client), patience)
	defer cancel()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("wait for the browser: %w", err)
	}
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	conf := p.config()
	conf.RedirectURL = fmt.Sprintf("http://%s/", l.Addr())
	opts := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	for k, v := range p.Extra {
		opts = append(opts, oauth2.SetAuthURLParam(k, v))
	}
	codes := make(chan outcome, 2)
	srv := &http.Server{Handler: catcher(state, codes), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() { defer close(served); srv.Serve(l) }() //nolint:errcheck // it ends with Close
	defer func() {
		srv.Close() //nolint:errcheck // the answer was given
		<-served
	}()
	who.Say("Open this address in a browser and sign in:\n\n%s\n", conf.AuthCodeURL(state, opts...))
	typing := make(chan struct{})
	if who.Line != nil {
		who.Say("If the browser is on another machine, it will fail to open a last address. Paste that address here.")
		go func() { defer close(typing); typed(ctx, who, state, codes) }()
	} else {
		close(typing)
	}
	var got outcome
	select {
	case got = <-codes:
	case <-ctx.Done():
		got.err = fmt.Errorf("nobody signed in within %s", patience)
	}
	if got.err != nil {
		return nil, fmt.Errorf("sign in at %s: %w", p.Name, got.err)
	}
	token, err := conf.Exchange(ctx, got.code, oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, fmt.Errorf("sign in at %s: %w", p.Name, err)
	}
	return p.checked(token)
}

// outcome is a code, or the reason why there is none.
type outcome struct {
	code string
	err  error
}

// catcher waits for the browser. What others call up here counts for nothing.
func catcher(state string, codes chan<- outcome) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, ok := parse(r.URL.Query(), state)
		if !ok {
			http.Error(w, "This is not the answer to the sign-in that was begun.", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if got.err != nil {
			fmt.Fprintln(w, "The sign-in failed. The terminal says why.") //nolint:errcheck // the browser may be gone
		} else {
			fmt.Fprintln(w, "You are signed in. You can close this page.") //nolint:errcheck // the browser may be gone
		}
		select {
		case codes <- got:
		default:
		}
	})
}

// parse reads what the provider has added to the address; not ok: it is not for us.
func parse(q url.Values, state string) (outcome, bool) {
	switch {
	case q.Get("state") != state:
		return outcome{}, false
	case q.Get("error") != "":
		text := q.Get("error")
		if more := q.Get("error_description"); more != "" {
			text += ": " + more
		}
		return outcome{err: errors.New(text)}, true
	case q.Get("code") == "":
		return outcome{}, false
	}
	return outcome{code: q.Get("code")}, true
}

// typed reads pasted addresses and codes until one fits.
func typed(ctx context.Context, who Person, state string, codes chan<- outcome) {
	for ctx.Err() == nil {
		line, err := who.Line(ctx)
		if err != nil {
			return
		}
		got, ok := pasted(line, state)
		if !ok {
			who.Say("This isn't the address of this sign-in. The right one starts with http://127.0.0.1 and contains \"code=\".")
			continue
		}
		select {
		case codes <- got:
		default:
		}
		return
	}
}

// shortestCode is shorter than any code of a provider.
const shortestCode = 10

// pasted reads an address, or a code by itself.
func pasted(line, state string) (outcome, bool) {
	line = strings.TrimSpace(line)
	if u, err := url.Parse(line); err == nil && strings.Contains(line, "=") {
		q := u.Query()
		if len(q) == 0 {
			q, _ = url.ParseQuery(line) //nolint:errcheck // what is none has no code
		}
		return parse(q, state)
	}
	if len(line) < shortestCode || strings.ContainsAny(line, " \t:?&") {
		return outcome{}, false
	}
	return outcome{code: line}, true
}
