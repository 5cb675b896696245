package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hashsend/bridge/chat"
	"hashsend/connectors/imap"
	"hashsend/connectors/smtp"
)

// trial is the result of testing one connection.
type trial struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Text string `json:"text"` // what works; otherwise what doesn't and what to do
}

func newCheck() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check", Short: "Check the configuration and test every connection", Args: noArgs,
		Long: `Checks the configuration and lists every error with its line. Then it tests each
connection and says what works, what doesn't, and what to do. It sends no email and
changes nothing.`,
		Example: `  hashsend check
  hashsend check --config /etc/hashsend/config.yaml --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := configOf(cmd)
			var wrong *configError
			if asJSON && errors.As(err, &wrong) {
				var all []trial
				for _, m := range wrong.mistakes {
					all = append(all, trial{Name: fmt.Sprintf("%s:%d", wrong.path, m.line), Text: m.text})
				}
				return showTrials(cmd.OutOrStdout(), all, true)
			}
			if err != nil {
				return err
			}
			return showTrials(cmd.OutOrStdout(), c.tryAll(cmd.Context()), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	return cmd
}

func showTrials(out io.Writer, all []trial, asJSON bool) error {
	failed := false
	for _, t := range all {
		failed = failed || !t.OK
		if asJSON {
			if err := json.NewEncoder(out).Encode(t); err != nil {
				return err
			}
			continue
		}
		sign := "✓"
		if !t.OK {
			sign = "✗"
		}
		fmt.Fprintf(out, "%s %s: %s\n", sign, t.Name, t.Text)
	}
	if failed {
		return &quietError{}
	}
	return nil
}

// tryTime is the time limit for testing one connection.
const tryTime = 30 * time.Second

// tryAll tests every connection of the configuration.
func (c *config) tryAll(ctx context.Context) []trial {
	all := []trial{{Name: c.path, OK: true, Text: "no errors"}}
	try := func(name string, f func(context.Context) (string, error)) {
		ctx, cancel := context.WithTimeout(ctx, tryTime)
		defer cancel()
		text, err := f(ctx)
		if err != nil {
			text = strings.ReplaceAll(err.Error(), "\n", "; ")
		}
		all = append(all, trial{Name: name, OK: err == nil, Text: text})
	}
	quiet := slog.New(slog.DiscardHandler)
	if forget, err := c.keepTokens(ctx); err != nil {
		all = append(all, trial{Name: "sign-ins", Text: err.Error()})
	} else {
		defer forget() //nolint:errcheck // it was only looked at
	}
	for _, n := range c.Networks {
		try(n.kind.Key+" "+n.name, func(ctx context.Context) (string, error) { return n.Try(ctx, chat.Env{Name: n.name, Log: quiet}) })
	}
	for _, m := range c.Mailboxes {
		if m.IMAP != nil {
			try("imap "+m.name(), func(ctx context.Context) (string, error) { return tryIMAP(ctx, m, quiet) })
		}
		try("smtp "+m.name(), func(ctx context.Context) (string, error) { return trySMTP(ctx, m, quiet) })
	}
	return all
}

func tryIMAP(ctx context.Context, m mailboxConfig, log *slog.Logger) (text string, err error) {
	in, err := imap.Open(m.name(), m.imap(), log)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	abilities, found, err := in.Check(ctx)
	if err != nil {
		return "", err
	}
	text = "signed in"
	if !strings.Contains(strings.Join(abilities, " ")+" ", "IDLE ") {
		text += "; the server doesn't support IDLE, so hashsend looks for new email every 15 seconds"
	}
	if found.Sent == "" {
		text += "; no Sent folder was found: if there is one, set imap.sent to its name"
	} else {
		text += "; the Sent folder is " + found.Sent
	}
	var more []string
	for _, f := range []string{found.Junk, found.All} {
		if f != "" && f != imap.None {
			more = append(more, f)
		}
	}
	if len(more) > 0 {
		text += "; hashsend also looks for replies in " + strings.Join(more, " and ")
	}
	return text, nil
}

func trySMTP(ctx context.Context, m mailboxConfig, log *slog.Logger) (text string, err error) {
	out, err := smtp.Open(m.smtp(), log)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	extensions, err := out.Check(ctx)
	if err != nil {
		return "", err
	}
	text = "signed in"
	if len(extensions) > 0 {
		text += "; the server supports " + strings.Join(extensions, ", ")
	}
	return text, nil
}
