package chattest

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Payload returns the event of a shared payload of a network. name is the beginning of
// the file's name, up to an underscore. It skips the test if there is no such payload.
func Payload(t testing.TB, network, name string) json.RawMessage {
	t.Helper()
	files := payloads(t, network, name+"_*.json")
	if len(files) != 1 {
		t.Skipf("there are %d payloads %s of %s beside the project, want one", len(files), name, network)
	}
	return event(t, files[0])
}

// payloads returns the shared payloads of a network whose names match a pattern. They
// are beside the project, wherever in it the test is.
func payloads(t testing.TB, network, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(root(t)), "shared", "fixtures", "events", network, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// root is the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	for err == nil {
		_, err = os.Stat(filepath.Join(folder, "go.mod"))
		if err == nil || filepath.Dir(folder) == folder {
			break
		}
		if errors.Is(err, fs.ErrNotExist) {
			folder, err = filepath.Dir(folder), nil
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// event returns the event in a payload's file.
func event(t testing.TB, file string) json.RawMessage {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Event json.RawMessage `json:"event"`
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return f.Event
}
