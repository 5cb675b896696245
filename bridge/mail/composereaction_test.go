package mail

import (
	"strings"
	"testing"
)

// D27: the two forms of a reaction, and what is none.
func TestComposeReaction(t *testing.T) {
	for _, emoji := range []string{"👍", "👍🏽", "👩‍👩‍👧", "❤️", "🇩🇪", "1️⃣"} {
		for _, alone := range []bool{false, true} {
			d := sample()
			done, err := ComposeReaction(d, Reaction{Emoji: emoji, Text: "Alice reacted " + emoji + " to “From here: lunch?”", Alone: alone})
			if err != nil {
				t.Errorf("%s: %v", emoji, err)
				continue
			}
			raw := string(done.Raw)
			if !strings.Contains(raw, "\r\nIn-Reply-To: <"+d.InReplyTo+">\r\n") || strings.Contains(raw, "12:30") || strings.Contains(raw, "5 people") {
				t.Errorf("%s:\n%s", emoji, raw)
			}
			text, part, page := strings.Index(raw, "Content-Type: text/plain"), strings.Index(raw, gmailReaction), strings.Index(raw, "Content-Type: text/html")
			if alone && (text < 0 || part >= 0 || page >= 0) {
				t.Errorf("%s alone:\n%s", emoji, raw)
			}
			if !alone && (text < 0 || part < text || page < part) {
				t.Errorf("%s: the order of the parts:\n%s", emoji, raw)
			}
		}
	}
	for _, bad := range []string{"", "👍 👍", "a\r\nBcc: x@example.org", "\xff", strings.Repeat("👍", 17)} {
		if _, err := ComposeReaction(sample(), Reaction{Emoji: bad}); err == nil {
			t.Errorf("%q was written", bad)
		}
	}
	// A11: several that stand are one list, and an empty one takes them back.
	for _, emoji := range []string{"👍 ❤️", ""} {
		done, err := ComposeReaction(sample(), Reaction{Emoji: emoji, Alone: true})
		if err != nil {
			t.Errorf("%q: %v", emoji, err)
			continue
		}
		m, err := Parse(strings.NewReader(string(done.Raw)), DefaultLimits)
		if err != nil || len(m.Parts) != 1 || strings.TrimSpace(m.Parts[0].Content) != emoji || m.Header.Get("Content-Disposition") != "reaction" {
			t.Errorf("%q: %v\n%s", emoji, err, done.Raw)
		}
	}
	for _, bad := range []string{" 👍", "👍  ❤️", "a\r\nBcc: x@example.org", strings.Repeat("👍 ", 51) + "👍"} {
		if _, err := ComposeReaction(sample(), Reaction{Emoji: bad, Alone: true}); err == nil {
			t.Errorf("%q was written", bad)
		}
	}
	d := sample()
	d.InReplyTo = ""
	if _, err := ComposeReaction(d, Reaction{Emoji: "👍"}); err == nil {
		t.Error("a reaction to nothing was written")
	}
}
