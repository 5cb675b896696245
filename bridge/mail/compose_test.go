package mail

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func sample() Draft {
	m := Mint{Secret: []byte(strings.Repeat("k", 32))}
	at := time.Date(2025, 7, 8, 9, 38, 10, 0, time.FixedZone("CEST", 7200))
	return Draft{
		ID: m.MessageID("aaaabbbbccccdddd", "eeeeffffgggghhhh", "example.org"), Anchor: m.Anchor("aaaabbbbccccdddd", "example.org"),
		From: Address{"Alice (Acme)", "team@example.org"}, To: []Address{{"Ann Example", "ann@example.com"}, {"Jörg", "joerg@example.net"}},
		ReplyTo: &Address{"Lunch", "team+abcdefghijklmnopqrstuvwxyz@example.org"}, Subject: "#Send Lunch", Started: at.Add(-time.Hour), Date: at,
		InReplyTo: "CAFrh3J9uh0M5bWeS3cv@mail.example.com", Trace: m.Trace("eeeeffffgggghhhh"), Bridge: "a1b2c3; hop=1", Suppress: "OOF, AutoReply",
		Words: []Words{
			{Author: "Alice", At: at.Add(-8 * time.Second), Text: "Shall we go to the new place? It has a garden, and the menu at https://lunch.example/menu looks good enough for all of us.", Index: 1},
			{Author: "Alice", At: at, Text: "12:30 is fine", HTML: "<strong>12:30</strong> is fine", Quote: "When do you want to go?", Files: []string{"map.pdf"}, Index: 2},
		},
		Footer: []FooterPart{{Text: "Lunch"}, {Text: "5 people"}, {Text: "answer to reply"}, {Text: "leave", URL: "mailto:team+leave.abc@example.org?subject=leave"}},
	}
}

// D1, D2: whole mails, byte by byte.
func TestComposeGolden(t *testing.T) {
	two := sample()
	two.Names, two.Intro = true, "Alice has added you to a conversation.\nYou can answer by email."
	two.Words = append(two.Words, Words{Author: "Bob", At: two.Date, HTML: `<p>See</p><ul><li>a</li><li>b</li></ul><pre><code>From here
.
x</code></pre>`, Index: 3}, Words{Author: "Bob", At: two.Date, Text: "waves", Emote: true, Index: 4})
	notice := sample()
	notice.AutoSubmitted, notice.Precedence, notice.Times = "auto-generated", "bulk", true
	notice.Subject, notice.InReplyTo, notice.Unsubscribe = "#Send Mittagessen für die ganze Abteilung und alle Gäste, die noch kommen werden", "", "mailto:team+leave.abc@example.org?subject=leave"
	for name, d := range map[string]Draft{"plain": sample(), "two": two, "notice": notice} {
		t.Run(name, func(t *testing.T) {
			finished, err := Compose(d)
			b := finished.Raw
			if err != nil {
				t.Fatal(err)
			}
			again, _ := Compose(d)
			if !bytes.Equal(b, again.Raw) {
				t.Error("the same draft gave other bytes")
			}
			if len(b) > 30<<10 {
				t.Errorf("%d bytes", len(b))
			}
			path := filepath.Join("testdata", name+".eml")
			if *update {
				if err := os.WriteFile(path, b, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(b)); d != "" {
				t.Error(d)
			}
		})
	}
}

// D2: small, in one column, with colours for dark mode wherever there is one that only
// suits light; names and times small, initials without a picture.
func TestComposeLook(t *testing.T) {
	d := sample()
	d.About, d.Reactions = "Alice writes to you from the chat room.", []string{"👍 Bob: “Lunch?”"}
	for i := range 22 {
		d.Words = append(d.Words, Words{Author: []string{"Alice", "Bob"}[i/4%2], At: d.Date, Index: i + 2, HTML: `<p>Bread and <code>soup</code></p><pre><code>x</code></pre><blockquote><p>said</p></blockquote> שלום`})
	}
	finished, err := Compose(d)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(bytes.NewReader(finished.Raw), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(finished.Raw); n > 30<<10 {
		t.Errorf("two dozen messages are %d bytes", n)
	}
	head, body, _ := strings.Cut(m.HTML, "</head>")
	dark := regexp.MustCompile(`<(\w+)([^>]*?)\bstyle="[^"]*\b(?:color|background|border[a-z-]*):[^"]*#`)
	for _, e := range dark.FindAllStringSubmatch(body, -1) {
		covered := strings.Contains(head, ".hs-body "+e[1]) || strings.Contains(head, ", .hs-body "+e[1])
		for _, class := range []string{"hs-body", "hs-small", "hs-quote"} {
			covered = covered || strings.Contains(e[2], `class="`+class+`"`) && strings.Contains(head, "."+class)
		}
		if !covered && !strings.Contains(e[0], "border-radius:17px") { // initials: white on a colour of their own
			t.Errorf("in dark mode this keeps its colour: %s", e[0])
		}
	}
	if n := strings.Count(body, `border-radius:17px`); n != 6 {
		t.Errorf("the initials stand at %d groups", n)
	}
	if n := strings.Count(body, `dir="auto"`); n < 24 {
		t.Errorf("only %d messages find their own direction", n)
	}
	for _, bad := range []string{"<img", "http-equiv", "url(", "<link"} {
		if strings.Contains(m.HTML, bad) {
			t.Errorf("it has %s", bad)
		}
	}
}

// D20: what is answered is one line of at most 140 characters, and nothing else is quoted.
func TestComposeQuote(t *testing.T) {
	d := sample()
	d.Words = d.Words[:1]
	d.Words[0].Quote = "Bob: " + strings.Repeat("many words\n", 40)
	finished, err := Compose(d)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(bytes.NewReader(finished.Raw), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	var quoted []string
	for line := range strings.SplitSeq(m.Text, "\n") {
		if strings.HasPrefix(line, ">") {
			quoted = append(quoted, strings.TrimPrefix(line, "> "))
		}
	}
	if len(quoted) != 1 || utf8.RuneCountInString(quoted[0]) > 140 || !strings.HasPrefix(quoted[0], "Bob: many words many") {
		t.Errorf("quoted is %q", quoted)
	}
	if n := strings.Count(m.HTML, "many words"); n < 5 || n > 14 {
		t.Errorf("in HTML it stands %d times", n)
	}
}

// D3, D18: a preview shows what was said, of an invitation too; each message can be found.
func TestComposeTextFirst(t *testing.T) {
	d := sample()
	d.About = "Alice writes to you from the chat room."
	finished, err := Compose(d)
	b := finished.Raw
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(bytes.NewReader(b), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(m.Text, "\n\nAlice writes to you from the chat room.\n") || !strings.HasPrefix(m.Text, "Shall we go") {
		t.Errorf("the text begins with %.60q", m.Text)
	}
	_, shown, _ := strings.Cut(m.HTML, "<body")
	_, shown, _ = strings.Cut(shown, ">")
	if i, j := strings.Index(shown, "Shall we go"), strings.Index(shown, "Alice"); i < 0 || j < i {
		t.Error("the HTML does not begin with what was said")
	}
	for _, want := range []string{`<span id="hs-1">`, `<span id="hs-2">`, "prefers-color-scheme: dark", `content="light dark"`, "📎 map.pdf"} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the HTML has no %q", want)
		}
	}
	for _, bad := range []string{"<img", "src=", "url(", "<script"} {
		if strings.Contains(m.HTML, bad) {
			t.Errorf("the HTML has %q", bad)
		}
	}
	if !strings.Contains(m.Text, "\n-- \nLunch · 5 people") {
		t.Errorf("no footer in %q", m.Text)
	}
	d.Names = true
	if finished, err = Compose(d); err != nil {
		t.Fatal(err)
	}
	b = finished.Raw
	if m, _ = Parse(bytes.NewReader(b), DefaultLimits); !strings.HasPrefix(m.Text, "Alice: Shall we go") {
		t.Errorf("with names the text begins with %.60q", m.Text)
	}
}

// D9, D10: the anchor first, then the last ones, never more than ten; one id a line.
func TestComposeReferences(t *testing.T) {
	d := sample()
	for i := range 30 {
		d.References = append(d.References, fmt.Sprintf("r%d@example.com", i), d.Anchor, "no id", "two words@x", "a@b\r\nBcc: x")
	}
	d.InReplyTo = "r29@example.com"
	finished, err := Compose(d)
	b := finished.Raw
	if err != nil {
		t.Fatal(err)
	}
	m, _ := Parse(bytes.NewReader(b), DefaultLimits)
	want := []string{d.Anchor, "r0@example.com"}
	for i := 22; i < 30; i++ {
		want = append(want, fmt.Sprintf("r%d@example.com", i))
	}
	if d := cmp.Diff(want, m.References); d != "" {
		t.Error(d)
	}
	d = sample()
	d.InReplyTo = ""
	finished, _ = Compose(d)
	b = finished.Raw
	m, _ = Parse(bytes.NewReader(b), DefaultLimits)
	if len(m.References) != 1 || m.References[0] != d.Anchor || m.InReplyTo[0] != d.Anchor {
		t.Errorf("first mail: %q, %q", m.References, m.InReplyTo)
	}
}

// TestComposeRefuses tries what must not get into a header.
func TestComposeRefuses(t *testing.T) {
	for name, change := range map[string]func(*Draft, string){
		"id": func(d *Draft, s string) { d.ID = "a" + s + "@b" }, "anchor": func(d *Draft, s string) { d.Anchor = "a" + s + "@b" },
		"from": func(d *Draft, s string) { d.From.Address = "a" + s + "@example.org" }, "to": func(d *Draft, s string) { d.To[0].Address = "a@b" + s },
		"trace": func(d *Draft, s string) { d.Trace = "x" + s }, "bridge": func(d *Draft, s string) { d.Bridge = "x" + s + "y" },
		"unsubscribe": func(d *Draft, s string) { d.Unsubscribe = "mailto:x" + s + "@y" }, "auto": func(d *Draft, s string) { d.AutoSubmitted = "x" + s },
	} {
		for _, s := range []string{"\r\nBcc: mal@example.net", "\nX: y", "\r", "\x00", "\u2028X: y", "\u0085"} {
			d := sample()
			change(&d, s)
			if finished, err := Compose(d); err == nil {
				t.Errorf("%s: %q was taken:\n%.900s", name, s, finished.Raw)
			}
		}
	}
	for name, change := range map[string]func(*Draft){
		"no date": func(d *Draft) { d.Date = time.Time{} }, "nobody": func(d *Draft) { d.To = nil }, "web": func(d *Draft) { d.Unsubscribe = "javascript:x" },
	} {
		d := sample()
		change(&d)
		if _, err := Compose(d); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestFlow(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"short", "short\r\n"},
		{"From here", " From here\r\n"},
		{" indented", "  indented\r\n"},
		{"> quote", "> quote\r\n"},
		{"a\n\nb", "a\r\n\r\nb\r\n"},
		{"x\n\n-- \nfoot", "x\r\n\r\n-- \r\nfoot\r\n"},
		{strings.Repeat("word ", 20) + "end", strings.Repeat("word ", 14) + "\r\n" + strings.Repeat("word ", 6) + "end\r\n"},
		{"> " + strings.Repeat("word ", 16) + "end", "> " + strings.Repeat("word ", 14) + "\r\n> word word end\r\n"},
		{strings.Repeat("x", 200), strings.Repeat("x", 200) + "\r\n"},
	} {
		if got := flow(c.in); got != c.want {
			t.Errorf("flow(%q)\n got %q\nwant %q", c.in, got, c.want)
		}
		back := unflow(cleanLines(flow(c.in)), false)
		if strings.TrimSuffix(back, "\n") != c.in {
			t.Errorf("%q came back as %q", c.in, back)
		}
	}
}

func FuzzCompose(f *testing.F) {
	f.Add("hello", "Alice", "Lunch", "quote", "<p>x</p>")
	f.Add("-- \n> a\n>b\n From x\n.\n", "A\r\nBcc: x", "\u2028 =?utf-8?q?x?=", "", "<pre><code>From x\n.\n--\n</code></pre>")
	f.Add(strings.Repeat("long ", 300)+strings.Repeat("ü", 999), `"@"`, strings.Repeat("t", 2000), "\n\n", "")
	f.Fuzz(func(t *testing.T, text, name, title, quote, html string) {
		d := sample()
		d.From.Name, d.To[0].Name = name, title
		d.Subject, d.Intro = "#Send "+title, quote
		d.Words = []Words{{Author: name, At: d.Date, Text: text, HTML: html, Quote: quote, Files: []string{title}, Index: 7}, {Author: title, Text: html, Emote: true}}
		d.Names, d.Times = len(text)%2 == 0, len(title)%2 == 0
		finished, err := Compose(d)
		b := finished.Raw
		if err != nil {
			if strings.Contains(err.Error(), "bytes") { // a word that fits into no line
				return
			}
			t.Fatal(err)
		}
		if bytes.Contains(bytes.ReplaceAll(b, []byte("\r\n"), nil), []byte("\n")) || !bytes.HasSuffix(b, []byte("\r\n")) {
			t.Error("a bare LF")
		}
	})
}
