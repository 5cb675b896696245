//go:build !failpoint

package core

import "time"

// Failpoint does nothing in release builds; see failpoint_on.go.
func Failpoint(string) {}

// Delay returns how long something is collected before it is emailed.
func Delay(d time.Duration) time.Duration { return d }
