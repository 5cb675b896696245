// Package connectors is the one list of chat networks that a configuration can
// name. A new network is a folder beside this file and a row in Networks.
package connectors

import (
	"hashsend/connectors/matrix"
	"hashsend/connectors/slack"
)

// Networks returns all there are. The configuration, init, check and run loop over
// them.
func Networks() []Network {
	return []Network{
		{
			Key: "matrix", Server: "homeserver", Room: "!abc:example.org", User: "@alice:example.org", Prompt: "!send",
			New: Settings(matrix.Config.Check, matrix.Open, (*matrix.Connector).Try), Tables: true, Spent: matrix.SpentTables(),
		},
		{
			Key: "slack", Server: "workspace", Room: "C0123456789", User: "U0123456789 (profile, “Copy member ID”)", Prompt: "/send",
			New: Settings(slack.Config.Check, slack.Open, (*slack.Connector).Check),
		},
	}
}
