//go:build !goolm

package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// keys is what a build without encryption keeps of it.
type keys struct {
	mu    sync.Mutex
	rooms map[id.RoomID]bool
	told  map[id.RoomID]bool
}

func (*keys) forget() {}

func (c *Connector) deviceName(context.Context) id.DeviceID { return "HASHSEND" }

func (c *Connector) takeKeys(context.Context, keyNews) ([]chat.Event, error) { return nil, nil }

func (c *Connector) reader(ctx context.Context) (*mautrix.Client, error) { return c.bot(ctx) }

func (c *Connector) roomChanged(context.Context, rawEvent) {}

// open hands a message over sealed: the program that runs next may be able to read it.
func (c *Connector) open(_ context.Context, e rawEvent, raw json.RawMessage) []chat.Event {
	c.env.Log.Warn("a message in an encrypted room cannot be read: " + noneBuilt)
	if s, is := sealed(e, raw); is {
		return []chat.Event{s}
	}
	return nil
}

const noneBuilt = "this hashsend was built without encryption (build it with -tags goolm)"

// Encryption tells that there is none; see chat.Encrypter.
func (c *Connector) Encryption() string { return noneBuilt }

// CheckEncryption tells the same before the first run.
func (c *Connector) CheckEncryption(context.Context) string { return noneBuilt }

// keysTrouble tells that encrypted rooms cannot be read, where there are any.
func (c *Connector) keysTrouble() error {
	c.keys.mu.Lock()
	defer c.keys.mu.Unlock()
	for _, is := range c.keys.rooms {
		if is {
			return errors.New("encrypted rooms cannot be read: " + noneBuilt)
		}
	}
	return nil
}

// seal lets nothing into an encrypted room but notices of the bridge itself.
func (c *Connector) seal(ctx context.Context, room id.RoomID, m chat.Outgoing, kind event.Type, content any) (event.Type, any, error) {
	locked, err := c.isEncrypted(ctx, room)
	if err != nil {
		return kind, nil, wrap("ask whether the room is encrypted", err)
	}
	if locked && kind == event.EventMessage && (m.As.ID != "" || m.Kind != chat.Notice) {
		return kind, nil, retry.Never(errors.New("the room is encrypted, and this hashsend was built without encryption"))
	}
	return kind, content, nil
}
