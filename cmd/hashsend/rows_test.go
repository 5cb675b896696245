package main

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// eventTables is the specification of what each event becomes, beside the project.
var eventTables = filepath.Join(root, "..", "shared", "spec", "EVENTS.md")

// row is a line of its tables A to D: an id first, the priority last.
var row = regexp.MustCompile(`(?m)^\| ([ABCD]\d+) \|.*\| ?([^|]*?) ?\|$`)

// TestEachRowIsProven looks for a test, or a story, that names each row that must
// be there or is expected (P0, P1). With -v it says where.
func TestEachRowIsProven(t *testing.T) {
	tables, err := os.ReadFile(eventTables)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the specification is not beside the project")
	}
	if err != nil {
		t.Fatal(err)
	}
	where := provingFiles(t)
	rows := 0
	for _, m := range row.FindAllStringSubmatch(string(tables), -1) {
		id, priority := m[1], m[2]
		if !strings.HasPrefix(priority, "P0") && !strings.HasPrefix(priority, "P1") {
			continue
		}
		rows++
		files := where[id]
		t.Logf("%-4s %s", id, strings.Join(files, " "))
		if len(files) == 0 {
			t.Errorf("no test names the row %s (%s)", id, priority)
		}
	}
	if rows < 100 {
		t.Errorf("only %d rows were found; the test does not read the tables as they are", rows)
	}
}

// provingFiles returns the tests and stories by the ids of rows that they name.
func provingFiles(t *testing.T) map[string][]string {
	id := regexp.MustCompile(`\b[ABCD][1-9]\d?\b`)
	where := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !(strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".txtar")) {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		named := map[string]bool{}
		for _, n := range id.FindAllString(string(text), -1) {
			named[n] = true
		}
		for n := range maps.Keys(named) {
			where[n] = append(where[n], filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, files := range where {
		slices.Sort(files)
	}
	return where
}
