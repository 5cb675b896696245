package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"hashsend/cmd/hashsend/discover"
	"hashsend/connectors/matrix"
)

func newInit() *cobra.Command {
	w := &wizard{find: discover.Finder{}.Find, patience: time.Minute, client: &http.Client{Timeout: 15 * time.Second}}
	a := &w.a
	var imap, smtp string
	var yes bool
	cmd := &cobra.Command{
		Use: "init", Short: "Set it up: ask, try, and write the configuration", Args: noArgs,
		Long: `Asks for a mailbox and a homeserver, finds the mail servers, tries each answer
at once, and writes config.yaml (readable by you only) and, for an application
service, the registration file. Two mails from the mailbox to itself show
whether plus addresses arrive, whether the Message-ID survives, and whether the
provider keeps a copy of sent mail.

Every question has a flag. With --yes, or without a terminal, only the flags
are used, and what is missing is named.`,
		Example: `  hashsend init
  hashsend init --yes --address team@example.org --password-file /run/secrets/mail \
      --homeserver example.org --way appservice --admin @alice:example.org
  hashsend init --yes --address team@example.org --password-env MAIL_PASSWORD \
      --homeserver https://matrix.example.org --way account \
      --user-id @hashsend:example.org --token-env MATRIX_TOKEN
  hashsend init --yes --address team@example.org --password-env MAIL_PASSWORD \
      --slack-bot-token-env SLACK_BOT_TOKEN --slack-app-token-env SLACK_APP_TOKEN`,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			w.out = cmd.OutOrStdout()
			if a.IMAP, err = parseServer("--imap", imap); err != nil {
				return err
			}
			if a.SMTP, err = parseServer("--smtp", smtp); err != nil {
				return err
			}
			in, isFile := cmd.InOrStdin().(*os.File)
			if isFile && !yes && term.IsTerminal(int(in.Fd())) {
				w.ask = askTerminal(in, w.out)
			}
			return w.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.Address, "address", "", "address of the mailbox")
	f.StringVar(&a.Password.File, "password-file", "", "file that holds the password of the mailbox")
	f.StringVar(&a.Password.Env, "password-env", "", "environment variable that holds it")
	f.StringVar(&a.Title, "title", "", "name behind the authors of mails: \"Alice (Acme)\"")
	f.StringVar(&a.Owner, "owner", "", "name of the owner of the mailbox")
	f.StringSliceVar(&a.Own, "own", nil, "another address of the owner (may be repeated)")
	f.StringVar(&imap, "imap", "", "IMAP server, HOST:PORT or HOST:PORT/tls, /starttls, /none (default: found out)")
	f.StringVar(&smtp, "smtp", "", "submission server, the same way")
	f.StringVar(&a.User, "user", "", "login of the mailbox (default: the address)")
	f.StringVar(&a.CAFile, "ca-file", "", "certificate authority of the mail servers, if they have their own")
	f.StringVar(&a.ClientID, "oauth2-client-id", "", "client id, for providers that take OAuth2 only")
	f.StringVar(&a.Homeserver, "homeserver", "", "Matrix homeserver: its name (example.org) or the address of its client API")
	f.StringVar(&a.Domain, "domain", "", "the part of user ids behind the colon (default: the name given as --homeserver)")
	f.StringVar(&a.Way, "way", "", "appservice (you can configure the homeserver) or account (any homeserver)")
	f.StringVar(&a.UserID, "user-id", "", "for account: the user, as @hashsend:example.org")
	f.StringVar(&a.Token.File, "token-file", "", "for account: file that holds its access token")
	f.StringVar(&a.Token.Env, "token-env", "", "for account: environment variable that holds it")
	f.StringVar(&a.Listen, "listen", "127.0.0.1:29320", "for appservice: address to listen on for the homeserver")
	f.StringVar(&a.URL, "url", "", "for appservice: the same as the homeserver sees it (default http:// and --listen)")
	f.StringVar(&a.HomeRoom, "home-room", "", "room for questions that belong to no other room, as !abc:example.org")
	f.StringVar(&a.Admin, "admin", "", "user who may do everything, as @alice:example.org")
	f.StringVar(&a.Network, "network", "", "matrix, slack or both (default: by the other flags)")
	slackFlags(cmd, a)
	f.StringVar(&w.manifest, "slack-manifest", "slack-manifest.yaml", "file to write for making the Slack app")
	f.StringVarP(&w.file, "out", "o", "config.yaml", "configuration file to write")
	f.StringVar(&w.registration, "registration", "registration.yaml", "registration file to write, for appservice")
	f.BoolVar(&w.force, "force", false, "replace files that exist")
	f.BoolVar(&w.noTest, "no-test", false, "try no connection and send no test mail")
	f.BoolVarP(&yes, "yes", "y", false, "ask nothing, use the flags")
	return cmd
}

// slackFlags are those about the Slack app.
func slackFlags(cmd *cobra.Command, a *answers) {
	f := cmd.Flags()
	secrets := []struct {
		flag, what string
		into       *secretFrom
	}{
		{"slack-bot-token", "Bot User OAuth Token of the Slack app (xoxb-…)", &a.Slack.Bot},
		{"slack-app-token", "its App-Level Token (xapp-…), for Socket Mode", &a.Slack.App},
		{"slack-signing-secret", "its Signing Secret, for the Events API instead", &a.Slack.Signing},
	}
	for _, s := range secrets {
		f.StringVar(&s.into.File, s.flag+"-file", "", "file that holds the "+s.what)
		f.StringVar(&s.into.Env, s.flag+"-env", "", "environment variable that holds it")
	}
	f.StringVar(&a.Slack.URL, "slack-url", "", "for the Events API: the address that Slack sends to")
	f.StringVar(&a.Slack.Listen, "slack-listen", "", "for the Events API: address to listen on (default 127.0.0.1:29330)")
	f.StringVar(&a.Slack.API, "slack-api-url", "", "address of Slack's API, if it is not Slack's own")
}

// wizard sets hashsend up.
type wizard struct {
	a                  answers
	file, registration string
	force, noTest      bool
	ask                asker // nil: nobody is asked
	out                io.Writer
	find               func(ctx context.Context, address string) (discover.Found, error)
	client             *http.Client
	matrix             bool          // the answers about the homeserver are complete
	slack              bool          // so are those about the workspace
	manifest           string        // file for the manifest of the Slack app
	patience           time.Duration // for the mails to oneself
}

func (w *wizard) say(format string, args ...any) { fmt.Fprintf(w.out, format+"\n", args...) }

func (w *wizard) run(ctx context.Context) error {
	if !w.force {
		for _, path := range []string{w.file, w.registration} {
			if _, err := os.Stat(path); err == nil && (path == w.file || (w.a.Way != "account" && w.a.Network != withSlack)) {
				return fmt.Errorf("%s exists already: --force replaces it, --out and --registration name other files", path)
			}
		}
	}
	if w.ask == nil {
		if missing := w.a.missing(); len(missing) > 0 {
			return usage("init lacks %s", strings.Join(missing, ", "))
		}
	}
	for _, step := range []func(context.Context) error{w.mailbox, w.mailLogin, w.people, w.chatNetwork, w.rooms} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if !w.noTest {
		if err := w.roundTrip(ctx); err != nil {
			return err
		}
	}
	return w.write()
}

// mailbox asks for the address and finds its servers.
func (w *wizard) mailbox(ctx context.Context) error {
	a := &w.a
	for {
		if err := w.question(ctx, "The mailbox", "hashsend sends from it and reads what is answered. Everything else in it stays untouched.",
			question{Label: "Its address", Into: &a.Address, Check: isAddress}); err != nil {
			return err
		}
		if a.IMAP.Host != "" && a.SMTP.Host != "" {
			return nil
		}
		w.say("Looking for the mail servers of %s …", a.Address)
		found, err := w.find(ctx, a.Address)
		switch {
		case err == nil:
			a.take(found)
			w.say("✓ Reading by %s, sending by %s: %s.", a.IMAP, a.SMTP, found.How)
			return nil
		case w.ask == nil || ctx.Err() != nil:
			return err
		case !errors.Is(err, discover.ErrNone):
			w.say("✗ %v.", err)
			a.Address = ""
			continue
		}
		var imap, smtp string
		if err := w.question(ctx, "The mail servers", "They were not found. The settings of your provider name them.",
			question{Label: "IMAP server, HOST:PORT", Into: &imap, Check: isServer},
			question{Label: "Submission (SMTP) server, HOST:PORT", Into: &smtp, Check: isServer}); err != nil {
			return err
		}
		a.IMAP, _ = parseServer("", imap) //nolint:errcheck // it was checked
		a.SMTP, _ = parseServer("", smtp) //nolint:errcheck // it was checked
		return nil
	}
}

// mailLogin gets the password and tries it.
func (w *wizard) mailLogin(ctx context.Context) error {
	a := &w.a
	for {
		if a.OAuth2 != nil {
			if err := w.login(ctx); err != nil {
				return err
			}
		} else if a.Password.empty() {
			hint := "Many providers want an app password, made in the security settings of the account."
			if a.Provider != nil {
				hint = a.Provider.Name + " wants " + a.Provider.Password + "."
			}
			if err := w.question(ctx, "Its password", hint, question{Label: "Password", Into: &a.Password.Value, Hidden: true, Check: isThere}); err != nil {
				return err
			}
		}
		if w.noTest {
			return nil
		}
		box, err := w.draft()
		if err != nil {
			return err
		}
		good := true
		for _, try := range []struct {
			name string
			do   func(context.Context, mailboxConfig, *slog.Logger) (string, error)
		}{{"reading", tryIMAP}, {"sending", trySMTP}} {
			text, err := try.do(ctx, box.Mailboxes[0], slog.New(slog.DiscardHandler))
			if err != nil {
				good = false
				text = err.Error()
			}
			w.say("%s %s: %s", sign(err), try.name, text)
		}
		switch {
		case good:
			return nil
		case w.ask == nil || ctx.Err() != nil || a.OAuth2 != nil:
			if a.Provider != nil {
				w.say("%s wants %s.", a.Provider.Name, a.Provider.Password)
			}
			return errors.New("the mailbox cannot be used like that; nothing was written")
		}
		a.Password = secretFrom{}
	}
}

// people asks for names and other addresses.
func (w *wizard) people(ctx context.Context) error {
	a := &w.a
	if w.ask == nil {
		return nil
	}
	own := strings.Join(a.Own, ", ")
	if err := w.question(ctx, "Names", "People will see mails from \"Alice (NAME)\".",
		question{Label: "Name for the mailbox, as Acme (may be empty)", Into: &a.Title, Asked: true},
		question{Label: "Your other addresses that send from this mailbox (may be empty)", Into: &own, Check: areAddresses, Asked: true}); err != nil {
		return err
	}
	a.Own = words(own)
	return nil
}

// homeserver asks for the homeserver and the way, and tries both.
func (w *wizard) homeserver(ctx context.Context) error {
	a := &w.a
	for {
		if err := w.question(ctx, "Matrix", "An application service shows each person who writes by email as a user of its own; it needs a file on the homeserver. A plain account works on every homeserver.",
			question{Label: "Homeserver, as example.org or https://matrix.example.org", Into: &a.Homeserver, Check: isThere},
			question{Label: "Way", Into: &a.Way, Options: []string{"appservice", "account"}}); err != nil {
			return err
		}
		named := a.Homeserver
		a.Homeserver = discover.Homeserver(ctx, w.client, named)
		switch a.Way {
		case "account":
			if err := w.question(ctx, "The account", "Make an account for hashsend on the homeserver, log in there once, and copy its access token (Element: settings, Help and About).",
				question{Label: "User id, as @hashsend:example.org", Into: &a.UserID, Check: isThere}, w.tokenQuestion()); err != nil {
				return err
			}
		default:
			if a.Domain == "" && !strings.Contains(named, "://") {
				a.Domain = named
			}
			if err := w.question(ctx, "The application service", "User ids are @name:DOMAIN.",
				question{Label: "DOMAIN", Into: &a.Domain, Check: isThere}); err != nil {
				return err
			}
			if a.ASToken == "" {
				a.ASToken, a.HSToken = matrix.NewToken(), matrix.NewToken()
			}
		}
		if w.matrix = true; w.noTest {
			return nil
		}
		text, err := w.tryHomeserver(ctx)
		if err == nil {
			w.say("✓ %s: %s", a.Homeserver, text)
			return nil
		}
		w.say("✗ %s: %v", a.Homeserver, err)
		if w.ask == nil || ctx.Err() != nil {
			return errors.New("the homeserver cannot be used like that; nothing was written")
		}
		w.matrix = false
		a.Homeserver, a.Way, a.Domain, a.UserID, a.Token = "", "", "", "", secretFrom{}
	}
}

func (w *wizard) tokenQuestion() question {
	if !w.a.Token.empty() {
		return question{}
	}
	return question{Label: "Its access token", Into: &w.a.Token.Value, Hidden: true, Check: isThere}
}

// rooms asks who may command, and where to tell.
func (w *wizard) rooms(ctx context.Context) error {
	if w.ask == nil {
		return nil
	}
	id, room := "@alice:example.org", "!abc:example.org"
	switch w.a.Network {
	case withSlack:
		id, room = "U0123456789 (profile, “Copy member ID”)", "C0123456789"
	case withBoth:
		id, room = id+" or U0123456789", room+" or C0123456789"
	}
	return w.question(ctx, "You", "",
		question{Label: "Your own user id, who may do everything, as " + id, Into: &w.a.Admin, Asked: true},
		question{Label: "Home room, for questions that belong to no other room, as " + room + " (may be empty)", Into: &w.a.HomeRoom, Asked: true})
}

// draft is the configuration of the answers so far.
func (w *wizard) draft() (*config, error) {
	a := w.a
	if !w.matrix {
		a.Homeserver = "" // it was not asked for yet
	}
	if !w.slack {
		a.Slack = slackAnswers{}
	}
	if !w.matrix && !w.slack {
		a.Homeserver, a.Way, a.UserID, a.Token = "https://not.asked.invalid", "account", "@not.asked:yet", secretFrom{Value: "-"}
	}
	c := &config{path: w.file}
	if mistakes := c.parse(a.config()); len(mistakes) > 0 {
		return nil, &configError{path: w.file, mistakes: mistakes}
	}
	return c, nil
}

// write writes the files.
func (w *wizard) write() error {
	c, err := w.draft()
	if err != nil {
		return err
	}
	if dir := filepath.Dir(w.file); dir != "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if err := writeNew(w.file, w.a.config(), w.force); err != nil {
		return err
	}
	w.say("\nWritten to %s, which only you may read.", w.file)
	if w.matrix && w.a.Way == "appservice" {
		text, err := c.registration("")
		if err != nil {
			return err
		}
		if err := writeNew(w.registration, text, w.force); err != nil {
			return err
		}
		w.say("Written to %s: install it on the homeserver and restart that.", w.registration)
	}
	w.say("\nNext:\n  hashsend check --config %s\n  hashsend run --config %s\nThen invite the bot into a room and type %s help.", w.file, w.file, map[bool]string{true: "!send", false: "/send"}[w.matrix])
	return nil
}

func sign(err error) string {
	if err != nil {
		return "✗"
	}
	return "✓"
}
