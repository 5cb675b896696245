package matrix

import (
	"context"
	"fmt"
)

// Try tries the connection and says who we are there and how encryption stands.
func (c *Connector) Try(ctx context.Context) (string, error) {
	user, err := c.Check(ctx)
	if err != nil {
		if c.cfg.AppService != nil {
			return "", fmt.Errorf("%w (is the registration file installed on the homeserver, and was that restarted?)", err)
		}
		return "", err
	}
	return "the homeserver knows us as " + user + "; encryption: " + c.CheckEncryption(ctx), nil
}
