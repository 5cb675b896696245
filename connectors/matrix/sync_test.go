package matrix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/matrixtest"
)

// texts says in short what was handed over.
func texts(events []chat.Event) (all []string) {
	for _, e := range events {
		switch e := e.(type) {
		case chat.Posted:
			all = append(all, e.Body.Text)
		case chat.Invited:
			all = append(all, "invited by "+e.By.Name)
		default:
			all = append(all, fmt.Sprintf("%T", e))
		}
	}
	return all
}

const (
	asBot = `{"user_id":"@hashsend:example.org"}`
	none  = `{"next_batch":"s1"}`
)

// reader plays a homeserver that answers /sync in turn, then ends the test.
func reader(t *testing.T, cancel func(), syncs ...string) (*matrixtest.Homeserver, *[]string) {
	var since []string
	s := matrixtest.New(t, nil)
	s.Answer = func(w http.ResponseWriter, r *http.Request, in map[string]any) {
		body := `{"errcode":"M_NOT_FOUND"}`
		switch {
		case strings.HasSuffix(r.URL.Path, "/login"):
			if in["password"] != "right" {
				w.WriteHeader(http.StatusForbidden)
				body = `{"errcode":"M_FORBIDDEN"}`
				break
			}
			body = `{"user_id":"@hashsend:example.org","access_token":"new","device_id":"HASHSEND"}`
		case strings.HasSuffix(r.URL.Path, "/whoami"):
			body = asBot
		case strings.HasSuffix(r.URL.Path, "/messages"):
			q := r.URL.Query()
			switch q.Get("from") {
			case "p1":
				body = `{"chunk":[` + matrixtest.Text("$4", "four") + `,` + matrixtest.Text("$3", "three") + `],"end":"p2"}`
			case "p2":
				body = `{"chunk":[` + matrixtest.Text("$2", "two") + `,` + matrixtest.Text("$1", "one") + `],"end":"p3"}`
			case "p3": // so Dendrite goes on behind the end
				body = `{"chunk":[` + matrixtest.Text("$0", "long ago") + `],"end":"p4"}`
			}
			if q.Get("to") != "s1" || q.Get("dir") != "b" {
				t.Errorf("history asked for with %v, want backwards and up to the last sync", q)
			}
		case strings.HasSuffix(r.URL.Path, "/sync"):
			since = append(since, r.URL.Query().Get("since"))
			if len(syncs) == 0 {
				cancel()
				body = none
				break
			}
			body, syncs = syncs[0], syncs[1:]
		}
		switch {
		case strings.Contains(body, "_TOKEN\""):
			w.WriteHeader(http.StatusUnauthorized)
		case strings.Contains(body, "M_NOT_FOUND"):
			w.WriteHeader(http.StatusNotFound)
		}
		io.WriteString(w, body) //nolint:errcheck // the client sees what arrives
	}
	return s, &since
}

func TestSync(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	six := `{"next_batch":"s3","rooms":{"join":{"!r:example.org":{"timeline":{"events":[` + matrixtest.Text("$6", "six") + `]}}}}}`
	s, since := reader(t, cancel,
		`{"next_batch":"s1","rooms":{"join":{"!r:example.org":{"timeline":{"events":[`+matrixtest.Text("$0", "from before the start")+`]}}},
		  "invite":{"!i:example.org":{"invite_state":{"events":[{"type":"m.room.member","sender":"@bob:example.org","state_key":"@hashsend:example.org","content":{"membership":"invite"}}]}}}}}`,
		`{"next_batch":"s2","rooms":{"join":{"!r:example.org":{"timeline":{"limited":true,"prev_batch":"p1","events":[`+matrixtest.Text("$5", "five")+`]}}}}}`,
		six, six, // the first of them is refused
		`{"next_batch":"s3"}`,
	)
	type call struct {
		Cursor string
		Texts  []string
	}
	var calls []call
	refused := false
	var gaps atomic.Int64
	err := account(t, s.URL).Run(ctx, "", func(_ context.Context, cursor string, events ...chat.Event) error {
		if slices.Contains(texts(events), "chat.Gap") { // what was said before there was a token
			gaps.Add(1)
			return nil
		}
		if cursor == "s3" && !refused {
			refused = true
			return errors.New("the disk is full")
		}
		if len(events) > 0 {
			calls = append(calls, call{cursor, texts(events)})
		}
		return nil
	})
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	if n := gaps.Load(); n != 1 {
		t.Errorf("asked %d times for what was missed", n)
	}
	want := []call{{"s1", []string{"invited by bob"}}, {"s2", []string{"one", "two", "three", "four", "five"}}, {"s3", []string{"six"}}}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("handed over (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"", "s1", "s2", "s2", "s3", "s3"}, *since); diff != "" {
		t.Errorf("asked since (-want +got):\n%s", diff)
	}
}

// TestSyncEnds shows the answers after which reading cannot go on.
func TestSyncEnds(t *testing.T) {
	const missing = `{"errcode":"M_MISSING_TOKEN","error":"Missing access token"}`
	const unknown = `{"errcode":"M_UNKNOWN_TOKEN","error":"Unknown token"}`
	for _, c := range []struct {
		name   string
		change func(*Config)
		syncs  []string
		says   string
	}{
		{"token unknown", nil, []string{unknown}, "set a new one in the configuration"},
		{"token of another user", func(c *Config) { c.UserID = "@other:example.org" }, nil, "user_id is @other:example.org, the token is for @hashsend:example.org"},
		{"wrong password", func(c *Config) { c.AccessToken, c.Password = "", "wrong" }, nil, "check user_id and password"},
		{"password", func(c *Config) { c.AccessToken, c.Password = "", "right" }, []string{none}, ""},
		{"signed out, password", func(c *Config) { c.Password = "right" }, []string{unknown, none}, ""},
		{"token missing, password", func(c *Config) { c.Password = "right" }, []string{missing, none}, ""},
		{"token missing", nil, []string{missing}, "set a new one in the configuration"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s, since := reader(t, cancel, c.syncs...)
			con := service(t, func(cfg *Config) {
				cfg.Homeserver, cfg.AppService, cfg.UserID, cfg.AccessToken = s.URL, nil, "@hashsend:example.org", "old"
				if c.change != nil {
					c.change(cfg)
				}
			})
			err := con.Run(ctx, "s0", func(context.Context, string, ...chat.Event) error { return nil })
			switch {
			case c.says == "" && err != nil:
				t.Errorf("Run: %v", err)
			case c.says == "" && len(*since) != len(c.syncs)+1:
				t.Errorf("%d times read, want %d", len(*since), len(c.syncs)+1)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("Run: %v; want an error that says %q", err, c.says)
			}
		})
	}
}
