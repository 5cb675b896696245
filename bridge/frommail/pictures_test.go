package frommail

import (
	"testing"

	"hashsend/bridge/mail"
)

// Placeholders of pictures in plain text are removed, because the pictures are posted
// (EVENTS C4).
func TestPicturesAreNotWords(t *testing.T) {
	html := `<p>See:</p><img alt="sketch" src="cid:p1@x"><IMG SRC="CID:p2@x"><img src="https://example.org/x.png" alt="another">`
	for text, want := range map[string]string{
		"See:\n\nsketch\n\nBye":                "See:\n\nBye",                          // Thunderbird
		"See:\n[image: sketch]\nBye":           "See:\n\nBye",                          // Gmail
		"See: [cid:p2@x] there":                "See:  there",                          // Outlook
		"[sketch]\n\nSee the sketch":           "See the sketch",                       // Outlook with a description
		"See:\n\n[image: another]\n<cid:p3@x>": "See:\n\n[image: another]\n<cid:p3@x>", // no picture of this mail
		"two\n\n\nlines":                       "two\n\nlines",
	} {
		if got := withoutPictures(&mail.Message{HTML: html}, text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
		if got := withoutPictures(&mail.Message{HTML: "<p>See</p>"}, text); got != text {
			t.Errorf("without pictures %q becomes %q", text, got)
		}
	}
}
