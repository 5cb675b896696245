package bridge

import "testing"

// TestOneEmoji is which answers are an emoji and nothing else. (EVENTS C24)
func TestOneEmoji(t *testing.T) {
	for text, want := range map[string]string{
		"👍": "👍", " ❤️\n": "❤️", "👍🏽": "👍🏽", "👩‍👩‍👧": "👩‍👩‍👧", "🇩🇪": "🇩🇪", "1️⃣": "1️⃣", "+1": "👍", "🏴󠁧󠁢󠁳󠁣󠁴󠁿": "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
		"": "", "👍👍": "", "👍 👍": "", "👍 yes": "", "yes": "", "1": "", "+2": "", ":-)": "", "🇩🇪🇫🇷": "", "-- ": "", "👍.": "",
	} {
		if got := oneEmoji(text); got != want {
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
