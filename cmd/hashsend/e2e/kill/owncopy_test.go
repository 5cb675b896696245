package kill

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/mail"
	"hashsend/cmd/hashsend/e2e/lab"
)

// ownCopyPoints are those at which it is decided about a mail from the owner's address:
// whether its copy lay in Sent, or somebody is asked. "#2": it is decided about a second.
func ownCopyPoints() (all []string) {
	for _, when := range []string{"before", "after"} {
		all = append(all, "own-copy:"+when, "own-copy:"+when+"#2")
	}
	return all
}

// At each of these points the program dies once. Of two mails from the owner's address,
// the one whose copy lay in Sent is the owner's word and asked about by nobody; the other
// is asked about once, and taken in when somebody approves it. Each stands once in the
// room and is mailed once. (EVENTS 6.4)
func TestEveryFailpointOfOwnCopies(t *testing.T) {
	t.Parallel()
	a := newArena(t, true, "failpoint")
	a.alice.Say(a.room, "hello")
	lab.Wait(t, "the first mail", 30*time.Second, func() bool { return len(a.p.mails()) > 0 })
	first := a.p.mails()[0]
	for i, point := range ownCopyPoints() {
		t.Run(point, func(t *testing.T) {
			a.bridge.Stop()
			a.bridge.Env("HASHSEND_FAILPOINT=" + point)
			a.bridge.Run()
			a.bridge.Up()
			mine, doubtful := fmt.Sprintf("mine-%02d", i), fmt.Sprintf("doubtful-%02d", i)
			for _, word := range []string{mine, doubtful} {
				raw := fmt.Sprintf("From: Olga <%s>\r\nTo: %[1]s\r\nSubject: Re: #Send Lunch %s\r\nMessage-ID: <%[2]s@example.test>\r\nIn-Reply-To: <%s>\r\n\r\nsaid %[2]s\r\n", owner, word, first.ID)
				folders := []string{"INBOX", "Sent"}
				if word == doubtful {
					folders = folders[:1]
				}
				for _, folder := range folders {
					if err := a.p.put(folder, []byte(raw)); err != nil {
						t.Fatal(err)
					}
				}
			}
			select {
			case <-a.bridge.Exited():
			case <-time.After(time.Minute):
				t.Errorf("%s was never reached", point)
			}
			a.bridge.Kill()
			a.bridge.Env()
			a.bridge.Run()
			a.bridge.Running()
			a.approveHeld(doubtful)
			a.once("said "+mine, "said "+doubtful)
			if n := a.questions(mine); len(n) > 0 {
				t.Errorf("%d times it was asked about the owner's own mail", len(n))
			}
			if n := a.questions(doubtful); len(n) != 1 {
				t.Errorf("about the other mail it was asked %d times", len(n))
			}
		})
	}
	if left, err := os.ReadDir(filepath.Join(a.bridge.Dir, "data", "held")); err != nil || len(left) > 0 {
		t.Errorf("of the mails that waited, %d are left: %v", len(left), err)
	}
}

// questions are the numbers of the held mails that the room was asked about, of those
// whose subject has a word.
func (a *arena) questions(word string) (numbers []int) {
	for _, e := range a.alice.Messages(a.room) {
		if body := e.Content.AsMessage().Body; strings.Contains(body, word) && heldNumber(body) > 0 {
			numbers = append(numbers, heldNumber(body))
		}
	}
	return numbers
}

func (a *arena) approveHeld(word string) {
	a.t.Helper()
	lab.Wait(a.t, "the question about "+word, time.Minute, func() bool { return len(a.questions(word)) > 0 })
	a.alice.Say(a.room, fmt.Sprintf("!send approve %d", a.questions(word)[0]))
}

// once makes sure that each of these texts stands in the room once, and is mailed once.
func (a *arena) once(texts ...string) {
	a.t.Helper()
	for _, text := range texts {
		in := func() (room, mails int) {
			for _, e := range a.alice.Messages(a.room) {
				room += strings.Count(e.Content.AsMessage().Body, text)
			}
			return room, a.times(func(m mail.Message) bool { return strings.Contains(m.Text, text) })
		}
		lab.Wait(a.t, text+" on both sides", time.Minute, func() bool { room, mails := in(); return room > 0 && mails > 0 })
		if room, mails := in(); room != 1 || mails != 1 {
			a.t.Errorf("%q stands in the room %d times and was mailed %d times", text, room, mails)
		}
	}
}
