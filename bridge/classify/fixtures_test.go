package classify

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hashsend/bridge/mail"
)

// label is a row of the shared test material.
type label struct {
	File       string   `json:"file"`
	Class      string   `json:"class"`
	Recipients []string `json:"recipients"`
	OriginalID string   `json:"original_message_id"`
	DSN        []struct {
		Recipient string `json:"recipient"`
		Action    string `json:"action"`
		Status    string `json:"status"`
	} `json:"dsn"`
	raw []byte
}

// fixtures reads a folder of the shared test material, labels and mails.
func fixtures(t testing.TB, folder string) []label {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "fixtures", "mail", folder)
	b, err := os.ReadFile(filepath.Join(dir, "labels.jsonl"))
	if err != nil {
		t.Skipf("the shared test material is not here: %v", err)
	}
	var rows []label
	for line := range bytes.Lines(b) {
		var row label
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if row.raw, err = os.ReadFile(filepath.Join(dir, row.File)); err == nil {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("%s has labels but no mails", dir)
	}
	return rows
}

// bothWays gives a mail as it is in the file and as it is on the wire.
func bothWays(raw []byte) [][]byte {
	lf := bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	return [][]byte{raw, bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n"))}
}

func read(t testing.TB, raw []byte) (mail.Message, Class) {
	t.Helper()
	m, err := mail.Parse(bytes.NewReader(raw), mail.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return m, Mail(m)
}

func isReportKind(k Kind) bool {
	switch k {
	case Bounce, Delayed, Delivered, ReadReceipt, Complaint:
		return true
	}
	return false
}

// score counts, and fails the test where a share is too small.
type score struct{ good, all int }

func (s *score) count(t *testing.T, ok bool, format string, args ...any) {
	s.all++
	if ok {
		s.good++
		return
	}
	t.Logf("missed: "+format, args...)
}

func (s *score) want(t *testing.T, what string, percent float64) {
	t.Helper()
	got := 100 * float64(s.good) / float64(max(s.all, 1))
	t.Logf("%s: %d of %d, %.1f %%", what, s.good, s.all, got)
	if got < percent {
		t.Errorf("%s: %.1f %%, want %.1f %%", what, got, percent)
	}
}

// C17, C18, C19: what fails, is late, has arrived, or was read.
func TestReports(t *testing.T) {
	var detected, recipient, original, sort score
	for _, row := range fixtures(t, "bounce") {
		for _, raw := range bothWays(row.raw) {
			_, c := read(t, raw)
			detected.count(t, isReportKind(c.Kind), "%s (%s) is a %s by %q", row.File, row.Class, c.Kind, c.Rule)
			if !isReportKind(c.Kind) {
				continue
			}
			if c.Text == "" || c.Report == nil {
				t.Errorf("%s: nothing to tell: %+v", row.File, c)
				continue
			}
			switch row.Class {
			case "arf":
				sort.count(t, c.Kind == Complaint, "%s is a %s, want complaint", row.File, c.Kind)
				continue
			case "mdn":
				sort.count(t, c.Kind == ReadReceipt, "%s is a %s, want read-receipt", row.File, c.Kind)
			case "dsn-success":
				sort.count(t, c.Kind == Delivered, "%s is a %s, want delivered", row.File, c.Kind)
			case "dsn-delayed":
				sort.count(t, c.Kind == Delayed, "%s is a %s, want delayed", row.File, c.Kind)
			case "bounce":
				sort.count(t, c.Kind == Bounce, "%s is a %s, want bounce", row.File, c.Kind)
			}
			if want := wantedRecipients(row); len(want) > 0 && row.Class != "mdn" {
				recipient.count(t, sameRecipients(c.Report.Recipients, want), "%s: recipients %q, want %q", row.File, c.Report.Recipients, want)
			}
			if id := strings.Trim(row.OriginalID, "<>"); id != "" {
				original.count(t, c.Report.OriginalID == id, "%s: original %q, want %q", row.File, c.Report.OriginalID, id)
			}
		}
	}
	detected.want(t, "reports detected", 97.5)
	recipient.want(t, "right recipient", 98)
	original.want(t, "right original Message-ID", 98.5)
	sort.want(t, "right sort of report", 97.5)
}

func wantedRecipients(row label) []string {
	if len(row.Recipients) > 0 {
		return row.Recipients
	}
	var rs []string
	for _, d := range row.DSN {
		if strings.Contains(d.Recipient, "@") {
			rs = append(rs, d.Recipient)
		}
	}
	return rs
}

// sameRecipients: every address that we name is one of those wanted, and at least
// one is named.
func sameRecipients(got []Recipient, want []string) bool {
	if len(got) == 0 {
		return false
	}
	for _, g := range got {
		found := false
		for _, w := range want {
			w = strings.Trim(w, "<> ")
			found = found || strings.EqualFold(w, g.Address) || strings.EqualFold(w, g.Final)
		}
		if !found {
			return false
		}
	}
	return true
}

// C20: absences and other automatic answers.
func TestAutomatic(t *testing.T) {
	var auto, human, loop score
	for _, folder := range []string{"autoreply", "autoreply-synth"} {
		for _, row := range fixtures(t, folder) {
			for _, raw := range bothWays(row.raw) {
				_, c := read(t, raw)
				automatic := c.Kind == AutoReply || c.Kind == Challenge
				switch row.Class {
				case "auto-forwarded": // a rule passes on what a person wrote
					human.count(t, !automatic && !isReportKind(c.Kind), "%s is a %s by %q", row.File, c.Kind, c.Rule)
				case "auto-reply", "challenge-response":
					auto.count(t, automatic || isReportKind(c.Kind), "%s (%s) is a %s by %q", row.File, row.Class, c.Kind, c.Rule)
				case "human", "may-auto-reply":
					human.count(t, !automatic && !isReportKind(c.Kind) && c.Kind != Loop, "%s is a %s by %q", row.File, c.Kind, c.Rule)
				case "loop":
					// Whether a Message-ID is our own, only the database knows.
					loop.count(t, c.Kind == Loop || strings.Contains(row.File, "own-message-id"), "%s is a %s", row.File, c.Kind)
				case "auto-generated", "no-auto-reply":
					t.Logf("%s is a %s by %q", row.File, c.Kind, c.Rule)
				default:
					t.Errorf("%s has the unknown label %q", row.File, row.Class)
				}
			}
		}
	}
	auto.want(t, "automatic answers", 97)
	human.want(t, "people among them", 100)
	loop.want(t, "loops", 100)
}

func TestPeople(t *testing.T) {
	for _, folder := range []string{"list", "normal"} {
		var people score
		for _, row := range fixtures(t, folder) {
			for _, raw := range bothWays(row.raw) {
				_, c := read(t, raw)
				people.count(t, !isReportKind(c.Kind) && c.Kind != AutoReply && c.Kind != Challenge && c.Kind != Loop && c.Kind != Reaction, "%s is a %s by %q", row.File, c.Kind, c.Rule)
			}
		}
		people.want(t, folder, 100)
	}
}

func TestGenuineReplies(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "fixtures", "mail", "genuine-replies")
	files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil || len(files) == 0 {
		t.Skip("the shared test material is not here")
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, c := read(t, raw); c.Kind != Message {
			t.Errorf("%s is a %s by %q", filepath.Base(f), c.Kind, c.Rule)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, row := range fixtures(t, "malformed") {
		if _, c := read(t, row.raw); c.Rule == "" {
			t.Errorf("%s: no rule", row.File)
		}
	}
}

func BenchmarkMail(b *testing.B) {
	for _, folder := range []string{"bounce", "autoreply-synth", "normal"} {
		b.Run(folder, func(b *testing.B) {
			var ms []mail.Message
			var size int64
			for _, row := range fixtures(b, folder) {
				m, err := mail.Parse(bytes.NewReader(row.raw), mail.DefaultLimits)
				if err != nil {
					b.Fatal(err)
				}
				ms, size = append(ms, m), size+int64(len(row.raw))
			}
			b.SetBytes(size)
			for b.Loop() {
				for _, m := range ms {
					Mail(m)
				}
			}
			b.ReportMetric(float64(b.N)*float64(len(ms))/b.Elapsed().Seconds(), "mails/s")
		})
	}
}
