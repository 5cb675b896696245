package kill

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"

	"hashsend/bridge/mail"
	"hashsend/cmd/hashsend/e2e/lab"
)

// laterPoints are the changes by which something is mailed later: corrections,
// reactions and their ends, digests, what waits behind a recipient who was put off.
func laterPoints() (all []string) {
	for _, change := range []string{"correct", "react", "taken", "digest", "behind"} {
		all = append(all, change+":before", change+":after")
	}
	return all
}

// Every change of the bridge's state is one of those at which it is made to die, and each
// of those is in the bridge.
func TestPointsAreComplete(t *testing.T) {
	known := append(append(points(), laterPoints()...), ownCopyPoints()...)
	// What is read again when a key comes, and what waits for that, is tried in package
	// secret; what only removes something, or counts an attempt, may be done again.
	known = append(known, "unseal:before", "again:before", "drop-files:before", "settle-unknown:before", "unsettled:before")
	found := map[string]bool{"taken": true} // as react
	change := regexp.MustCompile(`\.[wW]rite\([^,]+, "([a-z-]+)"`)
	err := filepath.WalkDir("../../../../bridge", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := os.ReadFile(file)
		for _, m := range change.FindAllStringSubmatch(string(text), -1) {
			if found[m[1]] = true; !slices.Contains(known, m[1]+":before") {
				t.Errorf("%s: the program is never made to die at %q", file, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, point := range known {
		if name, _, _ := strings.Cut(point, ":"); !found[name] {
			t.Errorf("nothing in the bridge is called %q", name)
		}
	}
}

// At each of these points the program dies once; after the next start what was to be
// mailed later is mailed, once.
func TestEveryFailpointOfWhatIsMailedLater(t *testing.T) {
	t.Parallel()
	a := newArena(t, true, "failpoint")
	a.alice.Say(a.room, "hello")
	lab.Wait(t, "the first mail", 30*time.Second, func() bool { return len(a.p.mails()) > 0 })
	first := a.p.mails()[0]
	raw := fmt.Sprintf("Authentication-Results: provider.test; dmarc=pass header.from=other.test\r\nFrom: bob@other.test\r\nTo: %s\r\nMessage-ID: <r@other.test>\r\nIn-Reply-To: <%s>\r\nContent-Disposition: reaction\r\n\r\n🎉\r\n", owner, first.ID)
	if err := a.p.put("INBOX", []byte(raw)); err != nil {
		t.Fatal(err)
	}
	lab.Wait(t, "Bob's reaction", 30*time.Second, func() bool { return strings.Contains(strings.Join(a.reactions(), " "), "🎉") })
	once := map[string]func(mail.Message) bool{}
	for i, name := range laterPoints() {
		t.Run(name, func(*testing.T) { once[name] = a.dieAt(name, fmt.Sprintf("thing-%02d", i)) })
	}
	a.alice.Say(a.room, "the end")
	lab.Wait(t, "the last mail", 30*time.Second, func() bool {
		return a.times(func(m mail.Message) bool { return strings.Contains(m.Text, "the end") }) > 0
	})
	for name, is := range once {
		if n := a.times(is); n != 1 {
			t.Errorf("what %s is about was mailed %d times", name, n)
		}
	}
}

// dieAt kills the program at a point, starts it again and waits for the mail that it is
// about. It returns what tells that mail.
func (a *arena) dieAt(name, word string) (is func(mail.Message) bool) {
	a.t.Helper()
	point := name
	if change, when, _ := strings.Cut(name, ":"); change == "taken" {
		point = "react:" + when // the same change of state
	}
	is = a.prepare(name, word)
	a.bridge.Stop()
	a.bridge.Env("HASHSEND_FAILPOINT=" + point)
	a.bridge.Run()
	a.bridge.Up()
	a.provoke(name, word)
	select {
	case <-a.bridge.Exited():
	case <-time.After(time.Minute + 30*time.Second):
		a.t.Errorf("%s was never reached", name)
	}
	a.bridge.Kill()
	a.bridge.Env()
	a.bridge.Run()
	a.bridge.Running()
	a.p.putOff.Store("")
	lab.Wait(a.t, "the mail after "+name, time.Minute, func() bool { return a.times(is) > 0 })
	return is
}

func (a *arena) times(is func(mail.Message) bool) (n int) {
	for _, m := range a.p.mails() {
		if is(m) {
			n++
		}
	}
	return n
}

// reactions are those to anything in the room.
func (a *arena) reactions() (all []string) {
	for _, e := range a.alice.Messages(a.room) {
		all = append(all, a.alice.Reactions(a.room, e.ID)...)
	}
	return all
}

// mailed says something and waits for its mail, and for the server's answer to it.
func (a *arena) mailed(text string) (event id.EventID, m mail.Message) {
	a.t.Helper()
	event = a.alice.Say(a.room, text)
	lab.Wait(a.t, "the mail of "+text, 30*time.Second, func() bool {
		return a.times(func(got mail.Message) bool { m = got; return strings.Contains(got.Text, text) }) > 0
	})
	for _, got := range a.p.mails() {
		if strings.Contains(got.Text, text) {
			m = got
		}
	}
	lab.Wait(a.t, "the answer to "+text, 30*time.Second, func() bool {
		return strings.Contains(a.bridge.Admin("--room", "matrix/"+string(a.room), "status"), "accepted")
	})
	return event, m
}

// prepare brings about what a change is to follow on, and returns what tells its mail.
func (a *arena) prepare(name, word string) (is func(mail.Message) bool) {
	a.t.Helper()
	change, _, _ := strings.Cut(name, ":")
	switch change {
	case "correct":
		a.about, _ = a.mailed("draft " + word)
		return func(m mail.Message) bool { return strings.Contains(m.Text, "Edited: final "+word) }
	case "react", "taken":
		event, m := a.mailed("joke " + word)
		a.about = event
		reaction := func(content string) func(mail.Message) bool {
			return func(got mail.Message) bool {
				return slices.Contains(got.InReplyTo, m.ID) && strings.EqualFold(got.Header.Get("Content-Disposition"), "reaction") && strings.TrimSpace(got.Parts[0].Content) == content
			}
		}
		if change == "react" {
			return reaction("👍")
		}
		sent, err := a.alice.SendReaction(context.Background(), a.room, event, "👍")
		if err != nil {
			a.t.Fatal(err)
		}
		a.about = sent.EventID
		lab.Wait(a.t, "the reaction", 30*time.Second, func() bool { return a.times(reaction("👍")) > 0 })
		return reaction("")
	case "digest":
		a.bridge.Admin("--room", "matrix/"+string(a.room), "digest", "bob@other.test", "15min")
	case "behind":
		a.bridge.Admin("--room", "matrix/"+string(a.room), "digest", "bob@other.test", "burst")
		a.bridge.TryAdmin("--room", "matrix/"+string(a.room), "add", "carl@other.test", "open") //nolint:errcheck // he may take part already
		a.mailed("before " + word)                                                              // from then on both get one mail
		a.p.putOff.Store("bob@other.test")
		a.alice.Say(a.room, "earlier "+word)
		lab.Wait(a.t, "Bob being put off", 30*time.Second, func() bool {
			return strings.Contains(a.bridge.Admin("--room", "matrix/"+string(a.room), "status"), "1 email queued")
		})
	}
	return func(m mail.Message) bool { return strings.Contains(m.Text, "later "+word) }
}

// provoke leads the program to a change.
func (a *arena) provoke(name, word string) {
	a.t.Helper()
	switch change, _, _ := strings.Cut(name, ":"); change {
	case "correct":
		a.alice.Edit(a.room, a.about, "final "+word)
	case "react":
		a.alice.React(a.room, a.about, "👍")
	case "taken":
		if _, err := a.alice.RedactEvent(context.Background(), a.room, a.about); err != nil {
			a.t.Fatal(err)
		}
	default:
		a.alice.Say(a.room, "later "+word)
	}
}
