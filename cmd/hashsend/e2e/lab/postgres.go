package lab

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// postgres starts PostgreSQL from Debian until the test ends and returns the
// address of an empty database.
func postgres(t testing.TB) string {
	t.Helper()
	const pkg = "postgresql (Debian) and root"
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	who, lookup := user.Lookup("postgres")
	if err != nil || len(found) == 0 || lookup != nil || os.Getuid() != 0 {
		Missing(t, pkg)
	}
	bin := slices.Max(found)
	uid, err := strconv.Atoi(who.Uid)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.Atoi(who.Gid)
	if err != nil {
		t.Fatal(err)
	}
	// The folders of t.TempDir are closed to other users.
	dir, err := os.MkdirTemp("", "hashsend-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // a temporary folder
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	// It refuses to run as root.
	as := func(program string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, program), args...)
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		return cmd
	}
	data := filepath.Join(dir, "data")
	if out, err := as("initdb", "-D", data, "-U", "lab", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("make a database: %v\n%s", err, out)
	}
	port := Port(t)
	p := start(t, "PostgreSQL", func() *exec.Cmd {
		return as("postgres", "-D", data, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
			"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB")
	})
	t.Cleanup(func() {
		p.signal(syscall.SIGQUIT) // it gives its shared memory back
		select {
		case <-p.done:
		case <-time.After(10 * time.Second):
		}
	})
	p.waitPort(port, 30*time.Second)
	// It takes connections before it answers any.
	Wait(t, "PostgreSQL to be ready", 30*time.Second, func() bool {
		return as("pg_isready", "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(port)).Run() == nil
	})
	return fmt.Sprintf("postgres://lab@127.0.0.1:%d/postgres?sslmode=disable", port)
}
