package smtp

import (
	"encoding/base64"
	"strings"
	"testing"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
	"hashsend/connectors/mailnet"
	"hashsend/connectors/mailnet/oauthtest"
)

// A token that was ended before its time is renewed in the same breath; a sign-in
// that was revoked makes the mailbox wait, and no mail fails.
func TestOAuth2(t *testing.T) {
	provider := oauthtest.New(t)
	s, out := newScripted(t, func(s *scripted) {
		s.offers = []string{"AUTH XOAUTH2"}
		s.hook = func(_ *scriptedConn, line string) string {
			first, ok := strings.CutPrefix(line, "AUTH XOAUTH2 ")
			if !ok {
				if line == "" { // the answer to the explanation
					return "535 5.7.3 Authentication unsuccessful"
				}
				return ""
			}
			said, _ := base64.StdEncoding.DecodeString(first)
			_, token, _ := strings.Cut(string(said), "Bearer ")
			if !provider.Good(strings.TrimRight(token, "\x01")) {
				return "334 e30="
			}
			return "235 in"
		}
	})
	out.cfg.Server.OAuth2 = &mailnet.OAuth2{ClientID: oauthtest.ClientID, TokenURL: provider.TokenURL(), RefreshToken: provider.Grant()}
	out.login = mailnet.NewLogin(out.cfg.Server)
	drop := func() {
		out.mu.Lock()
		defer out.mu.Unlock()
		for _, x := range out.idle {
			x.drop()
		}
		out.idle = nil
	}
	for range 2 {
		if _, _, err := submit(t, out, outgoing(small, "ann@home.example")); err != nil {
			t.Fatal(err)
		}
		provider.EndAccess()
		drop()
	}
	provider.Revoke()
	for range 2 {
		_, dots, err := submit(t, out, outgoing(small, "ann@home.example"))
		a := accountError(err)
		if a == nil || a.Trouble != mail.NotSignedIn || !strings.Contains(a.Advice, "hashsend login") || !retry.IsCongested(err) || retry.IsNever(err) || dots != 0 {
			t.Errorf("revoked: %v, %+v", err, a)
		}
	}
	if got := s.to(); len(got) != 2 {
		t.Errorf("taken: %q", got)
	}
}
