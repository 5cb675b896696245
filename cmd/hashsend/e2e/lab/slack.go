package lab

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"hashsend/connectors/slack/slacktest"
)

// Workspace is a stand-in for Slack with a person in a channel: there is no Slack
// to run.
type Workspace struct {
	*slacktest.Server
	Alice   string // an administrator
	Channel string // #lunch, with Alice and the app in it
	events  string // the request URL of the Events API; empty: Socket Mode
	t       testing.TB
}

// Slack starts a workspace for Socket Mode, or for the Events API.
func Slack(t testing.TB, socket bool) *Workspace {
	t.Helper()
	srv, err := slacktest.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	w := &Workspace{Server: srv, t: t}
	if !socket {
		w.events = fmt.Sprintf("http://127.0.0.1:%d/slack", Port(t))
		srv.Point(w.events)
	}
	w.Alice = srv.Person(slacktest.User{Name: "alice", Admin: true})
	w.Channel = srv.Open(slacktest.Channel{Name: "lunch"}, w.Alice, slacktest.BotUser)
	return w
}

// Settings are those of the bridge for this workspace.
func (w *Workspace) Settings() string {
	way := "app_token: " + slacktest.AppToken
	if w.events != "" {
		way = fmt.Sprintf("signing_secret: %s, url: %q, listen: %q", slacktest.SigningSecret, w.events, strings.TrimSuffix(strings.TrimPrefix(w.events, "http://"), "/slack"))
	}
	return fmt.Sprintf("slack:\n  - {bot_token: %s, %s, api_url: %q}", slacktest.BotToken, way, w.API())
}

// Sees waits until a message with this text stands in a channel, and makes sure
// that it stands there once.
func (w *Workspace) Sees(channel, text string, limit time.Duration) slacktest.Message {
	w.t.Helper()
	var found []slacktest.Message
	Wait(w.t, fmt.Sprintf("%q in the channel", text), limit, func() bool {
		found = nil
		for _, m := range w.Messages(channel) {
			if strings.Contains(Shown(m.Text, m.Blocks), text) {
				found = append(found, m)
			}
		}
		return len(found) > 0
	})
	if len(found) > 1 {
		w.t.Errorf("%q stands in the channel %d times", text, len(found))
	}
	return found[0]
}

// Told waits until a person alone was shown a text.
func (w *Workspace) Told(user, text string, limit time.Duration) (found slacktest.Ephemeral) {
	w.t.Helper()
	var last []string
	defer func() {
		if found.Text == "" {
			w.t.Logf("told: %q", last)
		}
	}()
	Wait(w.t, fmt.Sprintf("%q for one person", text), limit, func() bool {
		last = nil
		for _, e := range w.Ephemerals(user) {
			last = append(last, e.Text)
			if strings.Contains(e.Text, text) {
				found = e
			}
		}
		return found.Text != ""
	})
	return found
}

// Shown is what a person reads in a message: all texts of its blocks, else its text.
func Shown(text string, blocks json.RawMessage) string {
	var all any
	if json.Unmarshal(blocks, &all) != nil {
		return text
	}
	var b strings.Builder
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if s, is := v["text"].(string); is {
				b.WriteString(s)
			}
			walk(v["text"])
			walk(v["elements"])
		}
	}
	walk(all)
	return b.String()
}
