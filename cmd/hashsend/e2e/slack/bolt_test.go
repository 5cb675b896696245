package slack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hashsend/cmd/hashsend/e2e/lab"
	"hashsend/connectors/slack/slacktest"
)

// boltApp is an app on Slack's own framework in a workspace of the stand-in: what
// that framework takes for Slack behaves like it.
type boltApp struct {
	*lab.Workspace
	t       *testing.T
	process *lab.Process
}

func openBolt(t *testing.T, socket bool) *boltApp {
	t.Helper()
	w := lab.Slack(t, true)
	w.Subscribe("message.channels", "app_mention", "reaction_added", "app_home_opened")
	port := lab.Port(t)
	env := []string{"SLACK_BOT_TOKEN=" + slacktest.BotToken, "SLACK_API_URL=" + w.API(), fmt.Sprintf("PORT=%d", port)}
	if socket {
		env = append(env, "SLACK_APP_TOKEN="+slacktest.AppToken)
	} else {
		env = append(env, "SLACK_SIGNING_SECRET="+slacktest.SigningSecret)
	}
	b := &boltApp{Workspace: w, t: t, process: lab.Node(t, env, "bolt.cjs")}
	b.saw(`"seen":"ready"`)
	if !socket {
		if err := w.UseEvents(fmt.Sprintf("http://127.0.0.1:%d/slack/events", port)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// saw waits until the app has printed a text.
func (b *boltApp) saw(text string) {
	b.t.Helper()
	lab.Wait(b.t, "the app to have seen "+text, soon, func() bool {
		select {
		case <-b.process.Exited():
			b.t.Fatalf("the app ended:\n%s", b.process.Tail())
		default:
		}
		return strings.Contains(b.process.Output(), text)
	})
}

func (b *boltApp) use() {
	t := b.t
	hello := b.Say(b.Alice, b.Channel, "hello there")
	if got := b.Sees(b.Channel, "Good day, <@"+b.Alice+">", soon); got.Thread != hello {
		t.Errorf("the answer stands under %q, want %q", got.Thread, hello)
	}
	b.Say(b.Alice, b.Channel, "<@"+slacktest.BotUser+"> look")
	lab.Wait(t, "the reaction to the mention", soon, func() bool {
		return len(b.Sees(b.Channel, "look", soon).Reactions["eyes"]) == 1
	})
	b.React(b.Alice, b.Channel, hello, "wave")
	b.saw(`"name":"wave"`)
	b.Edit(b.Channel, hello, "hello again")
	b.saw(`"seen":"message_changed"`)
	gone := b.Say(b.Alice, b.Channel, "take this back")
	b.Remove(b.Channel, gone)
	b.saw(`"seen":"message_deleted"`)
	b.saw(`"of":"` + gone + `"`)

	if !b.Slash(b.Alice, b.Channel, "/send", "later") {
		t.Fatal("the command was not acknowledged")
	}
	b.Told(b.Alice, "I have thought about it", soon)
	if !b.Slash(b.Alice, b.Channel, "/send", "") {
		t.Fatal("the command was not acknowledged")
	}
	lab.Wait(t, "the dialog", soon, func() bool { return b.Modal(b.Alice) != nil })
	if mistakes, taken := b.Submit(b.Alice, map[string]string{"who": "nobody"}); !taken || mistakes["who"] != "This is no address" {
		t.Errorf("the dialog was taken: %v, with the mistakes %v", taken, mistakes)
	}
	if mistakes, taken := b.Submit(b.Alice, map[string]string{"who": "bob@example.test"}); !taken || len(mistakes) > 0 {
		t.Errorf("the dialog was taken: %v, with the mistakes %v", taken, mistakes)
	}
	invited := b.Sees(b.Channel, "Invited", soon)
	b.Sees(b.Channel, "Asked for after "+invited.TS, soon)
	var blocks any
	if err := json.Unmarshal(invited.Blocks, &blocks); err != nil {
		t.Fatal(err)
	}
	if !b.Press(b.Alice, b.Channel, blocks, "Undo") {
		t.Error("the button was not acknowledged")
	}
	b.Told(b.Alice, "Undone by", soon)
	b.saw(`"seen":"undone"`)

	if !b.Menu(b.Alice, b.Channel, invited.TS, "details") {
		t.Error("the menu was not acknowledged")
	}
	b.Told(b.Alice, "asks about one of", soon)
	b.OpenHome(b.Alice)
	lab.Wait(t, "the Home tab", soon, func() bool {
		home, err := json.Marshal(b.Home(b.Alice))
		return err == nil && strings.Contains(string(home), "Nothing is linked")
	})
}

func TestBoltSocketMode(t *testing.T) {
	b := openBolt(t, true)
	b.use()
	for _, end := range []func(){func() { b.Disconnect("warning") }, func() { b.Disconnect("refresh_requested") }, b.Drop} {
		opened := b.Calls("apps.connections.open")
		end()
		lab.Wait(t, "another connection", soon, func() bool { return b.Calls("apps.connections.open") > opened && b.Sockets() == 1 })
		hello := b.Say(b.Alice, b.Channel, "hello again")
		lab.Wait(t, "the answer", soon, func() bool {
			return slices.ContainsFunc(b.Messages(b.Channel), func(m slacktest.Message) bool { return m.Thread == hello })
		})
	}
}

// The payloads arrive at a request URL with a signature that the framework checks.
func TestBoltEventsAPI(t *testing.T) { openBolt(t, false).use() }
