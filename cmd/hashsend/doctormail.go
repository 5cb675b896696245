package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"hashsend/bridge/store"
	"hashsend/cmd/hashsend/doctor"
	"hashsend/cmd/hashsend/doctor/bounces"
	"hashsend/cmd/hashsend/doctor/mailbox"
)

func newDoctorMail(f *doctorFlags) *cobra.Command {
	var name string
	var dry bool
	cmd := &cobra.Command{
		Use: "mail", Short: "Check the mailboxes, with an email to themselves", Args: noArgs,
		Long: `Looks at the servers of each configured mailbox and their certificates, signs in, and
sends two emails from the mailbox to itself, which stay there. It says whether they
arrive, how long that takes, which way they go, and in which folder they end; then it
looks at the address as receivers do.`,
		Example: `  hashsend doctor mail
  hashsend doctor mail --mailbox team@example.org --no-send`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.config()
			if err != nil {
				return err
			}
			c, err := configOf(cmd)
			if err != nil {
				return err
			}
			if cfg.Mailboxes = c.doctorMailboxes(name, !dry); len(cfg.Mailboxes) == 0 {
				return usage("--mailbox %s: the configuration has no such mailbox", name)
			}
			return f.run(cmd, cfg)
		},
	}
	cmd.Flags().StringVar(&name, "mailbox", "", "name or address of one mailbox (default all)")
	cmd.Flags().BoolVar(&dry, "no-send", false, "send no email")
	return cmd
}

// doctorMailboxes are the mailboxes with a name or address; empty: all.
func (c *config) doctorMailboxes(name string, send bool) (all []mailbox.Config) {
	for _, m := range c.Mailboxes {
		if name != "" && name != m.name() && name != m.Address {
			continue
		}
		x := mailbox.Config{Name: m.name(), Address: m.Address, SMTP: m.smtp(), Send: send}
		if m.IMAP != nil {
			in := m.imap()
			x.IMAP = &in
		}
		all = append(all, x)
	}
	return all
}

func newDoctorRecipient(f *doctorFlags) *cobra.Command {
	var port uint16
	cmd := &cobra.Command{
		Use: "recipient ADDRESS", Short: "Check whether somebody can get email",
		Long: `Looks up the mail servers of an address, connects to each, and looks at encryption,
certificates, DANE and MTA-STS. It says what would happen to an email now. It sends
none, and does not ask the servers about the address.

Many home and cloud networks block port 25; then the mail servers are unknown.`,
		Example: `  hashsend doctor recipient ann@example.com`,
		Args:    oneArg("an email address, such as ann@example.com"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := f.config()
			if err != nil {
				return err
			}
			if err := doctor.ValidAddress(args[0]); err != nil {
				return usage("%w", err)
			}
			cfg.Recipients, cfg.MailPort = args, port
			return f.run(cmd, cfg)
		},
	}
	cmd.Flags().Uint16Var(&port, "port", 0, "port of the mail servers (default 25)")
	return cmd
}

func newDoctorBounces(f *doctorFlags) *cobra.Command {
	var said []string
	cmd := &cobra.Command{
		Use: "bounces [FILE…]", Short: "Explain refused emails",
		Long: `Explains why servers have refused emails, whose matter it is, and how to get out of
it: with files, the delivery reports in them; with --say, the words of a server; with
neither, what the database remembers, for which hashsend must not run.`,
		Example: `  hashsend doctor bounces
  hashsend doctor bounces report.eml
  hashsend doctor bounces --say "550 5.7.26 This mail has been blocked"`,
		RunE: func(cmd *cobra.Command, files []string) error {
			cfg, err := f.config()
			if err != nil {
				return err
			}
			cfg.Refusals = &doctor.Refusals{}
			for _, s := range said {
				cfg.Refusals.All = append(cfg.Refusals.All, bounces.Refusal{Said: s})
			}
			for _, name := range files {
				if err := readReport(cfg.Refusals, name); err != nil {
					return err
				}
			}
			if len(files)+len(said) == 0 {
				c, err := configOf(cmd)
				if err != nil {
					return err
				}
				if cfg.Refusals, err = c.refusals(cmd.Context()); err != nil {
					return err
				}
			}
			return f.run(cmd, cfg)
		},
	}
	cmd.Flags().StringArrayVar(&said, "say", nil, "words of a server (may be repeated)")
	return cmd
}

func readReport(into *doctor.Refusals, name string) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	all, err := bounces.Read(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(all) == 0 {
		return fmt.Errorf("%s does not report a refused email", name)
	}
	into.All = append(into.All, all...)
	return nil
}

// withStore runs do on the database. unknown says why that was not possible.
func (c *config) withStore(ctx context.Context, do func(*store.Store) error) (unknown string, err error) {
	dir, err := c.dataDir()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "hashsend.db")); errors.Is(err, fs.ErrNotExist) {
		return fmt.Sprintf("There is no database in %s yet", dir), nil
	}
	s, err := store.Open(ctx, dir, slog.New(slog.DiscardHandler))
	var locked *store.LockedError
	if errors.As(err, &locked) {
		return "The database could not be read, because hashsend is running", nil
	}
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return "", do(s)
}

// refusals reads the database, if there is one that nobody else has open.
func (c *config) refusals(ctx context.Context) (*doctor.Refusals, error) {
	r := &doctor.Refusals{}
	unknown, err := c.withStore(ctx, func(s *store.Store) (err error) {
		r.All, err = bounces.Stored(ctx, s)
		return err
	})
	if unknown != "" {
		r.Unknown = unknown + ", so refused emails are not known. Delivery reports can be given as files."
	}
	return r, err
}
