// Command hashsend connects chat rooms to email. Each subcommand has its own file;
// main turns signals into a context and errors into exit codes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // time zones, for machines that have no time zone database

	"github.com/spf13/cobra"
)

// version is set when a release is built.
var version = "0.1.0"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs the command line and returns the exit code: 0 success, 1 failure, 2 usage
// error.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	cmd := newRoot()
	cmd.SetArgs(args)
	cmd.SetIn(in)
	cmd.SetOut(out)
	cmd.SetErr(errOut)
	err := cmd.ExecuteContext(ctx)
	var wrong *usageError
	var quiet *quietError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &quiet):
		return 1
	case errors.As(err, &wrong):
		fmt.Fprintf(errOut, "hashsend: %v\nRun hashsend --help for usage.\n", err)
		return 2
	}
	fmt.Fprintf(errOut, "hashsend: %v\n", err)
	return 1
}

// usageError is an error in the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// quietError is a failure that has been reported already.
type quietError struct{}

func (*quietError) Error() string { return "failed" }

func newRoot() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hashsend",
		Short: "Connect chat rooms to email",
		Long: `hashsend connects chat rooms (Matrix, Slack) to email. Messages posted in a room are
sent as short emails from a mailbox you already have, and replies, from any email
program, show up in the room.`,
		Example: `  hashsend demo                 try it in the browser, without any setup
  hashsend init                 set up hashsend
  hashsend check                test the configuration and every connection
  hashsend doctor               find out why email doesn't arrive
  hashsend run                  start hashsend`,
		SilenceErrors: true, SilenceUsage: true, Version: version,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unknown command %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	cmd.PersistentFlags().StringP("config", "c", "", "configuration file (default $HASHSEND_CONFIG, ./config.yaml, …)")
	cmd.AddCommand(newDemo(), newInit(), newCheck(), newRun(), newLogin(), newRegistration(), newSlack(), newAdmin(), newPreviewCommand(), newDoctor(), newVersion())
	return cmd
}

// noArgs rejects arguments with a usage error.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no arguments, but got %q", cmd.CommandPath(), args[0])
	}
	return nil
}
