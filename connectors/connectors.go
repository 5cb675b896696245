// Package connectors is the one list of chat networks that a configuration can
// name. A new network is a folder beside this file and a line here.
package connectors

import (
	"hashsend/bridge/chat"
	"hashsend/connectors/matrix"
	"hashsend/connectors/slack"
)

// Config is the configuration of one chat network: exactly one field is set.
type Config struct {
	Matrix *matrix.Config
	Slack  *slack.Config
}

// Open opens the network that is set.
func Open(c Config, env chat.Env) (chat.Connector, error) {
	if c.Slack != nil {
		return slack.Open(*c.Slack, env)
	}
	return matrix.Open(*c.Matrix, env)
}
