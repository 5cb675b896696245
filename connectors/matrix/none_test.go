//go:build !goolm

package matrix

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/matrixtest"
)

// TestBuiltWithoutEncryption says so, and posts no messages of people into an encrypted
// room (EVENTS A43).
func TestBuiltWithoutEncryption(t *testing.T) {
	s := matrixtest.New(t, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) {
		io.WriteString(w, `{"event_id":"$sent","algorithm":"m.megolm.v1.aes-sha2"}`) //nolint:errcheck // the client sees what arrives
	})
	c := account(t, s.URL)
	if _, can := any(c).(chat.Unsealer); can {
		t.Error("it says that it can read what is encrypted")
	}
	if err := c.Trouble(); err != nil {
		t.Errorf("trouble without an encrypted room: %v", err)
	}
	c.rooms.SetEncrypted("!r:example.org")
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
