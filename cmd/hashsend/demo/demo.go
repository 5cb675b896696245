// Package demo runs hashsend without any setup: a small mail provider, a chat room and a web
// page, all in this process and on loopback. The code between the room and the mailboxes is
// the code that runs in production.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"hashsend/bridge"
	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/connectors/imap"
	"hashsend/connectors/local"
	"hashsend/connectors/mailauth"
	"hashsend/connectors/mailnet"
	"hashsend/connectors/smtp"
)

// Options configure the demo.
type Options struct {
	Dir    string    // data folder; empty: a temporary folder that is removed at the end
	Listen string    // address of the page; empty: 127.0.0.1:8025, or another port if it is in use
	Out    io.Writer // for instructions and the sample conversation
	Talk   bool      // start a new room with a sample conversation
	Log    *slog.Logger
	// Started, if set, is called with the address of the page when the demo is ready.
	Started func(address string)
}

// The room and the people of the demo.
const (
	network = "demo"
	room    = "garden"
)

// demo is a running demo.
type demo struct {
	o      Options
	mail   *mailServer
	team   *account
	ann    *account
	room   *local.Server
	bridge *bridge.Bridge
	steps  steps
	closes []func() error
}

// Run runs the demo until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "hashsend-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	}
	d := &demo{o: o, steps: steps{changed: make(chan struct{})}}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.build(ctx); err != nil {
		return err
	}
	l, err := listen(o.Listen)
	if err != nil {
		return err
	}
	return d.run(ctx, l)
}

func listen(address string) (net.Listener, error) {
	if address != "" {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return nil, fmt.Errorf("serve the page: %w", err)
		}
		if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
			return nil, errors.Join(fmt.Errorf("the demo's page has no password, so its address must be on this machine, such as 127.0.0.1:8025, not %s", address), l.Close())
		}
		return l, nil
	}
	if l, err := net.Listen("tcp", "127.0.0.1:8025"); err == nil {
		return l, nil
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

func (d *demo) later(f func() error) { d.closes = append(d.closes, f) }

// close undoes build, last things first.
func (d *demo) close() (err error) {
	for i := len(d.closes) - 1; i >= 0; i-- {
		err = errors.Join(err, d.closes[i]())
	}
	return err
}

// build starts the mail provider and the room and connects them with a bridge.
func (d *demo) build(ctx context.Context) (err error) {
	d.team = &account{Name: "Acme", Address: "team@demo.example"}
	d.ann = &account{Name: "Ann Example", Address: "ann@home.example"}
	if d.mail, err = startMail(filepath.Join(d.o.Dir, "mail"), d.o.Log, d.team, d.ann); err != nil {
		return fmt.Errorf("start the mail server: %w", err)
	}
	d.later(d.mail.close)
	if d.room, err = local.OpenServer(filepath.Join(d.o.Dir, "room.jsonl")); err != nil {
		return err
	}
	d.later(d.room.Close)
	if _, err := d.room.Add(local.Entry{Kind: "room", Room: room, Bridge: true, Key: "room." + room, Text: "Garden party"}); err != nil {
		return err
	}
	st, err := store.Open(ctx, filepath.Join(d.o.Dir, "bridge"), d.o.Log)
	if err != nil {
		return err
	}
	d.later(st.Close)
	box, err := d.mailbox()
	if err != nil {
		return err
	}
	d.bridge, err = bridge.New(core.Options{
		Store: st, Chats: []chat.Connector{local.Open(d.room, chat.Env{Name: network, Log: d.o.Log})}, Mailboxes: []core.Mailbox{box},
		Access: core.Access{Allow: map[string]core.Level{"*": core.Link}, Mail: []string{"home.example"}},
		Home:   core.Home{Network: network, Room: room},
		Hold:   core.Hold{Quiet: 800 * time.Millisecond, Max: 4 * time.Second, Live: 300 * time.Millisecond},
		Log:    d.o.Log,
	})
	return err
}

// mailbox is the bridge's account at the demo's provider, over real IMAP and SMTP.
func (d *demo) mailbox() (core.Mailbox, error) {
	in, err := imap.Open("team", imap.Config{Server: d.server(d.mail.imapAddr)}, d.o.Log)
	if err != nil {
		return core.Mailbox{}, err
	}
	d.later(in.Close)
	out, err := smtp.Open(smtp.Config{Server: d.server(d.mail.smtpAddr)}, d.o.Log)
	if err != nil {
		return core.Mailbox{}, err
	}
	d.later(out.Close)
	return core.Mailbox{
		Name: "team", Address: mail.Address{Name: d.team.Name, Address: d.team.Address}, Owner: "Olga",
		Sources: []mail.Source{in}, Submitter: out, Keeper: in, PlusWorks: true, KeepsSent: true,
		Verifier: mailauth.Open(mailauth.Config{AuthservIDs: []string{authServer}}, d.o.Log),
		Opens:    core.OpenWhere{Network: network, Room: room},
	}, nil
}

func (d *demo) server(address string) mailnet.Server {
	host, port, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(port)
	return mailnet.Server{Host: host, Port: n, TLS: mailnet.Plain, User: d.team.Address, Password: d.team.Password}
}

// run runs the bridge and the page until ctx ends.
func (d *demo) run(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var keeping, running sync.WaitGroup
	come, unwatch := d.bridge.Watch()
	keeping.Go(func() { d.steps.keep(come) })
	defer keeping.Wait()
	defer unwatch()
	running.Go(func() {
		if err := d.bridge.Run(ctx); err != nil {
			cancel(err)
		}
	})
	if err := d.link(ctx); err != nil {
		cancel(err)
		running.Wait()
		return err
	}
	srv := &http.Server{
		Handler: d.handler(l.Addr().String()), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	running.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			cancel(err)
		}
	})
	d.greet("http://" + l.Addr().String() + "/")
	if d.o.Talk && d.isNew() {
		fmt.Fprintln(d.o.Out, "\n  A sample conversation:")
		running.Go(func() {
			if err := d.talk(ctx); err != nil && ctx.Err() == nil {
				fmt.Fprintf(d.o.Out, "\n  The sample conversation stopped early: %v. Use --verbose for details.\n", err)
			}
		})
	}
	<-ctx.Done()
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	if srv.Shutdown(last) != nil {
		srv.Close() //nolint:errcheck // open pages are cut off
	}
	running.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// link links the room to Ann with the command that people use, unless an earlier run has
// linked it.
func (d *demo) link(ctx context.Context) error {
	a, err := d.bridge.Do(ctx, bridge.Request{Network: network, Place: chat.Place{Room: room}, Line: "who"})
	if err != nil || a.OK {
		return err
	}
	line := fmt.Sprintf("link \"%s <%s>\" title Garden party yes", d.ann.Name, d.ann.Address)
	a, err = d.bridge.Do(ctx, bridge.Request{Network: network, Place: chat.Place{Room: room}, Line: line})
	if err == nil && !a.OK {
		err = errors.New(a.Text)
	}
	if err != nil {
		return fmt.Errorf("link the room: %w", err)
	}
	return nil
}

func (d *demo) greet(address string) {
	fmt.Fprintf(d.o.Out, `hashsend demo

  Open %s
  On the left, post in the room as Alice or Bob. On the right, send email as Ann.

  You can also use an email program (on this machine, without TLS):
    Ann:      %s   password %s
    hashsend: %s   password %s
    IMAP %s   SMTP %s

  Press Ctrl-C to stop.
`, address, d.ann.Address, d.ann.Password, d.team.Address, d.team.Password, d.mail.imapAddr, d.mail.smtpAddr)
	if d.o.Started != nil {
		d.o.Started(address)
	}
}
