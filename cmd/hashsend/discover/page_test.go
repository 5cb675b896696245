package discover

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/providers.md")

// The page about providers is that of the table which init uses.
func TestPage(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "providers.md")
	if *update {
		if err := os.WriteFile(path, []byte(Page()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != Page() {
		t.Error("docs/providers.md is not what the table says: go test ./cmd/hashsend/discover -update writes it")
	}
}

// Every provider has its facts, and every fact its provider; a source that was read
// has an address and a date.
func TestFacts(t *testing.T) {
	names := map[string]bool{}
	for _, p := range providers() {
		if p.not != "" {
			continue
		}
		names[p.Name] = true
		if _, ok := factsOf(p.Name); !ok {
			t.Errorf("%s has no facts", p.Name)
		}
	}
	for _, f := range append(providerFacts(), programFacts()...) {
		if f.Limits == "" || f.Quirks == "" {
			t.Errorf("%s: %+v", f.Name, f)
		}
		if f.Seen != "" && !strings.HasPrefix(f.Source, "https://") {
			t.Errorf("%s was seen without a source", f.Name)
		}
	}
	for _, f := range providerFacts() {
		if !names[f.Name] {
			t.Errorf("%s is not in the table", f.Name)
		}
	}
	if len(names) < 25 {
		t.Errorf("%d providers", len(names))
	}
}

// Where to sign in is known by where tokens are issued.
func TestSignInOf(t *testing.T) {
	for address, want := range map[string]string{
		"https://login.microsoftonline.com/our-tenant/oauth2/v2.0/token": "Microsoft", "https://oauth2.googleapis.com/token": "Google",
	} {
		if o := SignIn(address); o == nil || o.Name != want {
			t.Errorf("%s: %+v", address, o)
		}
	}
	if SignIn("https://login.example.org/token") != nil || SignIn("::") != nil {
		t.Error("an unknown provider is known")
	}
	if google().DeviceURL != "" || google().Extra["access_type"] != "offline" || microsoft().DeviceURL == "" {
		t.Error("the ways to sign in are wrong")
	}
}
