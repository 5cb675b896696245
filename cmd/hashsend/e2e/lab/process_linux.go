package lab

import (
	"fmt"
	"syscall"
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
