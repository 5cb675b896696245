package tomail

import (
	"strings"
	"testing"

	"hashsend/bridge/store"
)

func TestCorrected(t *testing.T) {
	long := strings.Repeat("many words ", 40)
	for _, c := range []struct{ was, now, html, text, markup string }{
		{"Lunch at 12?", "Lunch at 1?", "", "✏️ Edited: Lunch at 1?\n(was: Lunch at 12?)", "✏️ Edited: Lunch at <del>12?</del> <strong>1?</strong>"},
		{"a b c d", "b x d e", "", "✏️ Edited: b x d e\n(was: a b c d)", "✏️ Edited: <del>a</del> b <del>c</del> <strong>x</strong> d <strong>e</strong>"},
		{"<b> & c", "<i> & c", "", "✏️ Edited: <i> & c\n(was: <b> & c)", "✏️ Edited: <del>&lt;b&gt;</del> <strong>&lt;i&gt;</strong> &amp; c"},
		{long, long + "more", "", "✏️ Edited: " + long + "more", ""},
		{"short", long, "<p>" + long + "</p>", "✏️ Edited: " + long, "<p>✏️ Edited:</p><p>" + long + "</p>"},
	} {
		text, markup := changedWords(c.was, store.Message{Text: c.now, HTML: c.html})
		if text != c.text || markup != c.markup {
			t.Errorf("%.30q to %.30q:\n%q\n%q\nwant\n%q\n%q", c.was, c.now, text, markup, c.text, c.markup)
		}
	}
}
