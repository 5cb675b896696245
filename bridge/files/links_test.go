package files

import (
	"strings"
	"testing"
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

func TestLinkIsReadBack(t *testing.T) {
	at := time.Unix(1_000_000, 0)
	l := Links{mint: mail.Mint{Secret: []byte(strings.Repeat("s", 32))}, base: "https://files.example", keep: time.Hour}
	link := l.Link(store.File{ID: 7, State: store.FileHere, At: at, Name: "a.txt"}, 5)
	path, _, _ := strings.Cut(strings.TrimPrefix(link, "https://files.example/f/"), "/")
	file, reader, ok := l.read(path, at)
	if file != 7 || reader != 5 || !ok {
		t.Fatalf("%s: got %d, %d, %v", link, file, reader, ok)
	}
	if _, _, ok := l.read(path, at.Add(time.Hour)); !ok {
		t.Error("the link ends early")
	}
	if _, _, ok := l.read(path, at.Add(time.Hour+time.Second)); ok {
		t.Error("the link does not expire")
	}
	parts := strings.Split(path, ".")
	for i, change := range []string{"8", "6", "2000000", strings.Repeat("a", len(parts[3]))} {
		forged := append([]string{}, parts...)
		forged[i] = change
		if _, _, ok := l.read(strings.Join(forged, "."), at); ok {
			t.Errorf("%q is accepted", forged)
		}
	}
	for _, broken := range []string{"", "7", "7.5", path + ".x", "x" + path, strings.Replace(path, ".", "..", 1)} {
		if _, _, ok := l.read(broken, at); ok {
			t.Errorf("%q is accepted", broken)
		}
	}
}
