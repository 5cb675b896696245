package classify

import (
	"bytes"
	"testing"
	"time"

	"hashsend/bridge/mail"
)

// TestOneEmoji is which answers are an emoji and nothing else. (EVENTS C24)
func TestOneEmoji(t *testing.T) {
	for text, want := range map[string]string{
		"👍": "👍", " ❤️\n": "❤️", "👍🏽": "👍🏽", "👩‍👩‍👧": "👩‍👩‍👧", "🇩🇪": "🇩🇪", "1️⃣": "1️⃣", "+1": "👍", "🏴󠁧󠁢󠁳󠁣󠁴󠁿": "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
		"": "", "👍👍": "", "👍 👍": "", "👍 yes": "", "yes": "", "1": "", "+2": "", ":-)": "", "🇩🇪🇫🇷": "", "-- ": "", "👍.": "",
	} {
		if got := OneEmoji(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestBare is what takes a reaction back: nothing above the footer. (EVENTS C21)
func TestBare(t *testing.T) {
	for text, want := range map[string]bool{"": true, "\r\n\r\n": true, "-- \r\nsent from a phone": true, "\n--\n👍": true, "no": false, "👍": false, "---": false} {
		if got := isBare(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// D27: what is written is read back as the same reaction, to the same mail.
func TestReactionReadBack(t *testing.T) {
	mint := mail.Mint{Secret: bytes.Repeat([]byte("k"), 32)}
	for _, emoji := range []string{"👍", "👍🏽", "👩‍👩‍👧", "❤️", "🇩🇪", "1️⃣"} {
		for rule, alone := range map[string]bool{"Gmail reaction": false, "RFC 9078": true} {
			done, err := mail.ComposeReaction(mail.Draft{
				ID: mint.MessageID("aaaa", "bbbb", "example.org"), Anchor: mint.Anchor("aaaa", "example.org"), Date: time.Unix(1, 0), Started: time.Unix(1, 0),
				From: mail.Address{Address: "team@example.org"}, To: []mail.Address{{Address: "ann@example.com"}},
				InReplyTo: "final@mx.example.com", Bridge: "a1; hop=1", Suppress: "All",
			}, mail.Reaction{Emoji: emoji, Text: "Alice reacted", Alone: alone})
			if err != nil {
				t.Fatal(err)
			}
			m, err := mail.Parse(bytes.NewReader(done.Raw), mail.DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			if c := Mail(m); c.Emoji != emoji || c.Rule != rule || c.Kind != Reaction || m.InReplyTo[0] != "final@mx.example.com" {
				t.Errorf("%s by %s is read as %+v, to %s", emoji, rule, c, m.InReplyTo)
			}
		}
	}
}
