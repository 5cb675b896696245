package tochat

import (
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
	"hashsend/bridge/store"
)

// TestBeginning keeps the beginning of a long text, with its note, within the limits.
func TestBeginning(t *testing.T) {
	slack, matrix := chat.Limits{Chars: 3900, Threads: true}, chat.Limits{Text: 48 << 10}
	lines := []string{"a.iso (5.0 GB) is too large for this room; it was attached to the email", "b.txt"}
	for name, x := range map[string]struct {
		text, html string
		lines      []string
		l          chat.Limits
	}{
		"words":         {text: strings.Repeat("long ", 1000), l: slack},
		"one word":      {text: strings.Repeat("ö", 4001), l: slack},
		"emoji":         {text: strings.Repeat("👍🏽", 3000), lines: lines, l: slack},
		"formatted":     {html: "<p>" + strings.Repeat("a <strong>bold</strong> word ", 400) + "</p>", lines: lines, l: slack},
		"many lines":    {text: strings.Repeat("line\n", 2000), lines: lines, l: slack},
		"another limit": {html: "<p>" + strings.Repeat("a <em>word</em> ", 9000) + "</p>", lines: lines, l: matrix},
	} {
		if x.text == "" {
			x.text = markup.ToText(x.html)
		}
		m := store.Message{Text: x.text, HTML: x.html}
		got := beginning(m, x.lines, x.l)
		if len(got) != 1 {
			t.Errorf("%s: it became %d parts", name, len(got))
			continue
		}
		body := got[0]
		if n := utf8.RuneCountInString(body.Text); x.l.Chars > 0 && (n > x.l.Chars || n < x.l.Chars/2) {
			t.Errorf("%s: %d characters are shown of the %d that fit", name, n, x.l.Chars)
		}
		if n := len(body.Text) + len(body.HTML); x.l.Text > 0 && (n > x.l.Text || n < x.l.Text/2) {
			t.Errorf("%s: %d bytes are shown of the %d that fit", name, n, x.l.Text)
		}
		for _, want := range append([]string{wholeName}, x.lines...) {
			if !strings.Contains(body.Text, want) || (x.html != "" && !strings.Contains(markup.ToText(body.HTML), want)) {
				t.Errorf("%s: %q is not told", name, want)
			}
		}
		if !strings.HasPrefix(body.Text, strings.TrimSpace(x.text)[:100]) {
			t.Errorf("%s: it begins with %.40q", name, body.Text)
		}
		file := wholeText(m)
		r, err := file.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if all, err := io.ReadAll(r); err != nil || string(all) != x.text || int64(len(all)) != file.Size {
			t.Errorf("%s: the file has %d bytes of %d, %v", name, len(all), len(x.text), err)
		}
	}
	// With more lines than fit, it comes in parts.
	if got := beginning(store.Message{Text: strings.Repeat("long ", 1000)}, []string{strings.Repeat("file ", 900)}, slack); len(got) == 1 {
		t.Error("more lines than fit were put into one message")
	}
}
