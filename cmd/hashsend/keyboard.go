package main

import (
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// keyboard is a terminal for one form to read from. It reads nothing after leave: the library's
// own reader can go on after its form has ended, and would take the keys of the next form. It
// has no method Name on purpose, because with it the library would read the terminal itself.
type keyboard struct {
	file *os.File
	mu   sync.Mutex // held while reading
	left bool
}

// Read waits for keys until leave is called.
func (k *keyboard) Read(b []byte) (int, error) {
	for {
		n, err := k.step(b)
		if n != 0 || err != nil {
			return n, err
		}
	}
}

// step waits for keys for a short time.
func (k *keyboard) step(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left {
		return 0, io.EOF
	}
	ready, err := unix.Poll([]unix.PollFd{{Fd: int32(k.file.Fd()), Events: unix.POLLIN}}, 50)
	if err == unix.EINTR || (err == nil && ready == 0) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return k.file.Read(b)
}

// leave ends reading.
func (k *keyboard) leave() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left = true
}

// Write writes to the terminal.
func (k *keyboard) Write(b []byte) (int, error) { return k.file.Write(b) }

// Close does nothing: the caller owns the terminal.
func (k *keyboard) Close() error { return nil }

// Fd lets the library set the terminal up.
func (k *keyboard) Fd() uintptr { return k.file.Fd() }
