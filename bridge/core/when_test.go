package core

import (
	"testing"
	"time"
)

// The year stands in a date only if it is not the reader's current one, in the
// reader's time zone.
func TestWhen(t *testing.T) {
	now := time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC)
	for _, x := range []struct {
		at   time.Time
		zone *time.Location
		want string
	}{
		{time.Date(2026, 11, 27, 10, 24, 0, 0, time.UTC), time.UTC, "27 Nov, 10:24"},
		{time.Date(2025, 11, 7, 0, 4, 0, 0, time.UTC), time.UTC, "7 Nov 2025, 00:04"},
		{time.Date(2026, 11, 27, 10, 24, 0, 0, time.UTC), time.FixedZone("east", 3600), "27 Nov 2026, 11:24"},
		{now, time.FixedZone("east", 3600), "1 Jan, 00:30"},
	} {
		if got := When(x.at, now, x.zone); got != x.want {
			t.Errorf("When(%v in %v) = %q, want %q", x.at, x.zone, got, x.want)
		}
	}
}
