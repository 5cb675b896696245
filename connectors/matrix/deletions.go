package matrix

import (
	"context"
	"errors"
	"net/http"
	"time"

	"maunium.net/go/mautrix"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// deletionFilter lets nothing through but redactions and who types.
const deletionFilter = `{"presence":{"types":[]},"account_data":{"types":[]},"room":{"ephemeral":{"types":["m.typing"]},"account_data":{"types":[]},"state":{"types":[]},"timeline":{"limit":50,"types":["m.room.redaction"]}}}`

// deletions reads redactions, and who types, with /sync, for homeservers that do not push them to
// application services (Dendrite). It ends when one that was pushed is seen, or
// when our own user may not read. The cursor is that of /sync.
func (c *Connector) deletions(ctx context.Context, since string, handle chat.Handler) {
	for failures := 0; !c.pushed.Load(); {
		wait := time.Second // at most one look a second, however much is said
		next, err := c.lookForDeletions(ctx, since, handle)
		var he mautrix.HTTPError
		switch {
		case ctx.Err() != nil:
			return
		case errors.As(err, &he) && he.RespError != nil && he.Response.StatusCode < 500 && !he.IsStatus(http.StatusTooManyRequests) && !errors.Is(err, mautrix.MUnknownToken):
			c.closed.Store(true)
			c.env.Log.Debug("the homeserver lets no application service read; it has to push deletions", "error", err)
			return
		case err != nil:
			failures++
			wait = retry.Backoff(failures, time.Second, time.Minute)
			if p, asked := retry.Pause(err); asked {
				wait = p
			}
		default:
			since, failures = next, 0
		}
		if !retry.Sleep(ctx, wait) {
			return
		}
	}
}

func (c *Connector) lookForDeletions(ctx context.Context, since string, handle chat.Handler) (next string, err error) {
	cl, err := c.reader(ctx)
	if err != nil {
		return "", err
	}
	query := map[string]string{"timeout": "30000", "filter": deletionFilter, "since": since}
	if since == "" {
		query = map[string]string{"timeout": "0", "filter": deletionFilter}
	}
	var a syncAnswer
	if err := c.get(ctx, cl, mautrix.ClientURLPath{"v3", "sync"}, query, &a); err != nil {
		return "", err
	}
	events, err := c.takeKeys(ctx, a.keyNews)
	if err != nil {
		return "", err
	}
	for room, r := range a.Rooms.Join {
		if since != "" {
			events = append(events, c.events(ctx, room, r.Timeline.Events)...)
			events = append(events, c.ephemerals(room, r.Ephemeral.Events)...)
		}
	}
	if len(events) == 0 && len(a.ToDevice.Events) == 0 && since != "" {
		return a.NextBatch, nil
	}
	if len(events) > 0 {
		c.fetched.Store(true)
	}
	return a.NextBatch, handle(context.WithoutCancel(ctx), a.NextBatch, events...)
}

// Lacks tells what the homeserver was found to lack; see chat.Lacker. That it pushes
// deletions is known when one was pushed, that it does not when one came otherwise.
func (c *Connector) Lacks() []string {
	switch {
	case c.pushed.Load():
		return nil
	case c.closed.Load():
		return []string{"this homeserver lets an application service read nothing by itself: if it pushes no deletions, they do not reach email"}
	case c.fetched.Load() && c.cfg.AppService != nil:
		return []string{"this homeserver pushes no deletions and typing notices: they are read every second over the bridge's own account"}
	}
	return nil
}
