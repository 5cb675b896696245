package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"hashsend/connectors/mailnet/oauthtest"
)

func provider(t *testing.T, s *oauthtest.Server) Provider {
	t.Helper()
	p := Provider{Name: "Test", ClientID: oauthtest.ClientID, Scopes: []string{"mail"}}
	if err := Discover(t.Context(), http.DefaultClient, s.URL, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

var shown = regexp.MustCompile(`https?://\S+`)

// person tells what is said to somebody.
func person() (Person, chan string) {
	said := make(chan string, 10)
	return Person{Say: func(format string, args ...any) { said <- fmt.Sprintf(format, args...) }}, said
}

// A browser on this machine comes back by itself; one elsewhere ends at an address
// that is pasted.
func TestBrowser(t *testing.T) {
	for name, paste := range map[string]func(u *url.URL) string{
		"comes back":   nil,
		"address":      func(u *url.URL) string { return u.String() },
		"query":        func(u *url.URL) string { return u.RawQuery },
		"code":         func(u *url.URL) string { return " " + u.Query().Get("code") + "\n" },
		"second paste": func(u *url.URL) string { return "what?\n" + u.String() },
	} {
		t.Run(name, func(t *testing.T) {
			s := oauthtest.New(t)
			who, said := person()
			typed := make(chan string, 3)
			if paste != nil {
				who.Line = func(ctx context.Context) (string, error) {
					select {
					case l := <-typed:
						return l, nil
					case <-ctx.Done():
						return "", ctx.Err()
					}
				}
			}
			go func() {
				address := shown.FindString(<-said)
				client := &http.Client{}
				if paste != nil {
					client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				}
				res, err := client.Get(address)
				if err != nil {
					t.Error(err)
					return
				}
				defer res.Body.Close()
				if paste == nil {
					if page, _ := io.ReadAll(res.Body); !strings.Contains(string(page), "signed in") {
						t.Errorf("the browser shows %q", page)
					}
					return
				}
				to, err := res.Location()
				if err != nil {
					t.Error(err)
					return
				}
				for l := range strings.SplitSeq(strings.TrimSpace(paste(to)), "\n") {
					typed <- l
				}
			}()
			token, err := Browser(t.Context(), http.DefaultClient, provider(t, s), who, 0)
			if err != nil || token.RefreshToken == "" || !s.Good(token.AccessToken) {
				t.Errorf("%+v, %v", token, err)
			}
		})
	}
}

// An answer to another sign-in counts for nothing; a refusal is told.
func TestForeignAnswers(t *testing.T) {
	s := oauthtest.New(t)
	who, said := person()
	go func() {
		address, err := url.Parse(shown.FindString(<-said))
		if err != nil {
			t.Error(err)
			return
		}
		back := address.Query().Get("redirect_uri")
		for _, q := range []string{"?code=stolen&state=wrong", "?code=stolen", "", "?error=access_denied&state=" + address.Query().Get("state")} {
			res, err := http.Get(back + q)
			if err != nil {
				t.Error(err)
				return
			}
			res.Body.Close()
		}
	}()
	if _, err := Browser(t.Context(), http.DefaultClient, provider(t, s), who, 0); err == nil || !strings.Contains(err.Error(), "access_denied") {
		t.Errorf("%v", err)
	}
}

func TestDevice(t *testing.T) {
	s := oauthtest.New(t)
	who, said := person()
	go func() {
		if text := <-said; !strings.Contains(text, "ABCD-EFGH") || !strings.Contains(text, "/activate") {
			t.Errorf("it says %q", text)
		}
		s.Confirm()
	}()
	token, err := Device(t.Context(), http.DefaultClient, provider(t, s), who)
	if err != nil || token.RefreshToken == "" {
		t.Errorf("%+v, %v", token, err)
	}
}

func TestNoDiscovery(t *testing.T) {
	p := Provider{}
	if err := Discover(t.Context(), http.DefaultClient, oauthtest.New(t).URL+"/nowhere", &p); err == nil {
		t.Error("a provider without a document was found")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Discover(ctx, http.DefaultClient, oauthtest.New(t).URL, &p); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
