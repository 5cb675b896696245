package failures

import (
	"fmt"
	"strings"
	"testing"

	"maunium.net/go/mautrix/id"

	"hashsend/cmd/hashsend/e2e/lab"
)

// TestSaidBeforeSynapseStops has things said in two rooms just before Synapse ends, in good
// order or not, and in one of them after it is back: all of it is emailed, once. Synapse
// does not always push it again.
func TestSaidBeforeSynapseStops(t *testing.T) {
	s := openOn(t, lab.Synapse)
	lunch, _ := s.room("Lunch")
	boat, _ := s.room("Boat")
	var want []string
	say := func(room id.RoomID, text string) {
		s.alice.Say(room, text)
		want = append(want, text)
	}
	emailed := func() (missing []string) {
		var all strings.Builder
		for _, m := range s.relay.mails() {
			all.WriteString(m.Text + "\n")
		}
		for _, text := range want {
			switch n := strings.Count(all.String(), text+"\n"); n {
			case 0:
				missing = append(missing, text)
			case 1:
			default:
				t.Fatalf("%q was emailed %d times", text, n)
			}
		}
		return missing
	}
	for n := range 6 {
		say(lunch, fmt.Sprintf("lunch before %d.", n))
		say(boat, fmt.Sprintf("boat before %d.", n))
		if n%2 == 0 {
			s.home.Stop()
		} else {
			s.home.Kill()
		}
		s.home.Resume()
		say(lunch, fmt.Sprintf("lunch after %d.", n))
		defer func() {
			if t.Failed() {
				t.Logf("missing: %q", emailed())
			}
		}()
		lab.Wait(t, fmt.Sprintf("all emails of round %d", n), soon, func() bool { return len(emailed()) == 0 })
	}
}
