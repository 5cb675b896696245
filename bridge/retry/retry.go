// Package retry says whether another attempt is worth it, and when, and waits for that.
//
// A connector knows its network and marks its errors; the bridge knows patience
// and obeys the marks. An error without a mark is temporary.
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

// Never marks err as final: the same attempt would fail again. Never(nil) is nil.
func Never(err error) error {
	if err == nil {
		return nil
	}
	return &marked{err: err, never: true}
}

// After marks err as temporary, with the pause that the other side asked for.
// After(nil, d) is nil.
func After(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &marked{err: err, pause: d}
}

// Unclear marks err as one after which nobody knows whether the other side has
// done what was asked. The caller looks before it tries again. Unclear(nil) is nil.
func Unclear(err error) error {
	if err == nil {
		return nil
	}
	return &marked{err: err, unclear: true}
}

// Congested marks err as temporary, and as one of the way and not of what went on it:
// the other side wants nothing of us for some time. Congested(nil) is nil.
func Congested(err error) error {
	if err == nil {
		return nil
	}
	return &marked{err: err, crowded: true}
}

// IsCongested reports whether everything else on the same way is better left for some time.
func IsCongested(err error) bool { return find(err, func(m *marked) bool { return m.crowded }) != nil }

// IsNever reports whether some mark in err's chain says that trying again is useless.
func IsNever(err error) bool { return find(err, func(m *marked) bool { return m.never }) != nil }

// IsUnclear reports whether the attempt may have succeeded all the same.
func IsUnclear(err error) bool { return find(err, func(m *marked) bool { return m.unclear }) != nil }

// Pause returns the pause that the other side asked for, and whether it did.
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

// Sleep waits for d, or until ctx ends; false: ctx has ended.
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

// Backoff returns how long to wait before the attempt that follows attempt
// failed ones (1 or more): about first, doubled each time, at most limit, with up
// to a quarter taken off at random so that many waiters do not come at once.
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
