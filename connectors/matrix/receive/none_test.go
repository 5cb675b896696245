//go:build !goolm

package receive

import (
	"encoding/json"
	"testing"

	"hashsend/bridge/chat"
)

// Built without encryption, it hands over what it cannot read (EVENTS A44).
func TestSealedWithoutEncryption(t *testing.T) {
	c := service()
	raw := []byte(`{"type":"m.room.encrypted","event_id":"$e","room_id":"!r:example.org","sender":"@bob:example.org","origin_server_ts":1000,"content":{"algorithm":"m.megolm.v1.aes-sha2","session_id":"k1"}}`)
	events := c.events(t.Context(), "", []json.RawMessage{raw})
	if len(events) != 2 {
		t.Fatalf("it hands over %+v, want that the room is encrypted, and the message", events)
	}
	sealed, is := events[1].(chat.Sealed)
	if !is || sealed.Lock != "k1" || sealed.Message != "$e" || string(sealed.Raw) != string(raw) {
		t.Errorf("the message is handed over as %+v", events[1])
	}
	if c.keys.Trouble() == nil {
		t.Error("no trouble in an encrypted room")
	}
}
