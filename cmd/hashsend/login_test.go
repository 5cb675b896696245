package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hashsend/connectors/mailnet/oauthtest"
)

// writeConfig writes a configuration whose mailbox signs in by OAuth2.
func writeConfig(t *testing.T, oauth2 string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	text := fmt.Sprintf(`data: %s
matrix:
  - {homeserver: "https://matrix.example.org", user_id: "@hashsend:example.org", access_token: not-a-real-token}
mailboxes:
  - address: team@example.org
    imap: {host: 127.0.0.1, port: 993, oauth2: {%s}}
    smtp: {host: 127.0.0.1, port: 465, oauth2: {%s}}
`, dir, oauth2, oauth2)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A mailbox without any token is signed in to, and reading and sending share what
// came of it; the configuration stays as it is.
func TestLoginCommand(t *testing.T) {
	s := oauthtest.New(t)
	s.Rotates = true
	path := writeConfig(t, fmt.Sprintf("client_id: %s, token_url: %q", oauthtest.ClientID, s.TokenURL()))
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
				s.Confirm()
			}
		}
	}()
	var out, errOut bytes.Buffer
	code := run(t.Context(), []string{"login", "Team@example.org", "--config", path}, strings.NewReader(""), &out, &errOut)
	close(done)
	if code != 0 || !strings.Contains(out.String(), "ABCD-EFGH") || !strings.Contains(out.String(), "Signed in to team@example.org.") {
		t.Fatalf("%d: %s%s", code, out.String(), errOut.String())
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Error("the configuration was changed")
	}
	for range 2 { // starts
		c, err := loadConfig(path)
		if err != nil {
			t.Fatal(err)
		}
		forget, err := c.keepTokens(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		in, smtp := c.Mailboxes[0].imap().Server.Tokens, c.Mailboxes[0].smtp().Server.Tokens
		if in == nil || in != smtp {
			t.Error("reading and sending do not share their tokens")
		}
		access, err := in.Access(t.Context())
		if err != nil || !s.Good(access) {
			t.Errorf("%q, %v", access, err)
		}
		s.EndAccess()
		if _, err := in.Access(t.Context()); !in.Reject(access) || err != nil {
			t.Error("a token that was ended is kept", err)
		}
		if access, err = in.Access(t.Context()); err != nil || !s.Good(access) {
			t.Errorf("afterwards: %q, %v", access, err)
		}
		if err := forget(); err != nil {
			t.Error(err)
		}
	}
	if _, reused := s.Uses(); reused > 0 {
		t.Errorf("%d refresh tokens were used twice", reused)
	}
}

func TestLoginMistakes(t *testing.T) {
	s := oauthtest.New(t)
	path := writeConfig(t, fmt.Sprintf("client_id: %s, token_url: %q", oauthtest.ClientID, s.TokenURL()))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"login"}, "requires the name of one mailbox"},
		{[]string{"login", "nobody"}, "the configuration has team@example.org"},
		{[]string{"login", "team@example.org", "--issuer", s.URL + "/nowhere"}, "--issuer"},
		{[]string{"login", "team@example.org", "--device", "--browser"}, "device"},
	} {
		var out, errOut bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		code := run(ctx, append(c.args, "--config", path), strings.NewReader(""), &out, &errOut)
		cancel()
		if code == 0 || !strings.Contains(errOut.String(), c.want) {
			t.Errorf("%q: %d, %s", c.args, code, errOut.String())
		}
	}
}

// Settings that differ for reading and sending have a sign-in each.
func TestSignIns(t *testing.T) {
	o := func(id string, scopes ...string) *oauth2Config {
		return &oauth2Config{ClientID: id, TokenURL: "https://login.example.org/token", Scopes: scopes}
	}
	for name, c := range map[string]struct {
		in, out *oauth2Config
		want    string
	}{
		"the same":     {o("a", "imap"), o("a", "smtp", "imap"), "m [imap smtp]"},
		"different":    {o("a", "imap"), o("b", "smtp"), "m [imap], m/smtp [smtp]"},
		"only reading": {o("a", "imap"), nil, "m [imap]"},
		"only sending": {nil, o("a", "smtp"), "m [smtp]"},
		"none":         {nil, nil, ""},
	} {
		m := mailboxConfig{Name: "m", IMAP: &imapConfig{Server: serverConfig{OAuth2: c.in}}, SMTP: &smtpConfig{Server: serverConfig{OAuth2: c.out}}}
		var got []string
		for _, s := range m.signIns() {
			got = append(got, fmt.Sprint(s.row, " ", s.oauth2.Scopes))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
