//go:build !failpoint

package bridge

import "time"

// failpoint does nothing in the program that people run; see failpoint_on.go.
func failpoint(string) {}

// delay is a time for which something is collected before it is mailed.
func delay(d time.Duration) time.Duration { return d }
