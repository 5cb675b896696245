package store

import (
	"context"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// Mails that were held before reasons had codes: what their sentences say is kept, and
// what they do not say counts as a failed check.
func TestHeldBeforeCodes(t *testing.T) {
	dir := t.TempDir()
	old := fstest.MapFS{}
	files, err := fs.Glob(schema, "schema/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimPrefix(f, "schema/"); name < "18" {
			text, err := schema.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			old[name] = &fstest.MapFile{Data: text}
		}
	}
	db, err := openSQL(filepath.Join(dir, "hashsend.db"), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := upgrade(t.Context(), db, old, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	held := []struct{ reason, code, trust string }{
		{"it may be forged: the signature does not fit", "forged", TrustFailed},
		{"it begins a conversation, and it may be forged: its domain forbids it", "forged", TrustFailed},
		{"its sender takes no part in this conversation", "stranger", TrustUnproven},
		{"nothing proves its sender, and it answers no mail of this conversation", "cites-none", TrustUnproven},
		{"nothing proves its sender", "unproven", TrustUnproven},
		{"it begins a conversation, and nothing proves its sender", "open-proof", TrustUnproven},
		{"it bears the owner's address, and nothing proves that the owner wrote it", "owner", TrustUnproven},
		{"it was sent to many and answers nothing", "bulk", ""},
		{"it is a private copy (Bcc), and those whom it names do not know that it is read here", "private-copy", ""},
		{"words of a version that nobody remembers", "", ""},
	}
	ctx := context.Background()
	if _, err := db.ExecContext(ctx, "INSERT INTO mailbox (id, name, address) VALUES (1, 'main', 'team@example.org')"); err != nil {
		t.Fatal(err)
	}
	for _, h := range held {
		if _, err := db.ExecContext(ctx, "INSERT INTO quarantine (mailbox, sender, name, subject, reason, place, file, at, state) VALUES (1, 'a@example.com', '', '', ?, 0, '', 0, 'held')", h.reason); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	defer s.Close()
	err = s.Read(t.Context(), func(tx *Tx) error {
		got, err := tx.HeldMails(100)
		if err != nil {
			return err
		}
		if len(got) != len(held) {
			t.Errorf("%d held mails, want %d", len(got), len(held))
		}
		for i, h := range got {
			if h.Reason != held[i].reason || h.Code != held[i].code || h.Trust != held[i].trust {
				t.Errorf("%q: code %q, trust %q; want %q, %q", h.Reason, h.Code, h.Trust, held[i].code, held[i].trust)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
