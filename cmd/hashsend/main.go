// Command hashsend joins chat rooms and email threads. Each subcommand has a
// file of its own; main turns signals into a context and errors into exit codes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the zones of invitations, where the machine knows none

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

// run runs the command line and returns the exit code: 0 done, 1 failed, 2 used
// wrongly.
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
		fmt.Fprintf(errOut, "hashsend: %v\nhashsend --help shows how it is used.\n", err)
		return 2
	}
	fmt.Fprintf(errOut, "hashsend: %v\n", err)
	return 1
}

// usageError is a mistake in the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// quietError is a failure that has been told already.
type quietError struct{}

func (*quietError) Error() string { return "failed" }

func newRoot() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hashsend",
		Short: "Join chat rooms and email threads",
		Long: `hashsend joins chat rooms (Matrix, Slack) and email threads. What is said in a room
leaves as short mails from a mailbox that you already have; what people answer,
from any mail program, appears in the room.`,
		Example: `  hashsend demo                 see it work, with nothing configured
  hashsend init                 set it up
  hashsend check                try every connection
  hashsend doctor               find out why email does not arrive
  hashsend run                  run it`,
		SilenceErrors: true, SilenceUsage: true, Version: version,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("there is no command %q", args[0])
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

// noArgs refuses arguments, as a usage error.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no argument, and got %q", cmd.CommandPath(), args[0])
	}
	return nil
}
