package slack

import (
	"context"
	"encoding/json"

	"hashsend/bridge/chat"
)

// request is one request of Slack, over a socket or by HTTP.
type request struct {
	kind    string          // events_api, slash_commands, interactive
	payload json.RawMessage // a slash command's form is an object of texts
}

// outcome is what a request means.
type outcome struct {
	events []chat.Event              // stored before it is acknowledged
	answer any                       // sent with the acknowledgement; nil: none
	after  func(ctx context.Context) // done once it is acknowledged, such as opening a dialog; nil: nothing
}
