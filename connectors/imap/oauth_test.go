package imap

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"hashsend/connectors/mailnet"
	"hashsend/connectors/mailnet/oauthtest"
)

// A token that was ended before its time is renewed in the same breath; a sign-in
// that was revoked is said in plain words.
func TestOAuth2(t *testing.T) {
	provider := oauthtest.New(t)
	provider.Rotates = true
	s := newScripted(t, func(s *scripted) {
		s.caps = strings.Replace(everything, "AUTH=PLAIN", "AUTH=XOAUTH2", 1)
		s.hook = func(x *scriptedConn, tag, command, args string) bool {
			if command != "AUTHENTICATE" {
				return false
			}
			said, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(args, "XOAUTH2 "))
			_, token, _ := strings.Cut(string(said), "Bearer ")
			if !provider.Good(strings.TrimRight(token, "\x01")) {
				x.say("+ " + base64.StdEncoding.EncodeToString([]byte(`{"status":"401"}`)))
				x.command() //nolint:errcheck // the client hangs up
				x.say(tag + " NO AUTHENTICATE failed.")
				return true
			}
			x.say(tag + " OK in")
			return true
		}
	})
	src := s.source(func(c *Config) {
		c.Server.Password = ""
		c.Server.OAuth2 = &mailnet.OAuth2{ClientID: oauthtest.ClientID, TokenURL: provider.TokenURL(), RefreshToken: provider.Grant()}
	})
	for range 2 {
		if _, _, err := src.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		provider.EndAccess()
	}
	provider.Revoke()
	_, _, err := src.Check(t.Context())
	var no *mailnet.SignInError
	if !errors.As(err, &no) || !strings.Contains(err.Error(), "hashsend login") {
		t.Errorf("revoked: %v", err)
	}
	if _, reused := provider.Uses(); reused > 0 {
		t.Errorf("%d refresh tokens were used twice", reused)
	}
}
