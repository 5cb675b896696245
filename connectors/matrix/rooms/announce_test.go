package rooms

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/matrixtest"
)

// TestAnnounce shows the state events of a linked room (EVENTS A52).
func TestAnnounce(t *testing.T) {
	linked := chat.Sign{Text: "2 people read this room by email.", Channel: "abc", Title: "Lunch"}
	const bridge = `{"bridgebot":"@hashsend:example.org","channel":{"displayname":"Lunch","id":"abc"},"protocol":{"displayname":"Email","id":"email"}}`
	const sign = `{"body":"2 people read this room by email.","protocol":{"displayname":"Email","id":"email"}}`
	for _, c := range []struct {
		name   string
		thread chat.ThreadID
		sign   chat.Sign
		want   []string
	}{
		{"linked", "", linked, []string{"m.bridge/org.hashsend " + bridge, "org.hashsend.bridge " + sign, "uk.half-shot.bridge/org.hashsend " + bridge}},
		{"a thread", "$root", linked, []string{"m.bridge/org.hashsend/$root " + bridge, "org.hashsend.bridge/$root " + sign, "uk.half-shot.bridge/org.hashsend/$root " + bridge}},
		{"unlinked", "", chat.Sign{}, []string{"m.bridge/org.hashsend {}", "org.hashsend.bridge {}", "uk.half-shot.bridge/org.hashsend {}"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := map[string]string{}
			s := matrixtest.New(t, func(w http.ResponseWriter, r *http.Request, body map[string]any) {
				if _, key, is := strings.Cut(r.URL.Path, "/state/"); is {
					raw, _ := json.Marshal(body)
					state[strings.TrimSuffix(key, "/")] = string(raw)
				}
				io.WriteString(w, `{"event_id":"$e"}`) //nolint:errcheck // the client sees what arrives
			})
			if err := of(matrixtest.Account(s.URL)).Announce(t.Context(), chat.Place{Room: "!r:example.org", Thread: c.thread}, c.sign); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, key := range slices.Sorted(maps.Keys(state)) {
				got = append(got, key+" "+state[key])
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnnounceWithoutPower(t *testing.T) {
	for code, body := range map[int]string{403: `{"errcode":"M_FORBIDDEN","error":"no"}`, 429: `{"errcode":"M_LIMIT_EXCEEDED"}`} {
		tried := 0
		s := matrixtest.New(t, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) {
			tried++
			matrixtest.Refuse(w, code, body)
		})
		err := of(matrixtest.Account(s.URL)).Announce(t.Context(), chat.Place{Room: "!r:example.org"}, chat.Sign{Text: "read by 1", Channel: "abc", Title: "Lunch"})
		if (err == nil) != (code == 403) || tried != 3 || retry.IsNever(err) {
			t.Errorf("%d: %v after %d requests", code, err, tried)
		}
	}
}
