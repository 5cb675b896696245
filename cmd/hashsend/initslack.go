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

// slackSetup asks about a workspace, and leads through making the app.
type slackSetup struct {
	Bot, App, Signing secretFrom
	Way               string // socket, https
	Listen, URL, API  string
	Manifest          string // file to write for making the app
	led               bool   // whoever is asked was led through making the app, or needs it not
}

func (s *slackSetup) flags(f *pflag.FlagSet) {
	secrets := []struct {
		flag, what string
		into       *secretFrom
	}{
		{"slack-bot-token", "the Bot User OAuth Token of the Slack app (xoxb-…)", &s.Bot},
		{"slack-app-token", "the App-Level Token of the Slack app (xapp-…), for Socket Mode", &s.App},
		{"slack-signing-secret", "the Signing Secret of the Slack app, for the Events API", &s.Signing},
	}
	for _, x := range secrets {
		f.StringVar(&x.into.File, x.flag+"-file", "", "file with "+x.what)
		f.StringVar(&x.into.Env, x.flag+"-env", "", "environment variable with "+x.what)
	}
	f.StringVar(&s.URL, "slack-url", "", "for the Events API: the address that Slack sends to")
	f.StringVar(&s.Listen, "slack-listen", "", "for the Events API: address to listen on (default 127.0.0.1:29330)")
	f.StringVar(&s.API, "slack-api-url", "", "address of Slack's API, if it is not Slack's own")
	f.StringVar(&s.Manifest, "slack-manifest", "slack-manifest.yaml", "file to write for making the Slack app")
}

func (s *slackSetup) given() bool { return !s.Bot.empty() || !s.App.empty() || !s.Signing.empty() }

// missing names the flags that are needed and not given.
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
		line("    app_token: %s    # Socket Mode: nothing is open to the internet", s.App.yaml())
	} else {
		line("    signing_secret: %s\n    url: %s    # Slack sends to it", s.Signing.yaml(), quoted(s.URL))
	}
	if s.Listen != "" && !s.Signing.empty() {
		line("    listen: %s", quoted(s.Listen))
	}
	if s.API != "" {
		line("    api_url: %s", quoted(s.API))
	}
	line("")
}

// makes names no file: the manifest is written while the answers are asked for.
func (s *slackSetup) makes() []string { return nil }

func (s *slackSetup) ask(ctx context.Context, w *wizard) error {
	if w.ask != nil && !s.given() && !s.led {
		if err := w.question(ctx, "Slack", "With Socket Mode hashsend calls Slack, and nothing is open to the internet. With https Slack calls hashsend, at an address that you have to provide.",
			question{Label: "How events come", Into: &s.Way, Options: []string{"socket", "https"}}); err != nil {
			return err
		}
		if s.Way == "https" {
			if err := w.question(ctx, "Your address", "A proxy with a certificate hands on to hashsend what Slack sends to it.",
				question{Label: "Address for Slack, as https://hashsend.example.org/slack", Into: &s.URL, Check: isThere}); err != nil {
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

// signingSecret has Slack send a request, which alone shows whether the secret is the
// right one. It needs somebody who presses a button. That nothing comes is no error: the
// address may not lead here yet.
func (s *slackSetup) signingSecret(ctx context.Context, w *wizard, cfg slack.Config) (string, error) {
	w.say("Now have Slack try the address: in the app's settings under \"Event Subscriptions\" press Retry beside the Request URL. Waiting for %s …", w.patience)
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	err := slack.Verify(ctx, cfg)
	switch {
	case err == nil:
		return "its request arrived, and the signing secret is right", nil
	case errors.Is(err, slack.ErrSignature):
		return "", err
	}
	return fmt.Sprintf("the signing secret could not be tried: %v", err), nil
}

// leadThrough writes the manifest and says what to do with it.
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
	w.say("\nMake the app, which belongs to your workspace alone:")
	w.say("  1. Open https://api.slack.com/apps?new_app=1, choose \"From a manifest\" and your workspace,")
	w.say("     and paste what stands in %s.", s.Manifest)
	w.say("  2. Under \"Install App\", install it. The Bot User OAuth Token (xoxb-…) stands there then.")
	if s.Way == "https" {
		w.say("  3. Under \"Basic Information\" is the Signing Secret.\n")
	} else {
		w.say("  3. Under \"Basic Information\", \"App-Level Tokens\", generate a token (xapp-…) with the scope connections:write.\n")
	}
	return nil
}

// tokens asks for what the app's settings show.
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
	return w.question(ctx, "The app's tokens", "They stay in the configuration file, which only you may read.", qs...)
}

// isToken refuses a token of another kind and says where the right one is.
func isToken(kind string) func(string) error {
	return func(token string) error {
		token = strings.TrimSpace(token)
		if token == "" {
			return isThere(token)
		}
		return slack.CheckToken(token, kind)
	}
}
