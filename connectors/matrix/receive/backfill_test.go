package receive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/matrixtest"
)

// TestBackfillSinceTheLink reads what was said since a room belongs to its conversation:
// before we entered, too, if that was soon (EVENTS A39, A41).
func TestBackfillSinceTheLink(t *testing.T) {
	const minute = 60_000
	said := func(text string, at int) string {
		return fmt.Sprintf(`{"type":"m.room.message","event_id":"$%s","sender":"@bob:example.org","origin_server_ts":%d,"content":{"msgtype":"m.text","body":%q}}`, text, at, text)
	}
	entered := func(at int) string {
		return fmt.Sprintf(`{"type":"m.room.member","event_id":"$in","sender":"@hashsend:example.org","state_key":"@hashsend:example.org","origin_server_ts":%d,"content":{"membership":"join"}}`, at)
	}
	linked := time.UnixMilli(100 * minute)
	for _, c := range []struct {
		name   string
		linked time.Time
		events []string // newest first
		want   string
	}{
		{"a room just begun", linked, []string{said("c", 102*minute), entered(101 * minute), said("b", 100*minute+1), said("a", 99*minute)}, "b c"},
		{"a room that we came back to", linked, []string{said("c", 201*minute), entered(200 * minute), said("b", 150*minute), said("a", 99*minute)}, "c"},
		{"a room that we were in", linked, []string{said("b", 101*minute), said("a", 99*minute), entered(minute)}, "b"},
		{"all of a short history", linked, []string{said("b", 102*minute), said("a", 101*minute)}, "a b"},
		{"nobody knows since when", time.Time{}, []string{said("a", 101*minute)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := matrixtest.New(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
				if !strings.HasSuffix(r.URL.Path, "/messages") {
					matrixtest.Refuse(w, 404, `{"errcode":"M_NOT_FOUND"}`)
					return
				}
				io.WriteString(w, `{"chunk":[`+strings.Join(c.events, ",")+`]}`) //nolint:errcheck // the client sees what arrives
			})
			var got []string
			err := account(s.URL).Backfill(t.Context(), chat.Place{Room: "!r:example.org"}, "", c.linked, func(_ context.Context, cursor string, events ...chat.Event) error {
				for _, e := range events {
					if p, is := e.(chat.Posted); is {
						got = append(got, p.Body.Text)
					}
				}
				return nil
			})
			if strings.Join(got, " ") != c.want || err != nil {
				t.Errorf("%v, %v; want %s", got, err, c.want)
			}
		})
	}
}

// TestPushesWaitForTheHistory has the homeserver push the newest words while older ones,
// whose push failed when we were gone, are read from the history.
func TestPushesWaitForTheHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := service()
		var got []string
		read := make(chan struct{})
		handle := func(_ context.Context, _ string, events ...chat.Event) error {
			if _, is := events[0].(chat.Gap); is {
				<-read
				got = append(got, "the history")
				return nil
			}
			got = append(got, events[0].(chat.Posted).Body.Text)
			return nil
		}
		catching, caughtUp := context.WithCancel(t.Context())
		go c.catchUp(t.Context(), handle, caughtUp)
		pushed := make(chan int)
		go func() {
			pushed <- ask(c.handler(inTurn(catching, handle)), "PUT", push1, hsToken, `{"events":[`+matrixtest.Text("$2", "two")+`]}`).Code
		}()
		synctest.Wait()
		if len(got) > 0 {
			t.Errorf("%q was taken in before the history", got)
		}
		close(read)
		if code := <-pushed; code != 200 || strings.Join(got, ", ") != "the history, two" {
			t.Errorf("answered %d, taken in %q", code, got)
		}
	})
}

// TestPushesWaitOnlySoLong has the history fail once, and then take too long.
func TestPushesWaitOnlySoLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		c := service()
		catching, caughtUp := context.WithCancel(t.Context())
		c.catchUp(t.Context(), func(context.Context, string, ...chat.Event) error {
			if tries++; tries == 1 {
				return errors.New("the homeserver is restarting")
			}
			if catching.Err() == nil {
				t.Error("pushes still wait after an attempt that failed")
			}
			return nil
		}, caughtUp)
		if tries != 2 {
			t.Errorf("%d attempts", tries)
		}
		begun := time.Now()
		err := inTurn(t.Context(), func(context.Context, string, ...chat.Event) error { return nil })(t.Context(), "")
		if took := time.Since(begun); err != nil || took != turn {
			t.Errorf("a push waited %s: %v", took, err)
		}
	})
}
