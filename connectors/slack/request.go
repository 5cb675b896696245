package slack

import (
	"context"
	"encoding/json"
	"time"

	"hashsend/bridge/chat"
)

// request is one request of Slack, over a socket or by HTTP.
type request struct {
	kind    string          // events_api, slash_commands, interactive
	payload json.RawMessage // a slash command's form is an object of texts
	came    time.Time
	again   bool // Slack has sent it before
}

// inTime is how long after it was said something is taken in as it happens.
const inTime = time.Second

// late marks what was not told, or not taken in, when it happened: meanwhile the channel
// may have been linked.
func (in request) late(events []chat.Event) {
	if !in.again && time.Since(in.came) < inTime {
		return
	}
	for i, e := range events {
		switch e := e.(type) {
		case chat.Posted:
			e.Late = true
			events[i] = e
		case chat.Reacted:
			e.Late = true
			events[i] = e
		}
	}
}

// outcome is what a request means.
type outcome struct {
	events []chat.Event              // stored before it is acknowledged
	answer any                       // sent with the acknowledgement; nil: none
	after  func(ctx context.Context) // done once it is acknowledged, such as opening a dialog; nil: nothing
}
