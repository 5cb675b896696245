package bridge

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Every change of the bridge's state goes through write, which can be made to
// die just before and just after it.
func TestEveryChangeHasAFailpoint(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	parts, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, parts...)
	named := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if (sel.Sel.Name != "Write" && sel.Sel.Name != "write") || len(call.Args) < 2 {
				return true
			}
			if inner, ok := sel.X.(*ast.SelectorExpr); ok && inner.Sel.Name == "Store" {
				if file != "core.go" && file != filepath.Join("core", "work.go") {
					t.Errorf("%s changes the state without Env.Write, so without a failpoint", fset.Position(call.Pos()))
				}
				return true
			}
			if len(call.Args) != 3 {
				return true
			}
			name, ok := call.Args[1].(*ast.BasicLit)
			if !ok || name.Kind != token.STRING || len(name.Value) < 4 {
				t.Errorf("%s: the change of state has no name of its own", fset.Position(call.Pos()))
			}
			named++
			return true
		})
	}
	if named < 10 {
		t.Errorf("only %d changes of state were found: does this test still look at the right calls?", named)
	}
}
