package kill

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix/event"

	"hashsend/cmd/hashsend/e2e/lab"
)

// points are all places at which the program can be made to die: before and
// after each change of its state, and between a delivery and its settlement.
func points() (all []string) {
	for _, change := range []string{"start", "chat", "mail", "pass", "flush", "dot", "settle-chat", "settle-mail", "settle-keep", "settle-admit", "settle-file", "admin"} {
		all = append(all, change+":before", change+":after")
	}
	return append(all, "settle-chat:attempted", "settle-mail:attempted", "settle-keep:attempted", "settle-file:attempted")
}

// At each failpoint the program dies once; after the next start everything is
// there, once. Between the commit of a transaction of the homeserver and its answer,
// too: it is pushed again then. (EVENTS 6.4)
func TestEveryFailpoint(t *testing.T) {
	t.Parallel()
	a := newArena(t, false, "failpoint")
	a.alice.Say(a.room, "hello")
	lab.Wait(t, "the first mail", 30*time.Second, func() bool { return len(a.p.mails()) > 0 })
	first := a.p.mails()[0]
	held := 0 // number of the newest held mail
	for i, point := range points() {
		n := i + 1
		a.bridge.Stop()
		a.bridge.Env("HASHSEND_FAILPOINT=" + point)
		a.bridge.Run()
		// What was left to do may lead it to the point before it is up.
		a.bridge.Up()
		a.alice.Say(a.room, fmt.Sprintf("word-%05d", n))
		put := func(from, subject, cites, text string) {
			raw := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%d.%s\r\n%s\r\n%s\r\n", from, owner, subject, n, from+">", cites, text)
			if err := a.p.put("INBOX", []byte(raw)); err != nil {
				t.Fatal(err)
			}
		}
		put("bob@other.test", "Re: #Send Lunch", "In-Reply-To: <"+first.ID+">\r\n", fmt.Sprintf("answer-%05d", n))
		put("shop@elsewhere.test", "Offer", "", "not for the room")
		switch {
		case strings.HasPrefix(point, "settle-admit"):
			put("eve@elsewhere.test", "Re: #Send Lunch", "In-Reply-To: <"+first.ID+">\r\n", fmt.Sprintf("stranger-%05d", n))
			before := held
			lab.Wait(t, "the held mail", 30*time.Second, func() bool {
				for _, e := range a.alice.Messages(a.room) {
					held = max(held, heldNumber(e.Content.AsMessage().Body))
				}
				return held > before
			})
			a.alice.Say(a.room, fmt.Sprintf("!send approve %d", held))
		case strings.HasPrefix(point, "settle-file"):
			a.alice.Share(a.room, event.MsgFile, fmt.Sprintf("file-%05d", n), "application/octet-stream", "", []byte(point))
		case strings.HasPrefix(point, "admin"):
			a.bridge.TryAdmin("help") //nolint:errcheck // the failpoint may end it
		}
		select {
		case <-a.bridge.Exited():
		case <-time.After(30 * time.Second):
			t.Errorf("%s was never reached", point)
		}
		a.bridge.Kill()
		a.bridge.Env()
		a.bridge.Run()
		a.bridge.Running()
		a.settled(point, n)
		if strings.HasPrefix(point, "settle-file") {
			a.hasFile(fmt.Sprintf("file-%05d", n), int64(len(point)))
		}
	}
	var texts []string
	for _, m := range a.p.mails() {
		texts = append(texts, m.Text)
	}
	inOrder(t, texts, len(points()))
}

// hasFile waits for the mail with a file, and makes sure that it is the only one.
func (a *arena) hasFile(name string, size int64) {
	a.t.Helper()
	found := func() (n int) {
		for _, m := range a.p.mails() {
			for _, p := range m.Attachments() {
				if p.Name == name && p.Size == size {
					n++
				}
			}
		}
		return n
	}
	lab.Wait(a.t, "the mail with "+name, 30*time.Second, func() bool { return found() > 0 })
	if n := found(); n != 1 {
		a.t.Errorf("%s stands in %d mails", name, n)
	}
}

func heldNumber(body string) (n int) {
	if i := strings.Index(body, "!send approve "); i >= 0 && strings.Contains(body, "is held for review") {
		fmt.Sscanf(body[i:], "!send approve %d", &n) //nolint:errcheck // 0 if there is none
	}
	return n
}

// settled waits until the message and the answer of a round have arrived, and
// makes sure that the answer stands in the room once.
func (a *arena) settled(point string, n int) {
	a.t.Helper()
	word, answer := fmt.Sprintf("word-%05d", n), fmt.Sprintf("answer-%05d", n)
	lab.Wait(a.t, "the mail after "+point, 60*time.Second, func() bool {
		for _, m := range a.p.mails() {
			if strings.Contains(m.Text, word) {
				return true
			}
		}
		return false
	})
	a.alice.Sees(a.room, 60*time.Second, func(body string) bool { return strings.Contains(body, answer) })
	times := 0
	for _, e := range a.alice.Messages(a.room) {
		if strings.Contains(e.Content.AsMessage().Body, answer) {
			times++
		}
	}
	if times != 1 {
		a.t.Errorf("after %s the answer stands in the room %d times", point, times)
	}
}
