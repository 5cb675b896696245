//go:build !failpoint

package core

import "time"

// Failpoint does nothing in the program that people run; see failpoint_on.go.
func Failpoint(string) {}

// Delay is a time for which something is collected before it is mailed.
func Delay(d time.Duration) time.Duration { return d }
