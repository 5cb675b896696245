// Package kill ends the bridge again and again at random moments, while people use it
// in all ways, and compares what all sides show with what was done: nothing is lost,
// nothing comes twice, the order is kept.
package kill

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
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

// fromEnv reads a number from the environment.
func fromEnv(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// kills is how often a test kills the bridge at random moments: few times, unless
// HASHSEND_KILLS says how often.
func kills(t *testing.T) int {
	t.Helper()
	return int(fromEnv(t, "HASHSEND_KILLS", 25))
}

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
	for range kills(a.t) {
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
	if a.inDot < kills(a.t)/20 {
		a.t.Errorf("only %d kills fell into the time between taking a mail and the answer", a.inDot)
	}
}

// EVENTS 6.2, 6.4, D32: what is said while the program is killed again and again, where
// the provider keeps no copy of what it takes. TestMixedTraffic has one that does.
func TestRoomToMailProviderKeepsNothing(t *testing.T) { newArena(t, false).toMail() }
