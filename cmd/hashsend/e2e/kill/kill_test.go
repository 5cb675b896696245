// Package kill ends the bridge again and again at random moments, while messages
// go through it, and counts on both sides: nothing is lost, nothing comes twice,
// the order is kept.
package kill

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"

	"hashsend/cmd/hashsend/e2e/lab"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Those that kill at failpoints wait for servers, and not for the processor.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	code := m.Run()
	lab.Clean()
	os.Exit(code)
}

// kills is how often the bridge is killed in each direction.
const kills = 200

// arena is a linked room with traffic.
type arena struct {
	t      *testing.T
	p      *provider
	bridge *lab.Bridge
	alice  *lab.Person
	room   id.RoomID
	about  id.EventID // what the next change is about
	inDot  int        // kills while the provider had taken a mail and not answered
	slower int        // so many times slower is said something: a network may allow no more
}

func newArena(t *testing.T, keepsSent bool, tags ...string) *arena {
	a := &arena{t: t, p: newProvider(t, keepsSent), bridge: lab.NewBridge(t, true, tags...)}
	// Not Dendrite: on SQLite it ends by itself when requests are broken off.
	home := lab.Synapse(t, a.bridge.Registration)
	a.alice = home.Person("alice")
	a.bridge.Configure(home.URL, a.p.mailbox(), "hold: {quiet: 0, max: 0, live: 0}\n")
	a.room = a.alice.Room("Lunch", a.bridge.Bot)
	a.bridge.Run()
	lab.Wait(t, "the bridge in the room", 30*time.Second, func() bool { return a.alice.Joined(a.room, a.bridge.Bot) })
	a.bridge.Admin("--room", "matrix/"+string(a.room), "link", "bob@other.test", "title", "Lunch", "yes")
	return a
}

// massacre kills the bridge at random moments while traffic goes on.
func (a *arena) massacre(traffic func(n int)) (said int) {
	stop := make(chan struct{})
	var talking sync.WaitGroup
	talking.Go(func() {
		for n := 1; ; n++ {
			traffic(n)
			said = n
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(20+rand.IntN(80)) * time.Millisecond * time.Duration(1+a.slower)):
			}
		}
	})
	for range kills {
		time.Sleep(time.Duration(60+rand.IntN(240)) * time.Millisecond)
		if a.p.answering.Load() > 0 {
			a.inDot++
		}
		a.bridge.Kill()
		a.bridge.Run()
	}
	close(stop)
	talking.Wait()
	a.bridge.Running()
	return said
}

var number = regexp.MustCompile(`word-(\d{5})`)

// inOrder finds the numbered words of texts and checks that each stands there
// once and in order.
func inOrder(t *testing.T, texts []string, said int) {
	t.Helper()
	seen := map[string]int{}
	last := ""
	for _, text := range texts {
		for _, w := range number.FindAllString(text, -1) {
			seen[w]++
			if seen[w] == 1 && w < last {
				t.Errorf("%s came after %s", w, last)
			}
			last = max(last, w)
		}
	}
	lost, doubled := 0, 0
	for n := 1; n <= said; n++ {
		switch c := seen[fmt.Sprintf("word-%05d", n)]; {
		case c == 0:
			lost++
		case c > 1:
			doubled++
		}
	}
	t.Logf("%d said, %d lost, %d doubled", said, lost, doubled)
	if lost > 0 || doubled > 0 {
		t.Errorf("%d of %d were lost, %d doubled", lost, said, doubled)
	}
}

func (a *arena) toMail() {
	said := a.massacre(func(n int) { a.alice.Say(a.room, fmt.Sprintf("word-%05d", n)) })
	last := fmt.Sprintf("word-%05d", said)
	lab.Wait(a.t, "the last mail", 3*time.Minute, func() bool {
		for _, m := range a.p.mails() {
			if strings.Contains(m.Text, last) {
				return true
			}
		}
		return false
	})
	var texts []string
	ids := map[string]int{}
	for _, m := range a.p.mails() {
		texts = append(texts, m.Text)
		ids[m.ID]++
	}
	for mid, n := range ids {
		if n > 1 {
			a.t.Errorf("<%s> was taken %d times", mid, n)
		}
	}
	inOrder(a.t, texts, said)
	a.t.Logf("%d kills while a mail was taken and not answered, %d mails", a.inDot, len(ids))
	if a.inDot < 30 {
		a.t.Errorf("only %d kills fell into the time between taking a mail and the answer", a.inDot)
	}
}

// EVENTS 6.2, 6.4, D32: what is said while the program is killed again and again.
func TestRoomToMailProviderKeepsSent(t *testing.T) { newArena(t, true).toMail() }

func TestRoomToMailProviderKeepsNothing(t *testing.T) { newArena(t, false).toMail() }

func TestMailToRoom(t *testing.T) {
	a := newArena(t, true)
	a.alice.Say(a.room, "hello")
	lab.Wait(t, "the first mail", 30*time.Second, func() bool { return len(a.p.mails()) > 0 })
	first := a.p.mails()[0]
	said := a.massacre(func(n int) {
		raw := fmt.Sprintf("From: Bob <bob@other.test>\r\nTo: %s\r\nSubject: Re: #Send Lunch\r\nMessage-ID: <%d@other.test>\r\nIn-Reply-To: <%s>\r\n\r\nword-%05d\r\n", owner, n, first.ID, n)
		if err := a.p.put("INBOX", []byte(raw)); err != nil {
			t.Error(err)
		}
	})
	last := fmt.Sprintf("word-%05d", said)
	a.alice.Sees(a.room, 3*time.Minute, func(body string) bool { return strings.Contains(body, last) })
	var texts []string
	markers := map[string]int{}
	for _, e := range a.alice.Messages(a.room) {
		if e.Sender == a.alice.UserID {
			continue
		}
		texts = append(texts, e.Content.AsMessage().Body)
		if key, ok := e.Content.Raw["org.hashsend.key"].(string); ok {
			markers[key]++
		}
	}
	for key, n := range markers {
		if n > 1 {
			t.Errorf("marker %s stands in the room %d times", key, n)
		}
	}
	inOrder(t, texts, said)
}
