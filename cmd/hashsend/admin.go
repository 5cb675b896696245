package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"hashsend/bridge"
	"hashsend/bridge/chat"
)

func newAdmin() *cobra.Command {
	var room string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "admin COMMAND…", Short: "Run a room command from the command line",
		Long: `Runs the same commands as "!send …" in a room, with admin rights. A running hashsend
runs the command. If none is running, the command uses the database directly, and
anything it sends is delivered at the next start.`,
		Example: `  hashsend admin help
  hashsend admin --room matrix/!abc:example.org status
  hashsend admin --room matrix/!abc:example.org link ann@example.com title Lunch yes
  hashsend admin backup /var/backups/hashsend`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("a command is required; hashsend admin help lists them")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := configOf(cmd)
			if err != nil {
				return err
			}
			r := bridge.Request{Line: quoteAll(args)}
			if room != "" {
				network, place, found := strings.Cut(room, "/")
				if !found {
					return usage("--room must be NETWORK/ROOM, such as matrix/!abc:example.org")
				}
				r.Network, r.Place = network, chat.Place{Room: chat.RoomID(place)}
			}
			a, err := c.administer(cmd.Context(), r, args)
			if err != nil {
				return err
			}
			return showAnswer(cmd, a, asJSON)
		},
	}
	cmd.Flags().StringVarP(&room, "room", "r", "", "the room to run the command in: NETWORK/ROOM")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	cmd.Flags().SetInterspersed(false)
	return cmd
}

func showAnswer(cmd *cobra.Command, a bridge.Answer, asJSON bool) error {
	switch {
	case asJSON:
		if err := json.NewEncoder(cmd.OutOrStdout()).Encode(a); err != nil {
			return err
		}
	case a.OK:
		fmt.Fprintln(cmd.OutOrStdout(), a.Text)
	default:
		fmt.Fprintln(cmd.ErrOrStderr(), "hashsend: "+a.Text)
	}
	if !a.OK {
		return &quietError{}
	}
	return nil
}

// quoteAll joins arguments to one line in which each is still one word.
func quoteAll(args []string) string {
	var words []string
	for _, a := range args {
		if strings.ContainsAny(a, " \t\n") {
			a = `"` + strings.ReplaceAll(a, `"`, "'") + `"`
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}

// administer runs a command in the running process or, if there is none, on the database.
func (c *config) administer(ctx context.Context, r bridge.Request, args []string) (a bridge.Answer, err error) {
	dir, err := c.dataDir()
	if err != nil {
		return a, err
	}
	if args[0] == "backup" {
		return backup(ctx, dir, args)
	}
	conn, err := net.Dial("unix", filepath.Join(dir, socketName))
	if err == nil {
		return ask(conn, r)
	}
	if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
		return a, fmt.Errorf("connect to the running hashsend: %w", err)
	}
	o, p, err := c.build(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	b, err := bridge.New(o)
	if err != nil {
		return a, err
	}
	return b.Do(ctx, r)
}

// socketName is the socket in the data folder on which the running process takes commands.
const socketName = "admin.sock"

// ask sends a request to the running process and returns its result.
func ask(conn net.Conn, r bridge.Request) (a bridge.Answer, err error) {
	defer conn.Close() //nolint:errcheck // the result was read
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return a, err
	}
	if err := json.NewEncoder(conn).Encode(r); err != nil {
		return a, fmt.Errorf("send the command to the running hashsend: %w", err)
	}
	var reply struct {
		bridge.Answer
		Error string `json:"error"`
	}
	if err := json.NewDecoder(conn).Decode(&reply); err != nil {
		return a, fmt.Errorf("read the result from the running hashsend: %w", err)
	}
	if reply.Error != "" {
		return a, errors.New(reply.Error)
	}
	return reply.Answer, nil
}

// listenAdmin opens the socket. This process holds the lock of the data folder, so a
// socket that is already there is a leftover and is replaced.
func listenAdmin(dir string) (net.Listener, error) {
	path := filepath.Join(dir, socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("open the admin socket: %w", err)
	}
	old := syscall.Umask(0o177)
	l, err := net.Listen("unix", path)
	syscall.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("open the admin socket: %w", err)
	}
	return l, nil
}

// serveAdmin runs commands, one per connection, until ctx ends.
func serveAdmin(ctx context.Context, l net.Listener, b *bridge.Bridge, log *slog.Logger) {
	var running sync.WaitGroup
	defer running.Wait()
	stop := context.AfterFunc(ctx, func() { l.Close() }) //nolint:errcheck // it ends Accept
	defer stop()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() == nil {
				log.Error("admin socket", "error", err)
			}
			return
		}
		running.Go(func() {
			defer conn.Close() //nolint:errcheck // the result was written
			if err := answer(ctx, conn, b); err != nil {
				log.Warn("run an admin command", "error", err)
			}
		})
	}
}

func answer(ctx context.Context, conn net.Conn, b *bridge.Bridge) error {
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	var r bridge.Request
	if err := json.NewDecoder(bufio.NewReader(io.LimitReader(conn, 1<<20))).Decode(&r); err != nil {
		return err
	}
	a, err := b.Do(ctx, r)
	if err != nil {
		return json.NewEncoder(conn).Encode(map[string]string{"error": err.Error()})
	}
	return json.NewEncoder(conn).Encode(a)
}
