// Package retry marks errors with whether and when another attempt makes sense, and waits.
//
// Connectors mark their errors, the bridge decides how long to retry. An error without
// a mark is temporary.
package retry

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

type marked struct {
	err     error
	never   bool
	unclear bool
	crowded bool
	pause   time.Duration
}

func (m *marked) Error() string { return m.err.Error() }
func (m *marked) Unwrap() error { return m.err }

// Never marks err as final: another attempt would fail, too. Never(nil) is nil.
func Never(err error) error {
	if err == nil {
		return nil
	}
	return &marked{err: err, never: true}
}

// After marks err as temporary, with the pause that the other side requested. After(nil, d) is
// nil.
func After(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &marked{err: err, pause: d}
}

// Unclear marks err as unclear: the attempt may have succeeded. The caller must check before
// another attempt. Unclear(nil) is nil.
func Unclear(err error) error {
	if err == nil {
		return nil
	}
	return &marked{err: err, unclear: true}
}

// Congested marks err as temporary and as a refusal of the sender, not of the item: nothing
// should be sent there for some time. Congested(nil) is nil.
func Congested(err error) error {
	if err == nil {
		return nil
	}
	return &marked{err: err, crowded: true}
}

// IsCongested reports whether the other side refuses everything for some time.
func IsCongested(err error) bool { return find(err, func(m *marked) bool { return m.crowded }) != nil }

// IsNever reports whether err is marked as final.
func IsNever(err error) bool { return find(err, func(m *marked) bool { return m.never }) != nil }

// IsUnclear reports whether the attempt may have succeeded despite err.
func IsUnclear(err error) bool { return find(err, func(m *marked) bool { return m.unclear }) != nil }

// Pause returns the pause that the other side requested, if any.
func Pause(err error) (time.Duration, bool) {
	if m := find(err, func(m *marked) bool { return m.pause > 0 }); m != nil {
		return m.pause, true
	}
	return 0, false
}

func find(err error, is func(*marked) bool) *marked {
	for err != nil {
		var m *marked
		if !errors.As(err, &m) {
			return nil
		}
		if is(m) {
			return m
		}
		err = m.err
	}
	return nil
}

// Sleep waits for d or until ctx ends. It reports whether ctx is still alive.
func Sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// Backoff returns the wait after a number of failed attempts (1 or more): about first, doubled
// each time, at most limit. Up to a quarter is subtracted at random so that waiters do not all
// return at once.
func Backoff(attempt int, first, limit time.Duration) time.Duration {
	d := first
	for i := 1; i < attempt && d < limit; i++ {
		d *= 2
	}
	d = min(d, limit)
	if q := int64(d / 4); q > 0 {
		d -= time.Duration(rand.Int64N(q))
	}
	return d
}
