package slack

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"hashsend/connectors/slack/receive"
)

// Config is the configuration of one workspace.
type Config struct {
	BotToken      string              `yaml:"bot_token,secret"`      // xoxb-…, of the app's bot
	AppToken      string              `yaml:"app_token,secret"`      // xapp-…, for Socket Mode
	SigningSecret string              `yaml:"signing_secret,secret"` // for the Events API, instead of Socket Mode
	Listen        string              `yaml:"listen"`                // address to listen on; empty: 127.0.0.1:29330
	URL           string              `yaml:"url"`                   // the same address as Slack reaches it: https://…
	APIURL        string              `yaml:"api_url"`               // empty: https://slack.com/api/
	Command       string              `yaml:"command"`               // the slash command; empty: /send
	Functions     []string            `yaml:"functions"`             // the functions that are switched on; empty: all of Functions
	Bots          map[string][]string `yaml:"bots"`                  // channel id, or "*", to the names or ids of bots whose messages count
}

const (
	defaultAPI    = "https://slack.com/api/"
	defaultListen = "127.0.0.1:29330"
)

// SocketMode reports whether the app uses Socket Mode, and not the Events API.
func (c Config) SocketMode() bool { return c.SigningSecret == "" }

func (c Config) withDefaults() Config {
	if c.APIURL == "" {
		c.APIURL = defaultAPI
	}
	if !strings.HasSuffix(c.APIURL, "/") {
		c.APIURL += "/"
	}
	if c.Listen == "" {
		c.Listen = defaultListen
	}
	if c.Command == "" {
		c.Command = "/send"
	}
	return c
}

// Check returns everything that is wrong with the settings.
func (c Config) Check() (errs []error) {
	if err := CheckToken(c.BotToken, "xoxb-"); err != nil {
		errs = append(errs, fmt.Errorf("bot_token: %w", err))
	}
	errs = append(errs, c.checkReceiving()...)
	d := c.withDefaults()
	if !isAddress(d.APIURL) {
		errs = append(errs, fmt.Errorf("api_url: %q is not a URL; leave it out to use Slack itself", c.APIURL))
	}
	if !strings.HasPrefix(d.Command, "/") || len(d.Command) < 2 || strings.ContainsAny(d.Command, " \t\n") {
		errs = append(errs, fmt.Errorf("command: %q is not a slash command such as /send", c.Command))
	}
	for _, f := range c.Functions {
		if !slices.Contains(functionNames(), f) {
			errs = append(errs, fmt.Errorf("functions: %q must be one of: %s", f, strings.Join(functionNames(), ", ")))
		}
	}
	return errs
}

// checkReceiving returns what is wrong with the settings for Socket Mode, or for the
// Events API.
func (c Config) checkReceiving() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case c.SigningSecret == "" && c.AppToken == "":
		bad("app_token: required for Socket Mode; for the Events API, set signing_secret, listen and url instead")
	case c.SigningSecret == "":
		if err := CheckToken(c.AppToken, "xapp-"); err != nil {
			bad("app_token: %w", err)
		}
	case c.AppToken != "":
		bad("signing_secret: both app_token and signing_secret are set; keep app_token for Socket Mode, or signing_secret for the Events API")
	case strings.HasPrefix(c.SigningSecret, "xox") || strings.HasPrefix(c.SigningSecret, "xapp-"):
		bad("signing_secret: this is a token; the Signing Secret is in the app's settings under Basic Information, “App Credentials”")
	default:
		if !isAddress(c.URL) {
			bad("url: %q is not a URL that Slack can send events to, such as https://hashsend.example.org/slack", c.URL)
		}
		if _, port, err := net.SplitHostPort(c.withDefaults().Listen); err != nil || port == "" {
			bad("listen: %q is not an address with a port, such as %s", c.Listen, defaultListen)
		}
	}
	return errs
}

// isAddress reports whether a text is an http or https URL.
func isAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// CheckToken returns an error if a token does not start with want (xoxb- or xapp-).
// The error names the kind of the token and says where to find the right one.
func CheckToken(token, want string) error {
	where := map[string]string{
		"xoxb-": "find it in the app's settings under OAuth & Permissions, “Bot User OAuth Token”, after installing the app",
		"xapp-": "create it in the app's settings under Basic Information, “App-Level Tokens”, with the scope connections:write",
	}[want]
	kinds := map[string]string{
		"xoxp-": "a user token", "xoxb-": "a bot token", "xapp-": "an app-level token",
		"xoxe-": "a configuration or refresh token", "xoxe.": "a rotating token (switch token rotation off)",
		"xoxc-": "a browser token", "xoxs-": "a browser token", "xoxa-": "a legacy token", "xoxd-": "a browser cookie",
	}
	switch {
	case token == "":
		return fmt.Errorf("required; %s (%s…)", where, want)
	case strings.HasPrefix(token, want):
		return nil
	}
	for prefix, kind := range kinds {
		if strings.HasPrefix(token, prefix) {
			return fmt.Errorf("this is %s (%s…), but the token must start with %s; %s", kind, prefix, want, where)
		}
	}
	return fmt.Errorf("the token must start with %s; %s", want, where)
}

// uses reports whether a function is switched on.
func (c Config) uses(name string) bool {
	return len(c.Functions) == 0 || slices.Contains(c.Functions, name)
}

// receiving returns the settings of package receive.
func (c Config) receiving() receive.Settings {
	return receive.Settings{SigningSecret: c.SigningSecret, Listen: c.Listen, URL: c.URL}
}

// ErrSignature says that a request was signed with a secret of another app.
var ErrSignature = receive.ErrSignature

// Verify waits at cfg.Listen until Slack has sent a signed request, and answers it.
// If the signature is made with another secret, the error is ErrSignature. If ctx
// ends first, the error says that no request came.
func Verify(ctx context.Context, cfg Config) error {
	return receive.Verify(ctx, cfg.withDefaults().receiving())
}
