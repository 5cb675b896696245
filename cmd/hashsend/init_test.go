package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/mail"
	"hashsend/cmd/hashsend/discover"
	"hashsend/cmd/hashsend/discover/mailtest"
	"hashsend/connectors"
	"hashsend/connectors/matrix"
)

// person answers the questions of init: label -> answers, one after the other.
type person struct {
	t       *testing.T
	answers map[string][]string
	asked   []string
}

func (p *person) ask(_ context.Context, title, _ string, questions []question) error {
	for _, q := range questions {
		p.asked = append(p.asked, q.Label)
		for {
			left := p.answers[q.Label]
			if len(left) == 0 {
				p.t.Fatalf("%s: %q was not expected", title, q.Label)
			}
			*q.Into, p.answers[q.Label] = left[0], left[1:]
			// As in a terminal, what is not accepted is asked again.
			if q.Check == nil || q.Check(*q.Into) == nil {
				break
			}
		}
	}
	return nil
}

// TestInitAsks goes through the questions with somebody who errs at each.
func TestInitAsks(t *testing.T) {
	p := &mailtest.Provider{NewIDs: true, RefusesPlus: true, KeepsSent: true}
	p.Start(t)
	homeserver := startHomeserver(t)
	dir := t.TempDir()
	who := &person{t: t, answers: map[string][]string{
		"Email address":                        {"team", "team@tuta.com", mailtest.Address},
		"IMAP server (HOST:PORT)":              {"", fmt.Sprintf("127.0.0.1:%d/none", p.IMAP)},
		"Submission (SMTP) server (HOST:PORT)": {"nowhere", fmt.Sprintf("127.0.0.1:%d/none", p.SMTP)},
		"Password":                             {"wrong", mailtest.Password},
		"Name of your team or organization, such as Acme (optional)":      {"Acme"},
		"Other addresses that you send from with this mailbox (optional)": {"alice", "alice@example.org, a@example.net"},
		"Homeserver, such as example.org or https://matrix.example.org":   {"http://127.0.0.1:1", homeserver},
		"Network":                                {"matrix"},
		"Connect as":                             {"account", "account"},
		"User ID, such as @hashsend:example.org": {"@hashsend:example.org", "@hashsend:example.org"},
		"Access token":                           {"wrong", matrixToken},
		"Your user ID, for admin rights, such as @alice:example.org":                                             {"@alice:example.org"},
		"Home room, for questions and notices that belong to no other room, such as !abc:example.org (optional)": {""},
	}}
	var out bytes.Buffer
	w := &wizard{
		file: filepath.Join(dir, "new", "config.yaml"), chats: chatNetworks(connectors.Networks()), out: &out, ask: who.ask,
		client: http.DefaultClient, patience: time.Minute,
		find: func(ctx context.Context, address string) (discover.Found, error) {
			if strings.HasSuffix(address, "@tuta.com") {
				return discover.Finder{}.Find(ctx, address)
			}
			return discover.Found{}, fmt.Errorf("%w for example.org", discover.ErrNone)
		},
	}
	if err := w.run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for label, left := range who.answers {
		if len(left) > 0 {
			t.Errorf("%q was asked too seldom: %q is left", label, left)
		}
	}
	for _, want := range []string{"Tuta: it has neither IMAP nor SMTP", "✗ reading: ", "✓ reading: signed in", "✗ http://127.0.0.1:1: ", "Plus addresses don't work", "changes the Message-ID", "keeps a copy"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
	for _, planted := range []string{mailtest.Password, matrixToken} {
		if strings.Contains(out.String(), planted) {
			t.Errorf("a secret is printed:\n%s", out.String())
		}
	}
	c, err := loadConfig(w.file)
	if err != nil {
		t.Fatal(err)
	}
	box, net := c.Mailboxes[0], homeserverOf(t, c)
	if box.IMAP.Server.Password.value != mailtest.Password || box.PlusWorks || !box.KeepsSent || len(box.Own) != 2 || box.Title != "Acme" {
		t.Errorf("written: %+v", box)
	}
	if net.AccessToken != matrixToken || c.Access.Allow["@alice:example.org"] != "administer" {
		t.Errorf("written: %+v %+v", net, c.Access)
	}
	if files, err := os.ReadDir(filepath.Dir(w.file)); err != nil || len(files) != 1 {
		t.Errorf("a plain account got more files than the configuration: %v, %v", files, err)
	}
}

// homeserverOf returns the settings of the first homeserver.
func homeserverOf(t *testing.T, c *config) *matrix.Config {
	t.Helper()
	for _, n := range c.Networks {
		if cfg, is := n.Into().(*matrix.Config); is {
			return cfg
		}
	}
	t.Fatal("there is no homeserver")
	return nil
}

// TestInitLogsInByBrowser gets a refresh token by the device flow.
func TestInitLogsInByBrowser(t *testing.T) {
	asked := 0
	mux := http.NewServeMux()
	mux.HandleFunc("POST /device", func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("client_id") != "our-id" || !strings.Contains(r.PostFormValue("scope"), "offline_access") {
			http.Error(w, "wrong", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"device_code":"dev","user_code":"ABCD-EFGH","verification_uri":"https://login.example/device","expires_in":60,"interval":1}`)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if asked++; asked == 1 {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"authorization_pending"}`)
			return
		}
		fmt.Fprint(w, `{"access_token":"a","token_type":"Bearer","refresh_token":"planted-refresh","expires_in":3600}`)
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	var out bytes.Buffer
	w := &wizard{chats: chatNetworks(connectors.Networks()), out: &out, client: srv.Client(), a: answers{
		Address: "ann@outlook.com", IMAP: discover.Server{Host: "i", Port: 993, TLS: "tls"}, SMTP: discover.Server{Host: "s", Port: 587, TLS: "starttls"},
		Provider: &discover.Provider{Name: "Outlook.com"}, ClientID: "our-id",
		OAuth2: &discover.OAuth2{DeviceURL: srv.URL + "/device", TokenURL: srv.URL + "/token", Scopes: []string{"imap", "offline_access"}},
	}}
	if err := w.login(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "https://login.example/device") || !strings.Contains(out.String(), "ABCD-EFGH") || strings.Contains(out.String(), "planted") {
		t.Errorf("it says %s", out.String())
	}
	c, err := w.draft()
	if err != nil {
		t.Fatal(err)
	}
	o := c.Mailboxes[0].IMAP.Server.OAuth2
	if o == nil || o.RefreshToken.value != "planted-refresh" || o.ClientID != "our-id" || o.TokenURL != srv.URL+"/token" {
		t.Errorf("written: %+v", o)
	}
}

// TestAnswersAreWrittenWhole writes hostile words and reads them back.
func TestAnswersAreWrittenWhole(t *testing.T) {
	for _, word := range []string{`a"b`, `a: b # c`, "ümlaut ", `{x: y}`, `- a`, `%s\n`, `<&>`, "!home"} {
		a := answers{
			Address: "team@example.org", Title: word, Owner: word, Password: secretFrom{Value: word}, User: word, HomeRoom: word, Admin: word,
			IMAP: discover.Server{Host: "i", Port: 993, TLS: "tls"}, SMTP: discover.Server{Host: "s", Port: 465, TLS: "tls"},
		}
		net := &matrixSetup{Homeserver: "https://m.example.org", Way: "account", UserID: "@h:example.org", Token: secretFrom{Value: word}}
		c := &config{}
		if mistakes := c.parse(a.config("matrix", net)); len(mistakes) > 0 {
			t.Errorf("%q: %v\n%s", word, mistakes, a.config("matrix", net))
			continue
		}
		box := c.Mailboxes[0]
		for _, got := range []string{box.Title, box.Owner, box.IMAP.Server.Password.value, box.SMTP.Server.User, c.Home.Room, homeserverOf(t, c).AccessToken} {
			if got != word {
				t.Errorf("%q was read back as %q", word, got)
			}
		}
		if c.Access.Allow[word] != "administer" {
			t.Errorf("%q: %v", word, c.Access.Allow)
		}
	}
}

func TestParseServer(t *testing.T) {
	for in, want := range map[string]string{
		"mail.example.org:993": "mail.example.org:993 (tls)", "mail.example.org:465": "mail.example.org:465 (tls)",
		"mail.example.org:587": "mail.example.org:587 (starttls)", "127.0.0.1:1143/none": "127.0.0.1:1143 (none)",
		"mail.example.org": "", "mail.example.org:0": "", "mail.example.org:99999": "", ":993": "", "a:1/ssl": "",
	} {
		got, err := parseServer("--imap", in)
		if (err == nil) != (want != "") || (want != "" && got.String() != want) {
			t.Errorf("%s: %v, %v", in, got, err)
		}
	}
}

func TestHomeserverIsFound(t *testing.T) {
	mux := http.NewServeMux()
	srv := httptest.NewTLSServer(mux)
	defer srv.Close()
	name := strings.TrimPrefix(srv.URL, "https://")
	base := "https://matrix.example.org/"
	mux.HandleFunc("/.well-known/matrix/client", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"m.homeserver": map[string]any{"base_url": base}}) //nolint:errcheck // the test sees it
	})
	for in, want := range map[string]string{name: "https://matrix.example.org", "https://m.example.org/": "https://m.example.org"} {
		if got := discover.Homeserver(t.Context(), srv.Client(), in); got != want {
			t.Errorf("%s: %s, wanted %s", in, got, want)
		}
	}
	base = "javascript:alert(1)"
	if got := discover.Homeserver(t.Context(), srv.Client(), name); got != "https://"+name {
		t.Errorf("with a base_url that is none: %s", got)
	}
	if _, err := discover.Versions(t.Context(), srv.Client(), srv.URL); err == nil {
		t.Error("a web server was taken for a homeserver")
	}
}

// TestFoundIsUsed checks that what is known of a provider reaches the configuration.
func TestFoundIsUsed(t *testing.T) {
	found, err := (discover.Finder{}).Find(t.Context(), "ann@gmail.com")
	if err != nil {
		t.Fatal(err)
	}
	a := answers{Address: "ann@gmail.com", Password: secretFrom{Value: "x"}}
	a.take(found)
	c := &config{unfinished: true}
	if mistakes := c.parse(a.config("")); len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	box := c.Mailboxes[0]
	if box.PerHour == 0 || !box.KeepsSent || box.Trust.AuthservIDs[0] != "mx.google.com" || box.SMTP.Server.Host != "smtp.gmail.com" || box.IMAP.Server.TLS != "tls" {
		t.Errorf("written: %+v", box)
	}
	if !mail.SameAddress(box.Address, "ann@gmail.com") {
		t.Error(box.Address)
	}
}

// TestKeyboardIsLeft shows that what is typed after a form has ended waits for
// the next one.
func TestKeyboardIsLeft(t *testing.T) {
	in, typed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()    //nolint:errcheck // it is over
	defer typed.Close() //nolint:errcheck // it is over
	for _, word := range []string{"first", "second", "third"} {
		k := &keyboard{file: in}
		if _, err := typed.WriteString(word); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		if n, err := k.Read(b); err != nil || string(b[:n]) != word {
			t.Errorf("read %q, %v; wanted %q", b[:n], err, word)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := k.Read(make([]byte, 100)) // as the library does while nothing is typed
			ended <- err
		}()
		k.leave()
		if err := <-ended; !errors.Is(err, io.EOF) {
			t.Errorf("a reader that was left got %v", err)
		}
	}
}
