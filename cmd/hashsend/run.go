package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"hashsend/bridge"
	"hashsend/bridge/store"
	"hashsend/cmd/hashsend/console"
	"hashsend/cmd/hashsend/doctor"
)

func newRun() *cobra.Command {
	var level, format string
	cmd := &cobra.Command{
		Use: "run", Short: "Start hashsend", Args: noArgs,
		Long: `Runs until it receives SIGTERM or SIGINT, finishes the current work, and stops. A
second signal stops it immediately. Nothing is lost either way.`,
		Example: `  hashsend run
  hashsend run --config /etc/hashsend/config.yaml --log-format json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := configOf(cmd)
			if err != nil {
				return err
			}
			for _, o := range []struct {
				flag  string
				value string
				into  *string
				words []string
			}{{"--log-level", level, &c.Log.Level, logLevels}, {"--log-format", format, &c.Log.Format, logFormats}} {
				if o.value == "" {
					continue
				}
				if !slices.Contains(o.words, o.value) {
					return usage("%s: %q must be one of: %s", o.flag, o.value, strings.Join(o.words, ", "))
				}
				*o.into = o.value
			}
			return c.run(cmd.Context(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&level, "log-level", "", "debug, info, warn or error (default: log.level in the configuration, or info)")
	cmd.Flags().StringVar(&format, "log-format", "", "text or json (default: log.format in the configuration, or text)")
	return cmd
}

// configOf loads the configuration for a command.
func configOf(cmd *cobra.Command) (*config, error) {
	flag, err := cmd.Flags().GetString("config")
	if err != nil {
		return nil, err
	}
	path, err := configPath(flag)
	if err != nil {
		return nil, err
	}
	return loadConfig(path)
}

func (c *config) logger(out io.Writer) *slog.Logger {
	var level slog.Level
	if c.Log.Level != "" {
		level.UnmarshalText([]byte(c.Log.Level)) //nolint:errcheck // the configuration was checked
	}
	opts := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(out, opts))
	}
	return slog.New(slog.NewTextHandler(out, opts))
}

// run runs the bridge, the console and the admin socket until ctx ends.
func (c *config) run(ctx context.Context, logs io.Writer) (err error) {
	log := c.logger(logs)
	o, p, err := c.build(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	metrics := console.NewMetrics()
	o.Metrics = metrics
	b, err := bridge.New(o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	defer running.Wait()
	if err := c.serveConsole(ctx, b, p.store, metrics, log, cancel, &running); err != nil {
		return err
	}
	if err := c.serveFiles(ctx, b, log, cancel, &running); err != nil {
		return err
	}
	admin, err := listenAdmin(p.store.Dir())
	if err != nil {
		return err
	}
	running.Go(func() { serveAdmin(ctx, admin, b, log) })
	running.Go(func() {
		select {
		case <-b.Ready():
			log.Info("running", "version", version)
			notifySystemd(log, "READY=1")
		case <-ctx.Done():
		}
		<-ctx.Done()
		notifySystemd(log, "STOPPING=1")
		log.Info("stopping: finishing the current work")
	})
	err = b.Run(ctx)
	cancel(err)
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}

// serveConsole serves the console, if it is configured.
func (c *config) serveConsole(ctx context.Context, b *bridge.Bridge, s *store.Store, metrics *console.Metrics, log *slog.Logger, cancel context.CancelCauseFunc, running *sync.WaitGroup) error {
	if c.Console.Listen == "" {
		return nil
	}
	l, err := net.Listen("tcp", c.Console.Listen)
	if err != nil {
		return fmt.Errorf("console.listen: %w", err)
	}
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() && c.Console.Token.value == "" {
		return errors.Join(fmt.Errorf("console.token: required: other machines can reach the console at %s", c.Console.Listen), l.Close())
	}
	page := console.Config{Token: c.Console.Token.value, Doctor: func(ctx context.Context) (string, error) {
		return c.doctorText(ctx, doctor.Config{}, usualOutside(), s)
	}}
	serveHTTP(ctx, "the console", l, console.New(b, metrics, page, log), cancel, running)
	log.Info("console", "address", "http://"+l.Addr().String()+"/")
	return nil
}

// serveFiles serves the file links in emails, if they are configured.
func (c *config) serveFiles(ctx context.Context, b *bridge.Bridge, log *slog.Logger, cancel context.CancelCauseFunc, running *sync.WaitGroup) error {
	if c.Files.PublicURL == "" {
		return nil
	}
	l, err := net.Listen("tcp", c.Files.Listen)
	if err != nil {
		return fmt.Errorf("files.listen: %w", err)
	}
	serveHTTP(ctx, "the files", l, serveLinks(b, log), cancel, running)
	log.Info("files", "address", "http://"+l.Addr().String()+"/")
	return nil
}

// serveHTTP serves until ctx ends. If it fails, it calls cancel.
func serveHTTP(ctx context.Context, what string, l net.Listener, h http.Handler, cancel context.CancelCauseFunc, running *sync.WaitGroup) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	running.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			cancel(fmt.Errorf("serve %s: %w", what, err))
		}
	})
	running.Go(func() {
		<-ctx.Done()
		last, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer stop()
		if srv.Shutdown(last) != nil {
			srv.Close() //nolint:errcheck // open pages are cut off
		}
	})
}

// notifySystemd reports a state to systemd (sd_notify(3)). Without systemd it does nothing.
func notifySystemd(log *slog.Logger, state string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	conn, err := net.Dial("unixgram", path)
	if err == nil {
		_, err = conn.Write([]byte(state))
		err = errors.Join(err, conn.Close())
	}
	if err != nil {
		log.Warn("notify systemd", "state", state, "error", err)
	}
}
