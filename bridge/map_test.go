package bridge

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMap keeps the map of the package comment whole: it names each file, and none
// that is gone.
func TestMap(t *testing.T) {
	raw, err := os.ReadFile("bridge.go")
	if err != nil {
		t.Fatal(err)
	}
	comment, _, _ := strings.Cut(string(raw), "\npackage bridge")
	named := map[string]bool{"bridge.go": true}
	for _, word := range strings.FieldsFunc(comment, func(r rune) bool { return strings.ContainsRune(" \n(),;:", r) }) {
		if word = strings.TrimSuffix(word, "."); strings.HasSuffix(word, ".go") {
			named[word] = true
			if _, err := os.Stat(word); err != nil {
				t.Errorf("the map names %s: %v", word, err)
			}
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f, "_test.go") && !named[f] {
			t.Errorf("the map does not say where %s belongs", f)
		}
	}
}
