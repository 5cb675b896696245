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
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"hashsend/cmd/hashsend/discover"
	"hashsend/connectors"
	"hashsend/connectors/mailnet"
)

func newInit() *cobra.Command {
	w := &wizard{chats: chatNetworks(connectors.Networks()), find: discover.Finder{}.Find, patience: time.Minute, client: &http.Client{Timeout: 15 * time.Second}}
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
	f.StringVar(&a.Password.File, "password-file", "", "file with the password of the mailbox")
	f.StringVar(&a.Password.Env, "password-env", "", "environment variable with the password of the mailbox")
	f.StringVar(&a.Title, "title", "", "name behind the authors of mails: \"Alice (Acme)\"")
	f.StringVar(&a.Owner, "owner", "", "name of the owner of the mailbox")
	f.StringSliceVar(&a.Own, "own", nil, "another address of the owner (may be repeated)")
	f.StringVar(&imap, "imap", "", "IMAP server, HOST:PORT or HOST:PORT/tls, /starttls, /none (default: found out)")
	f.StringVar(&smtp, "smtp", "", "submission server, the same way")
	f.StringVar(&a.User, "user", "", "login of the mailbox (default: the address)")
	f.StringVar(&a.CAFile, "ca-file", "", "certificate authority of the mail servers, if they have their own")
	f.StringVar(&a.ClientID, "oauth2-client-id", "", "client id, for providers that take OAuth2 only")
	f.StringVar(&a.HomeRoom, "home-room", "", "room for questions that belong to no other room, such as !abc:example.org")
	f.StringVar(&a.Admin, "admin", "", "user who may do everything, such as @alice:example.org")
	f.StringVar(&a.Network, "network", "", "chat networks, separated by commas: "+w.keys(", ")+" (default: those that other flags are about)")
	for _, c := range w.chats {
		c.flags(f)
	}
	f.StringVarP(&w.file, "out", "o", "config.yaml", "configuration file to write")
	f.BoolVar(&w.force, "force", false, "replace files that exist")
	f.BoolVar(&w.noTest, "no-test", false, "try no connection and send no test mail")
	f.BoolVarP(&yes, "yes", "y", false, "ask nothing, use the flags")
	return cmd
}

// wizard sets hashsend up.
type wizard struct {
	a             answers
	chats         []*chatNetwork
	file          string
	force, noTest bool
	ask           asker // nil: nobody is asked
	out           io.Writer
	find          func(ctx context.Context, address string) (discover.Found, error)
	client        *http.Client
	patience      time.Duration   // for the mails to oneself
	mailTokens    *mailnet.Tokens // of the mailbox that is tried
}

func (w *wizard) say(format string, args ...any) { fmt.Fprintf(w.out, format+"\n", args...) }

func (w *wizard) run(ctx context.Context) error {
	chosen, err := w.chosen()
	if err != nil {
		return err
	}
	if err := w.mayWrite(chosen); err != nil {
		return err
	}
	if w.ask == nil {
		missing := w.a.missing()
		for _, c := range chosen {
			missing = append(missing, c.missing()...)
		}
		if len(missing) > 0 {
			return usage("required: %s", strings.Join(missing, ", "))
		}
	}
	for _, step := range []func(context.Context) error{w.mailbox, w.mailLogin, w.people, w.askChats, w.rooms} {
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

// mayWrite refuses to replace a file that exists, unless it is forced to.
func (w *wizard) mayWrite(chosen []*chatNetwork) error {
	if w.force {
		return nil
	}
	paths := []string{w.file}
	for _, c := range chosen {
		paths = append(paths, c.makes()...)
	}
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			return fmt.Errorf("%s exists already: --force replaces it, --out and --registration name other files", path)
		}
	}
	return nil
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
		if err := w.askLogin(ctx); err != nil {
			return err
		}
		if w.noTest {
			return nil
		}
		good, err := w.tryMailbox(ctx)
		switch {
		case err != nil || good:
			return err
		case w.ask == nil || ctx.Err() != nil || a.OAuth2 != nil:
			if a.Provider != nil {
				w.say("%s wants %s.", a.Provider.Name, a.Provider.Password)
			}
			return errors.New("the mailbox cannot be used like that; nothing was written")
		}
		a.Password = secretFrom{}
	}
}

// askLogin asks for the password, or has the person log in at the provider.
func (w *wizard) askLogin(ctx context.Context) error {
	a := &w.a
	switch {
	case a.OAuth2 != nil:
		return w.login(ctx)
	case !a.Password.empty():
		return nil
	}
	hint := "Many providers want an app password, made in the security settings of the account."
	if a.Provider != nil {
		hint = a.Provider.Name + " wants " + a.Provider.Password + "."
	}
	return w.question(ctx, "Its password", hint, question{Label: "Password", Into: &a.Password.Value, Hidden: true, Check: isThere})
}

// tryMailbox tries to read and to send, and says what works; good: both do.
func (w *wizard) tryMailbox(ctx context.Context) (good bool, err error) {
	box, err := w.draft()
	if err != nil {
		return false, err
	}
	good = true
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
	return good, nil
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

// rooms asks who may command, and where to tell.
func (w *wizard) rooms(ctx context.Context) error {
	if w.ask == nil {
		return nil
	}
	id := w.examples(func(n connectors.Network) string { return n.User })
	room := w.examples(func(n connectors.Network) string { return n.Room })
	return w.question(ctx, "You", "",
		question{Label: "Your own user id, who may do everything, as " + id, Into: &w.a.Admin, Asked: true},
		question{Label: "Home room, for questions that belong to no other room, as " + room + " (may be empty)", Into: &w.a.HomeRoom, Asked: true})
}

// config writes the configuration of the answers so far.
func (w *wizard) config() []byte {
	var chats []chatSetup
	for _, c := range w.chats {
		if c.done {
			chats = append(chats, c)
		}
	}
	return w.a.config(w.homeNetwork(), chats...)
}

// draft reads the configuration of the answers so far.
func (w *wizard) draft() (*config, error) {
	c := &config{path: w.file, unfinished: !slices.ContainsFunc(w.chats, func(c *chatNetwork) bool { return c.done })}
	for _, n := range w.chats {
		c.known = append(c.known, n.Network)
	}
	if mistakes := c.parse(w.config()); len(mistakes) > 0 {
		return nil, &configError{path: w.file, mistakes: mistakes}
	}
	if w.a.Refresh != "" {
		w.useTokens(&c.Mailboxes[0])
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
	if err := writeNew(w.file, w.config(), w.force); err != nil {
		return err
	}
	w.say("\nWritten to %s, which only you may read.", w.file)
	prompt := ""
	for _, n := range slices.Backward(w.chats) {
		if !n.done {
			continue
		}
		if err := n.written(w, c); err != nil {
			return err
		}
		prompt = n.Prompt
	}
	w.say("\nNext:\n  hashsend check --config %s\n  hashsend run --config %s\nThen invite the bot into a room and type %s help.", w.file, w.file, prompt)
	return nil
}

func sign(err error) string {
	if err != nil {
		return "✗"
	}
	return "✓"
}
