package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"hashsend/cmd/hashsend/discover"
	"hashsend/connectors/matrix"
)

// matrixSetup asks about a homeserver.
type matrixSetup struct {
	Homeserver, Domain, Way string
	UserID                  string
	Token                   secretFrom
	ASToken, HSToken        string
	Listen, URL             string
	Registration            string // the registration file to write
}

func (s *matrixSetup) flags(f *pflag.FlagSet) {
	f.StringVar(&s.Homeserver, "homeserver", "", "Matrix homeserver: its name (example.org) or the URL of its client API")
	f.StringVar(&s.Domain, "domain", "", "the part of user IDs after the colon (default: the name given as --homeserver)")
	f.StringVar(&s.Way, "way", "", "how to connect: appservice (you can configure the homeserver) or account (any homeserver)")
	f.StringVar(&s.UserID, "user-id", "", "for account: user ID, such as @hashsend:example.org")
	f.StringVar(&s.Token.File, "token-file", "", "for account: file with the access token")
	f.StringVar(&s.Token.Env, "token-env", "", "for account: environment variable with the access token")
	f.StringVar(&s.Listen, "listen", "127.0.0.1:29320", "for appservice: address on which to listen for the homeserver")
	f.StringVar(&s.URL, "url", "", "for appservice: URL at which the homeserver reaches --listen (default: http:// and --listen)")
	f.StringVar(&s.Registration, "registration", "registration.yaml", "for appservice: registration file to write")
}

func (s *matrixSetup) given() bool { return s.Homeserver != "" }

func (s *matrixSetup) makes() []string {
	if s.Way == "account" || s.Registration == "" {
		return nil
	}
	return []string{s.Registration}
}

func (s *matrixSetup) missing() (flags []string) {
	need := func(flag, value string) {
		if value == "" {
			flags = append(flags, flag)
		}
	}
	if s.Way == "" {
		if s.Way = "appservice"; s.UserID != "" {
			s.Way = "account"
		}
	}
	need("--homeserver", s.Homeserver)
	switch s.Way {
	case "account":
		need("--user-id", s.UserID)
		if s.Token.empty() {
			flags = append(flags, "--token-file or --token-env")
		}
	case "appservice":
		if strings.Contains(s.Homeserver, "://") {
			need("--domain", s.Domain)
		}
	default:
		flags = append(flags, "--way appservice or --way account")
	}
	return flags
}

func (s *matrixSetup) ask(ctx context.Context, w *wizard) error {
	if err := w.question(ctx, "Matrix", "As an application service, hashsend shows each email participant as a separate user; this needs a file on the homeserver. A plain account works on every homeserver.",
		question{Label: "Homeserver, such as example.org or https://matrix.example.org", Into: &s.Homeserver, Check: isThere},
		question{Label: "Connect as", Into: &s.Way, Options: []string{"appservice", "account"}}); err != nil {
		return err
	}
	named := s.Homeserver
	s.Homeserver = discover.Homeserver(ctx, w.client, named)
	if s.Way == "account" {
		return w.question(ctx, "Account", "Create an account for hashsend on the homeserver, sign in to it once, and copy its access token (in Element: Settings, Help & About).",
			question{Label: "User ID, such as @hashsend:example.org", Into: &s.UserID, Check: isThere}, s.tokenQuestion())
	}
	if s.Domain == "" && !strings.Contains(named, "://") {
		s.Domain = named
	}
	if err := w.question(ctx, "Application service", "User IDs have the form @name:DOMAIN.",
		question{Label: "DOMAIN", Into: &s.Domain, Check: isThere}); err != nil {
		return err
	}
	if s.ASToken == "" {
		s.ASToken, s.HSToken = matrix.NewToken(), matrix.NewToken()
	}
	return nil
}

func (s *matrixSetup) tokenQuestion() question {
	if !s.Token.empty() {
		return question{}
	}
	return question{Label: "Access token", Into: &s.Token.Value, Hidden: true, Check: isThere}
}

// try tests the homeserver, and the account if there is one. An application service can't be
// tested before its registration file is installed.
func (s *matrixSetup) try(ctx context.Context, w *wizard, n network) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	versions, err := discover.Versions(ctx, w.client, s.Homeserver)
	text := "found a homeserver (" + versions + ")"
	if err == nil && s.Way == "account" {
		text, err = tryConnection(ctx, n)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.Homeserver, err)
	}
	return s.Homeserver + ": " + text, nil
}

func (s *matrixSetup) forget() {
	s.Homeserver, s.Way, s.Domain, s.UserID, s.Token = "", "", "", "", secretFrom{}
}

func (s *matrixSetup) write(line func(string, ...any)) {
	line("matrix:\n  - homeserver: %s", quoted(s.Homeserver))
	if s.Way == "account" {
		line("    user_id: %s\n    access_token: %s\n", quoted(s.UserID), s.Token.yaml())
		return
	}
	line("    domain: %s\n    appservice:    # must match the registration file on the homeserver", quoted(s.Domain))
	line("      as_token: %s\n      hs_token: %s\n      listen: %s", quoted(s.ASToken), quoted(s.HSToken), quoted(s.Listen))
	if s.URL != "" {
		line("      url: %s", quoted(s.URL))
	}
	line("")
}

func (s *matrixSetup) written(w *wizard, c *config) error {
	if s.Way == "account" {
		return nil
	}
	text, err := c.registration("")
	if err != nil {
		return err
	}
	if err := writeNew(s.Registration, text, w.force); err != nil {
		return err
	}
	w.say("The registration file is %s. Install it on the homeserver, then restart the homeserver.", s.Registration)
	return nil
}
