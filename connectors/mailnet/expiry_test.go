package mailnet

import (
	"testing"
	"time"

	"hashsend/connectors/mailnet/oauthtest"
)

// Tokens are renewed ahead of their end, whatever the clocks say.
func TestExpiry(t *testing.T) {
	for name, c := range map[string]struct {
		skew     time.Duration // of our clock
		lifetime time.Duration
		later    time.Duration
		renewed  bool
	}{
		"fresh":                  {0, time.Hour, 50 * time.Minute, false},
		"near its end":           {0, time.Hour, 56 * time.Minute, true},
		"over":                   {0, time.Hour, 2 * time.Hour, true},
		"short":                  {0, time.Minute, 40 * time.Second, false},
		"short and near its end": {0, time.Minute, 50 * time.Second, true},
		"our clock is a day off": {24 * time.Hour, time.Hour, 50 * time.Minute, false},
		"a day late, and over":   {-24 * time.Hour, time.Hour, 56 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := oauthtest.New(t)
			s.Lifetime = c.lifetime
			now := time.Now().Add(c.skew)
			tokens := NewTokens(OAuth2{ClientID: oauthtest.ClientID, TokenURL: s.TokenURL(), RefreshToken: s.Grant()}, nil)
			tokens.now = func() time.Time { return now }
			first, err := tokens.Access(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			now = now.Add(c.later)
			second, err := tokens.Access(t.Context())
			if err != nil || (first != second) != c.renewed {
				t.Errorf("renewed: %v, %v", first != second, err)
			}
		})
	}
}
