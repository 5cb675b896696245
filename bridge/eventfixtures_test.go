package bridge

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"hashsend/bridge/chat"
	"hashsend/bridge/classify"
	"hashsend/bridge/mail"
)

// eventMail reads an email of the shared test material.
func eventMail(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "shared", "fixtures", "events", "email", name+".eml"))
	if err != nil {
		t.Skipf("the shared test material is not here: %v", err)
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n", "\r\n")
}

// newStage starts a story in Go.
func newStage(t *testing.T, dir string) *stage {
	s := &stage{t: t, dir: dir, nets: map[string]*net{}, refuse: map[string]string{}, mode: map[string]string{}, names: map[string]string{}, trust: mail.Proven}
	for _, name := range []string{"matrix", "slack"} {
		s.nets[name] = &net{s: s, name: name, posted: map[string]chat.MessageID{}, count: map[chat.RoomID]int{}}
	}
	s.start()
	return s
}

// plays runs the steps and returns their transcript.
func (s *stage) plays(steps ...func()) string {
	s.out.Reset()
	for _, step := range steps {
		step()
		synctest.Wait()
		s.flush()
	}
	return strings.TrimSpace(s.out.String())
}

// A truncated email is read and classified, wherever it ends.
func TestEventMailsCutOff(t *testing.T) {
	for _, name := range []string{"E01_gmail_reaction", "E02_outlook_reaction_fallback", "E03_rfc9078_reply_plus_reaction", "E04_outlook_com_rewritten_message_id", "E05_gmail_replaced_malformed_message_id"} {
		raw := eventMail(t, name)
		for n := range raw {
			m, err := mail.Parse(strings.NewReader(raw[:n]), mail.DefaultLimits)
			if err != nil {
				t.Fatalf("%s, %d bytes: %v", name, n, err)
			}
			classify.Mail(m)
		}
	}
}

// TestEventMails takes emails of real providers through the whole path: reactions become
// reactions, not text. The ids of our emails and the recipients are those of this stage.
func TestEventMails(t *testing.T) {
	for _, c := range []struct{ file, from, want string }{
		{"E01_gmail_reaction", "bob@gmail.example", "matrix: Bob Example (email) 🙏 on m3"},
		{"E02_outlook_reaction_fallback", "bob@contoso.example", "matrix: Bob (email) 👍 on m3"},
		{"E03_rfc9078_reply_plus_reaction", "bob@example.net", "matrix lunch: bob (email): Reply + reaction (lunch4)\n  matrix: bob (email) 👍 on m3"},
		{"E04_outlook_com_rewritten_message_id", "someone@outlook.com", "matrix lunch: someone (email): rewritten by Outlook.com\n    body (lunch4)"},
		{"E05_gmail_replaced_malformed_message_id", "someone@gmail.com", "matrix lunch: someone (email): malformed id replaced by Gmail\n    body (lunch4)"},
	} {
		t.Run(c.file, func(t *testing.T) {
			raw, dir := eventMail(t, c.file), t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, dir)
				defer s.end()
				s.plays(
					func() { s.step("Alice in lunch: !send link " + c.from + " ann@example.com title Lunch") },
					func() { s.step("Alice in lunch: !send ok") },
					func() { s.step("Alice in lunch: Hi") },
					func() { s.step("wait 6s") },
				)
				ours, anchor, token := s.sent[0].ID, s.sent[0].References[0], s.sent[0].ReplyTo[0].Address
				raw := strings.NewReplacer("hs.t7k2m9.0197f2c3@bridge.example.org", ours, "hs.t7k2m9.root@bridge.example.org", anchor, "12345@example.org", ours,
					"bridge@example.org", token, "alice@example.org", token, "list@example.org", token).Replace(raw)
				if !strings.Contains(raw, "In-Reply-To:") {
					raw = "In-Reply-To: <" + ours + ">\r\n" + raw
				}
				if got := s.plays(func() { s.deliver(mail.Inbox, raw) }); got != c.want {
					t.Errorf("it became\n  %s\nand not\n  %s", got, c.want)
				}
				m, err := mail.Parse(strings.NewReader(raw), mail.DefaultLimits)
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(raw, "-Original-Message-ID:") != (len(m.OtherIDs) == 1) {
					t.Errorf("it had the ids %q before", m.OtherIDs)
				}
				for _, id := range append([]string{m.ID}, m.OtherIDs...) {
					// Nothing but the id tells where this one belongs.
					if got := s.plays(func() { s.step("mail ann@example.com cites " + id + ": Found.") }); !strings.Contains(got, "Found.") {
						t.Errorf("an answer that cites %s is not found: %s", id, got)
					}
				}
			})
		})
	}
}
