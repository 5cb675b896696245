package receive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/matrixtest"
)

// pushing pushes to a receiver and notes what is handed over.
type pushing struct {
	*testing.T
	to   *Receiver
	got  []string
	fail string // what starts so cannot be stored
}

func (p *pushing) handle(_ context.Context, _ string, events ...chat.Event) error {
	for _, e := range events {
		what := "all rooms"
		switch e := e.(type) {
		case chat.Posted:
			what = e.Body.Text
		case chat.Gap:
			if e.Place.Room != "" {
				what = "history of " + string(e.Place.Room)
			}
		}
		if p.fail != "" && strings.HasPrefix(what, p.fail) {
			p.got = append(p.got, what+" failed")
			return errors.New("it fails")
		}
		p.got = append(p.got, what)
	}
	return nil
}

// push pushes events, and compares the answer and what is handed over.
func (p *pushing) push(txn int, code int, want string, events ...string) {
	p.Helper()
	p.got = nil
	body := `{"events":[` + strings.Join(events, ",") + `]}`
	w := ask(p.to.handler(p.handle), "PUT", fmt.Sprint("/_matrix/app/v1/transactions/", txn), hsToken, body)
	if all := strings.Join(p.got, ", "); w.Code != code || all != want {
		p.Errorf("push %d: answered %d, taken in %q, want %q", txn, w.Code, all, want)
	}
}

func said(text string) string { return matrixtest.Text("$"+text, text) }

func pushedBefore(text string) string {
	return strings.Replace(said(text), `"content"`, `"unsigned":{"age":2500},"content"`, 1)
}

// TestPushesOutOfOrder plays what Synapse does around a push that fails: the next one comes
// first, and one stays behind (RELIABILITY 4, "Matrix in").
func TestPushesOutOfOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pushing{T: t, to: service()}
		p.to.pushes.start(time.Now())
		p.push(260, 200, "history of !r:example.org, one", said("one"))
		p.push(261, 200, "two", said("two"))
		p.push(261, 200, "two", said("two")) // again: the bridge knows it
		p.push(263, 200, "")                 // 262 is missing, who knows of which room
		p.push(264, 200, "history of !r:example.org, four", said("four"))
		p.push(265, 200, "history of !s:example.org, six", strings.Replace(said("six"), "!r:", "!s:", 1))
		p.push(262, 200, "three", said("three"))
		p.push(266, 200, "five", said("five"))

		ctx, cancel := context.WithCancel(t.Context())
		p.got = nil
		go p.to.lookBack(ctx, p.handle)
		time.Sleep(2 * unsettled)
		synctest.Wait()
		if all := strings.Join(p.got, ", "); all != "all rooms" {
			t.Errorf("when it had settled, %q was read", all)
		}
		cancel()
		synctest.Wait()
	})
}

// TestPushesThatFail has pushes that failed before, or that fail: what may have stayed
// behind them is read from the history.
func TestPushesThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pushing{T: t, to: service()}
		p.to.pushes.start(time.Now())
		p.push(260, 200, "history of !r:example.org, one", said("one"))
		time.Sleep(2 * unsettled)
		// Without trouble a missing number belongs to another service.
		p.push(270, 200, "seven", said("seven"))
		p.push(272, 200, "eight", said("eight"))
		// A push that comes late has failed before: something may have stayed behind it.
		p.push(273, 200, "nine", pushedBefore("nine"))
		p.push(275, 200, "history of !r:example.org, ten", said("ten"))
		// What we refuse comes again, after others.
		time.Sleep(2 * unsettled)
		p.fail = "eleven"
		p.push(276, 500, "eleven failed", said("eleven"))
		p.fail = ""
		p.push(277, 200, "history of !r:example.org, twelve", said("twelve"))
		p.push(276, 200, "eleven", said("eleven"))
		// A history that cannot be read holds nothing up, and is read later.
		p.push(279, 200, "")
		p.fail = "history"
		p.push(280, 200, "history of !r:example.org failed, thirteen", said("thirteen"))
		if p.fail = ""; p.to.pushes.settled(time.Now()) || !p.to.pushes.settled(time.Now().Add(quiet)) {
			t.Error("it is not read later")
		}
	})
}

// TestPushesAfterARestart has a homeserver come back: each room is read before the first
// push of the new connection that has an event of it, also when nothing else is odd, and
// the numbers may go back.
func TestPushesAfterARestart(t *testing.T) {
	p := pushes{checked: map[chat.RoomID]bool{}}
	now := time.UnixMilli(1)
	p.start(now)
	now = now.Add(2 * unsettled)
	p.settled(now)
	in := func(room chat.RoomID) []chat.Event {
		return []chat.Event{chat.Posted{Head: chat.Head{Event: "$1", Place: chat.Place{Room: room}}}}
	}
	push := func(txn string, fresh bool, room chat.RoomID, want int) {
		t.Helper()
		if rooms := p.next(txn, false, fresh, now, in(room)); len(rooms) != want {
			t.Errorf("push %s in %s: %v are read, want %d", txn, room, rooms, want)
		}
	}
	push("7", true, "!r", 1)
	push("8", false, "!r", 0)
	push("9", false, "!s", 1) // nothing was pushed of it on this connection
	push("10", false, "!s", 0)
	if p.settled(now.Add(quiet)) {
		t.Error("a new connection alone has all rooms read")
	}
	now = now.Add(2 * unsettled)
	push("11", false, "!u", 0)

	push("12", true, "!r", 1)
	push("9", true, "!r", 1) // the numbers go back
	push("10", false, "!r", 0)
	push("11", false, "!s", 1)
	if now = now.Add(quiet); !p.settled(now) || p.settled(now) {
		t.Error("when numbers went back, all rooms are not read once")
	}
	now = now.Add(2 * unsettled)
	push("11", false, "!s", 1) // again: our answer got lost
	p.settled(now.Add(quiet))

	now = now.Add(2 * unsettled)
	p.broken(now)
	push("12", false, "!s", 1)
	if p.settled(now.Add(quiet-1)) || !p.settled(now.Add(quiet)) {
		t.Error("when a connection was broken off, all rooms are not read after a moment")
	}
	now = now.Add(lookEvery)
	if p.settled(now) || !p.settled(now.Add(quiet)) || p.settled(now.Add(2*quiet)) {
		t.Error("all rooms are not read every few hours")
	}
}

// TestPushesWithoutNumbers are those of Dendrite, which repeats a push until it is taken.
func TestPushesWithoutNumbers(t *testing.T) {
	p := pushes{checked: map[chat.RoomID]bool{}}
	now := time.UnixMilli(1)
	p.start(now)
	event := chat.Posted{Head: chat.Head{Event: "$1", Place: chat.Place{Room: "!r"}}}
	if rooms := p.next("100_1", false, true, now, []chat.Event{event}); len(rooms) != 1 {
		t.Errorf("before the first push %v are read", rooms)
	}
	if rooms := p.next("105_3", false, true, now, []chat.Event{event}); len(rooms) != 0 {
		t.Errorf("before the second push %v are read", rooms)
	}
	if p.settled(now.Add(quiet-1)) || !p.settled(now.Add(quiet)) || p.settled(now.Add(2*quiet)) {
		t.Error("after the start, the history is not read just once more")
	}
}

// What comes late may have been said before the room was linked: the bridge looks at its
// time then.
func TestWhatIsPushedLate(t *testing.T) {
	c := service()
	for age, late := range map[string]bool{"": false, `"unsigned":{"age":1499},`: false, `"unsigned":{"age":1500},`: true, `"unsigned":{"age":"old"},`: false} {
		events := c.events(t.Context(), "", []json.RawMessage{json.RawMessage(strings.Replace(matrixtest.Text("$1", "hello"), `"content"`, age+`"content"`, 1))})
		if p, is := events[0].(chat.Posted); !is || p.Late != late || p.At.UnixMilli() != 1 {
			t.Errorf("with %s: %+v, want late: %v", age, events, late)
		}
	}
}
