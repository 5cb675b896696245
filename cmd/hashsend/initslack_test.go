package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hashsend/cmd/hashsend/discover"
	"hashsend/cmd/hashsend/discover/mailtest"
	"hashsend/connectors"
	"hashsend/connectors/slack"
	"hashsend/connectors/slack/slacktest"
)

// slackWizard is one that has the answers about the mailbox already.
func slackWizard(t *testing.T, who *person, api string) (*wizard, *bytes.Buffer) {
	p := &mailtest.Provider{KeepsSent: true}
	p.Start(t)
	dir := t.TempDir()
	var out bytes.Buffer
	who.t = t
	for label, answer := range map[string]string{
		"Email address": mailtest.Address, "IMAP server (HOST:PORT)": fmt.Sprintf("127.0.0.1:%d/none", p.IMAP),
		"Submission (SMTP) server (HOST:PORT)": fmt.Sprintf("127.0.0.1:%d/none", p.SMTP), "Password": mailtest.Password,
		"Name of your team or organization, such as Acme (optional)": "Acme", "Other addresses that you send from with this mailbox (optional)": "",
		"Network": "slack", "Your user ID, for admin rights, such as U0123456789 (profile, “Copy member ID”)": "U0ALICE01",
		"Home room, for questions and notices that belong to no other room, such as C0123456789 (optional)": "",
	} {
		who.answers[label] = []string{answer}
	}
	w := &wizard{
		file: filepath.Join(dir, "config.yaml"), chats: chatNetworks(connectors.Networks()), out: &out, ask: who.ask,
		client: http.DefaultClient, patience: 20 * time.Second,
		find: func(context.Context, string) (discover.Found, error) {
			return discover.Found{}, fmt.Errorf("%w for example.org", discover.ErrNone)
		},
	}
	its := slackOf(t, w)
	its.API, its.Manifest = api, filepath.Join(dir, "slack-manifest.yaml")
	return w, &out
}

func slackOf(t *testing.T, w *wizard) *slackSetup {
	t.Helper()
	for _, c := range w.chats {
		if s, is := c.chatSetup.(*slackSetup); is {
			return s
		}
	}
	t.Fatal("init does not know Slack")
	return nil
}

// workspacesOf returns the settings of all workspaces; there is nothing else.
func workspacesOf(t *testing.T, c *config) (all []*slack.Config) {
	t.Helper()
	for _, n := range c.Networks {
		cfg, is := n.Into().(*slack.Config)
		if !is {
			t.Fatalf("there is a network of another kind: %s", n.at)
		}
		all = append(all, cfg)
	}
	return all
}

func startSlack(t testing.TB) *slacktest.Server {
	t.Helper()
	s, err := slacktest.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

const (
	askBot  = "Bot User OAuth Token (xoxb-…)"
	askApp  = "App-Level Token (xapp-…)"
	askSign = "Signing Secret"
)

// TestInitSlack leads somebody who errs at each question through Socket Mode.
func TestInitSlack(t *testing.T) {
	s := startSlack(t)
	s.Allow("chat:write", "commands")
	who := &person{answers: map[string][]string{
		"Receive events by": {"socket"},
		askBot:              {"", "hello", slacktest.AppToken, slacktest.UserToken, "xoxb-of-another", slacktest.BotToken, slacktest.BotToken, slacktest.BotToken},
		askApp:              {slacktest.BotToken, slacktest.AppToken, "xapp-1-of-another", slacktest.AppToken, slacktest.AppToken},
	}}
	w, out := slackWizard(t, who, s.API())
	ask, tries := w.ask, 0
	w.ask = func(ctx context.Context, title, hint string, qs []question) error {
		if title == "App tokens" {
			if tries++; tries == 4 {
				s.Allow() // it was installed again, by the manifest
			}
		}
		return ask(ctx, title, hint, qs)
	}
	if err := w.run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for label, left := range who.answers {
		if len(left) > 0 {
			t.Errorf("%q was asked too seldom: %q is left", label, left)
		}
	}
	for _, want := range []string{
		"https://api.slack.com/apps?new_app=1", slackOf(t, w).Manifest, "connections:write", "✗ Slack: bot_token: ", "invalid_auth",
		"✗ Slack: app_token: ", "the app is missing scopes: ", "channels:history (messages in public channels", "✓ Slack: connected to the workspace",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	for _, planted := range []string{slacktest.BotToken, slacktest.AppToken, slacktest.UserToken, "of-another"} {
		if strings.Contains(out.String(), planted) {
			t.Errorf("a secret is printed:\n%s", out)
		}
	}
	text, err := os.ReadFile(slackOf(t, w).Manifest)
	if err != nil || !strings.Contains(string(text), "socket_mode_enabled: true") {
		t.Errorf("the manifest is %s, %v", text, err)
	}
	c, err := loadConfig(w.file)
	if err != nil {
		t.Fatal(err)
	}
	if all := workspacesOf(t, c); len(all) != 1 || all[0].BotToken != slacktest.BotToken || all[0].AppToken != slacktest.AppToken {
		t.Errorf("written: %+v", all)
	}
}

// TestInitSlackByHTTPS tries the signing secret by a request that Slack signs.
func TestInitSlackByHTTPS(t *testing.T) {
	s := startSlack(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	l.Close() //nolint:errcheck // it only had to find a port
	address := "http://" + listen + "/slack"
	who := &person{answers: map[string][]string{
		"Receive events by": {"https"}, "URL for Slack, such as https://hashsend.example.org/slack": {address},
		askBot: {slacktest.BotToken, slacktest.BotToken}, askSign: {"the-secret-of-another-app", slacktest.SigningSecret},
	}}
	w, out := slackWizard(t, who, s.API())
	slackOf(t, w).Listen = listen
	ctx, cancel := context.WithCancel(t.Context())
	pressed := make(chan struct{})
	go func() { // the button in the app's settings
		defer close(pressed)
		for ctx.Err() == nil {
			s.UseEvents(address) //nolint:errcheck // nobody is listening, or the secret is wrong
			time.Sleep(50 * time.Millisecond)
		}
	}()
	err = w.run(t.Context())
	cancel()
	<-pressed
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"click Retry next to the Request URL", "✗ Slack: Slack signed its request with a different secret", "✓ Slack: its request arrived, and the signing secret is correct"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	text, err := os.ReadFile(slackOf(t, w).Manifest)
	if err != nil || !strings.Contains(string(text), "socket_mode_enabled: false") || !strings.Contains(string(text), `request_url: "`+address+`"`) {
		t.Errorf("the manifest is %s, %v", text, err)
	}
	c, err := loadConfig(w.file)
	if err != nil {
		t.Fatal(err)
	}
	if all := workspacesOf(t, c); len(all) != 1 || all[0].SigningSecret != slacktest.SigningSecret || all[0].AppToken != "" {
		t.Errorf("written: %+v", all)
	}
}

// TestInitSlackWithoutAnybody names the flags that are missing, and waits for nobody.
func TestInitSlackWithoutAnybody(t *testing.T) {
	for _, x := range []struct {
		answers slackSetup
		want    string
	}{
		{slackSetup{App: secretFrom{Env: "APP"}}, "--slack-bot-token-file or --slack-bot-token-env"},
		{slackSetup{Bot: secretFrom{Env: "BOT"}}, "--slack-app-token-file or --slack-app-token-env"},
		{slackSetup{Bot: secretFrom{Env: "BOT"}, Signing: secretFrom{Env: "SIGN"}}, "--slack-url"},
		{slackSetup{Bot: secretFrom{Env: "BOT"}, Signing: secretFrom{Env: "SIGN"}, URL: "https://h.example/"}, ""},
	} {
		if got := strings.Join(x.answers.missing(), ", "); got != x.want {
			t.Errorf("%+v: missing %q, want %q", x.answers, got, x.want)
		}
	}
}
