package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// How large something may be, outside tests. Complexity is McCabe's: one way through a
// function, and one more for each if, loop, case, && and ||.
const (
	longestFile     = 500 // lines
	longestFunction = 80  // lines
	mostComplex     = 25
	complexUnsaid   = 15 // more needs a line in the function's comment that begins with many
)

// many begins the line that says why a function has more branches than usual.
const many = "Many branches:"

// allowed has the functions that are more complex than they may be, from before this
// test, by name and complexity, so that one may move. It only shrinks: a line that is not
// needed any more is an error, and -update takes it out.
const allowed = "testdata/complex.txt"

// function is one with its size.
type function struct {
	file, name        string
	lines, complexity int
	explained         bool
}

func TestSizes(t *testing.T) {
	text, err := os.ReadFile(allowed)
	if err != nil {
		t.Fatal(err)
	}
	old := map[string]int{}
	for line := range strings.Lines(string(text)) {
		old[strings.TrimSpace(line)]++
	}
	var still []string
	for _, f := range functions(t) {
		at := f.file + ": " + f.name
		if f.lines > longestFunction {
			t.Errorf("%s has %d lines; at most %d", at, f.lines, longestFunction)
		}
		if f.complexity <= complexUnsaid || (f.complexity <= mostComplex && f.explained) {
			continue
		}
		line := fmt.Sprintf("%s %d", f.name[strings.LastIndex(f.name, ".")+1:], f.complexity)
		if old[line] > 0 {
			old[line]--
			still = append(still, line)
			continue
		}
		if f.complexity > mostComplex {
			t.Errorf("%s has a complexity of %d; at most %d", at, f.complexity, mostComplex)
		} else {
			t.Errorf("%s has a complexity of %d; over %d its comment says why, in a line that begins with %q", at, f.complexity, complexUnsaid, many)
		}
	}
	for line, n := range old {
		if n > 0 && !*update {
			t.Errorf("%s has %q, which is not so any more: run this test with -update", allowed, line)
		}
	}
	if *update {
		slices.Sort(still)
		if err := os.WriteFile(allowed, []byte(strings.Join(still, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// functions returns all functions outside tests, and complains about long files.
func functions(t *testing.T) (all []function) {
	t.Helper()
	for _, path := range goFiles(t) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, filepath.Join(root, path), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if n := fset.Position(file.FileEnd).Line; n > longestFile+1 {
			t.Errorf("%s has %d lines; at most %d", path, n-1, longestFile)
		}
		for _, d := range file.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is || f.Body == nil {
				continue
			}
			all = append(all, function{
				file: path, name: nameOf(f), lines: fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1,
				complexity: complexity(f), explained: strings.Contains(f.Doc.Text(), many),
			})
		}
	}
	if len(all) < 1000 {
		t.Errorf("only %d functions were found; the test looks in the wrong place", len(all))
	}
	return all
}

// nameOf names a function: TYPE.NAME for a method.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	of := f.Recv.List[0].Type
	if star, is := of.(*ast.StarExpr); is {
		of = star.X
	}
	if generic, is := of.(*ast.IndexExpr); is {
		of = generic.X
	}
	if generic, is := of.(*ast.IndexListExpr); is {
		of = generic.X
	}
	return fmt.Sprintf("%s.%s", of, f.Name.Name)
}

// complexity counts the ways through a function, with those through the functions in it.
func complexity(f *ast.FuncDecl) int {
	n := 1
	ast.Inspect(f, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			n++
		case *ast.CaseClause:
			if node.List != nil { // not default
				n++
			}
		case *ast.CommClause:
			if node.Comm != nil {
				n++
			}
		case *ast.BinaryExpr:
			if node.Op == token.LAND || node.Op == token.LOR {
				n++
			}
		}
		return true
	})
	return n
}

func TestComplexity(t *testing.T) {
	const code = `package p
func (s *Some[T]) a(x, y int) int {
	for range 3 {
		if x > 1 && y > 1 || x == y { x++ }
	}
	switch x {
	case 1, 2: return 1
	default: return 2
	}
}
func b() { f := func() { if true {} }; f(); select { case <-c: default: } }
`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", code, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range file.Decls {
		f := d.(*ast.FuncDecl)
		got = append(got, fmt.Sprint(nameOf(f), " ", complexity(f)))
	}
	if want := []string{"Some.a 6", "b 3"}; !slices.Equal(got, want) {
		t.Errorf("counted %q, want %q", got, want)
	}
}
