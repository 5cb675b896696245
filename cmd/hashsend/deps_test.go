package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hashsend/connectors"
)

// root is the folder of go.mod.
const root = "../.."

// arrows says what the packages of a folder may import besides the standard
// library and themselves. The first row whose folder fits counts.
var arrows = []struct {
	folder string
	may    []string
}{
	{"cmd/hashsend/doctor/finding", nil},
	{"cmd/hashsend/doctor/ask", []string{"github.com/miekg/dns"}},
	{"cmd/hashsend/doctor/dnstest", []string{"github.com/miekg/dns"}}, // tests only
	{"cmd/hashsend/doctor/blocklist", []string{"hashsend/cmd/hashsend/doctor/ask", "hashsend/cmd/hashsend/doctor/finding", "github.com/miekg/dns"}},
	{"cmd/hashsend/doctor/snds", []string{"hashsend/cmd/hashsend/doctor/finding"}},
	{"cmd/hashsend/doctor/bounces", []string{"hashsend/cmd/hashsend/doctor/finding", "hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/store"}},
	{"cmd/hashsend/doctor/dkim", []string{"hashsend/cmd/hashsend/doctor/ask"}},
	{"cmd/hashsend/doctor/dmarc", []string{"hashsend/cmd/hashsend/doctor/ask", "golang.org/x/net/publicsuffix"}},
	{"cmd/hashsend/doctor/machine", []string{"hashsend/cmd/hashsend/doctor/ask", "hashsend/cmd/hashsend/doctor/finding"}},
	{"cmd/hashsend/doctor/mailbox", []string{"hashsend/cmd/hashsend/doctor/...", "hashsend/cmd/hashsend/discover", "hashsend/connectors/imap", "hashsend/connectors/smtp", "hashsend/connectors/mailnet"}},
	{"cmd/hashsend/doctor/postmaster", []string{"hashsend/cmd/hashsend/doctor/finding", "golang.org/x/oauth2"}},
	{"cmd/hashsend/doctor/probe", []string{"github.com/miekg/dns"}},
	{"cmd/hashsend/doctor/recipient", []string{"hashsend/cmd/hashsend/doctor/..."}},
	{"cmd/hashsend/doctor/smtptest", nil}, // tests only
	{"cmd/hashsend/doctor/threads", []string{"hashsend/cmd/hashsend/doctor/finding", "hashsend/bridge/mail"}},
	{"cmd/hashsend/doctor/received", []string{"hashsend/bridge/mail"}},
	{"cmd/hashsend/doctor/route", []string{"hashsend/cmd/hashsend/doctor/ask", "hashsend/cmd/hashsend/doctor/finding", "github.com/miekg/dns"}},
	{"cmd/hashsend/doctor/sender", []string{"hashsend/cmd/hashsend/doctor/...", "github.com/miekg/dns"}},
	{"cmd/hashsend/doctor/spf", []string{"hashsend/cmd/hashsend/doctor/ask"}},
	{"cmd/hashsend/doctor/zone", []string{"hashsend/cmd/hashsend/doctor/ask", "hashsend/cmd/hashsend/doctor/finding", "github.com/miekg/dns", "golang.org/x/net/publicsuffix"}},
	{"cmd/hashsend", []string{"hashsend/...", "..."}},
	// The parts of the Matrix connector, lowest first.
	{"connectors/matrix/matrixfile", []string{"hashsend/bridge/chat", "hashsend/bridge/retry", "maunium.net/go/mautrix/id"}},
	{"connectors/matrix/matrixtext", []string{"hashsend/bridge/chat", "hashsend/bridge/markup", "hashsend/connectors/matrix/matrixfile", "maunium.net/go/mautrix/event", "maunium.net/go/mautrix/id"}},
	{"connectors/matrix/homeserver", []string{"hashsend/bridge/chat", "hashsend/bridge/retry", "hashsend/connectors/matrix/matrixtext", "maunium.net/go/mautrix/...", "github.com/rs/zerolog/..."}},
	{"connectors/matrix/rooms", []string{"hashsend/bridge/chat", "hashsend/bridge/retry", "hashsend/connectors/matrix/homeserver", "hashsend/connectors/matrix/matrixtext", "maunium.net/go/mautrix/..."}},
	{"connectors/matrix/keys", []string{"hashsend/bridge/chat", "hashsend/bridge/retry", "hashsend/connectors/matrix/homeserver", "hashsend/connectors/matrix/matrixtext", "hashsend/connectors/matrix/rooms", "maunium.net/go/mautrix/...", "go.mau.fi/util/dbutil/..."}},
	{"connectors/matrix/media", []string{"hashsend/bridge/chat", "hashsend/bridge/retry", "hashsend/connectors/matrix/homeserver", "hashsend/connectors/matrix/matrixfile", "hashsend/connectors/matrix/matrixtext", "maunium.net/go/mautrix/..."}},
	{"connectors/matrix/send", []string{"hashsend/bridge/chat", "hashsend/bridge/retry", "hashsend/bridge/markup", "hashsend/connectors/matrix/homeserver", "hashsend/connectors/matrix/keys", "hashsend/connectors/matrix/matrixtext", "hashsend/connectors/matrix/media", "hashsend/connectors/matrix/rooms", "maunium.net/go/mautrix/..."}},
	{"connectors/matrix/receive", []string{"hashsend/bridge/chat", "hashsend/bridge/retry", "hashsend/connectors/matrix/homeserver", "hashsend/connectors/matrix/keys", "hashsend/connectors/matrix/matrixtext", "hashsend/connectors/matrix/media", "hashsend/connectors/matrix/rooms", "maunium.net/go/mautrix/..."}},
	{"connectors/matrix/matrixtest", []string{"hashsend/connectors/matrix/homeserver", "hashsend/connectors/matrix/matrixtext"}}, // tests only
	{"connectors/matrix", []string{"hashsend/bridge/chat", "hashsend/bridge/markup", "hashsend/bridge/retry", "maunium.net/go/mautrix/...", "github.com/rs/zerolog/...", "go.mau.fi/util/...", "golang.org/x/..."}},
	{"connectors/slack/slacktest", []string{"github.com/gorilla/websocket"}}, // tests only; shares no code with the connector
	{"connectors/slack/slacktext", []string{"hashsend/bridge/markup", "go.mau.fi/util/emojishortcodes", "go.mau.fi/util/variationselector", "golang.org/x/net/html/..."}},
	{"connectors/slack/wire", []string{"hashsend/bridge/chat"}},
	{"connectors/slack/blocks", []string{"hashsend/bridge/chat", "github.com/slack-go/slack"}},
	{"connectors/slack/web", []string{"hashsend/bridge/chat", "hashsend/bridge/retry", "hashsend/connectors/slack/wire", "github.com/slack-go/slack"}},
	{"connectors/slack/directory", []string{"hashsend/bridge/chat", "hashsend/bridge/markup", "hashsend/bridge/retry", "hashsend/connectors/slack/slacktext", "hashsend/connectors/slack/web", "github.com/slack-go/slack"}},
	{"connectors/slack/send", []string{"hashsend/bridge/chat", "hashsend/bridge/markup", "hashsend/bridge/retry", "hashsend/connectors/slack/blocks", "hashsend/connectors/slack/directory", "hashsend/connectors/slack/slacktext", "hashsend/connectors/slack/web", "hashsend/connectors/slack/wire", "github.com/slack-go/slack"}},
	{"connectors/slack/dialogs", []string{"hashsend/bridge/chat", "hashsend/connectors/slack/blocks", "hashsend/connectors/slack/directory", "hashsend/connectors/slack/send", "hashsend/connectors/slack/slacktext", "hashsend/connectors/slack/web", "hashsend/connectors/slack/wire", "github.com/slack-go/slack"}},
	{"connectors/slack/events", []string{"hashsend/bridge/chat", "hashsend/bridge/markup", "hashsend/bridge/retry", "hashsend/connectors/slack/directory", "hashsend/connectors/slack/slacktext", "hashsend/connectors/slack/web", "hashsend/connectors/slack/wire"}},
	{"connectors/slack/receive", []string{"hashsend/bridge/chat", "hashsend/bridge/retry", "hashsend/connectors/slack/dialogs", "hashsend/connectors/slack/events", "hashsend/connectors/slack/web", "hashsend/connectors/slack/wire", "github.com/gorilla/websocket"}},
	{"connectors/slack", []string{"hashsend/bridge/chat", "github.com/slack-go/slack"}},
	{"connectors/local", []string{"hashsend/bridge/chat", "hashsend/bridge/markup", "hashsend/bridge/retry"}},
	{"connectors/connectorstest/linechat", []string{"hashsend/bridge/chat", "hashsend/bridge/retry"}}, // tests only, as what follows
	{"connectors/connectorstest/lineserver", nil},
	{"connectors/imap", []string{"hashsend/bridge/mail", "hashsend/bridge/retry", "hashsend/connectors/mailnet", "github.com/emersion/go-imap/v2/...", "github.com/emersion/go-sasl"}},
	{"connectors/smtp", []string{"hashsend/bridge/mail", "hashsend/bridge/retry", "hashsend/connectors/mailnet", "github.com/emersion/go-smtp", "github.com/emersion/go-sasl"}},
	{"connectors/lmtp", []string{"hashsend/bridge/mail", "hashsend/bridge/retry", "hashsend/connectors/mailnet", "github.com/emersion/go-smtp"}},
	{"connectors/mailnet", []string{"hashsend/bridge/retry", "github.com/emersion/go-sasl", "golang.org/x/oauth2/..."}},
	{"connectors/mailauth", []string{"hashsend/bridge/mail", "github.com/emersion/go-msgauth/...", "blitiri.com.ar/go/spf", "golang.org/x/net/..."}},
	{"connectors", []string{"hashsend/bridge/chat", "hashsend/connectors/matrix", "hashsend/connectors/slack", "hashsend/connectors/local"}},
	{"bridge/store", []string{"hashsend/bridge/chat", "hashsend/bridge/mail", "go.mau.fi/util/dbutil/...", "github.com/rs/zerolog/...", "modernc.org/sqlite/..."}},
	{"bridge/reply", []string{"hashsend/bridge/markup", "golang.org/x/net/html/...", "golang.org/x/text/..."}},
	{"bridge/mail", []string{"hashsend/bridge/markup", "github.com/emersion/go-message/...", "golang.org/x/net/...", "golang.org/x/text/..."}},
	{"bridge/chat/chattest", []string{"hashsend/bridge/chat", "hashsend/bridge/retry"}}, // tests only
	{"bridge/chat", []string{"golang.org/x/net/html/..."}},
	{"bridge/markup", []string{"golang.org/x/net/html/..."}},
	{"bridge/media", []string{"github.com/gabriel-vasile/mimetype", "golang.org/x/image/..."}},
	{"bridge/cards", []string{"hashsend/bridge/mail"}},
	{"bridge/classify", []string{"hashsend/bridge/mail"}},
	{"bridge/admit", []string{"hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/store"}},
	{"bridge/pace", []string{"hashsend/bridge/retry", "golang.org/x/time/rate"}},
	{"bridge/retry", nil},
	{"bridge/core", []string{"hashsend/bridge/cards", "hashsend/bridge/chat", "hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/markup", "hashsend/bridge/media", "hashsend/bridge/pace", "hashsend/bridge/reply", "hashsend/bridge/retry", "hashsend/bridge/store"}},
	{"bridge/outbox", []string{"hashsend/bridge/core", "hashsend/bridge/cards", "hashsend/bridge/chat", "hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/markup", "hashsend/bridge/media", "hashsend/bridge/pace", "hashsend/bridge/reply", "hashsend/bridge/retry", "hashsend/bridge/store"}},
	{"bridge/files", []string{"hashsend/bridge/core", "hashsend/bridge/outbox", "hashsend/bridge/cards", "hashsend/bridge/chat", "hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/markup", "hashsend/bridge/media", "hashsend/bridge/pace", "hashsend/bridge/reply", "hashsend/bridge/retry", "hashsend/bridge/store"}},
	{"bridge/tochat", []string{"hashsend/bridge/core", "hashsend/bridge/outbox", "hashsend/bridge/files", "hashsend/bridge/cards", "hashsend/bridge/chat", "hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/markup", "hashsend/bridge/media", "hashsend/bridge/pace", "hashsend/bridge/reply", "hashsend/bridge/retry", "hashsend/bridge/store"}},
	{"bridge/tomail", []string{"hashsend/bridge/admit", "hashsend/bridge/core", "hashsend/bridge/outbox", "hashsend/bridge/files", "hashsend/bridge/tochat", "hashsend/bridge/cards", "hashsend/bridge/chat", "hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/markup", "hashsend/bridge/media", "hashsend/bridge/pace", "hashsend/bridge/reply", "hashsend/bridge/retry", "hashsend/bridge/store"}},
	{"bridge/frommail", []string{"hashsend/bridge/admit", "hashsend/bridge/core", "hashsend/bridge/outbox", "hashsend/bridge/files", "hashsend/bridge/tochat", "hashsend/bridge/tomail", "hashsend/bridge/cards", "hashsend/bridge/chat", "hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/markup", "hashsend/bridge/media", "hashsend/bridge/pace", "hashsend/bridge/reply", "hashsend/bridge/retry", "hashsend/bridge/store"}},
	{"bridge/reactions", []string{"hashsend/bridge/admit", "hashsend/bridge/core", "hashsend/bridge/outbox", "hashsend/bridge/files", "hashsend/bridge/tochat", "hashsend/bridge/tomail", "hashsend/bridge/frommail", "hashsend/bridge/cards", "hashsend/bridge/chat", "hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/markup", "hashsend/bridge/media", "hashsend/bridge/pace", "hashsend/bridge/reply", "hashsend/bridge/retry", "hashsend/bridge/store"}},
	{"bridge/polls", []string{"hashsend/bridge/admit", "hashsend/bridge/core", "hashsend/bridge/outbox", "hashsend/bridge/files", "hashsend/bridge/tochat", "hashsend/bridge/tomail", "hashsend/bridge/frommail", "hashsend/bridge/cards", "hashsend/bridge/chat", "hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/markup", "hashsend/bridge/media", "hashsend/bridge/pace", "hashsend/bridge/reply", "hashsend/bridge/retry", "hashsend/bridge/store"}},
	{"bridge/command", []string{"hashsend/bridge/admit", "hashsend/bridge/core", "hashsend/bridge/outbox", "hashsend/bridge/files", "hashsend/bridge/tochat", "hashsend/bridge/tomail", "hashsend/bridge/frommail", "hashsend/bridge/cards", "hashsend/bridge/chat", "hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/markup", "hashsend/bridge/media", "hashsend/bridge/pace", "hashsend/bridge/reply", "hashsend/bridge/retry", "hashsend/bridge/store"}},
	{"bridge/fromchat", []string{"hashsend/bridge/core", "hashsend/bridge/outbox", "hashsend/bridge/files", "hashsend/bridge/tochat", "hashsend/bridge/tomail", "hashsend/bridge/frommail", "hashsend/bridge/reactions", "hashsend/bridge/polls", "hashsend/bridge/command", "hashsend/bridge/cards", "hashsend/bridge/chat", "hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/markup", "hashsend/bridge/media", "hashsend/bridge/pace", "hashsend/bridge/reply", "hashsend/bridge/retry", "hashsend/bridge/store"}},
	{"bridge/linking", []string{"hashsend/bridge/core", "hashsend/bridge/outbox", "hashsend/bridge/files", "hashsend/bridge/tochat", "hashsend/bridge/tomail", "hashsend/bridge/frommail", "hashsend/bridge/reactions", "hashsend/bridge/polls", "hashsend/bridge/command", "hashsend/bridge/fromchat", "hashsend/bridge/cards", "hashsend/bridge/chat", "hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/markup", "hashsend/bridge/media", "hashsend/bridge/pace", "hashsend/bridge/reply", "hashsend/bridge/retry", "hashsend/bridge/store"}},
	{"bridge", []string{"hashsend/bridge/admit", "hashsend/bridge/linking", "hashsend/bridge/fromchat", "hashsend/bridge/command", "hashsend/bridge/polls", "hashsend/bridge/reactions", "hashsend/bridge/frommail", "hashsend/bridge/tomail", "hashsend/bridge/tochat", "hashsend/bridge/files", "hashsend/bridge/outbox", "hashsend/bridge/core", "hashsend/bridge/cards", "hashsend/bridge/chat", "hashsend/bridge/classify", "hashsend/bridge/mail", "hashsend/bridge/markup", "hashsend/bridge/media", "hashsend/bridge/pace", "hashsend/bridge/reply", "hashsend/bridge/retry", "hashsend/bridge/store"}},
}

// allows reports whether an import fits one of the patterns; "…/..." means the
// package and all below it.
func allows(patterns []string, path string) bool {
	for _, p := range patterns {
		below, wide := strings.CutSuffix(p, "...")
		if path == p || (wide && (strings.HasPrefix(path, below) || path+"/" == below)) {
			return true
		}
	}
	return false
}

// standard reports whether a package is of the standard library: its first part
// has no dot.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != "hashsend"
}

// TestImportsFollowTheArrows reads the imports of every file itself, whatever
// its build tags: what asks the go command is fooled by the test cache.
func TestImportsFollowTheArrows(t *testing.T) {
	files := 0
	for _, path := range goFiles(t) {
		if !strings.HasSuffix(path, "_test.go") {
			files++
			checkImports(t, filepath.Join(root, path))
		}
	}
	if files < 50 {
		t.Errorf("only %d files were found; the test looks in the wrong place", files)
	}
}

// goFiles returns the Go files of this module, by their paths from its folder.
func goFiles(t *testing.T) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "testdata") {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); path != root && err == nil {
				return filepath.SkipDir // a module of its own
			}
			return nil
		}
		if strings.HasSuffix(name, ".go") {
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			all = append(all, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func checkImports(t *testing.T, path string) {
	t.Helper()
	rel, err := filepath.Rel(root, path)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.ToSlash(filepath.Dir(rel))
	var may []string
	known := false
	for _, a := range arrows {
		if folder == a.folder || strings.HasPrefix(folder, a.folder+"/") {
			may, known = append([]string{"hashsend/" + a.folder + "/..."}, a.may...), true
			if a.folder == "connectors" || a.folder == "bridge" {
				may, known = a.may, folder == a.folder
			}
			break
		}
	}
	if !known {
		t.Errorf("%s: the folder %s has no row in the table of arrows", rel, folder)
		return
	}
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, i := range f.Imports {
		to, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if !standard(to) && !allows(may, to) {
			t.Errorf("%s imports %s; %s may import only %s", rel, to, folder, strings.Join(may, ", "))
		}
	}
}

// knowNetworks are the files of the program that may know a certain chat network: its
// own subcommands, and the questions of init that are more than a row can say.
var knowNetworks = []string{"initmatrix.go", "initslack.go", "registration.go", "slack.go"}

// TestOnlyRowsKnowNetworks makes sure that configuration, init, check and run know
// chat networks from the list of package connectors alone.
func TestOnlyRowsKnowNetworks(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || slices.Contains(knowNetworks, name) {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			for _, n := range connectors.Networks() {
				if i.Path.Value == strconv.Quote("hashsend/connectors/"+n.Key) {
					t.Errorf("%s imports %s: the list in connectors/connectors.go has all that it needs", name, i.Path.Value)
				}
			}
		}
	}
}

// TestArrowsRefuse makes sure that the table can say no.
func TestArrowsRefuse(t *testing.T) {
	for _, bad := range []struct{ folder, path string }{
		{"connectors/matrix", "hashsend/bridge/store"},
		{"connectors/matrix", "hashsend/bridge/mail"},
		{"connectors/matrix/matrixtext", "maunium.net/go/mautrix"},
		{"connectors/matrix/receive", "hashsend/connectors/matrix/send"},
		{"connectors/imap", "hashsend/connectors/smtp"},
		{"connectors/slack/send", "hashsend/connectors/slack/events"},
		{"connectors/slack/events", "hashsend/connectors/slack/dialogs"},
		{"bridge", "hashsend/connectors/matrix"},
		{"bridge", "maunium.net/go/mautrix"},
		{"bridge/store", "hashsend/bridge"},
		{"bridge/chat", "hashsend/bridge/mail"},
		{"bridge/classify", "hashsend/bridge/store"},
		{"bridge/cards", "hashsend/bridge/classify"},
		{"cmd/hashsend/doctor/finding", "hashsend/cmd/hashsend/doctor/ask"},
		{"cmd/hashsend/doctor/zone", "hashsend/bridge/store"},
	} {
		for _, a := range arrows {
			if a.folder == bad.folder && allows(a.may, bad.path) {
				t.Errorf("%s may import %s", bad.folder, bad.path)
			}
		}
	}
}

// TestLibcMatchesSQLite keeps modernc.org/libc at the version that
// modernc.org/sqlite was made with: others have corrupted memory.
func TestLibcMatchesSQLite(t *testing.T) {
	version := func(gomod, module string) string {
		raw, err := os.ReadFile(gomod)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`(?m)^\s*(?:require\s+)?` + regexp.QuoteMeta(module) + `\s+(v\S+)`).FindSubmatch(raw)
		if found == nil {
			t.Fatalf("%s does not name %s", gomod, module)
		}
		return string(found[1])
	}
	ours := filepath.Join(root, "go.mod")
	sqlite := version(ours, "modernc.org/sqlite")
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "modernc.org/sqlite").Output()
	if err != nil || len(strings.TrimSpace(string(dir))) == 0 {
		t.Fatalf("find modernc.org/sqlite %s: %v", sqlite, err)
	}
	want := version(filepath.Join(strings.TrimSpace(string(dir)), "go.mod"), "modernc.org/libc")
	if got := version(ours, "modernc.org/libc"); got != want {
		t.Errorf("go.mod has modernc.org/libc %s; modernc.org/sqlite %s wants %s: run go get modernc.org/libc@%s", got, sqlite, want, want)
	}
}
