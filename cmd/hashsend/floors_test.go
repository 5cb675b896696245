package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// floors are the parts of the bridge, the lowest first. Parts of one floor know nothing of
// each other, and nobody knows of a part above: whatever a file uses, also by way of a
// value of another type, has to be declared on a floor below.
var floors = [][]string{
	{"core"}, {"outbox"}, {"files"}, {"tochat"}, {"tomail"}, {"frommail"}, {"command", "polls", "reactions"}, {"fromchat"}, {"linking"}, {"."},
}

// goPackage is a package as go list tells of it.
type goPackage struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// listPackages asks the go command for packages and all that they need, compiled.
func listPackages(t *testing.T, patterns ...string) map[string]goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-tags", "goolm", "-json=ImportPath,Dir,Export,GoFiles"}, patterns...)...)
	cmd.Dir = root
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, errs.Bytes())
	}
	all := map[string]goPackage{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

func TestReferencesFollowTheFloors(t *testing.T) {
	rank, place := map[string]int{}, map[string]string{}
	var patterns []string
	for i, floor := range floors {
		for _, name := range floor {
			path := strings.TrimSuffix("hashsend/bridge/"+name, "/.")
			rank[path], place[path] = i, name
			patterns = append(patterns, path)
		}
	}
	all := listPackages(t, patterns...)
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(all[path].Export) })
	used := 0
	for path, at := range rank {
		p := all[path]
		var files []*ast.File
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
		if _, err := (&types.Config{Importer: imports}).Check(path, fset, files, info); err != nil {
			t.Fatal(err)
		}
		for id, o := range info.Uses {
			if o.Pkg() == nil || o.Pkg().Path() == path {
				continue
			}
			below, is := rank[o.Pkg().Path()]
			if !is {
				continue
			}
			used++
			if below >= at {
				t.Errorf("%s: %s uses %s.%s, which is not below it", fset.Position(id.Pos()), place[path], place[o.Pkg().Path()], o.Name())
			}
		}
		if place[path] == "core" {
			checkCore(t, fset, files)
		}
	}
	if used < 500 {
		t.Errorf("only %d uses from one part in another were found: does this test still look at the right packages?", used)
	}
}

// checkCore bounds what every part is built on: it starts nothing and calls no network.
func checkCore(t *testing.T, fset *token.FileSet, files []*ast.File) {
	t.Helper()
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if g, is := n.(*ast.GoStmt); is {
				t.Errorf("%s: core starts a goroutine", fset.Position(g.Pos()))
			}
			return true
		})
		for _, i := range f.Imports {
			if slices.Contains([]string{`"net"`, `"net/http"`, `"os/exec"`, `"database/sql"`}, i.Path.Value) {
				t.Errorf("%s: core imports %s", fset.Position(i.Pos()), i.Path.Value)
			}
		}
	}
}
