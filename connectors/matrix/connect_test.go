package matrix

import (
	"log/slog"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/connectors/matrix/matrixtest"
)

// service is a connector on a homeserver that is not asked.
func service(t testing.TB, change func(*Config)) *Connector {
	t.Helper()
	cfg := Config{
		Homeserver: matrixtest.Nowhere, Domain: "example.org",
		AppService: &AppService{ASToken: "as token of the tests", HSToken: "hs token of the tests"},
	}
	if change != nil {
		change(&cfg)
	}
	c, err := Open(cfg, chat.Env{Name: "matrix", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// account is a plain account on a homeserver, service a service there.
func account(t *testing.T, homeserver string) *Connector {
	return service(t, func(c *Config) {
		c.Homeserver, c.AppService, c.UserID, c.AccessToken = homeserver, nil, "@hashsend:example.org", "token"
	})
}

func TestGuards(t *testing.T) { chattest.Guarded(t, (*Connector)(nil)) }
