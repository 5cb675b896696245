package bridge

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/store"
)

func (w *work) enqueue(kind, lane, key string, data any, raw []byte, due time.Time) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode delivery: %w", err)
	}
	if due.IsZero() {
		due = w.now
	}
	w.lanes[lane] = true
	return w.Enqueue(store.Delivery{Kind: kind, Lane: lane, Key: key, Due: due, Created: w.now, Data: string(text), Raw: raw})
}

// key makes the key of a delivery: unique over all installations, the same at
// every attempt.
func (w *work) key(kind string, ids ...int64) string {
	var b strings.Builder
	b.WriteString(w.Env.Instance + "." + kind)
	for _, id := range ids {
		fmt.Fprintf(&b, ".%d", id)
	}
	return b.String()
}

func chatLane(network string, room chat.RoomID) string { return "chat/" + network + "/" + string(room) }
func mailLane(thread int64) string                     { return fmt.Sprintf("mail/%d", thread) }
