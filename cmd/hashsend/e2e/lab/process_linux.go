package lab

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// attributes give a child a process group of its own, and end it when the test
// binary dies, beside what it has already.
func attributes(of *syscall.SysProcAttr) *syscall.SysProcAttr {
	if of == nil {
		of = &syscall.SysProcAttr{}
	}
	of.Setpgid, of.Pdeathsig = true, syscall.SIGKILL
	return of
}

// reserve takes a port for this process among all test binaries of this machine:
// it binds an abstract socket, which the system gives back when the process ends,
// however that happens. It reports false if somebody has the port already.
func reserve(port int) bool {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return true // then luck must do
	}
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: fmt.Sprintf("@hashsend-e2e-port-%d", port)}); err != nil {
		syscall.Close(fd) //nolint:errcheck // it was never used
		return false
	}
	return true
}

// PeakMemory is the most memory that the process has had in use so far, in bytes; 0
// where the system does not tell.
func (p *Process) PeakMemory() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	var kB int64
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kB); err == nil {
			return kB << 10
		}
	}
	return 0
}

// CPUTime is how long the process has computed so far, on all processors together.
func (p *Process) CPUTime() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // its name may have spaces
	const utime, stime, tick = 11, 12, 10 * time.Millisecond
	f := strings.Fields(rest)
	if len(f) <= stime {
		return 0
	}
	var user, system int64
	fmt.Sscan(f[utime], &user)   //nolint:errcheck // 0 shows in the figures
	fmt.Sscan(f[stime], &system) //nolint:errcheck // 0 shows in the figures
	return time.Duration(user+system) * tick
}
