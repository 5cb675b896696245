package matrix

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"maunium.net/go/mautrix/appservice"
)

func TestCheck(t *testing.T) {
	service := func(change func(*Config)) Config {
		c := Config{Homeserver: "https://matrix.example.org", Domain: "example.org", AppService: &AppService{
			ASToken: "0123456789abcdef", HSToken: "fedcba9876543210",
		}}
		change(&c)
		return c
	}
	plain := func(change func(*Config)) Config {
		c := Config{Homeserver: "https://matrix.example.org", UserID: "@hashsend:example.org", AccessToken: "token"}
		change(&c)
		return c
	}
	for _, c := range []struct {
		name string
		cfg  Config
		want []string // a word of each mistake, in order
	}{
		{"service", service(func(*Config) {}), nil},
		{"plain account", plain(func(*Config) {}), nil},
		{"plain account with a password", plain(func(c *Config) { c.AccessToken, c.Password = "", "secret" }), nil},
		{"nothing", Config{}, []string{"homeserver:", "user_id: missing"}},
		{"both", service(func(c *Config) { c.UserID = "@a:example.org" }), []string{"both appservice and user_id"}},
		{"several mistakes", service(func(c *Config) {
			c.Homeserver, c.Domain, c.Prefix = "matrix.example.org", "", "! send"
			c.AppService = &AppService{Listen: "29320", URL: "example.org", Bot: "Bot", Ghosts: "g:"}
		}), []string{"homeserver:", "prefix:", "domain: missing", "appservice.as_token", "appservice.hs_token", "appservice.listen", "appservice.url", "appservice.bot", "appservice.ghosts"}},
		{"one token for both", service(func(c *Config) { c.AppService.HSToken = c.AppService.ASToken }), []string{"they must differ"}},
		{"bot among the ghosts", service(func(c *Config) { c.AppService.Ghosts = "hashsend" }), []string{"appservice.bot"}},
		{"no user id", plain(func(c *Config) { c.UserID = "hashsend" }), []string{"is not a valid user id"}},
		{"other domain", plain(func(c *Config) { c.Domain = "example.com" }), []string{"domain:"}},
		{"no secret", plain(func(c *Config) { c.AccessToken = "" }), []string{"access_token: missing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.cfg.Check()
			if len(got) != len(c.want) {
				t.Fatalf("Check = %v; want %d mistakes", errors.Join(got...), len(c.want))
			}
			for i, err := range got {
				if !strings.Contains(err.Error(), c.want[i]) {
					t.Errorf("mistake %d is %q, want one about %q", i, err, c.want[i])
				}
				if a := c.cfg.AppService; a != nil && len(a.ASToken) > 15 && strings.Contains(err.Error(), a.ASToken) {
					t.Errorf("a token is printed: %v", err)
				}
			}
		})
	}
}

func TestRegistration(t *testing.T) {
	cfg := Config{Homeserver: "https://matrix.example.org", Domain: "example.org", AppService: &AppService{ASToken: NewToken(), HSToken: NewToken()}}
	text, err := Registration(cfg)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "registration.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := appservice.LoadRegistration(file)
	if err != nil {
		t.Fatalf("read the registration: %v", err)
	}
	if r.ID != "hashsend" || r.URL != "http://127.0.0.1:29320" || r.AppToken != cfg.AppService.ASToken || r.ServerToken != cfg.AppService.HSToken {
		t.Errorf("read back as %+v", r)
	}
	reserved := func(user string) bool {
		for _, n := range r.Namespaces.UserIDs {
			if n.Exclusive && regexp.MustCompile(n.Regex).MatchString(user) {
				return true
			}
		}
		return false
	}
	c := cfg.withDefaults()
	for user, want := range map[string]bool{
		string(c.users().Bot): true, string(c.users().Ghost("ann")): true, "@hashsendbot:exampleXorg": false, "@alice:example.org": false, "@hashsendbot2:example.org": false,
	} {
		if reserved(user) != want {
			t.Errorf("%s is reserved for us: %v, want %v", user, !want, want)
		}
	}
	if r.SenderLocalpart == c.users().Bot.Localpart() {
		t.Error("the sender is the bot: Synapse would not let it read /sync")
	}
	if _, err := Registration(Config{UserID: "@a:example.org"}); err == nil {
		t.Error("a plain account was given a registration file")
	}
}
