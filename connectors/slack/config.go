// Package slack connects the bridge to a Slack workspace, as an internal app of
// that workspace: by Socket Mode, which needs nothing that is open to the
// internet, or by the Events API over HTTPS. Participants are shown by name. It
// keeps no state: what it caches can be asked for again.
//
// slack.go opens and supervises; socket.go and listen.go receive; convert.go says
// what an event means; send.go posts; files.go has the bytes of
// files, attached.go what they are in a message; interact.go has buttons, menus and modals;
// desk.go the app's Home; manifest.go what the app must be allowed.
package slack

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// Config is one workspace.
type Config struct {
	BotToken      string              `yaml:"bot_token"`      // xoxb-…, of the app's bot
	AppToken      string              `yaml:"app_token"`      // xapp-…, for Socket Mode
	SigningSecret string              `yaml:"signing_secret"` // for the Events API, instead of Socket Mode
	Listen        string              `yaml:"listen"`         // address on which Slack's requests arrive; empty: 127.0.0.1:29330
	URL           string              `yaml:"url"`            // the same as Slack sees it: https://…
	APIURL        string              `yaml:"api_url"`        // empty: https://slack.com/api/
	Command       string              `yaml:"command"`        // the slash command; empty: /send
	Functions     []string            `yaml:"functions"`      // what the app may do beside the basics; empty: all of Functions
	Bots          map[string][]string `yaml:"bots"`           // channel id, or "*", to the bots whose messages are taken in: names or ids
}

const (
	defaultAPI    = "https://slack.com/api/"
	defaultListen = "127.0.0.1:29330"
)

// SocketMode reports whether events come over a connection that we open.
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

// Check returns all that is wrong with the settings.
func (c Config) Check() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := CheckToken(c.BotToken, "xoxb-"); err != nil {
		bad("bot_token: %w", err)
	}
	switch {
	case c.SigningSecret == "" && c.AppToken == "":
		bad("app_token: missing; give app_token for Socket Mode, or signing_secret, listen and url for the Events API")
	case c.SigningSecret == "":
		if err := CheckToken(c.AppToken, "xapp-"); err != nil {
			bad("app_token: %w", err)
		}
	case c.AppToken != "":
		bad("signing_secret: both app_token and signing_secret are set; keep app_token for Socket Mode, or signing_secret for the Events API")
	case strings.HasPrefix(c.SigningSecret, "xox") || strings.HasPrefix(c.SigningSecret, "xapp-"):
		bad("signing_secret: this is a token; the Signing Secret is in the app's settings under Basic Information, “App Credentials”")
	default:
		if u, err := url.Parse(c.URL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			bad("url: %q is no address that Slack can send events to, as https://hashsend.example.org/slack", c.URL)
		}
		if _, port, err := net.SplitHostPort(c.withDefaults().Listen); err != nil || port == "" {
			bad("listen: %q is no address with a port, as %s", c.Listen, defaultListen)
		}
	}
	if u, err := url.Parse(c.withDefaults().APIURL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		bad("api_url: %q is no address; leave it out for Slack itself", c.APIURL)
	}
	if cmd := c.withDefaults().Command; !strings.HasPrefix(cmd, "/") || len(cmd) < 2 || strings.ContainsAny(cmd, " \t\n") {
		bad("command: %q is no slash command, as /send", c.Command)
	}
	for _, f := range c.Functions {
		if !slices.ContainsFunc(Functions(), func(k Function) bool { return k.Name == f }) {
			bad("functions: %q is none; there are: %s", f, strings.Join(functionNames(), ", "))
		}
	}
	return errs
}

// CheckToken refuses a token that does not begin with want (xoxb- or xapp-). It
// names the kind of the wrong one, and says where the right one is.
func CheckToken(token, want string) error {
	where := map[string]string{
		"xoxb-": "it is in the app's settings under OAuth & Permissions, “Bot User OAuth Token”, once the app is installed",
		"xapp-": "it is in the app's settings under Basic Information, “App-Level Tokens”; make one with the scope connections:write",
	}[want]
	kinds := map[string]string{
		"xoxp-": "the token of a person", "xoxb-": "the token of a bot", "xapp-": "an app-level token",
		"xoxe-": "a configuration or refresh token", "xoxe.": "a token that is exchanged regularly (switch token rotation off)",
		"xoxc-": "the token of a browser", "xoxs-": "the token of a browser", "xoxa-": "a token of an old kind", "xoxd-": "a cookie of a browser",
	}
	switch {
	case token == "":
		return fmt.Errorf("missing; %s (%s…)", where, want)
	case strings.HasPrefix(token, want):
		return nil
	}
	for prefix, kind := range kinds {
		if strings.HasPrefix(token, prefix) {
			return fmt.Errorf("this is %s (%s…), and one that begins with %s is needed; %s", kind, prefix, want, where)
		}
	}
	return fmt.Errorf("it does not begin with %s; %s", want, where)
}

// uses reports whether a function is switched on.
func (c Config) uses(name string) bool {
	return len(c.Functions) == 0 || slices.Contains(c.Functions, name)
}
