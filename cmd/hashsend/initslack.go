package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"

	"hashsend/bridge"
	"hashsend/connectors/slack"
)

// The chat networks that init knows.
const (
	withMatrix = "matrix"
	withSlack  = "slack"
	withBoth   = "both"
)

// slackAnswers are those about a workspace.
type slackAnswers struct {
	Bot, App, Signing secretFrom
	Way               string // socket, https
	Listen, URL, API  string
}

func (s slackAnswers) given() bool { return !s.Bot.empty() || !s.App.empty() || !s.Signing.empty() }

// missing names the flags that are needed and not given.
func (s *slackAnswers) missing() (flags []string) {
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

func (s slackAnswers) write(line func(string, ...any)) {
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

// chatNetwork asks which network there is.
func (w *wizard) chatNetwork(ctx context.Context) error {
	a := &w.a
	if err := w.question(ctx, "The chat", "Rooms of this network are joined with email.",
		question{Label: "Network", Into: &a.Network, Options: []string{withMatrix, withSlack, withBoth}}); err != nil {
		return err
	}
	if a.Network != withMatrix && a.Network != withSlack && a.Network != withBoth {
		return usage("--network is %q; wanted is matrix, slack or both", a.Network)
	}
	if a.Network != withSlack {
		if err := w.homeserver(ctx); err != nil {
			return err
		}
	}
	if a.Network != withMatrix {
		return w.workspace(ctx)
	}
	return nil
}

// workspace leads through making the app, and tries its tokens.
func (w *wizard) workspace(ctx context.Context) error {
	s := &w.a.Slack
	if w.ask != nil && !s.given() {
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
		if err := w.leadThrough(); err != nil {
			return err
		}
	}
	for {
		if err := w.tokens(ctx); err != nil {
			return err
		}
		w.slack = true
		c, err := w.draft()
		var text string
		switch {
		case err != nil:
		case w.noTest:
			return nil
		default:
			ctx, cancel := context.WithTimeout(ctx, tryTime)
			text, err = trySlack(ctx, c.Slack[0], slog.New(slog.DiscardHandler))
			cancel()
		}
		if err == nil {
			w.say("✓ Slack: %s", text)
			err = w.signingSecret(ctx, c.Slack[0].slack())
		}
		if err == nil {
			return nil
		}
		w.say("✗ Slack: %v", err)
		if w.ask == nil || ctx.Err() != nil {
			return errors.New("the workspace cannot be used like that; nothing was written but slack-manifest.yaml")
		}
		w.slack = false
		s.Bot, s.App, s.Signing = secretFrom{}, secretFrom{}, secretFrom{}
	}
}

// signingSecret has Slack send a request, which alone shows whether the secret is
// the right one. That nothing comes is said and is no error: the address may not
// lead here yet. It needs somebody who presses a button.
func (w *wizard) signingSecret(ctx context.Context, cfg slack.Config) error {
	if cfg.SocketMode() || w.ask == nil {
		return nil
	}
	w.say("Now have Slack try the address: in the app's settings under \"Event Subscriptions\" press Retry beside the Request URL. Waiting for %s …", w.patience)
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	err := slack.Verify(ctx, cfg)
	switch {
	case err == nil:
		w.say("✓ Slack's request has come, and the signing secret is right.")
	case errors.Is(err, slack.ErrSignature):
		return err
	default:
		w.say("· The signing secret could not be tried: %v", err)
	}
	return nil
}

// leadThrough writes the manifest and says what to do with it.
func (w *wizard) leadThrough() error {
	s := w.a.Slack
	cfg := slack.Config{AppToken: "xapp-"}
	if s.Way == "https" {
		cfg = slack.Config{SigningSecret: "to come", URL: s.URL}
	}
	text, err := slack.Manifest(cfg, bridge.Hint())
	if err != nil {
		return err
	}
	if err := os.WriteFile(w.manifest, text, 0o644); err != nil {
		return err
	}
	w.say("\nMake the app, which belongs to your workspace alone:")
	w.say("  1. Open https://api.slack.com/apps?new_app=1, choose \"From a manifest\" and your workspace,")
	w.say("     and paste what stands in %s.", w.manifest)
	w.say("  2. Under \"Install App\", install it. The Bot User OAuth Token (xoxb-…) stands there then.")
	if s.Way == "https" {
		w.say("  3. Under \"Basic Information\" is the Signing Secret.\n")
	} else {
		w.say("  3. Under \"Basic Information\", \"App-Level Tokens\", generate a token (xapp-…) with the scope connections:write.\n")
	}
	return nil
}

// tokens asks for what the app's settings show.
func (w *wizard) tokens(ctx context.Context) error {
	s := &w.a.Slack
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
