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
		Use: "init", Short: "Set up hashsend: ask questions, test the answers, write the configuration", Args: noArgs,
		Long: `Asks for a mailbox and a chat network, finds the mail servers, tests each answer, and
writes config.yaml, which only you can read. For a Matrix application service it also
writes the registration file. It sends two emails from the mailbox to itself to find
out whether plus addresses work, whether the Message-ID survives, and whether the
provider keeps a copy of sent email.

Every question has a flag. With --yes, or without a terminal, init asks nothing, uses
the flags, and lists the ones that are missing.`,
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
	f.StringVar(&a.Address, "address", "", "email address of the mailbox")
	f.StringVar(&a.Password.File, "password-file", "", "file with the password of the mailbox")
	f.StringVar(&a.Password.Env, "password-env", "", "environment variable with the password of the mailbox")
	f.StringVar(&a.Title, "title", "", "name that appears after the author's name: \"Alice (Acme)\"")
	f.StringVar(&a.Owner, "owner", "", "name of the owner of the mailbox")
	f.StringSliceVar(&a.Own, "own", nil, "another address of the owner (can be repeated)")
	f.StringVar(&imap, "imap", "", "IMAP server: HOST:PORT, or HOST:PORT/tls, /starttls or /none (default: found automatically)")
	f.StringVar(&smtp, "smtp", "", "submission (SMTP) server, in the same form")
	f.StringVar(&a.User, "user", "", "user name for signing in to the mailbox (default: the address)")
	f.StringVar(&a.CAFile, "ca-file", "", "PEM file with the certificate authority of the mail servers, if they have their own")
	f.StringVar(&a.ClientID, "oauth2-client-id", "", "OAuth2 client ID, for providers that don't accept passwords")
	f.StringVar(&a.HomeRoom, "home-room", "", "room for questions and notices that belong to no other room, such as !abc:example.org")
	f.StringVar(&a.Admin, "admin", "", "user ID of the admin, such as @alice:example.org")
	f.StringVar(&a.Network, "network", "", "chat networks, separated by commas: "+w.keys(", ")+" (default: the networks that other flags are for)")
	for _, c := range w.chats {
		c.flags(f)
	}
	f.StringVarP(&w.file, "out", "o", "config.yaml", "configuration file to write")
	f.BoolVar(&w.force, "force", false, "replace existing files")
	f.BoolVar(&w.noTest, "no-test", false, "don't test connections or send test emails")
	f.BoolVarP(&yes, "yes", "y", false, "ask nothing; use only the flags")
	return cmd
}

// wizard asks the questions of init and writes the files.
type wizard struct {
	a             answers
	chats         []*chatNetwork
	file          string
	force, noTest bool
	ask           asker // nil: ask nothing
	out           io.Writer
	find          func(ctx context.Context, address string) (discover.Found, error)
	client        *http.Client
	patience      time.Duration   // time limit for the test emails
	mailTokens    *mailnet.Tokens // of the mailbox that is tested
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

// mayWrite returns an error if a file exists, unless force is set.
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
			return fmt.Errorf("%s already exists: use --force to replace it, or --out and --registration to name other files", path)
		}
	}
	return nil
}

// mailbox asks for the address and finds its servers.
func (w *wizard) mailbox(ctx context.Context) error {
	a := &w.a
	for {
		if err := w.question(ctx, "Mailbox", "hashsend sends from this mailbox and reads the replies. It leaves all other email alone.",
			question{Label: "Email address", Into: &a.Address, Check: isAddress}); err != nil {
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
			w.say("✓ Found %s for reading and %s for sending (%s).", a.IMAP, a.SMTP, found.How)
			return nil
		case w.ask == nil || ctx.Err() != nil:
			return err
		case !errors.Is(err, discover.ErrNone):
			w.say("✗ %v.", err)
			a.Address = ""
			continue
		}
		var imap, smtp string
		if err := w.question(ctx, "Mail servers", "They weren't found. Look for them in your provider's help pages.",
			question{Label: "IMAP server (HOST:PORT)", Into: &imap, Check: isServer},
			question{Label: "Submission (SMTP) server (HOST:PORT)", Into: &smtp, Check: isServer}); err != nil {
			return err
		}
		a.IMAP, _ = parseServer("", imap) //nolint:errcheck // it was checked before
		a.SMTP, _ = parseServer("", smtp) //nolint:errcheck // it was checked before
		return nil
	}
}

// mailLogin asks for the password and tests it.
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
				w.say("%s needs %s.", a.Provider.Name, a.Provider.Password)
			}
			return errors.New("couldn't use the mailbox; nothing was written")
		}
		a.Password = secretFrom{}
	}
}

// askLogin asks for the password, or lets the person sign in at the provider.
func (w *wizard) askLogin(ctx context.Context) error {
	a := &w.a
	switch {
	case a.OAuth2 != nil:
		return w.login(ctx)
	case !a.Password.empty():
		return nil
	}
	hint := "Many providers need an app password, which you create in the account's security settings."
	if a.Provider != nil {
		hint = a.Provider.Name + " needs " + a.Provider.Password + "."
	}
	return w.question(ctx, "Password", hint, question{Label: "Password", Into: &a.Password.Value, Hidden: true, Check: isThere})
}

// tryMailbox tests reading and sending and prints the results. good means that both work.
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

// people asks for the mailbox's name and the owner's other addresses.
func (w *wizard) people(ctx context.Context) error {
	a := &w.a
	if w.ask == nil {
		return nil
	}
	own := strings.Join(a.Own, ", ")
	if err := w.question(ctx, "Names", "Emails will be from \"Alice (NAME)\".",
		question{Label: "Name of your team or organization, such as Acme (optional)", Into: &a.Title, Asked: true},
		question{Label: "Other addresses that you send from with this mailbox (optional)", Into: &own, Check: areAddresses, Asked: true}); err != nil {
		return err
	}
	a.Own = words(own)
	return nil
}

// rooms asks for the admin and the home room.
func (w *wizard) rooms(ctx context.Context) error {
	if w.ask == nil {
		return nil
	}
	id := w.examples(func(n connectors.Network) string { return n.User })
	room := w.examples(func(n connectors.Network) string { return n.Room })
	return w.question(ctx, "You", "",
		question{Label: "Your user ID, for admin rights, such as " + id, Into: &w.a.Admin, Asked: true},
		question{Label: "Home room, for questions and notices that belong to no other room, such as " + room + " (optional)", Into: &w.a.HomeRoom, Asked: true})
}

// config returns the text of the configuration from the answers so far.
func (w *wizard) config() []byte {
	var chats []chatSetup
	for _, c := range w.chats {
		if c.done {
			chats = append(chats, c)
		}
	}
	return w.a.config(w.homeNetwork(), chats...)
}

// draft parses the configuration from the answers so far.
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
	w.say("\nThe configuration is in %s. Only you can read it.", w.file)
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
	w.say("\nNext:\n  hashsend check --config %s\n  hashsend run --config %s\nThen invite the bot to a room and type %s help there.", w.file, w.file, prompt)
	return nil
}

func sign(err error) string {
	if err != nil {
		return "✗"
	}
	return "✓"
}
