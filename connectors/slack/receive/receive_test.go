package receive

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/connectors/slack/dialogs"
	"hashsend/connectors/slack/directory"
	"hashsend/connectors/slack/events"
	"hashsend/connectors/slack/web"
)

// A wrong secret is told, but strangers cannot fill the log.
func TestRefusalIsToldOnce(t *testing.T) {
	var log bytes.Buffer
	r := &session{Receiver: New(web.New(web.Settings{}, slog.New(slog.NewTextHandler(&log, nil))), nil, nil, Settings{})}
	r.refused(false)
	if log.Len() > 0 {
		t.Errorf("a request without a signature is told: %s", &log)
	}
	r.refused(true)
	r.refused(true)
	if n := strings.Count(log.String(), "signing_secret"); n != 1 {
		t.Errorf("it is told %d times, want once:\n%s", n, &log)
	}
}

// What waited its turn, or comes again, may have been said before the channel was linked:
// the bridge looks at its time then.
func TestWhatIsTakenInLate(t *testing.T) {
	w := web.New(web.Settings{APIURL: "http://127.0.0.1:1/api/"}, slog.New(slog.DiscardHandler))
	w.Be(web.Identity{Team: "T1", User: "UBOT"})
	d := directory.New(w)
	d.Learn(directory.Person{Author: chat.Author{ID: "U1", Name: "Ann"}})
	for _, c := range []struct {
		name   string
		waited time.Duration
		again  bool
		late   bool
	}{{"at once", 0, false, false}, {"after a moment", inTime / 2, false, false}, {"after waiting", inTime, false, true}, {"again", 0, true, true}} {
		var got []chat.Event
		r := &session{Receiver: New(w, events.New(w, d, nil), nil, Settings{}), line: newLine(), handle: func(_ context.Context, _ string, events ...chat.Event) error {
			got = append(got, events...)
			return nil
		}}
		payload := `{"type":"event_callback","event_id":"Ev1","event":{"type":"message","channel":"C1","user":"U1","text":"hello","ts":"17.1"}}`
		in := request{kind: "events_api", payload: json.RawMessage(payload), came: time.Now().Add(-c.waited), again: c.again}
		if _, err := r.process(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if p, is := got[0].(chat.Posted); !is || p.Late != c.late {
			t.Errorf("%s: handed over %+v, want late: %v", c.name, got, c.late)
		}
	}
}

// Whoever waits for a session waits for its commands too, also for one that the line
// holds up: when the program ends, no command is half stored.
func TestASessionOwnsItsCommands(t *testing.T) {
	for name, heldUp := range map[string]bool{"in its turn": false, "held up": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := web.New(web.Settings{APIURL: "http://127.0.0.1:1/api/"}, slog.New(slog.DiscardHandler))
				w.Be(web.Identity{Team: "T1", User: "UBOT"})
				d := directory.New(w)
				for _, id := range []string{"U1", "U2"} {
					d.Learn(directory.Person{Author: chat.Author{ID: chat.UserID(id), Name: id}})
				}
				d.LearnChannel("C1", directory.Channel{Name: "lunch", Member: true})
				release := make(chan struct{})
				var mu sync.Mutex
				var stored []string
				s := &session{Receiver: New(w, events.New(w, d, nil), dialogs.New(w, d, nil, "/send"), Settings{}), line: newLine(), handle: func(_ context.Context, _ string, all ...chat.Event) error {
					if _, is := all[0].(chat.Posted); is && heldUp {
						<-release
					}
					time.Sleep(300 * time.Millisecond) // the disk
					mu.Lock()
					defer mu.Unlock()
					stored = append(stored, chattest.Brief(all...))
					return nil
				}}
				ctx, stop := context.WithCancel(t.Context())
				over, end := context.WithCancel(context.WithoutCancel(ctx))
				var served sync.WaitGroup
				served.Go(func() {
					s.line.serve(ctx, over, func(in request) (dialogs.Outcome, error) { return s.process(ctx, in) })
				})
				acknowledged := 0
				done := func(_ dialogs.Outcome, err error) {
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					acknowledged++
				}
				s.enter(ctx, request{kind: kindEvent, payload: json.RawMessage(`{"type":"event_callback","event":{"type":"message","channel":"C1","user":"U1","text":"hello","ts":"17.1"}}`)}, done)
				time.Sleep(2 * settle)
				s.enter(ctx, request{kind: dialogs.KindSlash, payload: json.RawMessage(`{"text":"who","channel_id":"C1","user_id":"U2","trigger_id":"1.2"}`)}, done)
				stop()
				s.running.Wait()
				mu.Lock()
				if heldUp && (len(stored) != 1 || stored[0] != "command of U2: who" || acknowledged != 1) {
					t.Errorf("after the session there is stored %q, %d requests are acknowledged; want the command", stored, acknowledged)
				}
				mu.Unlock()
				close(release)
				end()
				served.Wait()
				if len(stored) != 2 || acknowledged != 2 {
					t.Errorf("in the end there is stored %q, %d requests are acknowledged; want both once", stored, acknowledged)
				}
			})
		})
	}
}
