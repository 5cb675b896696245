// Package pace keeps the mails of a mailbox under what its provider allows.
package pace

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"hashsend/bridge/retry"
)

// Pace keeps the mails of one mailbox under half of what its provider allows, and
// all of them back when its server asks for that.
type Pace struct {
	perHour int
	limit   *rate.Limiter // nil: no limit is known

	mu      sync.Mutex
	until   time.Time // nothing is tried before
	refused int       // times in a row
	why     string
}

// New makes the pace of a mailbox whose provider allows so many mails an hour; 0: no limit
// is known.
func New(perHour int) *Pace {
	p := &Pace{perHour: perHour}
	if perHour > 0 {
		half := float64(perHour) / 2
		p.limit = rate.NewLimiter(rate.Limit(half/3600), max(1, int(half/4)))
	}
	return p
}

// Wait returns how long a mail has to wait, and why; 0: it may go, and is counted. If
// it has not left, back is called, once, and it is not counted. The time is a little longer
// than needed, because the database keeps milliseconds.
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
	// Later than it was made, a reservation is not taken back.
	return 0, "", func() { r.CancelAt(now) }
}

// How long a mailbox sends nothing after its server has refused it, and not a mail.
const (
	congestedFirst = time.Minute
	congestedMost  = 30 * time.Minute
)

// Congested notes that the server refuses the whole mailbox for now, and returns for
// how long nothing is tried. Several who were refused together count once.
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

// Sent notes that the server takes mail.
func (p *Pace) Sent() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = 0
}

// Stretch is how long messages are held at least, so that fewer mails say the same
// when the limit is near; 0: it is not.
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

// Budget words how many mails may leave; empty: no limit is known and none is met.
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
