package events

import (
	"context"
	"encoding/json"
	"testing"

	"hashsend/bridge/chat/chattest"
	"hashsend/connectors/slack/wire"
)

// EVENTS 6.1: whatever is missing in an event, or is of another kind than it should
// be, nothing panics.
func TestDamagedPayloads(t *testing.T) {
	c := offline(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // nobody is asked
	chattest.Damaged(t, "slack", func(event json.RawMessage) {
		if string(event) != "null" {
			c.Convert(ctx, wire.Callback{ID: "Ev1", Event: in("C1", event)})
		}
		c.Convert(ctx, wire.Callback{ID: "Ev1", Event: event})
	})
}
