package chattest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEachAbilityIsTried looks for a part for each interface of package chat, and for its
// name in the guide.
func TestEachAbilityIsTried(t *testing.T) {
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("../../../docs/adding-a-connector.md")
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"Event", "Connector"} // no abilities
	abilities := 0
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, is := n.(*ast.TypeSpec)
			if !is || !spec.Name.IsExported() || slices.Contains(known, spec.Name.Name) {
				return true
			}
			if _, is := spec.Type.(*ast.InterfaceType); is {
				abilities++
				if !slices.ContainsFunc(parts, func(p part) bool { return p.name == spec.Name.Name }) {
					t.Errorf("no part of the contract is about %s", spec.Name.Name)
				}
				if !strings.Contains(string(guide), "`"+spec.Name.Name+"`") {
					t.Errorf("docs/adding-a-connector.md does not name %s", spec.Name.Name)
				}
			}
			return true
		})
	}
	if abilities < 20 {
		t.Errorf("only %d abilities were found; the test looks in the wrong place", abilities)
	}
}
