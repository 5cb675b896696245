package receive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/connectors/matrix/matrixtest"
)

// ask sends one request to the handler of an application service.
func ask(h http.Handler, method, path, token, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const push1 = "/_matrix/app/v1/transactions/1"

func TestRequests(t *testing.T) {
	const right = "hs token of the tests"
	for _, c := range []struct {
		name, method, path, token, body string
		code                            int
		errcode                         string
	}{
		{"nothing to take in", "PUT", push1, right, `{"events":[]}`, 200, ""},
		{"things that do not concern us", "PUT", push1, right, `{"ephemeral":[{"type":"m.typing"}],"to_device":7}`, 200, ""},
		{"no token", "PUT", push1, "", `{"events":[]}`, 401, "M_MISSING_TOKEN"},
		{"wrong token", "PUT", push1, "hs token of the testt", `{"events":[]}`, 403, "M_FORBIDDEN"},
		{"begin of the token", "PUT", push1, "hs token", `{"events":[]}`, 403, "M_FORBIDDEN"},
		{"our own token", "PUT", push1, "as token of the tests", `{"events":[]}`, 403, "M_FORBIDDEN"},
		{"token as old homeservers send it", "PUT", push1 + "?access_token=hs+token+of+the+tests", "", `{}`, 200, ""},
		{"wrong token in the address", "PUT", push1 + "?access_token=x", "", `{}`, 403, "M_FORBIDDEN"},
		{"old path", "PUT", "/transactions/1", right, `{}`, 200, ""},
		{"no JSON", "PUT", push1, right, `events`, 400, "M_NOT_JSON"},
		{"a list", "PUT", push1, right, `[]`, 400, "M_NOT_JSON"},
		{"too large", "PUT", push1, right, `{"x":"` + strings.Repeat("x", maxPush) + `"}`, 413, "M_TOO_LARGE"},
		{"wrong method", "GET", push1, right, "", 404, "M_UNRECOGNIZED"},
		{"ping", "POST", "/_matrix/app/v1/ping", right, `{"transaction_id":"1"}`, 200, ""},
		{"ping without token", "POST", "/_matrix/app/v1/ping", "", `{}`, 401, "M_MISSING_TOKEN"},
		{"our own user", "GET", "/_matrix/app/v1/users/@hashsendbot:example.org", right, "", 200, ""},
		{"a ghost that never spoke", "GET", "/_matrix/app/v1/users/@hashsend_x:example.org", right, "", 404, "M_NOT_FOUND"},
		{"a room", "GET", "/_matrix/app/v1/rooms/%23x:example.org", right, "", 404, "M_NOT_FOUND"},
		{"anything else", "GET", "/_matrix/app/v1/thirdparty/location", right, "", 404, "M_UNRECOGNIZED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := service().handler(func(context.Context, string, ...chat.Event) error {
				return errors.New("nothing was to be handed over")
			})
			w := ask(h, c.method, c.path, c.token, c.body)
			var answer struct {
				Code string `json:"errcode"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Errorf("the answer %q is no JSON object: %v", w.Body, err)
			}
			if w.Code != c.code || answer.Code != c.errcode {
				t.Errorf("answered %d %s, want %d %s", w.Code, answer.Code, c.code, c.errcode)
			}
		})
	}
}

func TestTransactionIsOneCallInOrder(t *testing.T) {
	var calls [][]string
	c := service()
	fail := true
	h := c.handler(func(ctx context.Context, cursor string, events ...chat.Event) error {
		if _, is := events[0].(chat.Gap); is { // what was said before is read after a failure
			return nil
		}
		var texts []string
		for _, e := range events {
			texts = append(texts, e.(chat.Posted).Body.Text)
		}
		calls = append(calls, texts)
		if cursor != "" {
			t.Errorf("the cursor is %q, want none", cursor)
		}
		if fail {
			return errors.New("the disk is full")
		}
		return nil
	})
	body := `{"events":[` + matrixtest.Text("$1", "one") + `,7,null,{"type":"m.room.message","content":{}},` + matrixtest.Text("$2", "two") + `,` + matrixtest.Text("$3", "three") + `]}`
	if w := ask(h, "PUT", push1, hsToken, body); w.Code != 500 {
		t.Errorf("answered %d when the handler failed, want 500 so that it comes again", w.Code)
	}
	fail = false
	for range 2 { // the second is a repeat: the bridge knows it by the ids of its events
		if w := ask(h, "PUT", push1, hsToken, body); w.Code != 200 {
			t.Errorf("answered %d, want 200", w.Code)
		}
	}
	all := []string{"one", "two", "three"}
	if diff := cmp.Diff([][]string{all, all, all}, calls); diff != "" {
		t.Errorf("handed over (-want +got):\n%s", diff)
	}
}

func TestTransactionWithMoreThanEvents(t *testing.T) {
	c := service()
	var got []chat.Event
	h := c.handler(func(_ context.Context, _ string, events ...chat.Event) error {
		got = append(got, events...)
		return nil
	})
	if w := ask(h, "PUT", push1, hsToken, string(chattest.Payload(t, "matrix", "M20"))); w.Code != 200 {
		t.Fatalf("answered %d, want 200", w.Code)
	}
	if len(got) != 1 {
		t.Fatalf("handed over %d events, want 1", len(got))
	}
	p, is := got[0].(chat.Posted)
	if !is || p.Kind != chat.Emote || p.By.Name != "alice" || p.Body.HTML != "thinks <strong>this</strong> is an example emote" {
		t.Errorf("handed over %+v", got[0])
	}
}

// FuzzTransaction pushes bodies of any shape: the answer is 200, or 400 for what
// is no transaction, and nothing panics.
func FuzzTransaction(f *testing.F) {
	f.Add([]byte(`{"events":[` + matrixtest.Text("$1", "one") + `]}`))
	f.Add([]byte(`{"events":[{}],"ephemeral":null}`))
	f.Add([]byte(`{"events":{"a":1}}`))
	c := service()
	h := c.handler(func(_ context.Context, _ string, events ...chat.Event) error {
		for _, e := range events {
			if e.EventHead().Event == "" || e.EventHead().By.Name == "" {
				return fmt.Errorf("an event without id or name: %+v", e)
			}
		}
		return nil
	})
	f.Fuzz(func(t *testing.T, body []byte) {
		if w := ask(h, "PUT", push1, hsToken, string(body)); w.Code != 200 && w.Code != 400 {
			t.Errorf("answered %d", w.Code)
		}
	})
}

// TestPing has the homeserver try to reach us until it does (EVENTS 2.1).
func TestPing(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []string // status and body, one after the other
		trouble string
	}{
		{"it reaches us", []string{`200 {"duration_ms":5}`}, ""},
		{"it knows no such request", []string{`404 {"errcode":"M_UNRECOGNIZED","error":"unknown"}`}, ""},
		{"it does not reach us at first", []string{`502 {"errcode":"M_CONNECTION_FAILED","error":"refused"}`, `200 {"duration_ms":5}`}, "cannot reach us at http://127.0.0.1:29320"},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := 0
			var con *Receiver
			var between error
			s := matrixtest.New(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
				if !strings.HasSuffix(r.URL.Path, "/appservice/hashsend/ping") {
					matrixtest.Refuse(w, 200, `{}`)
					return
				}
				if between == nil {
					between = con.Trouble()
				}
				code, body, _ := strings.Cut(c.answers[min(asked, len(c.answers)-1)], " ")
				asked++
				n, _ := strconv.Atoi(code)
				matrixtest.Refuse(w, n, body)
			})
			con = receiver(matrixtest.Service(s.URL))
			con.ping(t.Context())
			if asked != len(c.answers) || con.Trouble() != nil {
				t.Errorf("asked %d times, and at the end there is the trouble %v", asked, con.Trouble())
			}
			if (between == nil) != (c.trouble == "") || (between != nil && !strings.Contains(between.Error(), c.trouble)) {
				t.Errorf("meanwhile there was the trouble %v, want %q", between, c.trouble)
			}
		})
	}
}

// TestWhatAPushHolds tries payload M20: the message arrives, and what is told
// beside is nothing but who types.
func TestWhatAPushHolds(t *testing.T) {
	c := service()
	m20 := string(chattest.Payload(t, "matrix", "M20"))
	typing := func(field, who string) string {
		return fmt.Sprintf(`{"events":[],%q:[{"type":"m.typing","room_id":"!r:example.org","content":{"user_ids":[%s]}},7]}`, field, who)
	}
	for _, p := range []struct {
		name, body string
		want       []chat.Event
	}{
		{"M20", m20, []chat.Event{chat.Posted{
			Head: chat.Head{
				Event: "$143273582443PhrSn:example.org", At: time.UnixMilli(1432735824653), Place: chat.Place{Room: "!jEsUZKDJdhlrceRyVU:example.org"},
				By: chat.Author{ID: "@alice:example.org", Name: "alice", Server: "example.org"},
			},
			Message: "$143273582443PhrSn:example.org", Kind: chat.Emote,
			Body: chat.Body{Text: "thinks this is an example emote", HTML: "thinks <strong>this</strong> is an example emote"},
		}}},
		{"typing", typing("ephemeral", `"@bob:example.org"`), []chat.Event{chat.Typing{Head: chat.Head{Place: chat.Place{Room: "!r:example.org"}}, On: true}}},
		{"typing, older spelling", typing("de.sorunome.msc2409.ephemeral", `"@bob:example.org"`), []chat.Event{chat.Typing{Head: chat.Head{Place: chat.Place{Room: "!r:example.org"}}, On: true}}},
		{"our ghost types", typing("ephemeral", `"@hashsend_ann:example.org"`), []chat.Event{chat.Typing{Head: chat.Head{Place: chat.Place{Room: "!r:example.org"}}}}},
	} {
		t.Run(p.name, func(t *testing.T) {
			var got []chat.Event
			w := httptest.NewRecorder()
			c.push(w, httptest.NewRequest("PUT", "/_matrix/app/v1/transactions/1", strings.NewReader(p.body)), func(_ context.Context, _ string, events ...chat.Event) error {
				for _, e := range events {
					if typing, is := e.(chat.Typing); is {
						typing.At = time.Time{}
						e = typing
					}
					got = append(got, e)
				}
				return nil
			})
			if diff := cmp.Diff(p.want, got); diff != "" || w.Code != 200 {
				t.Errorf("answered %d, handed over (-want +got):\n%s", w.Code, diff)
			}
		})
	}
}
