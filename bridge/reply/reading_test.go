package reply_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hashsend/bridge/frommail"
	"hashsend/bridge/reply"
)

// stillWrong lists the shared inputs that are not read right yet. It only shrinks.
const stillWrong = "testdata/reading.wrong"

// TestReading reads the shared inputs on which the program was wrong, as
// `hashsend preview` does, or with the messages that the conversation has.
func TestReading(t *testing.T) {
	dir := filepath.Join(fixtures, "..", "cases", "reading")
	expects, _ := filepath.Glob(filepath.Join(dir, "*.expect"))
	if len(expects) == 0 {
		t.Skip("the shared inputs to read are not here")
	}
	list, err := os.ReadFile(stillWrong)
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Fields(string(list))
	for _, path := range expects {
		name := strings.TrimSuffix(filepath.Base(path), ".expect")
		t.Run(name, func(t *testing.T) {
			faults := readingFaults(t, strings.TrimSuffix(path, ".expect"))
			switch listed := slices.Contains(wrong, name); {
			case listed && len(faults) == 0:
				t.Errorf("it is read right now: take it out of %s", stillWrong)
			case listed && testing.Verbose():
				t.Logf("still wrong: %s", strings.Join(faults, "\n"))
			case !listed && len(faults) > 0:
				t.Error(strings.Join(faults, "\n"))
			}
		})
	}
}

// readingFaults tells how an input is read otherwise than expected.
func readingFaults(t *testing.T, base string) (faults []string) {
	t.Helper()
	expect, err := os.ReadFile(base + ".expect")
	if err != nil {
		t.Fatal(err)
	}
	eml, err := os.ReadFile(base + ".eml")
	if err != nil {
		t.Fatal(err)
	}
	shown := frommail.Preview(bytes.NewReader(eml))
	got := shown.Text
	if known, err := os.ReadFile(base + ".known"); err == nil {
		m := input(t, eml)
		for k := range strings.SplitSeq(string(known), "%%") {
			m.Known = append(m.Known, strings.TrimSpace(k))
		}
		got = reply.Extract(m).Text
	}
	differs := func(what, got, want string) {
		if got != want {
			faults = append(faults, what+" is "+strconv.Quote(got)+", want "+strconv.Quote(want))
		}
	}
	head, text, _ := strings.Cut(string(expect), "---\n")
	for l := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(l), ": ")
		switch key {
		case "kind":
			differs("kind", shown.Kind, value)
		case "name":
			differs("name", shown.From.Name, value)
		case "files":
			differs("files", strconv.Itoa(len(shown.Attachments)), value)
		case "notice contains":
			if !strings.Contains(shown.Notice, value) {
				faults = append(faults, "notice "+strconv.Quote(shown.Notice)+" lacks "+strconv.Quote(value))
			}
		}
	}
	if strings.TrimSpace(text) != "(text not judged)" {
		differs("text", strings.Join(strings.Fields(got), " "), strings.Join(strings.Fields(text), " "))
	}
	return faults
}
