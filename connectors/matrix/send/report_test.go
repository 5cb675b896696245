package send

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/matrixtest"
)

// TestSendStatus shows what stands at a message at each step of its way (EVENTS A51).
func TestSendStatus(t *testing.T) {
	const about = `"m.relates_to":{"event_id":"$m","rel_type":"m.reference"},`
	full := chat.State{Phase: chat.Failed, Reason: "the mailbox is full", Later: true}
	for _, c := range []struct {
		name   string
		on     bool
		state  chat.State
		status string // content of the status event; empty: none
		beside string // part of the path of another request; empty: none
	}{
		{"off", false, chat.State{Phase: chat.Accepted}, "", "/receipt/"},
		{"off, read", false, chat.State{Phase: chat.Read}, "", ""},
		{"off, failed", false, full, "", "/send/m.reaction/"},
		{"accepted", true, chat.State{Phase: chat.Accepted}, `{` + about + `"network":"hashsend","status":"SUCCESS"}`, "/receipt/"},
		{"accepted by some", true, chat.State{Phase: chat.Accepted, Reason: "not delivered to everyone yet"}, "", "/receipt/"},
		{"delivered", true, chat.State{Phase: chat.Delivered}, `{` + about + `"message":"delivered","network":"hashsend","status":"SUCCESS"}`, ""},
		{"read", true, chat.State{Phase: chat.Read}, `{` + about + `"message":"read","network":"hashsend","status":"SUCCESS"}`, ""},
		{"delayed", true, chat.State{Phase: chat.Delayed, Reason: "no answer"}, `{` + about + `"message":"no answer","network":"hashsend","reason":"m.foreign_network_error","status":"PENDING"}`, "/send/m.reaction/"},
		{"failed for now", true, full, `{` + about + `"message":"the mailbox is full","network":"hashsend","reason":"m.foreign_network_error","status":"FAIL_RETRIABLE"}`, "/send/m.reaction/"},
		{"failed", true, chat.State{Phase: chat.Failed, Reason: "no such user"}, `{` + about + `"message":"no such user","network":"hashsend","reason":"m.foreign_network_error","status":"FAIL_PERMANENT"}`, "/send/m.reaction/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			s := matrixtest.New(t, func(w http.ResponseWriter, r *http.Request, body map[string]any) {
				if strings.Contains(r.URL.Path, "/send/com.beeper.message_send_status/") {
					raw, _ := json.Marshal(body)
					got = string(raw)
				}
				io.WriteString(w, `{"event_id":"$e"}`) //nolint:errcheck // the client sees what arrives
			})
			con := account(s.URL)
			con.Status = c.on
			c.state.Key = "k1"
			for range 2 {
				if err := con.Report(t.Context(), "$m", chat.Place{Room: "!r:example.org"}, c.state); err != nil {
					t.Fatal(err)
				}
			}
			if got != c.status {
				t.Errorf("status event %s\nwant %s", got, c.status)
			}
			seen := s.Requests()
			half := len(seen) / 2
			first := strings.Join(seen[:half], "\n")
			if again := strings.Join(seen[half:], "\n"); again != first {
				t.Errorf("the second attempt differs:\n%s\nfrom the first:\n%s", again, first)
			}
			if c.beside != "" && !strings.Contains(first, c.beside) || (c.beside == "" && c.status == "" && half > 0) {
				t.Errorf("requests %s\nwant %q among them", first, c.beside)
			}
		})
	}
}
