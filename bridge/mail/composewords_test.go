package mail

import (
	"html"
	"regexp"
	"strings"
	"testing"
)

// page composes a mail and returns its message as read again, and its HTML.
func page(t *testing.T, d Draft) Message {
	t.Helper()
	f, err := Compose(d)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(strings.NewReader(string(f.Raw)), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var tags = regexp.MustCompile(`<[^>]*>`)

// TestSpoilerIsNotInThePreview shows what a list of mails shows of one: the first
// words of its page, hidden or not (EVENTS A27).
func TestSpoilerIsNotInThePreview(t *testing.T) {
	d := sample()
	d.Words = []Words{{
		Author: "Alice", At: d.Date, Text: "The gardener [spoiler: how it ends] in the end.",
		HTML: `The gardener <span data-mx-spoiler="how it ends">did it</span> in the end.`,
	}}
	m := page(t, d)
	if !strings.Contains(m.Text, "The gardener [spoiler: how it ends] in the end.") || strings.Contains(m.Text, "did it") {
		t.Errorf("the text is %q", m.Text)
	}
	_, body, _ := strings.Cut(m.HTML, "<body")
	_, body, _ = strings.Cut(body, ">")
	seen := html.UnescapeString(tags.ReplaceAllString(body, ""))
	at := strings.Index(seen, "did it")
	if at < 0 {
		t.Fatal("the spoiler is nowhere in the page")
	}
	preview := strings.TrimSpace(seen[:at])
	if !strings.HasPrefix(preview, "The gardener [spoiler: how it ends] in the end.") {
		t.Errorf("a preview begins with %.80q", preview)
	}
	if n := len([]rune(seen[:at])); n < 500 {
		t.Errorf("only %d characters stand before what is hidden", n)
	}
	if plain := page(t, sample()); strings.Contains(plain.HTML, "&zwnj;") {
		t.Error("a mail without a spoiler has a preview of its own")
	}
}

// TestWhoSaysWhat shows programs (A2), deeds (A3) and other names (A30) in a mail.
func TestWhoSaysWhat(t *testing.T) {
	d := sample()
	d.From.Name, d.Sender = "Cat (Acme)", "Älice <Owner>"
	d.AutoSubmitted = "auto-generated"
	d.Words = []Words{
		{Author: "Cat", Text: "build 7 failed", Grey: true},
		{Author: "Bob", Text: "waves & smiles", Emote: true},
		{Author: "Bob", Text: "a\n\nb", HTML: "<p>a</p><p>b</p>", Emote: true},
	}
	m := page(t, d)
	for _, want := range []string{
		`<span class="hs-small" style="color:#80868b">build 7 failed</span>`, "<em>* Bob waves &amp; smiles</em>", "<em>* Bob</em> <p",
	} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if !strings.Contains(m.Text, "* Bob waves & smiles") || m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("text %q, Auto-Submitted %q", m.Text, m.Header.Get("Auto-Submitted"))
	}
	if got := decodeWords(m.Header.Get(HeaderSender)); got != "Älice Owner" {
		t.Errorf("the account is named as %q", got)
	}
	d.Sender = ""
	if m := page(t, d); m.Header.Get(HeaderSender) != "" {
		t.Errorf("an account is named as %q", m.Header.Get(HeaderSender))
	}
}

// TestNoHeadersOfDeltaChat: its headers are not written, whatever a mail holds
// (EVENTS A8, A18, A19 name some; the design has none).
func TestNoHeadersOfDeltaChat(t *testing.T) {
	d := sample()
	for _, f := range page(t, d).Header {
		if strings.HasPrefix(strings.ToLower(f.Name), "chat-") {
			t.Errorf("there is a field %s", f.Name)
		}
	}
}
