//go:build !linux

package lab

import (
	"syscall"
	"time"
)

// attributes give a child a process group of its own, beside what it has already.
func attributes(of *syscall.SysProcAttr) *syscall.SysProcAttr {
	if of == nil {
		of = &syscall.SysProcAttr{}
	}
	of.Setpgid = true
	return of
}

// reserve lets every port be taken: only Linux has names that vanish with their
// process.
func reserve(int) bool { return true }

// PeakMemory is told by Linux alone.
func (p *Process) PeakMemory() int64 { return 0 }

// CPUTime is told by Linux alone.
func (p *Process) CPUTime() time.Duration { return 0 }
