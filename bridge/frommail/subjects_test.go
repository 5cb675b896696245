package frommail

import (
	"testing"

	"hashsend/bridge/core"
)

// C38: a subject is text of a stranger: it contains no markup and mentions nobody.
func TestUnder(t *testing.T) {
	for _, c := range []struct{ subject, text, html, wantText, wantHTML string }{
		{"", "Yes.", "", "Yes.", ""},
		{"", "Yes.", "<em>Yes.</em>", "Yes.", "<em>Yes.</em>"},
		{"Dinner", "Yes.", "<em>Yes.</em>", "Dinner\nYes.", "<p><strong>Dinner</strong></p><em>Yes.</em>"},
		{"Dinner", "1 < 2", "", "Dinner\n1 < 2", "<p><strong>Dinner</strong></p>1 &lt; 2"},
		{"<b>x</b> & y", "", "", "<b>x</b> & y", "<p><strong>&lt;b&gt;x&lt;/b&gt; &amp; y</strong></p>"},
		{"@room", "", "", "@\u2060room", "<p><strong>@\u2060room</strong></p>"},
	} {
		if text, html := core.UnderSubject(c.subject, c.text, c.html); text != c.wantText || html != c.wantHTML {
			t.Errorf("%q over %q: got %q and %q, want %q and %q", c.subject, c.text, text, html, c.wantText, c.wantHTML)
		}
	}
}
