// Package chattest is the contract of chat.Connector as a test suite. A
// connector's tests call Run with a Fixture on their network.
package chattest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// Patience is how long the suite waits for something that a network does by
// itself. Homeservers repeat a refused push only after a while.
const Patience = 90 * time.Second

// Fixture is a room of a network with a person in it who is no part of the bridge.
type Fixture interface {
	// Connect makes a new connector to the room's network, as after a restart of
	// the program: nothing is remembered but what the network itself keeps.
	Connect(t *testing.T) chat.Connector
	// Place is the room. The bridge's own user is in it and may write.
	Place() chat.Place
	// Say posts a plain text as the person.
	Say(t *testing.T, text string) chat.MessageID
	// Read returns what the person sees in the room, oldest first: with edits
	// applied, without what was deleted.
	Read(t *testing.T) []Line
}

// Line is one message as a person sees it.
type Line struct {
	ID     chat.MessageID
	Author string // the name shown, however the network shows it
	Text   string
}

// part is one part of the contract.
type part struct {
	name string
	// can reports whether the connector has the ability that the part is about; nil:
	// every connector has it.
	can func(chat.Connector) bool
	try func(t *testing.T, f Fixture)
}

// has reports whether a connector has the ability A.
func has[A any](c chat.Connector) bool {
	_, can := c.(A)
	return can
}

// parts are all parts of the contract. One about an ability begins with its name; a
// test looks for each ability here.
var parts = []part{
	{"a person's words arrive", nil, wordsArrive},
	{"what the handler refuses comes again", nil, refusedComesAgain},
	{"what was said while away arrives after the restart", nil, saidWhileAway},
	{"the step in hand is finished", nil, stepFinished},
	{"one key is one message", nil, oneKeyOneMessage},
	{"own messages are not handed over", nil, ownMessages},
	{"two senders are told apart", nil, twoSenders},
	{"an answer is tied to its message", nil, answers},
	{"a room that is not there is final", nil, noSuchRoom},
	{"Editor", has[chat.Editor], edits},
	{"Deleter", has[chat.Deleter], deletes},
	{"Reactor", has[chat.Reactor], reacts},
	{"Unreactor", has[chat.Unreactor], unreacts},
	{"Reporter", has[chat.Reporter], reports},
	{"Limiter", has[chat.Limiter], keepsLimits},
	{"Opener", has[chat.Opener], opensFiles},
	{"Filer", has[chat.Filer], sendsFiles},
	{"Finder", has[chat.Finder], found},
	{"Fetcher", has[chat.Fetcher], fetches},
	{"Backfiller", has[chat.Backfiller], backfills},
	{"Describer", has[chat.Describer], describes},
	{"Creator", has[chat.Creator], creates},
	{"Threader", has[chat.Threader], threads},
	{"Joiner", has[chat.Joiner], joins},
	{"Follower", has[chat.Follower], follows},
	{"Announcer", has[chat.Announcer], announces},
	{"Prompter", has[chat.Prompter], prompts},
	{"Pager", has[chat.Pager], showsDesk},
	{"Setter", has[chat.Setter], showsSettings},
	{"Voter", has[chat.Voter], votes},
	{"Troubled", has[chat.Troubled], isWell},
	{"Encrypter", has[chat.Encrypter], tellsOfEncryption},
	{"Limitations", has[chat.Limitations], lacks},
	// Last: what cannot be read may be trouble for the whole account from then on.
	{"Unsealer", has[chat.Unsealer], unseals},
}

// Run tries the contract. open makes a fresh room for each part. A part about an
// ability is tried only if the connector has it; the fixture must then be able to do
// what the part needs, and says otherwise why not (Partial).
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	c := open(t).Connect(t)
	for _, p := range parts {
		if p.can == nil || p.can(c) {
			t.Run(p.name, func(t *testing.T) { p.try(t, open(t)) })
		}
	}
}

func wordsArrive(t *testing.T, f Fixture) {
	r := receive(t, f, f.Connect(t), "", nil)
	settle(t, f, r)
	id := f.Say(t, "good morning, åäö 🌻")
	_, p := r.until(t, "good morning, åäö 🌻")
	switch {
	case p.Message != id:
		t.Errorf("its id is %q, want %q", p.Message, id)
	case p.Event == "":
		t.Error("the event has no id: a repeat could not be known")
	case p.Place != f.Place():
		t.Errorf("its place is %+v, want %+v", p.Place, f.Place())
	case p.By.ID == "" || p.By.Name == "":
		t.Errorf("its author is %+v, want an id and a name", p.By)
	case p.At.Before(time.Now().Add(-time.Hour)) || p.At.After(time.Now().Add(time.Minute)):
		t.Errorf("its time is %v, want about now", p.At)
	case p.Kind != chat.Said:
		t.Errorf("its kind is %v, want words of a person", p.Kind)
	}
}

func refusedComesAgain(t *testing.T, f Fixture) {
	var refusals atomic.Int32
	r := receive(t, f, f.Connect(t), "", func() bool { return refusals.Add(-1) >= 0 })
	settle(t, f, r)
	refusals.Store(2)
	first, second := f.Say(t, "one"), f.Say(t, "two")
	both, _ := r.all(t, "one", "two")
	p, q := both[0], both[1]
	if p.Message != first || q.Message != second {
		t.Errorf("ids are %q and %q, want %q and %q", p.Message, q.Message, first, second)
	}
	if refusals.Load() > -1 {
		t.Error("the handler was not asked again after it had refused")
	}
}

func saidWhileAway(t *testing.T, f Fixture) {
	r := receive(t, f, f.Connect(t), "", nil)
	settle(t, f, r)
	f.Say(t, "before")
	_, before := r.until(t, "before")
	if err := r.stop(); err != nil {
		t.Fatalf("Run: %v; want nil when the context ends", err)
	}
	f.Say(t, "meanwhile 1")
	f.Say(t, "meanwhile 2")
	r = receive(t, f, f.Connect(t), <-r.cursor, nil)
	_, rest := r.all(t, "meanwhile 1", "meanwhile 2")
	for _, e := range rest {
		if p, is := e.(chat.Posted); is && p.Body.Text == "before" && p.Event != before.Event {
			t.Errorf("a repeat has the event id %q, want %q as the first time", p.Event, before.Event)
		}
	}
}

func stepFinished(t *testing.T, f Fixture) {
	c := f.Connect(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	begun, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	finished := make(chan bool, 1)
	var once sync.Once
	go func() {
		ended <- c.Run(ctx, "", func(ctx context.Context, _ string, events ...chat.Event) error {
			for _, e := range events {
				if p, is := e.(chat.Posted); is && p.Body.Text == "wait for me" {
					once.Do(func() {
						close(begun)
						<-release
						finished <- ctx.Err() == nil
					})
				}
			}
			return nil
		})
	}()
	limit := time.After(Patience)
	for waiting := true; waiting; { // some networks tell only what happens after the connection is there
		f.Say(t, "wait for me")
		select {
		case <-begun:
			waiting = false
		case err := <-ended:
			t.Fatalf("Run ended early: %v", err)
		case <-time.After(time.Second):
		case <-limit:
			t.Fatal("the message did not arrive")
		}
	}
	cancel()
	select {
	case err := <-ended:
		t.Fatalf("Run returned (%v) while the handler was at work", err)
	case <-time.After(200 * time.Millisecond):
	}
	close(release)
	if !<-finished {
		t.Error("the handler's context ended with that of Run: it could not have finished its work")
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("Run: %v; want nil when the context ends", err)
		}
	case <-time.After(Patience):
		t.Fatal("Run does not return after its context has ended")
	}
}

// key makes a key that no other run has used.
func key(t *testing.T, n int) string {
	t.Helper()
	return fmt.Sprintf("chattest.%d.%d", time.Now().UnixNano(), n)
}

var ann = chat.Sender{ID: "annxexamplexorg", Name: "Ann Miller (email)"}

func send(t *testing.T, c chat.Connector, m chat.Outgoing) (id chat.MessageID) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	patiently(t, "Send", func() (err error) { id, err = c.Send(ctx, m); return err })
	if id == "" {
		t.Fatal("Send: no id and no error")
	}
	return id
}

func oneKeyOneMessage(t *testing.T, f Fixture) {
	m := chat.Outgoing{Key: key(t, 1), Place: f.Place(), As: ann, Body: chat.Body{Text: "hello once"}, At: time.Now()}
	c := f.Connect(t)
	first := send(t, c, m)
	if second := send(t, c, m); first != second {
		t.Errorf("the second attempt returned %q, want %q", second, first)
	}
	// After a restart the bridge looks for the message before it sends again.
	c = f.Connect(t)
	if finder, can := c.(chat.Finder); !can {
		if again := send(t, c, m); again != first {
			t.Errorf("the attempt after a restart returned %q, want %q", again, first)
		}
	} else {
		finds(t, finder, m.Place, m.Key, m.At, first)
	}
	other := m
	other.Key = key(t, 2)
	if third := send(t, c, other); third == first {
		t.Errorf("another key returned the id of the first: %q", third)
	}
	sees(t, f, "it twice: once for each key", func(lines []Line) bool { return count(lines, "hello once") == 2 })
}

func count(lines []Line, text string) (n int) {
	for _, l := range lines {
		if strings.Contains(l.Text, text) {
			n++
		}
	}
	return n
}

func ownMessages(t *testing.T, f Fixture) {
	c := f.Connect(t)
	r := receive(t, f, c, "", nil)
	settle(t, f, r)
	var own []chat.MessageID
	for n, as := range []chat.Sender{{}, ann} {
		own = append(own, send(t, c, chat.Outgoing{Key: key(t, n), Place: f.Place(), As: as, Body: chat.Body{Text: "from the bridge"}, At: time.Now()}))
	}
	f.Say(t, "from a person")
	before, _ := r.until(t, "from a person")
	for _, e := range before {
		if p, is := e.(chat.Posted); is && (slices.Contains(own, p.Message) || strings.Contains(p.Body.Text, "from the bridge")) {
			t.Errorf("an own message was handed over: %+v", p)
		}
	}
}

func twoSenders(t *testing.T, f Fixture) {
	c := f.Connect(t)
	ben := chat.Sender{ID: "benxexamplexorg", Name: "Ben (email)"}
	send(t, c, chat.Outgoing{Key: key(t, 1), Place: f.Place(), As: ann, Body: chat.Body{Text: "I am Ann"}, At: time.Now()})
	send(t, c, chat.Outgoing{Key: key(t, 2), Place: f.Place(), As: ben, Body: chat.Body{Text: "I am Ben"}, At: time.Now()})
	for text, want := range map[string]string{"I am Ann": ann.Name, "I am Ben": ben.Name} {
		sees(t, f, fmt.Sprintf("%q, said by %q", text, want), func(lines []Line) bool {
			return slices.ContainsFunc(lines, func(l Line) bool { return strings.Contains(l.Text, text) && l.Author == want })
		})
	}
}

func answers(t *testing.T, f Fixture) {
	question := f.Say(t, "who is there?")
	id := send(t, f.Connect(t), chat.Outgoing{
		Key: key(t, 1), Place: f.Place(), As: ann, ReplyTo: question, Body: chat.Body{Text: "me & you", HTML: "me &amp; <strong>you</strong>"}, At: time.Now(),
	})
	sees(t, f, "the answer, its own words alone, behind the question", func(lines []Line) bool {
		at := func(id chat.MessageID) int {
			return slices.IndexFunc(lines, func(l Line) bool { return l.ID == id })
		}
		q, a := at(question), at(id)
		return q >= 0 && a > q && strings.Contains(lines[a].Text, "me & you") && !strings.Contains(lines[a].Text, "who is there")
	})
}

// sees waits until the room shows something.
func sees(t *testing.T, f Fixture, what string, ok func([]Line) bool) {
	t.Helper()
	eventually(t, "the room does not show "+what, func() (any, bool) {
		lines := f.Read(t)
		return lines, ok(lines)
	})
}

func found(t *testing.T, f Fixture) {
	c := f.Connect(t)
	finder := c.(chat.Finder)
	since := time.Now().Add(-time.Second)
	k := key(t, 1)
	for n, as := range []chat.Sender{{}, ann} {
		k := fmt.Sprint(k, n)
		id := send(t, c, chat.Outgoing{Key: k, Place: f.Place(), As: as, Body: chat.Body{Text: "look for me"}, At: time.Now()})
		finds(t, finder, f.Place(), k, since, id)
	}
	if got, there, err := finder.Find(t.Context(), f.Place(), k+"never", since); err != nil || there || got != "" {
		t.Errorf("Find of a key that was never sent = %q, %v, %v; want nothing", got, there, err)
	}
}

// finds waits until a message is found by its key.
func finds(t *testing.T, finder chat.Finder, p chat.Place, key string, since time.Time, want chat.MessageID) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		id, there, err := finder.Find(t.Context(), p, key, since)
		if err == nil && there && id == want {
			return
		}
		if err != nil || there || time.Now().After(end) {
			t.Errorf("Find = %q, %v, %v; want %q", id, there, err, want)
			return
		}
	}
}

func noSuchRoom(t *testing.T, f Fixture) {
	p := f.Place()
	p.Room = ""
	_, err := f.Connect(t).Send(t.Context(), chat.Outgoing{Key: key(t, 1), Place: p, Body: chat.Body{Text: "nowhere"}})
	if err == nil || !retry.IsNever(err) {
		t.Errorf("Send into no room: %v; want an error that is final", err)
	}
}
