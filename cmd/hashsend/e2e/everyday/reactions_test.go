package everyday

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"maunium.net/go/mautrix/id"

	"hashsend/cmd/hashsend/e2e/lab"
)

// fixture reads the part of a real mail that says how its body is written, and the
// body.
func (s *scene) fixture(path ...string) string {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(append([]string{lab.Root(), "..", "shared", "fixtures"}, path...)...))
	if err != nil {
		s.t.Fatal(err)
	}
	head, body, _ := strings.Cut(strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n", "\r\n"), "\r\n\r\n")
	fields := regexp.MustCompile(`(?mi)^(?:mime-version|content-[a-z-]+):.*(?:\r\n[ \t].*)*`).FindAllString(head, -1)
	return strings.Join(fields, "\r\n") + "\r\n\r\n" + body
}

// reacted waits for a reaction in the room.
func (s *scene) reacted(to id.EventID, want ...string) {
	s.t.Helper()
	slices.Sort(want)
	var got []string
	defer func() {
		if s.t.Failed() {
			s.t.Logf("the reactions are %q", got)
		}
	}()
	lab.Wait(s.t, strings.Join(want, ", "), soon, func() bool {
		got = s.alice.Reactions(s.room, to)
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}

// reactions come by mail in the ways of all programs, as those of their person (C21,
// C22, C23, C24); those of the room go out in the way that a reader's program knows
// (D27), and as a line of the next mail to the others (A10).
func reactions(s *scene) {
	t := s.t
	s.link("Reactions", "bob", "carol", "dave")
	said := s.alice.Say(s.room, "Lunch at twelve?")
	m := s.gets("bob", "Lunch at twelve?")

	// Gmail, Outlook, RFC 9078 with a text, and what people type.
	s.sends("bob", m, s.fixture("events", "email", "E01_gmail_reaction.eml"))
	s.reacted(said, "🙏 bob (email)")
	s.sends("carol", m, s.fixture("events", "email", "E02_outlook_reaction_fallback.eml"))
	s.reacted(said, "🙏 bob (email)", "👍 carol (email)")
	s.sends("dave", m, s.fixture("events", "email", "E03_rfc9078_reply_plus_reaction.eml"))
	s.reacted(said, "🙏 bob (email)", "👍 carol (email)", "👍 dave (email)")
	s.sees("Reply + reaction")
	s.never("reacted", "🙏", "[like]")

	// A new one takes the place of the old, an empty one takes it back (C21).
	alone := "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: reaction\r\n\r\n"
	s.sends("dave", m, alone+"🎉\r\n")
	s.reacted(said, "🙏 bob (email)", "👍 carol (email)", "🎉 dave (email)")
	s.sends("dave", m, alone+"\r\n")
	s.reacted(said, "🙏 bob (email)", "👍 carol (email)")

	// What people type in a mail program: "+1", or one emoji, above the quote.
	next := s.alice.Say(s.room, "In the garden?")
	s.gets("carol", "In the garden?")
	s.gets("dave", "In the garden?")
	s.answers("carol", "+1")
	s.answers("dave", "🌳")
	s.reacted(next, "👍 carol (email)", "🌳 dave (email)")
	s.never("+1", "🌳")

	// Alice reacts to it: Bob's and Dave's programs are known to show that, Carol's is
	// not.
	s.alice.React(s.room, next, "❤️")
	garden := s.gets("bob", "In the garden?")
	isReaction := func(m lab.Mail) bool {
		return strings.Contains(string(m.Raw), "email-reaction+json") || strings.Contains(string(m.Raw), "Content-Disposition: reaction")
	}
	forBob := s.mail.Gets("bob", "INBOX", later, isReaction)
	if raw := string(forBob.Raw); !strings.Contains(raw, "text/vnd.google.email-reaction+json") || forBob.From[0].Name != "alice (Acme)" || !slices.Equal(forBob.InReplyTo, []string{garden.ID}) {
		t.Errorf("Bob's reaction is from %v, answers %v: %s", forBob.From, forBob.InReplyTo, raw)
	}
	forDave := s.mail.Gets("dave", "INBOX", later, isReaction)
	if raw := string(forDave.Raw); !strings.Contains(raw, "Content-Disposition: reaction") || strings.Contains(raw, "multipart") || !slices.Equal(forDave.InReplyTo, []string{garden.ID}) {
		t.Errorf("Dave's reaction answers %v: %s", forDave.InReplyTo, raw)
	}
	s.asks("mode hidden", "") // each gets a mail of their own
	s.alice.Say(s.room, "Under the tree.")
	const line = "❤️ alice: “In the garden?”"
	if m := s.gets("carol", "Under the tree."); !strings.Contains(m.Text, line) {
		t.Errorf("Carol's next mail does not tell it: %q", m.Text)
	}
	for _, user := range []string{"bob", "dave"} {
		if m := s.gets(user, "Under the tree."); strings.Contains(m.Text, line) {
			t.Errorf("%s is told twice: %q", user, m.Text)
		}
	}
}
