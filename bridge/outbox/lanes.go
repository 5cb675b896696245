package outbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

func Enqueue(w *core.Work, kind, lane, key string, data any, raw []byte, due time.Time) error {
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

func ChatLane(network string, room chat.RoomID) string { return "chat/" + network + "/" + string(room) }
func MailLane(thread int64) string                     { return fmt.Sprintf("mail/%d", thread) }

func CorrectLane(thread int64) string { return fmt.Sprintf("correct/%d", thread) }

func KeepLane(box int64) string { return fmt.Sprintf("keep/%d", box) }

// LaterLane returns the lane in which emails wait for a recipient whose server deferred them.
// Other recipients do not wait.
func LaterLane(lane, to string) string {
	base, _, _ := strings.Cut(lane, "/later/")
	return base + "/later/" + mail.CanonicalAddress(to)
}

func DigestLane(participant int64) string { return fmt.Sprintf("digest/%d", participant) }
