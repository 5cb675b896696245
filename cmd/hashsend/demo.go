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
		Use: "demo", Short: "Try hashsend in the browser, without any setup",
		Long: `Starts a small mail server (real SMTP and IMAP on this machine, with two mailboxes)
and a chat room, connects them, and serves a web page that shows both sides and what
hashsend does. A new room starts with a short sample conversation, which is also
printed here.`,
		Example: `  hashsend demo
  hashsend demo --dir ~/hashsend-demo      keep the room and the emails for next time`,
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
	cmd.Flags().StringVar(&o.Dir, "dir", "", "folder for the room and the emails (default: a temporary folder, removed at the end)")
	cmd.Flags().BoolVar(&empty, "empty", false, "start with an empty room, without the sample conversation")
	cmd.Flags().StringVar(&o.Listen, "listen", "", "address of the web page; must be on this machine (default 127.0.0.1:8025, or another port if it is in use)")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "print a detailed log")
	return cmd
}
