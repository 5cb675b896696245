// Package bridge connects chat rooms and email conversations. It holds the rules and knows
// no network, no SQL and no protocol: docs/architecture.md is the map.
package bridge

import "hashsend/bridge/chat"

// Request is a command from outside a room: from the command line.
type Request struct {
	Network string     `json:"network"` // name of the chat connector; may be empty where only one is configured
	Place   chat.Place `json:"place"`
	Line    string     `json:"line"` // "link ann@example.com --title Lunch"
}

// Answer is what a command answers.
type Answer struct {
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}
