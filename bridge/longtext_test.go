package bridge

import (
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
	"hashsend/bridge/store"
)

// TestBeginning keeps the beginning of a long text within the limits (C7), with the note
// and the lines about files, and the rest in a file.
func TestBeginning(t *testing.T) {
	slack, matrix := chat.Limits{Chars: 3900, Threads: true}, chat.Limits{Text: 48 << 10}
	lines := []string{"a.iso (5.0 GB) is too large for this room; it was in the mail", "b.txt"}
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

// TestLongEdit posts the whole again when a message becomes too long by an edit, or is
// edited when it is (C7), in the thread where it stands. One file has the whole at the
// end, and none when the message fits again: what stands in the old one is no longer said.
func TestLongEdit(t *testing.T) {
	begin := `Alice@slack in general: /send link ann@example.com title Lunch
Alice@slack in general: /send ok
admin lunch link 1 yes
Carla in lunch: short
wait 6s
`
	more := "Carla in lunch edits m3: " + strings.Repeat("more than fits ", 300) + "\n"
	other := "Carla in lunch edits m3: " + strings.Repeat("other than that ", 300) + "\n"
	short := "Carla in lunch edits m3: short again\n"
	remove := "Carla in lunch deletes m3:\n"
	const pause = "wait 1s\n"
	posted := regexp.MustCompile(`\[file full text.txt.*\((general\d+)\)`)
	for name, x := range map[string]struct {
		script string
		left   string // which file stands in the room at the end
		posted int    // files that ever stood there
	}{
		"longer":                     {more + pause, "general6", 1},
		"other words":                {more + pause + other + pause, "general7", 2},
		"one right after the other":  {more + other + pause, "general7", 2},
		"short again":                {more + pause + short + pause, "", 1},
		"short again, at once":       {more + short + pause, "", 1},
		"short, and long again":      {more + pause + short + pause + other + pause, "general7", 2},
		"deleted":                    {more + pause + other + pause + remove + pause, "", 2},
		"deleted when short again":   {more + pause + short + pause + remove + pause, "", 1},
		"deleted before it is there": {"down slack\n" + more + other + remove + "up slack\nwait 20s\n", "", 2},
		"the network is away":        {more + pause + "down slack\n" + other + "wait 2s\nrestart\nup slack\nwait 20s\n", "general7", 2},
		"in a thread":                {"Carla in lunch answers m3: one more\n" + pause + strings.ReplaceAll(more+pause+other+pause, " m3:", " m4:"), "general8", 2},
	} {
		dir := t.TempDir()
		var got string
		synctest.Test(t, func(t *testing.T) { got = play(t, dir, begin+x.script+pause) })
		if in := " is deleted in the thread general5"; strings.Contains(x.script, "answers") != strings.Contains(got, in) {
			t.Errorf("%s: in a thread and %q does not fit:\n%.9000s", name, in, got)
		}
		var left []string
		for _, id := range posted.FindAllStringSubmatch(got, -1) {
			switch n := strings.Count(got, id[1]+" is deleted"); n {
			case 0:
				left = append(left, id[1])
			case 1:
			default:
				t.Errorf("%s: %s is deleted %d times", name, id[1], n)
			}
		}
		if l := strings.Join(left, " "); l != x.left {
			t.Errorf("%s: %q is left, want %q", name, l, x.left)
		}
		if n := strings.Count(got, "[file full text.txt"); n != x.posted {
			t.Errorf("%s: %d files were posted, want %d", name, n, x.posted)
		}
	}
}
