package kill

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"hashsend/cmd/hashsend/e2e/lab"
	"hashsend/connectors/slack/slacktest"
)

// newSlackArena is a linked channel with traffic.
func newSlackArena(t *testing.T, socket bool) (*arena, *lab.Workspace) {
	a := &arena{t: t, p: newProvider(t, true), bridge: lab.NewBridge(t, false)}
	w := lab.Slack(t, socket)
	w.Unlimited()
	w.Patience, w.Again = 2*time.Second, []time.Duration{0, time.Second, 3 * time.Second}
	a.bridge.Slack = w.Settings()
	a.bridge.Configure("", a.p.mailbox(), "hold: {quiet: 0, max: 0, live: 0}\n")
	a.bridge.Run()
	a.bridge.Running()
	a.bridge.Admin("--room", "slack/"+w.Channel, "link", "bob@other.test", "title", "Lunch", "yes")
	return a, w
}

// trouble breaks what can break at Slack, now and then, until it is told to stop.
func trouble(w *lab.Workspace, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(200+rand.IntN(400)) * time.Millisecond):
		}
		switch rand.IntN(6) {
		case 0:
			w.Break("chat.postMessage", slacktest.Fault{Status: 429, RetryAfter: 1})
		case 1:
			w.Break("chat.postMessage", slacktest.Fault{Status: 503, After: true})
		case 2:
			w.Break("chat.postMessage", slacktest.Fault{Cut: true, After: true})
		case 3:
			w.Drop()
		case 4:
			w.DropOne()
		case 5:
			w.LoseBacklog()
		}
	}
}

func (a *arena) withTrouble(w *lab.Workspace, do func() int) int {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		trouble(w, stop)
	}()
	said := do()
	close(stop)
	<-done
	return said
}

func slackToMail(t *testing.T, socket bool) {
	t.Parallel()
	a, w := newSlackArena(t, socket)
	said := a.withTrouble(w, func() int {
		return a.massacre(func(n int) { w.Say(w.Alice, w.Channel, fmt.Sprintf("word-%05d", n)) })
	})
	last := fmt.Sprintf("word-%05d", said)
	lab.Wait(t, "the last mail", 3*time.Minute, func() bool {
		for _, m := range a.p.mails() {
			if strings.Contains(m.Text, last) {
				return true
			}
		}
		return false
	})
	var texts []string
	for _, m := range a.p.mails() {
		texts = append(texts, m.Text)
	}
	inOrder(t, texts, said)
}

func TestSlackSocketToMail(t *testing.T) { slackToMail(t, true) }

func TestSlackEventsToMail(t *testing.T) { slackToMail(t, false) }

func TestMailToSlack(t *testing.T) {
	t.Parallel()
	a, w := newSlackArena(t, true)
	a.slower = 6 // Slack takes one message a second in a channel
	w.Say(w.Alice, w.Channel, "hello")
	lab.Wait(t, "the first mail", 30*time.Second, func() bool { return len(a.p.mails()) > 0 })
	first := a.p.mails()[0]
	said := a.withTrouble(w, func() int {
		return a.massacre(func(n int) {
			raw := fmt.Sprintf("From: Bob <bob@other.test>\r\nTo: %s\r\nSubject: Re: #Send Lunch\r\nMessage-ID: <%d@other.test>\r\nIn-Reply-To: <%s>\r\n\r\nword-%05d\r\n", owner, n, first.ID, n)
			if err := a.p.put("INBOX", []byte(raw)); err != nil {
				t.Error(err)
			}
		})
	})
	last := fmt.Sprintf("word-%05d", said)
	lab.Wait(t, "the last answer in the channel", 5*time.Minute, func() bool {
		for _, m := range w.Messages(w.Channel) {
			if strings.Contains(m.Text, last) {
				return true
			}
		}
		return false
	})
	var texts []string
	keys := map[any]int{}
	for _, m := range w.Messages(w.Channel) {
		if m.User == w.Alice {
			continue
		}
		texts = append(texts, m.Text)
		if m.Metadata != nil {
			keys[m.Metadata.Payload["key"]]++
		}
	}
	for key, n := range keys {
		if n > 1 {
			t.Errorf("the key %v stands in the channel %d times", key, n)
		}
	}
	inOrder(t, texts, said)
}
