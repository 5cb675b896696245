package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// trouble is a homeserver for the answers that a real one cannot be brought to
// give on demand.
type trouble struct {
	*httptest.Server
	answer func(w http.ResponseWriter, r *http.Request, body map[string]any)

	mu   sync.Mutex
	seen []string // method and path of every request, in order
}

func newTrouble(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, body map[string]any)) *trouble {
	s := &trouble{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/state/m.room.encryption") { // asked once for each room
			refuseWith(w, 404, `{"errcode":"M_NOT_FOUND"}`)
			return
		}
		s.mu.Lock()
		s.seen = append(s.seen, r.Method+" "+r.URL.Path)
		s.mu.Unlock()
		raw, _ := io.ReadAll(r.Body)
		var body map[string]any
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &body); err != nil {
				t.Errorf("%s %s has no JSON object: %v", r.Method, r.URL.Path, err)
			}
		}
		s.answer(w, r, body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *trouble) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// account is a plain account on a homeserver, service a service there.
func account(t *testing.T, homeserver string) *Connector {
	return service(t, func(c *Config) {
		c.Homeserver, c.AppService, c.UserID, c.AccessToken = homeserver, nil, "@hashsend:example.org", "token"
	})
}

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
			refuseWith(w, 429, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}`)
		}, false, false, 2500 * time.Millisecond, ""},
		{"slow down, header", func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "7")
			refuseWith(w, 429, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}`)
		}, false, false, 7 * time.Second, ""},
		{"slow down, no time", func(w http.ResponseWriter) { refuseWith(w, 429, `{}`) }, false, false, 5 * time.Second, ""},
		{"slow down for years", func(w http.ResponseWriter) {
			refuseWith(w, 429, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1e18}`)
		}, false, false, time.Hour, ""},
		{"may not write", func(w http.ResponseWriter) { refuseWith(w, 403, `{"errcode":"M_FORBIDDEN","error":"no"}`) }, true, false, 0, "may I write there?"},
		{"too large", func(w http.ResponseWriter) { refuseWith(w, 413, `{"errcode":"M_TOO_LARGE"}`) }, true, false, 0, "M_TOO_LARGE"},
		{"no such room", func(w http.ResponseWriter) { refuseWith(w, 404, `{"errcode":"M_NOT_FOUND"}`) }, true, false, 0, ""},
		{"a proxy's page", func(w http.ResponseWriter) { refuseWith(w, 404, `<html>secret page</html>`) }, false, false, 0, "answers 404 Not Found"},
		{"a proxy's refusal", func(w http.ResponseWriter) { refuseWith(w, 403, `denied`) }, false, false, 0, "answers 403 Forbidden"},
		{"token unknown", func(w http.ResponseWriter) { refuseWith(w, 401, `{"errcode":"M_UNKNOWN_TOKEN"}`) }, false, false, 0, "set a new one in the configuration"},
		{"broken inside", func(w http.ResponseWriter) {
			refuseWith(w, 500, `{"errcode":"M_UNKNOWN","error":"Internal server error"}`)
		}, false, true, 0, ""},
		{"away behind a proxy", func(w http.ResponseWriter) { refuseWith(w, 502, `<html>bad gateway</html>`) }, false, true, 0, "answers 502 Bad Gateway"},
		{"hangs up", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, false, true, 0, ""},
		{"half an answer", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			refuseWith(w, 200, `{"event_id`)
		}, false, true, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTrouble(t, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) { c.answer(w) })
			_, err := account(t, s.URL).Send(t.Context(), chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, Body: chat.Body{Text: "a private word"}})
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
			if n := len(s.requests()); n != 1 {
				t.Errorf("%d requests, want 1: the bridge decides about repeats", n)
			}
		})
	}
}

func refuseWith(w http.ResponseWriter, code int, body string) {
	w.WriteHeader(code)
	io.WriteString(w, body) //nolint:errcheck // the test sees what arrives
}

func TestNoHomeserver(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	_, err := account(t, s.URL).Send(t.Context(), chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, Body: chat.Body{Text: "x"}})
	if err == nil || retry.IsNever(err) || retry.IsUnclear(err) {
		t.Errorf("Send with nobody there: %v; want an error after which the same attempt is safe", err)
	}
}

func TestNoAnswer(t *testing.T) {
	release := make(chan struct{})
	s := newTrouble(t, func(http.ResponseWriter, *http.Request, map[string]any) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := account(t, s.URL).Send(ctx, chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, Body: chat.Body{Text: "x"}})
	if !retry.IsUnclear(err) {
		t.Errorf("Send without an answer in time: %v; want an unclear end", err)
	}
}

func TestOneRequestPerMessage(t *testing.T) {
	var at []url.Values
	s := newTrouble(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
		if strings.Contains(r.URL.Path, "/send/") {
			at = append(at, r.URL.Query())
		}
		io.WriteString(w, `{"event_id":"$e","room_id":"!r:example.org"}`) //nolint:errcheck // the client sees what arrives
	})
	c := service(t, func(c *Config) { c.Homeserver = s.URL })
	send := func(key, who, name string) string {
		t.Helper()
		written := time.Now().Add(-time.Minute)
		if _, err := c.Send(t.Context(), chat.Outgoing{Key: key, Place: chat.Place{Room: "!r:example.org"}, As: chat.Sender{ID: who, Name: name}, Body: chat.Body{Text: "x"}, At: written}); err != nil {
			t.Fatal(err)
		}
		seen := s.requests()
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
		if n := len(s.requests()); n != 1 {
			t.Errorf("%d requests for a message of a known ghost, want 1", n)
		}
	}
	if at[0].Get("user_id") != "@hashsend_ann:example.org" || at[0].Get("ts") == "" {
		t.Errorf("sent with %v, want the ghost's user_id and the time of writing", at[0])
	}
}

func TestCompose(t *testing.T) {
	ann := chat.Sender{ID: "ann", Name: "Ann <3"}
	m := func(change func(*chat.Outgoing)) chat.Outgoing {
		o := chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, As: ann, Body: chat.Body{Text: "a & b"}}
		change(&o)
		return o
	}
	none := func(*chat.Outgoing) {}
	for _, c := range []struct {
		name    string
		m       chat.Outgoing
		profile bool
		want    string
	}{
		{"text", m(none), false, `{"msgtype":"m.text","body":"a & b","m.mentions":{},"org.hashsend.key":"k"}`},
		{"HTML", m(func(m *chat.Outgoing) { m.Body.HTML = "a &amp; <em>b</em>" }), false,
			`{"msgtype":"m.text","body":"a & b","format":"org.matrix.custom.html","formatted_body":"a &amp; <em>b</em>","m.mentions":{},"org.hashsend.key":"k"}`},
		{"notice that answers", m(func(m *chat.Outgoing) { m.Kind, m.ReplyTo = chat.Notice, "$a" }), false,
			`{"msgtype":"m.notice","body":"a & b","m.mentions":{},"org.hashsend.key":"k","m.relates_to":{"m.in_reply_to":{"event_id":"$a"}}}`},
		{"in a thread", m(func(m *chat.Outgoing) { m.Place.Thread = "$root" }), false,
			`{"msgtype":"m.text","body":"a & b","m.mentions":{},"org.hashsend.key":"k","m.relates_to":{"rel_type":"m.thread","event_id":"$root","is_falling_back":true,"m.in_reply_to":{"event_id":"$root"}}}`},
		{"answer in a thread", m(func(m *chat.Outgoing) { m.Place.Thread, m.ReplyTo = "$root", "$a" }), false,
			`{"msgtype":"m.text","body":"a & b","m.mentions":{},"org.hashsend.key":"k","m.relates_to":{"rel_type":"m.thread","event_id":"$root","is_falling_back":false,"m.in_reply_to":{"event_id":"$a"}}}`},
		{"by profile", m(func(m *chat.Outgoing) { m.Kind = chat.Emote }), true,
			`{"msgtype":"m.emote","body":"Ann <3: a & b","format":"org.matrix.custom.html","formatted_body":"<strong data-mx-profile-fallback>Ann &lt;3: </strong>a &amp; b","m.mentions":{},"org.hashsend.key":"k","com.beeper.per_message_profile":{"id":"ann","displayname":"Ann <3","has_fallback":true}}`},
		{"for one person", m(func(m *chat.Outgoing) { m.For = "@bob:example.org" }), false,
			`{"msgtype":"m.text","body":"Bob: a & b","format":"org.matrix.custom.html","formatted_body":"<a href=\"https://matrix.to/#/@bob:example.org\">Bob</a>: a &amp; b","m.mentions":{"user_ids":["@bob:example.org"]},"org.hashsend.key":"k"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, err := json.Marshal(compose(c.m, c.profile, "Bob"))
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(raw, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("composed (-want +got):\n%s", diff)
			}
			back := service(t, func(c *Config) { c.Notices = true })
			if back.convert(said(t, "m.room.message", string(raw), "")) != nil {
				t.Error("our own words would be taken in again")
			}
		})
	}
}

func TestFileOfAnOldHomeserver(t *testing.T) {
	s := newTrouble(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
		if r.URL.Path != "/_matrix/media/v3/download/example.org/abc" {
			refuseWith(w, 404, `{"errcode":"M_UNRECOGNIZED"}`)
			return
		}
		io.WriteString(w, "the minutes") //nolint:errcheck // the client sees what arrives
	})
	f, err := account(t, s.URL).OpenFile(t.Context(), chat.File{ID: "mxc://example.org/abc"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, err := io.ReadAll(f); err != nil || string(text) != "the minutes" {
		t.Errorf("the file reads %q, %v", text, err)
	}
}
