package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"hashsend/cmd/hashsend/discover"
	"hashsend/cmd/hashsend/discover/mailtest"
	"hashsend/connectors"
	"hashsend/connectors/connectorstest/linechat"
	"hashsend/connectors/connectorstest/lineserver"
)

// lineChat is a row as docs/adding-a-connector.md has it.
func lineChat() connectors.Network {
	return connectors.Network{
		Key: "linechat", Server: "chat server", Room: "#garden", User: "ben", Prompt: "!send",
		New: connectors.Settings(linechat.Config.Check, linechat.Open, (*linechat.Connector).Try),
		Asks: []connectors.Ask{
			{Setting: "address", Label: "Address of the chat server, such as chat.example.org:6000"},
			{Setting: "nick", Label: "Name there (optional)", Optional: true},
			{Setting: "password", Label: "Password of that name", Secret: true},
		},
	}
}

// TestAnotherNetwork shows that a row is all that config, init, check and run need to
// know of a network.
func TestAnotherNetwork(t *testing.T) {
	known := append(connectors.Networks(), lineChat())
	s, err := lineserver.Start("#garden")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	file := filepath.Join(t.TempDir(), "config.yaml")
	initLineChat(t, known, s, file)

	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := &config{path: file, known: known, Data: t.TempDir()}
	if mistakes := c.parse(raw); len(mistakes) > 0 {
		t.Fatalf("%v\n%s", mistakes, raw)
	}
	if !c.secretHere || c.Home.Network != "linechat" || c.Home.Room != "#garden" {
		t.Errorf("read as %+v", c)
	}
	if printed := fmt.Sprintf("%v %+v %#v", c, c, c.Networks); strings.Contains(printed, lineserver.Password) {
		t.Errorf("a secret is printed: %s", printed)
	}
	var tried bytes.Buffer
	if err := showTrials(&tried, c.tryAll(t.Context()), false); err != nil || !strings.Contains(tried.String(), "✓ linechat linechat: signed in as hashsend\n") {
		t.Errorf("check says %v\n%s", err, tried.String())
	}
	runLineChat(t, c, s)
}

// initLineChat answers the questions of init, first with a wrong password.
func initLineChat(t *testing.T, known []connectors.Network, s *lineserver.Server, file string) {
	t.Helper()
	p := &mailtest.Provider{KeepsSent: true}
	p.Start(t)
	who := &person{t: t, answers: map[string][]string{
		"Email address": {mailtest.Address}, "Password": {mailtest.Password},
		"IMAP server (HOST:PORT)":                                         {fmt.Sprintf("127.0.0.1:%d/none", p.IMAP)},
		"Submission (SMTP) server (HOST:PORT)":                            {fmt.Sprintf("127.0.0.1:%d/none", p.SMTP)},
		"Name of your team or organization, such as Acme (optional)":      {""},
		"Other addresses that you send from with this mailbox (optional)": {""},
		"Network": {"linechat"},
		"Address of the chat server, such as chat.example.org:6000": {"", s.Address(), s.Address()},
		"Name there (optional)":                       {"", ""},
		"Password of that name":                       {"wrong", lineserver.Password},
		"Your user ID, for admin rights, such as ben": {"ben"},
		"Home room, for questions and notices that belong to no other room, such as #garden (optional)": {"#garden"},
	}}
	var out bytes.Buffer
	w := &wizard{
		file: file, chats: chatNetworks(known), out: &out, ask: who.ask, client: http.DefaultClient, patience: time.Minute,
		find: func(context.Context, string) (discover.Found, error) {
			return discover.Found{}, fmt.Errorf("%w for example.org", discover.ErrNone)
		},
	}
	if err := w.run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"✗ linechat: sign in as hashsend: ", "(check nick and password)", "✓ linechat: signed in as hashsend", "type !send help"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("init does not say %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), lineserver.Password) {
		t.Errorf("a secret is printed:\n%s", out.String())
	}
}

// runLineChat runs the program and asks it something in the room.
func runLineChat(t *testing.T, c *config, s *lineserver.Server) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.run(ctx, io.Discard) }()
	answered := false
	var asked time.Time
	for !answered && ctx.Err() == nil {
		if time.Since(asked) > time.Second { // it hears only what is said once it is there
			s.Say("#garden", "ben", "", "!send help")
			asked = time.Now()
		}
		lines, changed := s.Lines(0)
		for _, l := range lines {
			answered = answered || (l.Name == "hashsend" && strings.Contains(l.Text, "link"))
		}
		select {
		case <-changed:
		case <-time.After(time.Second):
		case err := <-ended:
			t.Fatalf("run ended: %v", err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}

// TestFlagsOfARow checks the flags that questions make, and what init without a
// terminal says is missing.
func TestFlagsOfARow(t *testing.T) {
	all := chatNetworks([]connectors.Network{lineChat()})
	f := pflag.NewFlagSet("init", pflag.ContinueOnError)
	all[0].flags(f)
	if all[0].given() {
		t.Error("something is given before any flag was read")
	}
	if got := strings.Join(all[0].missing(), ", "); got != "--linechat-address, --linechat-password-file or --linechat-password-env" {
		t.Errorf("missing: %s", got)
	}
	if err := f.Parse([]string{"--linechat-address", "127.0.0.1:1", "--linechat-password-env", "LINE_PASSWORD"}); err != nil {
		t.Fatal(err)
	}
	if missing := all[0].missing(); len(missing) > 0 || !all[0].given() {
		t.Errorf("with all flags: missing %v, given %v", missing, all[0].given())
	}
	var b strings.Builder
	all[0].write(func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) })
	if want := "linechat:\n  - address: \"127.0.0.1:1\"\n    password: {env: \"LINE_PASSWORD\"}\n\n"; b.String() != want {
		t.Errorf("written is\n%swant\n%s", b.String(), want)
	}
	w := &wizard{chats: all}
	w.a.Network = "irc"
	if _, err := w.chosen(); err == nil || !strings.Contains(err.Error(), "must be one of linechat") {
		t.Errorf("--network irc: %v", err)
	}
}
