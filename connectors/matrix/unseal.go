//go:build goolm

package matrix

import (
	"context"

	"hashsend/bridge/chat"
)

var _ chat.Unsealer = (*Connector)(nil)

// Unseal reads a message whose key may have come; see chat.Unsealer.
func (c *Connector) Unseal(ctx context.Context, s chat.Sealed) (chat.Event, error) {
	return c.receive.Unseal(ctx, s)
}
