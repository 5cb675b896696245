package receive

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/matrixtest"
)

func TestLacks(t *testing.T) {
	const redaction = `{"event_id":"$r","type":"m.room.redaction","room_id":"!r:example.org","sender":"@bob:example.org","redacts":"$m","content":{}}`
	take := func(context.Context, string, ...chat.Event) error { return nil }
	push := func(c *Receiver) {
		ask(c.handler(take), "PUT", push1, hsToken, `{"events":[`+redaction+`]}`)
	}
	for _, c := range []struct {
		name, sync string
		code       int
		pushes     bool
		want       string
	}{
		{"nothing is known yet", `{"next_batch":"b"}`, 200, false, ""},
		{"it is read over /sync", `{"next_batch":"b","rooms":{"join":{"!r:example.org":{"timeline":{"events":[` + redaction + `]}}}}}`, 200, false, "does not push deletions and typing notices"},
		{"it may not be read", `{"errcode":"M_FORBIDDEN"}`, 403, false, "does not let application services read"},
		{"it is pushed", `{"errcode":"M_FORBIDDEN"}`, 403, true, ""},
		{"both, and pushed later", `{"next_batch":"b","rooms":{"join":{"!r:example.org":{"ephemeral":{"events":[{"type":"m.typing","content":{"user_ids":[]}}]}}}}}`, 200, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			looks := 0
			ctx, cancel := context.WithCancel(t.Context())
			s := matrixtest.New(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
				if !strings.HasSuffix(r.URL.Path, "/sync") {
					io.WriteString(w, `{}`) //nolint:errcheck // the client sees what arrives
					return
				}
				if looks++; looks > 1 {
					cancel()
				}
				matrixtest.Refuse(w, c.code, c.sync)
			})
			con := receiver(matrixtest.Service(s.URL))
			con.deletions(ctx, "a", take)
			if c.pushes {
				push(con)
			}
			got := strings.Join(con.Limitations(), "\n")
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("lacks %q, want %q", got, c.want)
			}
		})
	}
}
