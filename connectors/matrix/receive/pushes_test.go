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

// TestPushesOutOfOrder plays what Synapse does around a push that fails: the next one comes
// first, and one stays behind (RELIABILITY 4, "Matrix in").
func TestPushesOutOfOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := service()
		var got []string
		fail := ""
		handle := func(_ context.Context, _ string, events ...chat.Event) error {
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
				if fail != "" && strings.HasPrefix(what, fail) {
					got = append(got, what+" failed")
					return errors.New("it fails")
				}
				got = append(got, what)
			}
			return nil
		}
		push := func(txn int, code int, want string, events ...string) {
			t.Helper()
			got = nil
			body := `{"events":[` + strings.Join(events, ",") + `]}`
			w := ask(c.handler(handle), "PUT", fmt.Sprint("/_matrix/app/v1/transactions/", txn), hsToken, body)
			if all := strings.Join(got, ", "); w.Code != code || all != want {
				t.Errorf("push %d: answered %d, taken in %q, want %q", txn, w.Code, all, want)
			}
		}
		said := func(text string) string { return matrixtest.Text("$"+text, text) }
		inS := func(text string) string { return strings.Replace(said(text), "!r:", "!s:", 1) }
		late := func(text string) string {
			return strings.Replace(said(text), `"content"`, `"unsigned":{"age":2500},"content"`, 1)
		}

		c.pushes.start(time.Now())
		push(260, 200, "history of !r:example.org, one", said("one"))
		push(261, 200, "two", said("two"))
		push(261, 200, "two", said("two")) // again: the bridge knows it
		push(263, 200, "")                 // 262 is missing, who knows of which room
		push(264, 200, "history of !r:example.org, four", said("four"))
		push(265, 200, "history of !s:example.org, six", inS("six"))
		push(262, 200, "three", said("three"))
		push(266, 200, "five", said("five"))

		ctx, cancel := context.WithCancel(t.Context())
		got = nil
		go c.lookBack(ctx, handle)
		time.Sleep(2 * unsettled)
		synctest.Wait()
		if all := strings.Join(got, ", "); all != "all rooms" {
			t.Errorf("when it had settled, %q was read", all)
		}
		cancel()
		synctest.Wait()

		// Without trouble a number that is left out is that of another service.
		push(270, 200, "seven", said("seven"))
		push(272, 200, "eight", said("eight"))
		// One that comes late has failed before: something may have stayed behind it.
		push(273, 200, "nine", late("nine"))
		push(275, 200, "history of !r:example.org, ten", said("ten"))
		// What we refuse comes again, after others.
		time.Sleep(2 * unsettled)
		fail = "eleven"
		push(276, 500, "eleven failed", said("eleven"))
		fail = ""
		push(277, 200, "history of !r:example.org, twelve", said("twelve"))
		push(276, 200, "eleven", said("eleven"))
		// A history that cannot be read keeps nothing back, and is read later.
		push(279, 200, "")
		fail = "history"
		push(280, 200, "history of !r:example.org failed, thirteen", said("thirteen"))
		if fail = ""; c.pushes.settled(time.Now()) || !c.pushes.settled(time.Now().Add(quiet)) {
			t.Error("it is not read later")
		}
	})
}

// TestPushesWithoutNumbers are those of Dendrite, which repeats a push until it is taken.
func TestPushesWithoutNumbers(t *testing.T) {
	p := pushes{checked: map[chat.RoomID]bool{}}
	now := time.UnixMilli(1)
	p.start(now)
	event := chat.Posted{Head: chat.Head{Event: "$1", Place: chat.Place{Room: "!r"}}}
	if rooms := p.next("100_1", false, now, []chat.Event{event}); len(rooms) != 1 {
		t.Errorf("before the first push %v are read", rooms)
	}
	if rooms := p.next("105_3", false, now, []chat.Event{event}); len(rooms) != 0 {
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
