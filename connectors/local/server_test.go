package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, path string) *Server {
	t.Helper()
	s, err := OpenServer(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func add(t *testing.T, s *Server, e Entry) Entry {
	t.Helper()
	e, err := s.Add(e)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestRoomsSurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rooms")
	s := open(t, path)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	add(t, s, Entry{Kind: "said", Room: "r", By: "bob", Name: "Bob", Text: "one\ntwo", At: at})
	keyed := add(t, s, Entry{Kind: "said", Room: "r", Key: "k", Text: "three", Bridge: true})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close() //nolint:errcheck // the test is over
	entries, _ := s.After(0)
	if len(entries) != 2 || entries[0].Text != "one\ntwo" || !entries[0].At.Equal(at) || entries[1].Seq != 2 {
		t.Fatalf("after a restart: %+v", entries)
	}
	if again := add(t, s, Entry{Kind: "said", Room: "r", Key: "k", Text: "other", Bridge: true}); again.Seq != keyed.Seq || again.Text != "three" {
		t.Errorf("the same key made %+v, wanted %+v", again, keyed)
	}
	if e := add(t, s, Entry{Kind: "said", Room: "r", Text: "four"}); e.Seq != 3 {
		t.Errorf("the next entry has number %d", e.Seq)
	}
}

func TestLineCutOffByACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rooms")
	s := open(t, path)
	add(t, s, Entry{Kind: "said", Room: "r", Text: "whole"})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"seq":2,"kind":"sa`); err != nil {
		t.Fatal(err)
	}
	f.Close() //nolint:errcheck // written
	s = open(t, path)
	if e := add(t, s, Entry{Kind: "said", Room: "r", Text: "after"}); e.Seq != 2 {
		t.Errorf("the entry after the crash has number %d, wanted 2", e.Seq)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close() //nolint:errcheck // the test is over
	if entries, _ := s.After(0); len(entries) != 2 || entries[1].Text != "after" {
		t.Errorf("read back %+v", entries)
	}
}

func TestDamagedFileIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rooms")
	if err := os.WriteFile(path, []byte("{\"seq\":1}\nnonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := OpenServer(path)
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, wanted the file and the line", err)
	}
}

func TestNewEntriesWakeReaders(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "rooms"))
	defer s.Close() //nolint:errcheck // the test is over
	none, changed := s.After(0)
	if len(none) != 0 {
		t.Fatalf("a new server holds %+v", none)
	}
	go s.Add(Entry{Kind: "said", Room: "r", Text: "hello"}) //nolint:errcheck // seen below
	<-changed
	if entries, _ := s.After(0); len(entries) != 1 {
		t.Errorf("woken with %+v", entries)
	}
}

func TestContentStaysInItsFolder(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "rooms"))
	defer s.Close() //nolint:errcheck // the test is over
	f, err := s.Keep("../../etc/a b", "text/plain", strings.NewReader("hello"))
	if err != nil || f.Size != 5 {
		t.Fatalf("Keep: %+v, %v", f, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "rooms.files", f.ID)); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"../rooms", "/etc/passwd"} {
		if r, err := s.Content(id); err == nil {
			t.Errorf("Content(%q) opened %s", id, r.Name())
		}
	}
}
