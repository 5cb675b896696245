// Package pace limits how fast a mailbox sends email.
package pace

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"hashsend/bridge/retry"
)

// Pace limits a mailbox to half of what its provider allows, and pauses it when its server asks
// for that. It is safe for several goroutines.
type Pace struct {
	perHour int
	limit   *rate.Limiter // nil: limit unknown

	mu      sync.Mutex
	until   time.Time // no attempt before this
	refused int       // times in a row
	why     string
}

// New makes the pace of a mailbox whose provider allows perHour emails an hour; 0: unknown.
func New(perHour int) *Pace {
	p := &Pace{perHour: perHour}
	if perHour > 0 {
		half := float64(perHour) / 2
		p.limit = rate.NewLimiter(rate.Limit(half/3600), max(1, int(half/4)))
	}
	return p
}

// Wait returns how long an email must wait, and why. 0 means that it may be sent and is
// counted; if it is not sent after all, back must be called, once, to uncount it. The time
// includes a millisecond because the database stores milliseconds.
func (p *Pace) Wait(now time.Time) (wait time.Duration, why string, back func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	back = func() {}
	if d := p.until.Sub(now); d > 0 {
		return d + time.Millisecond, "waiting: the mail server asked for a pause: " + p.why, back
	}
	if p.limit == nil {
		return 0, "", back
	}
	r := p.limit.ReserveN(now, 1)
	if d := r.DelayFrom(now); d > 0 {
		r.CancelAt(now)
		return d + time.Millisecond, "waiting: close to the provider's limit of emails per hour", back
	}
	// CancelAt ignores a later time than that of the reservation.
	return 0, "", func() { r.CancelAt(now) }
}

// How long a mailbox pauses after its server refused the whole mailbox.
const (
	congestedFirst = time.Minute
	congestedMost  = 30 * time.Minute
)

// Congested records that the server refuses the whole mailbox for now, and returns how long to
// pause. Refusals during a pause count once.
func (p *Pace) Congested(now time.Time, why string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.until.Sub(now); d > 0 {
		return d + time.Millisecond
	}
	p.refused++
	p.why = why
	d := retry.Backoff(p.refused, congestedFirst, congestedMost)
	p.until = now.Add(d)
	return d
}

// Sent records that the server accepts email.
func (p *Pace) Sent() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = 0
}

// Stretch returns the minimum hold of messages when the limit is near, so that fewer emails
// carry them; 0: it is not near.
func (p *Pace) Stretch(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.until.Sub(now); d > 0 {
		return d
	}
	if p.limit == nil {
		return 0
	}
	switch left := p.limit.TokensAt(now) / float64(p.limit.Burst()); {
	case left < 0.1:
		return 10 * time.Minute
	case left < 0.25:
		return 2 * time.Minute
	case left < 0.5:
		return 30 * time.Second
	}
	return 0
}

// Budget describes how many emails can be sent. It is empty without a limit or a pause.
func (p *Pace) Budget(name string, now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := ""
	if p.limit != nil {
		text = fmt.Sprintf("Mailbox %s can send %d emails now and %d per hour, half of its provider's limit.", name, max(0, int(p.limit.TokensAt(now))), p.perHour/2)
	}
	if p.until.After(now) {
		text += fmt.Sprintf(" The mail server asked for a pause until %s: %s.", p.until.Format("15:04"), strings.TrimRight(p.why, ". "))
	}
	return text
}
