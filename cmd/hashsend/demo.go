package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"hashsend/cmd/hashsend/demo"
)

func newDemo() *cobra.Command {
	var o demo.Options
	var verbose, empty bool
	cmd := &cobra.Command{
		Use: "demo", Short: "Show it in the browser, with nothing configured",
		Long: `Starts a small mail server (real SMTP and IMAP on this machine, two mailboxes)
and a chat room, joins them by the bridge, and serves one page that shows both
sides and what the bridge does between them. A new room begins with a short talk,
which is printed, too.`,
		Example: `  hashsend demo
  hashsend demo --dir ~/hashsend-demo      keep rooms and mails for the next time`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Out, o.Talk = cmd.OutOrStdout(), !empty
			o.Log = slog.New(slog.DiscardHandler)
			if verbose {
				o.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelDebug}))
			}
			return demo.Run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Dir, "dir", "", "folder for rooms and mails (default: a temporary one, removed at the end)")
	cmd.Flags().BoolVar(&empty, "empty", false, "begin with an empty room, without the short talk")
	cmd.Flags().StringVar(&o.Listen, "listen", "", "address of the page on this machine (default 127.0.0.1:8025, or another port)")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "log what happens")
	return cmd
}
