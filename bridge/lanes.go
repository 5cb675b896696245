package bridge

import (
	"encoding/json"
	"fmt"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/store"
)

func enqueue(w *core.Work, kind, lane, key string, data any, raw []byte, due time.Time) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode delivery: %w", err)
	}
	if due.IsZero() {
		due = w.Now
	}
	w.Lanes[lane] = true
	return w.Enqueue(store.Delivery{Kind: kind, Lane: lane, Key: key, Due: due, Created: w.Now, Data: string(text), Raw: raw})
}

func chatLane(network string, room chat.RoomID) string { return "chat/" + network + "/" + string(room) }
func mailLane(thread int64) string                     { return fmt.Sprintf("mail/%d", thread) }
