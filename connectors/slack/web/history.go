package web

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/wire"
)

const (
	maxPages = 20
	pageSize = 200
)

// CannotRead are the errors for tokens that may read the history of a channel in
// one way and not in the other.
var CannotRead = []string{"missing_scope", "not_allowed_token_type", "unknown_method", "thread_not_found"}

// page asks for a page of a channel's history, or of a thread. If Slack asks for a
// pause, it pauses and asks again.
func (c *Client) page(ctx context.Context, method string, form url.Values) (messages []json.RawMessage, next string, err error) {
	var answer struct {
		Messages []json.RawMessage `json:"messages"`
		Meta     struct {
			Next string `json:"next_cursor"`
		} `json:"response_metadata"`
	}
	form.Set("include_all_metadata", "true")
	for {
		err := c.Call(ctx, method, form, &answer)
		pause, asked := retry.Pause(err)
		if !asked {
			return answer.Messages, answer.Meta.Next, err
		}
		if !retry.Sleep(ctx, pause) {
			return nil, "", err
		}
	}
}

// Each calls do for every message of a channel's history, newest first, or, if
// under is not empty, of the thread under that ts, oldest first, from oldest on,
// until do returns false.
func (c *Client) Each(ctx context.Context, channel, under string, oldest time.Time, do func(wire.Event) bool) error {
	form := url.Values{"channel": {channel}, "limit": {strconv.Itoa(pageSize)}, "inclusive": {"true"}}
	if !oldest.IsZero() {
		form.Set("oldest", wire.Stamp(oldest))
	}
	method := "conversations.history"
	if under != "" {
		method = "conversations.replies"
		form.Set("ts", under)
	}
	for range maxPages {
		messages, next, err := c.page(ctx, method, form)
		if err != nil {
			return err
		}
		for _, raw := range messages {
			if e, err := wire.Read(raw); err == nil && e.TS != "" && !do(e) {
				return nil
			}
		}
		if next == "" {
			return nil
		}
		form.Set("cursor", next)
	}
	return nil
}

// Message reads one message of a channel, in p's thread if it has one, else in the
// channel itself, where the roots of threads are, too. nil: it is not there.
func (c *Client) Message(ctx context.Context, p chat.Place, channel, ts string) (found *wire.Event, err error) {
	form := only(channel, ts)
	if p.Thread != "" && string(p.Thread) != ts {
		form.Set("ts", string(p.Thread))
		form.Set("limit", "2") // the root comes too
		found, err = c.pick(ctx, "conversations.replies", form, ts)
		if err == nil || !Says(err, CannotRead...) {
			return found, err
		}
		form.Del("ts")
		form.Set("limit", "1")
	}
	found, err = c.pick(ctx, "conversations.history", form, ts)
	if found != nil || (err != nil && !Says(err, CannotRead...)) {
		return found, err
	}
	// The thread of a root begins with the root.
	root, other := c.pick(ctx, "conversations.replies", url.Values{"channel": {channel}, "ts": {ts}, "limit": {"1"}}, ts)
	if other == nil || (err == nil && Says(other, CannotRead...)) {
		return root, nil
	}
	return nil, cmp.Or(err, other)
}

// OwnFiles returns the ids of the files in a message of ours.
func (c *Client) OwnFiles(ctx context.Context, p chat.Place, channel, ts string) (ids []string, err error) {
	method, form := "conversations.history", only(channel, ts)
	form.Set("limit", "2")
	if p.Thread != "" {
		method = "conversations.replies"
		form.Set("ts", string(p.Thread))
	}
	found, err := c.pick(ctx, method, form, ts)
	if err != nil || found == nil || !c.IsMe(ctx, found.Who()) {
		return nil, err
	}
	for _, f := range found.Files {
		ids = append(ids, f.ID)
	}
	return ids, nil
}

// only asks for the message with one ts.
func only(channel, ts string) url.Values {
	return url.Values{"channel": {channel}, "latest": {ts}, "oldest": {ts}, "inclusive": {"true"}, "limit": {"1"}}
}

// pick returns the message with a ts among those that a method gives; nil: it is not
// there.
func (c *Client) pick(ctx context.Context, method string, form url.Values, ts string) (*wire.Event, error) {
	messages, _, err := c.page(ctx, method, form)
	if err != nil {
		return nil, err
	}
	for _, raw := range messages {
		if e, err := wire.Read(raw); err == nil && e.TS == ts {
			return &e, nil
		}
	}
	return nil, nil
}
