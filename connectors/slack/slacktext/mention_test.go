package slacktext

import (
	"encoding/json"
	"strings"
	"testing"

	"hashsend/bridge/markup"
)

// TestMentions finds whom a mail mentions (C41): the exact name of one member alone.
func TestMentions(t *testing.T) {
	var all markup.Names
	for id, name := range map[string]string{"U1": "Bob", "U2": "Bob Lee", "U3": "Ann", "U4": "ann", "U5": "Zoë", "U6": "", "U7": "here", "U8": "channel", "U9": "İnci"} {
		all.Add(id, name)
	}
	for text, want := range map[string]string{
		"@bob, are you there?":          "<@U1>, are you there?",
		"(@Bob Lee) and @bob.":          "(<@U2>) and <@U1>.",
		"@Ann":                          "@Ann", // two have the name
		"@bobby and bob@bob":            "@bobby and bob@bob",
		"mail me at x@bob.example":      "mail me at x@bob.example",
		"https://example.org/@bob":      "https://example.org/@bob",
		"Grüße, @zoë!":                  "Grüße, <@U5>!",
		"@İnci & @inci":                 "<@U9> &amp; @inci",
		"@ @, @@bob":                    "@ @, @<@U1>",
		"nobody @nobody":                "nobody @nobody",
		"@here @channel @everyone":      "@\u2060here @\u2060channel @\u2060everyone",
		"<@U1> <!channel> <!here|@bob>": "&lt;@U1&gt; &lt;\u2060!channel&gt; &lt;\u2060!here|<@U1>&gt;",
		"":                              "",
	} {
		blocks, fallback := RichText("", text, all)
		if fallback != want {
			t.Errorf("%q becomes %q, want %q", text, fallback, want)
		}
		if got := Read(Message{Blocks: blocks}, workspace{}).Mentions; len(got) != strings.Count(want, "<@U") {
			t.Errorf("%q mentions %v: %s", text, got, blocks)
		}
	}
	// Not in code, nor as the words of a link; and as it is shown, so it is told.
	for in, want := range map[string]int{
		"<p>hi <strong>@bob</strong> and <em>@Bob Lee</em></p>": 2, "<code>@bob</code>": 0, "<pre><code>@bob</code></pre>": 0,
		`<a href="https://e.example">@bob</a>`: 0, "x<b>@bob</b>": 0, "<ul><li>@bob</li></ul>": 1, "<blockquote>@bob</blockquote>": 1, "<p>@bob</p>": 1,
	} {
		blocks, fallback := RichText(in, "", all)
		if got := strings.Count(string(blocks), `"user_id"`); got != want || !json.Valid(blocks) {
			t.Errorf("%q mentions %d, want %d: %s", in, got, want, blocks)
		}
		if got := strings.Count(fallback, "<@"); got != want {
			t.Errorf("%q mentions %d in the text, want %d: %q", in, got, want, fallback)
		}
	}
	if markup.HasMention("ann@example.com") || !markup.HasMention("hi @bob") {
		t.Error("an address is a mention, or a mention is none")
	}
	// No mention is cut apart.
	_, fallback := RichText("", strings.Repeat("ö", maxFallback-4)+" @bob and more", all)
	if strings.Contains(fallback, "<@") && !strings.Contains(fallback, "<@U1>") {
		t.Errorf("a mention was cut apart: …%q", fallback[len(fallback)-20:])
	}
}
