package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/keys"
	"hashsend/connectors/matrix/matrixtest"
	"hashsend/connectors/matrix/media"
	"hashsend/connectors/matrix/rooms"
)

// sender posts on a homeserver.
func sender(o homeserver.Options) *Sender {
	log := slog.New(slog.DiscardHandler)
	server := homeserver.New(o, log)
	r := rooms.New(server, log)
	return New(server, r, keys.New(server, r, keys.NewFile(keys.Place{Bot: o.Users.Bot}), log), media.New(server, log), log)
}

// account posts as a plain account.
func account(url string) *Sender { return sender(matrixtest.Account(url)) }

func TestWhatAnAnswerMeans(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter)
		never  bool
		unsure bool
		pause  time.Duration
		says   string
	}{
		{"slow down", func(w http.ResponseWriter) {
			matrixtest.Refuse(w, 429, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}`)
		}, false, false, 2500 * time.Millisecond, ""},
		{"slow down, header", func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "7")
			matrixtest.Refuse(w, 429, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}`)
		}, false, false, 7 * time.Second, ""},
		{"slow down, no time", func(w http.ResponseWriter) { matrixtest.Refuse(w, 429, `{}`) }, false, false, 5 * time.Second, ""},
		{"slow down for years", func(w http.ResponseWriter) {
			matrixtest.Refuse(w, 429, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1e18}`)
		}, false, false, time.Hour, ""},
		{"may not write", func(w http.ResponseWriter) { matrixtest.Refuse(w, 403, `{"errcode":"M_FORBIDDEN","error":"no"}`) }, true, false, 0, "may post there"},
		{"a failure of its own", func(w http.ResponseWriter) {
			matrixtest.Refuse(w, 400, `{"errcode":"M_UNKNOWN","error":"Internal"}`)
		}, false, false, 0, "M_UNKNOWN"},
		{"no such room", func(w http.ResponseWriter) { matrixtest.Refuse(w, 404, `{"errcode":"M_NOT_FOUND"}`) }, true, false, 0, ""},
		{"a proxy's page", func(w http.ResponseWriter) { matrixtest.Refuse(w, 404, `<html>secret page</html>`) }, false, false, 0, "answered 404 Not Found"},
		{"a proxy's refusal", func(w http.ResponseWriter) { matrixtest.Refuse(w, 403, `denied`) }, false, false, 0, "answered 403 Forbidden"},
		{"token unknown", func(w http.ResponseWriter) { matrixtest.Refuse(w, 401, `{"errcode":"M_UNKNOWN_TOKEN"}`) }, false, false, 0, "set a new one in the configuration"},
		{"broken inside", func(w http.ResponseWriter) {
			matrixtest.Refuse(w, 500, `{"errcode":"M_UNKNOWN","error":"Internal server error"}`)
		}, false, true, 0, ""},
		{"away behind a proxy", func(w http.ResponseWriter) { matrixtest.Refuse(w, 502, `<html>bad gateway</html>`) }, false, true, 0, "answered 502 Bad Gateway"},
		{"hangs up", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, false, true, 0, ""},
		{"half an answer", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			matrixtest.Refuse(w, 200, `{"event_id`)
		}, false, true, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := matrixtest.New(t, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) { c.answer(w) })
			_, err := account(s.URL).Send(t.Context(), chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, Body: chat.Body{Text: "a private word"}})
			if err == nil {
				t.Fatal("Send: no error")
			}
			pause, _ := retry.Pause(err)
			if retry.IsNever(err) != c.never || retry.IsUnclear(err) != c.unsure || pause != c.pause {
				t.Errorf("%v: final %v, unclear %v, pause %v; want %v, %v, %v", err, retry.IsNever(err), retry.IsUnclear(err), pause, c.never, c.unsure, c.pause)
			}
			if mayNot := c.name == "may not write"; errors.Is(err, chat.ErrMayNot) != mayNot {
				t.Errorf("%v: a matter of permissions: %v, want %v", err, !mayNot, mayNot)
			}
			if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "<html>") || strings.Contains(err.Error(), "private word") {
				t.Errorf("the error reads %q; want %q, no page and no words of the message", err, c.says)
			}
			if n := len(s.Requests()); n != 1 {
				t.Errorf("%d requests, want 1: the bridge decides about repeats", n)
			}
		})
	}
}

func TestNoHomeserver(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	_, err := account(s.URL).Send(t.Context(), chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, Body: chat.Body{Text: "x"}})
	if err == nil || retry.IsNever(err) || retry.IsUnclear(err) {
		t.Errorf("Send with nobody there: %v; want an error after which the same attempt is safe", err)
	}
}

func TestNoAnswer(t *testing.T) {
	release := make(chan struct{})
	s := matrixtest.New(t, func(http.ResponseWriter, *http.Request, map[string]any) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := account(s.URL).Send(ctx, chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, Body: chat.Body{Text: "x"}})
	if !retry.IsUnclear(err) {
		t.Errorf("Send without an answer in time: %v; want an unclear end", err)
	}
}

func TestOneRequestPerMessage(t *testing.T) {
	var at []url.Values
	s := matrixtest.New(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
		if strings.Contains(r.URL.Path, "/send/") {
			at = append(at, r.URL.Query())
		}
		io.WriteString(w, `{"event_id":"$e","room_id":"!r:example.org"}`) //nolint:errcheck // the client sees what arrives
	})
	c := sender(matrixtest.Service(s.URL))
	send := func(key, who, name string) string {
		t.Helper()
		written := time.Now().Add(-time.Minute)
		if _, err := c.Send(t.Context(), chat.Outgoing{Key: key, Place: chat.Place{Room: "!r:example.org"}, As: chat.Sender{ID: who, Name: name}, Body: chat.Body{Text: "x"}, At: written}); err != nil {
			t.Fatal(err)
		}
		seen := s.Requests()
		return seen[len(seen)-1]
	}
	first := send("k1", "ann", "Ann")
	if again := send("k1", "ann", "Ann"); again != first {
		t.Errorf("the second attempt is %s, want the same as the first: %s", again, first)
	}
	if ben := send("k1", "ben", "Ben"); ben == first {
		t.Error("two ghosts share a transaction id: the second would say nothing")
	}
	for range 3 {
		if _, err := c.Send(t.Context(), chat.Outgoing{Key: "k2", Place: chat.Place{Room: "!r:example.org"}, As: chat.Sender{ID: "ann", Name: "Ann"}, Body: chat.Body{Text: "x"}}); err != nil {
			t.Fatal(err)
		}
		if n := len(s.Requests()); n != 1 {
			t.Errorf("%d requests for a message of a known ghost, want 1", n)
		}
	}
	if at[0].Get("user_id") != "@hashsend_ann:example.org" || at[0].Get("ts") == "" {
		t.Errorf("sent with %v, want the ghost's user_id and the time of writing", at[0])
	}
}

// TestFindIsNotFooled looks for a key that a person has put into a message too.
func TestFindIsNotFooled(t *testing.T) {
	event := func(id, sender, key string, age time.Duration) string {
		return fmt.Sprintf(`{"type":"m.room.message","event_id":%q,"sender":%q,"origin_server_ts":%d,"content":{"body":"x","org.hashsend.key":%s}}`,
			id, sender, time.Now().Add(-age).UnixMilli(), key)
	}
	pages := map[string]string{
		"":   `{"chunk":[` + event("$a", "@eve:example.org", `"k"`, 0) + `,7,` + event("$b", "@hashsend:example.org", `["k"]`, 0) + `],"end":"p1"}`,
		"p1": `{"chunk":[` + event("$c", "@hashsend:example.org", `"k2"`, 0) + `,` + event("$d", "@hashsend:example.org", `"k"`, time.Minute) + `],"end":"p2"}`,
		"p2": `{"chunk":[` + event("$e", "@hashsend:example.org", `"old"`, 72*time.Hour) + `],"end":"p3"}`,
		"p3": `{"chunk":[` + event("$f", "@hashsend:example.org", `"older"`, 73*time.Hour) + `]}`,
	}
	s := matrixtest.New(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
		io.WriteString(w, pages[r.URL.Query().Get("from")]) //nolint:errcheck // the client sees what arrives
	})
	c := account(s.URL)
	for key, want := range map[string]chat.MessageID{"k": "$d", "k2": "$c", "old": "$e", "older": "", "k3": ""} {
		id, there, err := c.Find(t.Context(), chat.Place{Room: "!r:example.org"}, key, time.Now().Add(-time.Hour))
		if err != nil || id != want || there != (want != "") {
			t.Errorf("Find(%q) = %q, %v, %v; want %q", key, id, there, err, want)
		}
	}
}

// TestDelete has the ghost that posted a message delete it where the bot may not, also
// while the homeserver does not show the message yet.
func TestDelete(t *testing.T) {
	const bot, ghost, shown = "@hashsendbot:example.org", "@hashsend_ann:example.org", `{"event_id":"$m","type":"m.room.message","sender":"@hashsend_ann:example.org","content":{}}`
	const hidden = `{"errcode":"M_NOT_FOUND","error":"not found"}`
	for _, c := range []struct {
		name  string
		as    chat.Sender
		event string
		by    string // who deletes it; empty: nobody
		final bool
	}{
		{"it is shown", chat.Sender{}, shown, ghost, false},
		{"it is not shown yet", chat.Sender{ID: "ann", Name: "Ann"}, hidden, ghost, false},
		{"it is not shown yet, and nobody knows whose it is", chat.Sender{}, hidden, "", false},
		{"it is somebody else's", chat.Sender{ID: "ann", Name: "Ann"}, `{"event_id":"$m","type":"m.room.message","sender":"@bob:example.org","content":{}}`, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			by := ""
			s := matrixtest.New(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
				user := r.URL.Query().Get("user_id")
				switch {
				case strings.Contains(r.URL.Path, "/redact/") && user == bot:
					matrixtest.Refuse(w, 403, `{"errcode":"M_FORBIDDEN","error":"power level too low"}`)
				case strings.Contains(r.URL.Path, "/redact/"):
					by = user
					io.WriteString(w, `{"event_id":"$r"}`) //nolint:errcheck // the client sees what arrives
				case strings.Contains(r.URL.Path, "/event/") && c.event == hidden:
					matrixtest.Refuse(w, 404, hidden)
				default:
					io.WriteString(w, c.event) //nolint:errcheck // the same
				}
			})
			err := sender(matrixtest.Service(s.URL)).Delete(t.Context(), "$m", chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, As: c.as})
			if by != c.by || (err == nil) != (c.by != "") || retry.IsNever(err) != c.final {
				t.Errorf("deleted by %q, want %q; %v, want final: %v", by, c.by, err, c.final)
			}
		})
	}
}
