package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// LockedError reports that another process uses the data folder.
type LockedError struct {
	Dir string
	PID string // of the other process; empty: unknown
}

// Error names the folder, the process and what to do.
func (e *LockedError) Error() string {
	who := "another hashsend"
	if e.PID != "" {
		who = "another hashsend (process " + e.PID + ")"
	}
	return fmt.Sprintf("the data folder %s is in use by %s: stop that process or choose another folder", e.Dir, who)
}

func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		var pid []byte
		if errors.Is(err, syscall.EWOULDBLOCK) {
			pid, _ = os.ReadFile(f.Name())
			err = &LockedError{Dir: dir, PID: strings.TrimSpace(string(pid))}
		}
		return nil, errors.Join(err, f.Close())
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	return f, err
}
