// Package lab starts real servers and programs on loopback for the end-to-end
// tests: homeservers, mail servers, mail programs, and hashsend itself. What is
// written in Go is built from the pinned modules in ../servers and kept in the
// user's cache; what comes from Debian is used where it is installed.
package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Required is the variable under which a missing server is a failure instead of
// a skip.
const Required = "HASHSEND_E2E_REQUIRE"

// Missing skips the test, or fails it where everything is required. what says
// which Debian package is needed.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv(Required) != "" {
		t.Fatalf("%s is missing", what)
	}
	t.Skipf("skipped: needs %s; .ci/run installs it", what)
}

// Need finds a program of a Debian package.
func Need(t testing.TB, program, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if _, err := os.Stat("/usr/sbin/" + program); err == nil {
			return "/usr/sbin/" + program
		}
		Missing(t, pkg+" (Debian)")
	}
	return path
}

// Chromium is the path of Debian's browser.
func Chromium(t testing.TB) string {
	t.Helper()
	return Need(t, "chromium", "chromium")
}

// here is the folder of this package's sources.
func here() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

// Root is the folder of the project.
func Root() string { return filepath.Join(here(), "..", "..", "..", "..") }

// tool builds the pinned servers once for all tests and returns the path of one.
func tool(t testing.TB, name string) string {
	t.Helper()
	servers := filepath.Join(here(), "..", "servers")
	bin := cached(t, filepath.Join(servers, "go.sum"), runtime.Version(), func(into string) *exec.Cmd {
		cmd := exec.Command("go", "install", "-trimpath", "tool")
		cmd.Dir = servers
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "CGO_ENABLED=0", "GOBIN="+into)
		return cmd
	})
	return filepath.Join(bin, name)
}

// cached returns a folder of the user's cache that is filled once for each content
// of a file with sums, and each version of what fills it.
func cached(t testing.TB, sums, version string, fill func(into string) *exec.Cmd) string {
	t.Helper()
	sum, err := os.ReadFile(sums)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256(append(sum, version...))
	dir := filepath.Join(cache, "hashsend-e2e", hex.EncodeToString(key[:8]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close() //nolint:errcheck // the lock ends with it
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(dir, "bin")
	if _, err := os.Stat(full); err == nil {
		return full
	}
	t.Log("building what the tests need; this takes some minutes the first time")
	if err := os.RemoveAll(full + ".new"); err != nil {
		t.Fatal(err)
	}
	if out, err := fill(full + ".new").CombinedOutput(); err != nil {
		t.Fatalf("build what the tests need: %v\n%s", err, out)
	}
	// Whoever was ended while building leaves nothing half done behind.
	if err := os.Rename(full+".new", full); err != nil {
		t.Fatal(err)
	}
	return full
}

var binary struct {
	sync.Mutex
	paths map[string]string
	dir   string
}

// Hashsend builds the program once for a test package, with more build tags if
// given, and returns its path.
func Hashsend(t testing.TB, tags ...string) string {
	t.Helper()
	return built(t, append([]string{"goolm"}, tags...)...)
}

// built is the program with just these build tags.
func built(t testing.TB, tags ...string) string {
	t.Helper()
	binary.Lock()
	defer binary.Unlock()
	all := strings.Join(tags, ",")
	if p := binary.paths[all]; p != "" {
		return p
	}
	if binary.dir == "" {
		dir, err := os.MkdirTemp("", "hashsend-e2e-")
		if err != nil {
			t.Fatal(err)
		}
		binary.dir, binary.paths = dir, map[string]string{}
	}
	path := filepath.Join(binary.dir, "hashsend-"+strings.ReplaceAll(all, ",", "-"))
	cmd := exec.Command("go", "build", "-tags", all, "-o", path, "./cmd/hashsend")
	cmd.Dir = Root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build hashsend: %v\n%s", err, out)
	}
	binary.paths[all] = path
	return path
}

// Clean removes what Hashsend has built; call it at the end of TestMain.
func Clean() {
	if binary.dir != "" {
		os.RemoveAll(binary.dir) //nolint:errcheck // a temporary folder
	}
}

// Port returns a port that is free and that no other test of this machine gets as
// long as this test binary runs. It lies below the ports that the system gives to
// outgoing connections: a server that is restarted would else find its port taken
// by a client that tries to reach it.
func Port(t testing.TB) int {
	t.Helper()
	for range 1000 {
		port := 10000 + rand.IntN(20000)
		if !reserve(port) {
			continue
		}
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close() //nolint:errcheck // it was only tried
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// Process is a child that dies with the test.
type Process struct {
	t    testing.TB
	name string
	make func() *exec.Cmd
	cmd  *exec.Cmd
	done chan struct{}
	mu   sync.Mutex
	out  bytes.Buffer
}

// start runs a program until the test ends. make is called for every start.
func start(t testing.TB, name string, make func() *exec.Cmd) *Process {
	t.Helper()
	p := &Process{t: t, name: name, make: make}
	p.Start()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("output of %s (its end):\n%s", name, p.Tail())
		}
	})
	return p
}

// Start runs the program again after Stop or Kill.
func (p *Process) Start() {
	p.t.Helper()
	p.cmd = p.make()
	p.cmd.SysProcAttr = attributes(p.cmd.SysProcAttr)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		p.t.Fatalf("start %s: %v", p.name, err)
	}
	p.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		cmd.Wait() //nolint:errcheck // how it ended is seen by those who wait
		close(done)
	}(p.cmd, p.done)
}

// Write collects the output.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out.Len() > 1<<20 {
		p.out.Reset()
	}
	return p.out.Write(b)
}

// Tail returns the end of the output.
func (p *Process) Tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.out.String()
	return s[max(0, len(s)-4000):]
}

// Output returns what it has written.
func (p *Process) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func (p *Process) signal(s syscall.Signal) {
	if p.cmd.Process != nil {
		syscall.Kill(-p.cmd.Process.Pid, s) //nolint:errcheck // it may have ended
	}
}

// Kill ends it at once, as a crash would, and waits until it is gone.
func (p *Process) Kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// Stop asks it to end and waits; it fails the test when it does not.
func (p *Process) Stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.Kill()
		p.t.Errorf("%s did not end within 30 seconds", p.name)
	}
}

// Exited is closed when it has ended.
func (p *Process) Exited() <-chan struct{} { return p.done }

// Wait tries until ok returns true, at most for limit.
func Wait(t testing.TB, what string, limit time.Duration, ok func() bool) {
	t.Helper()
	// The longer it takes, the rarer it looks: many wait at the same time.
	pause := 20 * time.Millisecond
	for end := time.Now().Add(limit); ; pause = min(pause*5/4, 300*time.Millisecond) {
		if ok() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("waited %s in vain: %s", limit, what)
		}
		time.Sleep(pause)
	}
}

// waitHTTP waits until an address answers, or the process has died.
func (p *Process) waitHTTP(url string, limit time.Duration) {
	p.t.Helper()
	Wait(p.t, p.name+" at "+url, limit, func() bool {
		select {
		case <-p.done:
			p.t.Fatalf("%s ended:\n%s", p.name, p.Tail())
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			p.t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		resp.Body.Close() //nolint:errcheck // only the status counts
		return resp.StatusCode == http.StatusOK
	})
}

// waitPort waits until a port accepts connections, or the process has died.
func (p *Process) waitPort(port int, limit time.Duration) {
	p.t.Helper()
	Wait(p.t, fmt.Sprintf("%s at port %d", p.name, port), limit, func() bool {
		select {
		case <-p.done:
			p.t.Fatalf("%s ended:\n%s", p.name, p.Tail())
		default:
		}
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			c.Close() //nolint:errcheck // it was only tried
		}
		return err == nil
	})
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
