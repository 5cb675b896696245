package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"hashsend/bridge"
	"hashsend/connectors/slack"
)

// slackSetup asks about a workspace and guides through creating the app.
type slackSetup struct {
	Bot, App, Signing secretFrom
	Way               string // socket, https
	Listen, URL, API  string
	Manifest          string // manifest file to write
	led               bool   // the guide was shown, or isn't needed
}

func (s *slackSetup) flags(f *pflag.FlagSet) {
	secrets := []struct {
		flag, what string
		into       *secretFrom
	}{
		{"slack-bot-token", "the Slack app's Bot User OAuth Token (xoxb-…)", &s.Bot},
		{"slack-app-token", "the Slack app's App-Level Token (xapp-…), for Socket Mode", &s.App},
		{"slack-signing-secret", "the Slack app's Signing Secret, for the Events API", &s.Signing},
	}
	for _, x := range secrets {
		f.StringVar(&x.into.File, x.flag+"-file", "", "file with "+x.what)
		f.StringVar(&x.into.Env, x.flag+"-env", "", "environment variable with "+x.what)
	}
	f.StringVar(&s.URL, "slack-url", "", "for the Events API: URL that Slack sends events to")
	f.StringVar(&s.Listen, "slack-listen", "", "for the Events API: address to listen on (default 127.0.0.1:29330)")
	f.StringVar(&s.API, "slack-api-url", "", "URL of the Slack API, for servers that imitate Slack")
	f.StringVar(&s.Manifest, "slack-manifest", "slack-manifest.yaml", "manifest file to write for the Slack app")
}

func (s *slackSetup) given() bool { return !s.Bot.empty() || !s.App.empty() || !s.Signing.empty() }

// missing returns the required flags that aren't set.
func (s *slackSetup) missing() (flags []string) {
	if s.Bot.empty() {
		flags = append(flags, "--slack-bot-token-file or --slack-bot-token-env")
	}
	switch {
	case s.Signing.empty() && s.App.empty():
		flags = append(flags, "--slack-app-token-file or --slack-app-token-env")
	case !s.Signing.empty() && s.URL == "":
		flags = append(flags, "--slack-url")
	}
	return flags
}

func (s *slackSetup) write(line func(string, ...any)) {
	line("slack:\n  - bot_token: %s", s.Bot.yaml())
	if s.Signing.empty() {
		line("    app_token: %s    # Socket Mode: no public URL needed", s.App.yaml())
	} else {
		line("    signing_secret: %s\n    url: %s    # Slack sends events to it", s.Signing.yaml(), quoted(s.URL))
	}
	if s.Listen != "" && !s.Signing.empty() {
		line("    listen: %s", quoted(s.Listen))
	}
	if s.API != "" {
		line("    api_url: %s", quoted(s.API))
	}
	line("")
}

// makes returns no file: the manifest is written while init asks.
func (s *slackSetup) makes() []string { return nil }

func (s *slackSetup) ask(ctx context.Context, w *wizard) error {
	if w.ask != nil && !s.given() && !s.led {
		if err := w.question(ctx, "Slack", "With Socket Mode, hashsend connects to Slack, and you don't need a public URL. With https, Slack sends events to a public URL that you provide.",
			question{Label: "Receive events by", Into: &s.Way, Options: []string{"socket", "https"}}); err != nil {
			return err
		}
		if s.Way == "https" {
			if err := w.question(ctx, "Public URL", "A proxy with a TLS certificate must forward this URL to hashsend.",
				question{Label: "URL for Slack, such as https://hashsend.example.org/slack", Into: &s.URL, Check: isThere}); err != nil {
				return err
			}
		}
		if err := s.leadThrough(w); err != nil {
			return err
		}
	}
	s.led = true
	return s.tokens(ctx, w)
}

func (s *slackSetup) try(ctx context.Context, w *wizard, n network) (string, error) {
	text, err := tryConnection(ctx, n)
	if cfg, is := n.Into().(*slack.Config); is && err == nil && !cfg.SocketMode() && w.ask != nil {
		w.say("✓ Slack: %s", text)
		text, err = s.signingSecret(ctx, w, *cfg)
	}
	if err != nil {
		return "", fmt.Errorf("Slack: %w", err)
	}
	return "Slack: " + text, nil
}

func (s *slackSetup) forget() { s.Bot, s.App, s.Signing = secretFrom{}, secretFrom{}, secretFrom{} }

func (s *slackSetup) written(*wizard, *config) error { return nil }

// signingSecret waits for a signed request from Slack, the only way to test the secret.
// Somebody has to press a button for it. No request is not an error: the URL may not lead
// here yet.
func (s *slackSetup) signingSecret(ctx context.Context, w *wizard, cfg slack.Config) (string, error) {
	w.say("Now let Slack test the URL: in the app's settings, under \"Event Subscriptions\", click Retry next to the Request URL. Waiting up to %s …", w.patience)
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	err := slack.Verify(ctx, cfg)
	switch {
	case err == nil:
		return "its request arrived, and the signing secret is correct", nil
	case errors.Is(err, slack.ErrSignature):
		return "", err
	}
	return fmt.Sprintf("couldn't test the signing secret: %v", err), nil
}

// leadThrough writes the manifest and explains how to create the app.
func (s *slackSetup) leadThrough(w *wizard) error {
	cfg := slack.Config{AppToken: "xapp-"}
	if s.Way == "https" {
		cfg = slack.Config{SigningSecret: "to come", URL: s.URL}
	}
	text, err := slack.Manifest(cfg, bridge.Hint())
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.Manifest, text, 0o644); err != nil {
		return err
	}
	w.say("\nCreate the app in your workspace:")
	w.say("  1. Open https://api.slack.com/apps?new_app=1, choose \"From a manifest\" and your workspace,")
	w.say("     and paste the contents of %s.", s.Manifest)
	w.say("  2. Under \"Install App\", install it. You'll find the Bot User OAuth Token (xoxb-…) there.")
	if s.Way == "https" {
		w.say("  3. Under \"Basic Information\", find the Signing Secret.\n")
	} else {
		w.say("  3. Under \"Basic Information\", \"App-Level Tokens\", generate a token (xapp-…) with the scope connections:write.\n")
	}
	return nil
}

// tokens asks for the app's tokens.
func (s *slackSetup) tokens(ctx context.Context, w *wizard) error {
	var qs []question
	if s.Bot.empty() {
		qs = append(qs, question{Label: "Bot User OAuth Token (xoxb-…)", Into: &s.Bot.Value, Hidden: true, Check: isToken("xoxb-")})
	}
	switch {
	case s.Way == "https" && s.Signing.empty():
		qs = append(qs, question{Label: "Signing Secret", Into: &s.Signing.Value, Hidden: true, Check: isThere})
	case s.Way != "https" && s.Signing.empty() && s.App.empty():
		qs = append(qs, question{Label: "App-Level Token (xapp-…)", Into: &s.App.Value, Hidden: true, Check: isToken("xapp-")})
	}
	return w.question(ctx, "App tokens", "They are saved in the configuration file, which only you can read.", qs...)
}

// isToken returns a check that rejects tokens of another kind and says where to find the right
// one.
func isToken(kind string) func(string) error {
	return func(token string) error {
		token = strings.TrimSpace(token)
		if token == "" {
			return isThere(token)
		}
		return slack.CheckToken(token, kind)
	}
}
