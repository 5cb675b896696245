//go:build !goolm

package matrix

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// TestBuiltWithoutEncryption says so, hands over what it cannot read, and posts no
// words of people into an encrypted room (EVENTS A43, A44).
func TestBuiltWithoutEncryption(t *testing.T) {
	s := newTrouble(t, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) {
		io.WriteString(w, `{"event_id":"$sent","algorithm":"m.megolm.v1.aes-sha2"}`) //nolint:errcheck // the client sees what arrives
	})
	c := account(t, s.URL)
	if _, can := any(c).(chat.Unsealer); can {
		t.Error("it says that it can read what is encrypted")
	}
	if err := c.Trouble(); err != nil {
		t.Errorf("trouble without an encrypted room: %v", err)
	}
	raw := []byte(`{"type":"m.room.encrypted","event_id":"$e","room_id":"!r:example.org","sender":"@bob:example.org","origin_server_ts":1000,"content":{"algorithm":"m.megolm.v1.aes-sha2","session_id":"k1"}}`)
	events := c.events(t.Context(), "", []json.RawMessage{raw})
	if len(events) != 2 {
		t.Fatalf("it hands over %+v, want that the room is encrypted, and the message", events)
	}
	sealed, is := events[1].(chat.Sealed)
	if !is || sealed.Lock != "k1" || sealed.Message != "$e" || string(sealed.Raw) != string(raw) {
		t.Errorf("the message is handed over as %+v", events[1])
	}
	if err := c.Trouble(); err == nil || !strings.Contains(err.Error(), "-tags goolm") {
		t.Errorf("trouble in an encrypted room: %v", err)
	}
	if !strings.Contains(c.Encryption(), "built without encryption") || c.CheckEncryption(t.Context()) != c.Encryption() {
		t.Errorf("status and check say %q and %q", c.Encryption(), c.CheckEncryption(t.Context()))
	}
	out := chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, Body: chat.Body{Text: "hello"}, As: chat.Sender{ID: "ann", Name: "Ann (email)"}}
	if _, err := c.Send(t.Context(), out); !retry.IsNever(err) || !strings.Contains(err.Error(), "without encryption") {
		t.Errorf("a person's words: %v", err)
	}
	out.As, out.Kind = chat.Sender{}, chat.Notice
	if _, err := c.Send(t.Context(), out); err != nil {
		t.Errorf("a notice of the bridge: %v", err)
	}
}
