//go:build failpoint

package core

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

var failpointHits atomic.Int64

// Failpoint kills the process like a crash when HASHSEND_FAILPOINT names this point: "NAME" the
// first time, "NAME#3" the third time.
func Failpoint(name string) {
	want, nth, _ := strings.Cut(os.Getenv("HASHSEND_FAILPOINT"), "#")
	if want != name {
		return
	}
	n, err := strconv.ParseInt(nth, 10, 64)
	if err != nil {
		n = 1
	}
	if failpointHits.Add(1) == n {
		syscall.Kill(os.Getpid(), syscall.SIGKILL) //nolint:errcheck // there is nobody left to tell
		select {}
	}
}

// Delay returns how long something is collected before it is emailed, shortened for tests.
func Delay(d time.Duration) time.Duration { return d / 20 }
