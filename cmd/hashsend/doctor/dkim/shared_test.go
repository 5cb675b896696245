package dkim_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hashsend/cmd/hashsend/doctor/dkim"
	"hashsend/cmd/hashsend/doctor/received"
)

// Where a signature of the shared material is known to hold, its key is found in
// order; and every signature and key can be looked at.
func TestShared(t *testing.T) {
	signatures, holding := 0, 0
	for _, folder := range []string{"dkim", "dmarc"} {
		dir := filepath.Join("..", "..", "..", "..", "..", "shared", "fixtures", "mail", folder)
		labels, err := os.ReadFile(filepath.Join(dir, "labels.jsonl"))
		if err != nil {
			t.Skip("the shared test material is not here")
		}
		for line := range strings.Lines(string(labels)) {
			var row struct {
				File     string
				Expected struct{ DNS, Result string }
			}
			if json.Unmarshal([]byte(line), &row) != nil {
				continue // a label of another form
			}
			raw, err := os.ReadFile(filepath.Join(dir, row.File))
			if err != nil {
				continue
			}
			var result struct{ Valid int }
			if row.Expected.Result != "" {
				if err := json.Unmarshal([]byte(row.Expected.Result), &result); err != nil {
					t.Fatal(err)
				}
			}
			n, works := look(t, raw, zone(row.Expected.DNS))
			signatures += n
			if result.Valid > 0 {
				holding++
				if works < result.Valid {
					t.Errorf("%s: %d keys work, and %d signatures hold", row.File, works, result.Valid)
				}
			}
		}
	}
	t.Logf("%d signatures, %d emails with one that holds", signatures, holding)
	if signatures < 30 {
		t.Errorf("only %d signatures were found", signatures)
	}
}

// zone reads the keys that a label names.
func zone(text string) table {
	keys := table{}
	for entry := range strings.SplitSeq(strings.ReplaceAll(text, "\\\n", ""), "\n") {
		if name, value, ok := strings.Cut(entry, ":"); ok {
			keys[name] = []string{strings.TrimSpace(value)}
		}
	}
	return keys
}

// look counts the signatures of an email, and the keys that work.
func look(t *testing.T, raw []byte, keys table) (signatures, works int) {
	t.Helper()
	trace, err := received.Read(raw)
	if err != nil {
		return 0, 0
	}
	for _, v := range trace.Signatures {
		s, ok := dkim.ReadSignature(v, time.Unix(1_790_000_000, 0))
		if !ok {
			continue
		}
		signatures++
		if dkim.Lookup(t.Context(), keys, s.Selector, s.Domain).Works() {
			works++
		}
	}
	return signatures, works
}
