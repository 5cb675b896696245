package chattest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"hashsend/bridge/chat"
)

// Guarded fails for every interface of bridge/chat whose methods a connector has and
// that the package of the test does not guard by a line such as
//
//	var _ chat.Editor = (*Connector)(nil)
//
// Without it, an interface that changes would silently cost the connector an ability.
func Guarded(t *testing.T, c chat.Connector) {
	guards, kind := guarded(t), reflect.TypeOf(c)
	for name, methods := range abilities(t) {
		has := !slices.ContainsFunc(methods, func(m string) bool {
			_, is := kind.MethodByName(m)
			return !is
		})
		if has && !slices.Contains(guards, name) {
			t.Errorf("there is no guard for chat.%s", name)
		}
	}
}

// abilities returns the methods of each interface of bridge/chat that a connector may
// implement.
func abilities(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, file := range parsed(t, filepath.Join(root(t), "bridge", "chat")) {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, is := n.(*ast.TypeSpec)
			if !is {
				return true
			}
			if face, is := spec.Type.(*ast.InterfaceType); is && spec.Name.Name != "Event" {
				for _, m := range face.Methods.List {
					for _, name := range m.Names {
						all[spec.Name.Name] = append(all[spec.Name.Name], name.Name)
					}
				}
			}
			return true
		})
	}
	if len(all) < 20 {
		t.Fatalf("only %d interfaces were found in bridge/chat", len(all))
	}
	return all
}

// guarded returns the interfaces of package chat that the tested package guards.
func guarded(t *testing.T) (names []string) {
	t.Helper()
	for _, file := range parsed(t, ".") {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, is := n.(*ast.ValueSpec)
			if !is || len(spec.Names) != 1 || spec.Names[0].Name != "_" {
				return true
			}
			if of, is := spec.Type.(*ast.SelectorExpr); is {
				if x, is := of.X.(*ast.Ident); is && x.Name == "chat" {
					names = append(names, of.Sel.Name)
				}
			}
			return true
		})
	}
	return names
}

// parsed parses the Go files of a folder.
func parsed(t *testing.T, folder string) (all []*ast.File) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file)
	}
	return all
}
