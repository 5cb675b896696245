package matrix

import (
	"encoding/json"
	"testing"

	"hashsend/bridge/chat/chattest"
)

// EVENTS 6.1: whatever is missing in an event, or is of another kind than it should
// be, nothing panics.
func TestDamagedPayloads(t *testing.T) {
	c := service(t, nil)
	chattest.Damaged(t, "matrix", func(event json.RawMessage) {
		if e, err := parseEvent(event); err == nil {
			c.note(e)
			c.convert(e)
		}
	})
}
