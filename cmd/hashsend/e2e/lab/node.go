package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// modules returns the folder with the pinned programs in JavaScript, installed once
// for all tests.
func modules(t testing.TB) string {
	t.Helper()
	npm := Need(t, "npm", "npm")
	node := filepath.Join(here(), "..", "servers", "node")
	return cached(t, filepath.Join(node, "package-lock.json"), "", func(into string) *exec.Cmd {
		if err := os.MkdirAll(into, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"package.json", "package-lock.json"} {
			text, err := os.ReadFile(filepath.Join(node, name))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(into, name), string(text))
		}
		cmd := exec.Command(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		cmd.Dir = into
		return cmd
	})
}

// Node runs a script of ../servers/node, or an installed program, until the test
// ends. env is added to the environment.
func Node(t testing.TB, env []string, script string, args ...string) *Process {
	t.Helper()
	node, at := Need(t, "node", "nodejs, version 20 or later"), modules(t)
	path := filepath.Join(here(), "..", "servers", "node", script)
	if _, err := os.Stat(path); err != nil {
		path = filepath.Join(at, "node_modules", script)
	}
	dir := t.TempDir()
	return start(t, script, func() *exec.Cmd {
		cmd := exec.Command(node, append([]string{path}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(append(os.Environ(), "NODE_PATH="+filepath.Join(at, "node_modules")), env...)
		return cmd
	})
}
