package receive

import (
	"context"
	"errors"
	"net/http"
	"time"

	"maunium.net/go/mautrix"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/homeserver"
)

// deletionFilter lets through only redactions and typing notices.
const deletionFilter = `{"presence":{"types":[]},"account_data":{"types":[]},"room":{"ephemeral":{"types":["m.typing"]},"account_data":{"types":[]},"state":{"types":[]},"timeline":{"limit":50,"types":["m.room.redaction"]}}}`

// deletions reads redactions and typing notices with /sync, for homeservers that do not
// push them to application services (Dendrite). It ends when a redaction was pushed, or
// when our own user may not read. The cursor is that of /sync.
func (r *Receiver) deletions(ctx context.Context, since string, handle chat.Handler) {
	for failures := 0; !r.pushed.Load(); {
		wait := time.Second // at most one request a second, however much is posted
		next, err := r.lookForDeletions(ctx, since, handle)
		switch {
		case ctx.Err() != nil:
			return
		case refused(err):
			r.closed.Store(true)
			r.log.Debug("the homeserver does not let application services read; it has to push deletions", "error", err)
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

// refused reports whether a homeserver does not let application services read.
func refused(err error) bool {
	var he mautrix.HTTPError
	return errors.As(err, &he) && he.RespError != nil && he.Response.StatusCode < 500 && !he.IsStatus(http.StatusTooManyRequests) && !homeserver.Expired(err)
}

func (r *Receiver) lookForDeletions(ctx context.Context, since string, handle chat.Handler) (next string, err error) {
	cl, err := r.keys.Reader(ctx)
	if err != nil {
		return "", err
	}
	query := map[string]string{"timeout": "30000", "filter": deletionFilter, "since": since}
	if since == "" {
		query = map[string]string{"timeout": "0", "filter": deletionFilter}
	}
	var a syncAnswer
	if err := r.server.Get(ctx, cl, mautrix.ClientURLPath{"v3", "sync"}, query, &a); err != nil {
		return "", err
	}
	events, err := r.keys.Take(ctx, a.News)
	if err != nil {
		return "", err
	}
	for room, joined := range a.Rooms.Join {
		if since != "" {
			events = append(events, r.events(ctx, room, joined.Timeline.Events)...)
			events = append(events, r.ephemerals(room, joined.Ephemeral.Events)...)
		}
	}
	if len(events) == 0 && len(a.ToDevice.Events) == 0 && since != "" {
		return a.NextBatch, nil
	}
	if len(events) > 0 {
		r.fetched.Store(true)
	}
	return a.NextBatch, handle(context.WithoutCancel(ctx), a.NextBatch, events...)
}

// Lacks tells what the homeserver was found to lack; see chat.Limitations. It pushes deletions
// if one was pushed, and does not if one came otherwise.
func (r *Receiver) Limitations() []string {
	switch {
	case r.pushed.Load():
		return nil
	case r.closed.Load():
		return []string{"this homeserver does not let application services read: if it does not push deletions, they do not reach email"}
	case r.fetched.Load() && r.service != nil:
		return []string{"this homeserver does not push deletions and typing notices: they are read every second with the bridge's own account"}
	}
	return nil
}
