package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const admitPath = "hashsend/bridge/admit"

// mailWays are where a mail comes in: everything that it can cause is reached from there.
var mailWays = []string{
	"(*hashsend/bridge/frommail.Inbox).Wants", "(*hashsend/bridge/frommail.Inbox).Handle", "(*hashsend/bridge/frommail.Inbox).Pass",
	"hashsend/bridge/frommail.admitHeld", "(*hashsend/bridge.Bridge).apply",
}

// traces are what a mail leaves behind before anything is decided about it, or because of
// nothing but the decision that it waits.
var traces = map[string]string{
	"(*hashsend/bridge/store.Tx).SetCursor":   "the place in its folder",
	"(*hashsend/bridge/store.Tx).Seen":        "that it was handled",
	"(*hashsend/bridge/frommail.Inbox).keep":  "the file of one that is held",
	"(*hashsend/bridge/store.Store).DropFile": "that file, when it is not needed after all",
	"(*hashsend/bridge/store.Store).Write":    "a transaction; what is done in it is looked at where it is written",
}

// writes are what every change of the database and its files comes down to.
var writes = []string{
	"(*hashsend/bridge/store.Tx).exec", "(*hashsend/bridge/store.Tx).insert",
	"(*hashsend/bridge/store.Store).KeepFile", "(*hashsend/bridge/store.Store).NewBlob", "(*hashsend/bridge/store.Store).DropFile",
}

// program is the part of the bridge's source that mail goes through, by the full names of
// its functions.
type program struct {
	bodies map[string]*ast.FuncDecl
	info   map[string]*types.Info
	funcs  map[string]*types.Func
	fset   *token.FileSet
}

func readProgram(t *testing.T) program {
	t.Helper()
	var patterns []string
	for _, name := range []string{"", "/frommail", "/reactions", "/polls", "/command", "/tomail", "/tochat", "/files", "/outbox", "/core", "/store"} {
		patterns = append(patterns, "hashsend/bridge"+name)
	}
	all := listPackages(t, patterns...)
	p := program{bodies: map[string]*ast.FuncDecl{}, info: map[string]*types.Info{}, funcs: map[string]*types.Func{}, fset: token.NewFileSet()}
	imports := importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(all[path].Export) })
	for _, path := range patterns {
		info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{}}
		var files []*ast.File
		for _, name := range all[path].GoFiles {
			f, err := parser.ParseFile(p.fset, filepath.Join(all[path].Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		if _, err := (&types.Config{Importer: imports}).Check(path, p.fset, files, info); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			for _, d := range f.Decls {
				if fn, is := d.(*ast.FuncDecl); is && fn.Body != nil {
					o := info.Defs[fn.Name].(*types.Func)
					p.bodies[o.FullName()], p.info[o.FullName()], p.funcs[o.FullName()] = fn, info, o
				}
			}
			checkMadeByJudge(t, p.fset, f, info)
		}
	}
	return p
}

// checkMadeByJudge refuses permissions that are made of nothing: their types are named
// only to ask for one.
func checkMadeByJudge(t *testing.T, fset *token.FileSet, f *ast.File, info *types.Info) {
	t.Helper()
	ast.Inspect(f, func(n ast.Node) bool {
		var made ast.Expr
		switch n := n.(type) {
		case *ast.CompositeLit:
			made = n.Type
		case *ast.ValueSpec:
			made = n.Type
		case *ast.CallExpr:
			if id, is := n.Fun.(*ast.Ident); is && id.Name == "new" && len(n.Args) == 1 {
				made = n.Args[0]
			}
		}
		if made != nil && isPermission(info.Types[made].Type) {
			t.Errorf("%s: a permission is made by hand", fset.Position(n.Pos()))
		}
		return true
	})
}

// isPermission reports whether a value of a type is given only by admit.Judge.
func isPermission(t types.Type) bool {
	named, is := t.(*types.Named)
	if !is || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != admitPath {
		return false
	}
	switch named.Obj().Name() {
	case "Copy", "Report", "Line", "Order", "Voice", "Opening", "Held", "Proof":
		return true
	}
	return false
}

// asks reports whether a function takes a permission.
func asks(f *types.Func) bool {
	params := f.Type().(*types.Signature).Params()
	for i := range params.Len() {
		if isPermission(params.At(i).Type()) {
			return true
		}
	}
	return false
}

// uses are the functions that a body names, whether it calls them or hands them on.
func (p program) uses(name string) (all []*types.Func) {
	ast.Inspect(p.bodies[name].Body, func(n ast.Node) bool {
		if id, is := n.(*ast.Ident); is {
			if f, is := p.info[name].Uses[id].(*types.Func); is {
				all = append(all, f)
			}
		}
		return true
	})
	return all
}

// Whatever a mail can cause asks for its admission: from where mail comes in, no way leads
// to a change that does not pass a function which takes a permission.
func TestNoEffectWithoutAdmission(t *testing.T) {
	p := readProgram(t)
	via, next, gates := map[string]string{}, slices.Clone(mailWays), map[string]bool{}
	for _, way := range mailWays {
		if p.bodies[way] == nil {
			t.Fatalf("%s is no longer there: where does mail come in?", way)
		}
	}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		for _, f := range p.uses(at) {
			name := f.Origin().FullName()
			if _, seen := via[name]; seen || traces[name] != "" {
				continue
			}
			via[name] = at
			switch {
			case asks(f):
				gates[name] = true
			case slices.Contains(writes, name):
				t.Errorf("a mail reaches %s without admission: %s", name, way(via, name))
			case p.bodies[name] != nil:
				next = append(next, name)
			}
		}
	}
	if len(gates) < 9 {
		t.Errorf("only %d functions were found that ask for an admission: does this test still look at the right places?", len(gates))
	}
}

// way is how a function was reached.
func way(via map[string]string, name string) string {
	all := []string{name}
	for via[name] != "" && len(all) < 50 {
		name = via[name]
		all = append(all, name)
	}
	slices.Reverse(all)
	return strings.Join(all, " > ")
}

// askedFor is the list of effects of mail, and what each asks for.
var askedFor = map[string]string{
	"hashsend/bridge/frommail.PostMail":           "Voice",   // posting
	"hashsend/bridge/frommail.RecordMail":         "Voice",   // its own Message-ID
	"hashsend/bridge/frommail.addMailFiles":       "Voice",   // files
	"(*hashsend/bridge/frommail.Inbox).readFiles": "Voice",   // their contents
	"hashsend/bridge/frommail.tellRecall":         "Voice",   // recalls
	"hashsend/bridge/reactions.ByMail":            "Voice",   // reacting
	"hashsend/bridge/polls.ByMail":                "Voice",   // voting
	"hashsend/bridge/frommail.OpenByMail":         "Opening", // beginning conversations
	"hashsend/bridge/frommail.learn":              "Proof",   // ids of mails of ours
	"hashsend/bridge/tomail.LearnDialect":         "Proof",   // the dialect of a mail program
	"hashsend/bridge/tomail.WritesAgain":          "Proof",   // the end of a suspension
	"hashsend/bridge/frommail.brought":            "Voice",   // newcomers that the room is asked about
	"hashsend/bridge/frommail.letIn":              "Proof",   // newcomers
	"hashsend/bridge/command.obey":                "Proof",   // commands
	"hashsend/bridge/command.leave":               "Order",   // leaving
	"hashsend/bridge/frommail.Automatic":          "Line",    // automatic answers
	"hashsend/bridge/frommail.automaticText":      "Proof",   // what they say
	"hashsend/bridge/frommail.Report":             "Report",  // bounces, and mail that stops
	"hashsend/bridge/frommail.Echo":               "Copy",    // the ids that our mail goes by
	"hashsend/bridge/frommail.HoldMail":           "Held",    // what is kept for a decision
}

func TestEffectsAskForTheirLevel(t *testing.T) {
	p := readProgram(t)
	for name, level := range askedFor {
		f := p.funcs[name]
		if f == nil {
			t.Errorf("%s is no longer there", name)
			continue
		}
		params, found := f.Type().(*types.Signature).Params(), false
		for i := range params.Len() {
			found = found || (isPermission(params.At(i).Type()) && strings.HasSuffix(params.At(i).Type().String(), "."+level))
		}
		if !found {
			t.Errorf("%s does not ask for an admit.%s", name, level)
		}
	}
}
