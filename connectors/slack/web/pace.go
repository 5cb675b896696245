package web

import (
	"context"
	"sync"
	"time"

	"hashsend/bridge/retry"
)

// pace keeps to one post a second in a channel, as Slack asks, and lets a few go
// at once after a pause.
type pace struct {
	mu   sync.Mutex
	next map[string]time.Time // by channel: when the next post may go if all are spread evenly
}

// Slack's limit: "one per second, short bursts are allowed".
const (
	each  = time.Second
	burst = 4
)

// wait waits until a post may go to a channel.
func (p *pace) wait(ctx context.Context, channel string) error {
	now := time.Now()
	p.mu.Lock()
	if p.next == nil || len(p.next) > 10000 {
		p.next = map[string]time.Time{}
	}
	at := p.next[channel]
	if oldest := now.Add(-burst * each); at.Before(oldest) {
		at = oldest
	}
	at = at.Add(each)
	p.next[channel] = at
	p.mu.Unlock()
	pause := time.Until(at)
	if pause <= 0 {
		return nil
	}
	if !retry.Sleep(ctx, pause) {
		return ctx.Err()
	}
	return nil
}
