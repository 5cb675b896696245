package slack

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slack-go/slack"
	"go.yaml.in/yaml/v4"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/slacktest"
)

// manifest decodes one strictly: a field that Slack does not know is an error.
func manifest(t *testing.T, text []byte) (m slack.Manifest) {
	t.Helper()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&m); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return m
}

// The manifest asks for what the functions need, within Slack's limits, by each way.
func TestManifest(t *testing.T) {
	var functions [][]string
	functions = append(functions, nil)
	for _, f := range Functions() {
		functions = append(functions, []string{f.Name})
	}
	for _, names := range functions {
		for _, socket := range []bool{true, false} {
			cfg := Config{AppToken: "xapp-1", Functions: names}
			if !socket {
				cfg.AppToken, cfg.SigningSecret, cfg.URL = "", "secret", "https://hashsend.example.org/slack"
			}
			text, err := Manifest(cfg, strings.Repeat("a \"hint\": ", 300))
			if err != nil {
				t.Fatal(err)
			}
			m := manifest(t, text)
			var want []string
			for _, s := range cfg.Scopes() {
				want = append(want, s.Name)
				if !strings.Contains(string(text), "- "+s.Name+" # "+s.Why) {
					t.Errorf("the scope %s is without its reason", s.Name)
				}
			}
			if !slices.Equal(m.OAuthConfig.Scopes.Bot, want) || len(m.OAuthConfig.Scopes.User) > 0 {
				t.Errorf("the scopes are %v, want %v and none of a person", m.OAuthConfig.Scopes, want)
			}
			if !slices.Equal(m.Settings.EventSubscriptions.BotEvents, cfg.events()) {
				t.Errorf("the events are %v, want %v", m.Settings.EventSubscriptions.BotEvents, cfg.events())
			}
			within(t, m)
			checkReceiving(t, m, cfg)
		}
	}
}

// checkReceiving checks by which way an app receives.
func checkReceiving(t *testing.T, m slack.Manifest, cfg Config) {
	t.Helper()
	urls := []string{m.Settings.EventSubscriptions.RequestUrl, m.Settings.Interactivity.RequestUrl, m.Features.SlashCommands[0].Url}
	for _, u := range urls {
		if u != cfg.URL {
			t.Errorf("a request URL is %q, want %q", u, cfg.URL)
		}
	}
	if m.Settings.SocketModeEnabled != cfg.SocketMode() || !m.Settings.Interactivity.IsEnabled || m.Settings.TokenRotationEnabled {
		t.Errorf("the settings are %+v", m.Settings)
	}
}

// within checks the lengths that Slack allows.
func within(t *testing.T, m slack.Manifest) {
	t.Helper()
	for what, l := range map[string]struct{ n, most int }{
		"name": {utf8.RuneCountInString(m.Display.Name), 35}, "description": {utf8.RuneCountInString(m.Display.Description), 140},
		"long description": {utf8.RuneCountInString(m.Display.LongDescription), 4000}, "bot name": {utf8.RuneCountInString(m.Features.BotUser.DisplayName), 80},
		"hint": {utf8.RuneCountInString(m.Features.SlashCommands[0].UsageHint), 1000}, "command description": {utf8.RuneCountInString(m.Features.SlashCommands[0].Description), 2000},
		"scopes": {len(m.OAuthConfig.Scopes.Bot), 255}, "events": {len(m.Settings.EventSubscriptions.BotEvents), 100}, "shortcuts": {len(m.Features.Shortcuts), 10},
	} {
		if l.n == 0 || l.n > l.most {
			t.Errorf("%s has the length %d; Slack takes %d", what, l.n, l.most)
		}
	}
	if utf8.RuneCountInString(m.Display.LongDescription) < 174 {
		t.Error("a long description has at least 174 characters")
	}
	for _, s := range m.Features.Shortcuts {
		if utf8.RuneCountInString(s.Name) > 24 || utf8.RuneCountInString(s.Description) > 150 {
			t.Errorf("the shortcut %+v is too long for Slack", s)
		}
	}
}

// What is known of Slack's manifests lists all that may be asked for; pins alone
// came later.
func TestManifestAsksForNothingUnknown(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "spec", "slack-app-manifest.yaml"))
	if err != nil {
		t.Skip("the list of all scopes is not beside the project")
	}
	all := manifest(t, raw)
	for _, s := range (Config{}).Scopes() {
		if !slices.Contains(all.OAuthConfig.Scopes.Bot, s.Name) && !strings.HasPrefix(s.Name, "pins:") {
			t.Errorf("the scope %s is not in the list", s.Name)
		}
	}
	for _, e := range (Config{}).events() {
		if !slices.Contains(all.Settings.EventSubscriptions.BotEvents, e) {
			t.Errorf("the event %s is not in the list", e)
		}
	}
}

// Each function does without the scopes of the others: with the scopes that it
// asks for and no more, nothing is refused for the lack of one.
func TestScopesSuffice(t *testing.T) {
	for _, names := range [][]string{nil, {"private"}, {"direct"}, {"join"}, {"reactions"}, {"emoji"}, {"groups"}, {"pins"}, {"addresses"}} {
		l := newLab(t, true)
		l.Unlimited()
		l.cfg.Functions = names
		var scopes []string
		for _, s := range l.cfg.Scopes() {
			scopes = append(scopes, s.Name)
		}
		l.Allow(scopes...)
		l.Subscribe(l.cfg.events()...)
		c, b := l.run(t, l.lounge)
		if text, err := c.Check(t.Context()); err != nil {
			t.Errorf("%v: %v", names, err)
		} else if !strings.Contains(text, "workspace") {
			t.Errorf("%v: Check says %q", names, text)
		}
		l.Say(l.alice, l.lounge, "hello :party: <!subteam^S1>")
		b.until(t, "hello")
		deliver(t, c, l.outgoing("k1", "an answer"))
		l.Slash(l.alice, l.lounge, "/send", "status")
		b.until(t, "status")
		if err := c.Announce(t.Context(), l.outgoing("", "").Place, chat.Sign{Text: "read by 1 person"}); err != nil {
			t.Errorf("%v: %v", names, err)
		}
		if _, err := c.Describe(t.Context(), l.outgoing("", "").Place.Room); err != nil {
			t.Errorf("%v: %v", names, err)
		}
		// Each scope is needed: without it Check says what it costs.
		for _, s := range l.cfg.Scopes() {
			l.Allow(slices.DeleteFunc(slices.Clone(scopes), func(o string) bool { return o == s.Name })...)
			if _, err := l.connect(t).Check(t.Context()); err == nil || !strings.Contains(err.Error(), s.Name+" ("+s.Why+")") || !strings.Contains(err.Error(), "slack manifest") {
				t.Errorf("%v without %s: %v, want what it costs and what to do", names, s.Name, err)
			}
		}
	}
}

func TestCheckTokens(t *testing.T) {
	for name, x := range map[string]struct {
		change func(l *lab)
		want   []string
	}{
		"the bot's token":     {func(l *lab) { l.cfg.BotToken = "xoxb-wrong" }, []string{"bot_token", "invalid_auth"}},
		"the app's token":     {func(l *lab) { l.cfg.AppToken = "xapp-wrong" }, []string{"app_token", "connections:write"}},
		"Socket Mode off":     {func(l *lab) { l.SwitchOff() }, []string{"app_token", "Socket Mode"}},
		"a token taken away":  {func(l *lab) { l.Revoke("token_revoked") }, []string{"bot_token", "token_revoked", "Install App"}},
		"nobody is listening": {func(l *lab) { l.cfg.APIURL = "http://127.0.0.1:1/api/" }, []string{"bot_token", "refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, true)
			x.change(l)
			_, err := l.connect(t).Check(t.Context())
			for _, want := range x.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("Check: %v, want %q in it", err, want)
				}
			}
		})
	}
	l := newLab(t, false)
	if text, err := l.connect(t).Check(t.Context()); err != nil || !strings.Contains(text, l.cfg.URL) {
		t.Errorf("Check: %q, %v; want the address for the app's settings", text, err)
	}
}

func TestConfig(t *testing.T) {
	good := Config{BotToken: slacktest.BotToken, AppToken: slacktest.AppToken}
	if errs := good.Check(); len(errs) > 0 {
		t.Errorf("the good one: %v", errs)
	}
	for name, x := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"tokens changed round":  {func(c *Config) { c.BotToken, c.AppToken = c.AppToken, c.BotToken }, "this is an app-level token"},
		"a person's token":      {func(c *Config) { c.BotToken = "xoxp-1" }, "a user token"},
		"a browser's token":     {func(c *Config) { c.BotToken = "xoxc-1" }, "a browser token"},
		"a rotating token":      {func(c *Config) { c.BotToken = "xoxe.xoxb-1" }, "token rotation"},
		"something else":        {func(c *Config) { c.AppToken = "hello" }, "App-Level Tokens"},
		"a token as the secret": {func(c *Config) { c.AppToken, c.SigningSecret, c.URL = "", "xapp-1", "https://a.example/" }, "Signing Secret"},
		"both ways":             {func(c *Config) { c.SigningSecret = "s" }, "keep app_token"},
		"no address":            {func(c *Config) { c.AppToken, c.SigningSecret = "", "s" }, "Slack can send events to"},
		"no port":               {func(c *Config) { c.AppToken, c.SigningSecret, c.URL, c.Listen = "", "s", "https://a.example/", "here" }, "listen"},
		"no command":            {func(c *Config) { c.Command = "send" }, "slash command"},
		"no function":           {func(c *Config) { c.Functions = []string{"magic"} }, "must be one of: private"},
		"no API":                {func(c *Config) { c.APIURL = "slack" }, "api_url"},
	} {
		c := good
		x.change(&c)
		errs := c.Check()
		if len(errs) == 0 || !strings.Contains(errs[0].Error(), x.want) {
			t.Errorf("%s: %v, want %q", name, errs, x.want)
		}
		for _, err := range errs {
			if strings.Contains(err.Error(), "xoxb-111") || strings.Contains(err.Error(), "xapp-1-A") {
				t.Errorf("%s: a secret stands in %v", name, err)
			}
		}
		if _, err := Open(c, chat.Env{Name: "slack", Log: discard()}); err == nil {
			t.Errorf("%s: it was opened", name)
		}
	}
}
