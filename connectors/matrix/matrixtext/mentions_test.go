package matrixtext

import (
	"slices"
	"strings"
	"testing"

	"maunium.net/go/mautrix/id"

	"hashsend/bridge/markup"
)

// TestMentioned finds whom a mail mentions (EVENTS C41).
func TestMentioned(t *testing.T) {
	names := map[id.UserID]string{"@bob:x": "Bob", "@bl:x": "Bob Lee", "@ann1:x": "Ann", "@ann2:x": "ann", "@zoe:x": "Zoë", "@none:x": "", "@room:x": "room"}
	for text, want := range map[string][]string{
		"@bob, are you there?":     {"@bob:x"},
		"(@Bob Lee) and @bob.":     {"@bl:x", "@bob:x"},
		"@Ann":                     nil, // two have the name
		"@bobby and bob@bob":       nil,
		"mail me at x@bob.example": nil,
		"https://example.org/@bob": nil,
		"Grüße, @zoë!":             {"@zoe:x"},
		"@ @, @@bob":               {"@bob:x"},
		"nobody @nobody":           nil,
		"twice @bob @bob":          {"@bob:x"},
		"@\u200broom is everybody": nil, // as the bridge writes it
		"":                         nil,
	} {
		if got := mentioned(text, names); !slices.Equal(got, want) {
			t.Errorf("%q mentions %v, want %v", text, got, want)
		}
	}
	if markup.HasMention("ann@example.com") || !markup.HasMention("hi @bob") {
		t.Error("an address is a mention, or a mention is none")
	}
}

// TestPills has the link beside the mention (EVENTS C41).
func TestPills(t *testing.T) {
	names := map[id.UserID]string{"@bob:x": "Bob", "@tom:x": "Tom & \"Co\"", "@zoe:x": "Zoë"}
	const bob, tom = `<a href="https://matrix.to/#/@bob:x">Bob</a>`, `<a href="https://matrix.to/#/@tom:x">Tom &amp; &#34;Co&#34;</a>`
	for in, want := range map[string]string{
		"@bob, come &amp; see":           bob + ", come &amp; see",
		"<em>@BOB</em>":                  "<em>" + bob + "</em>",
		"<code>@bob</code> @bob":         "<code>@bob</code> " + bob,
		`<a href="https://x/">@bob</a>`:  `<a href="https://x/">@bob</a>`,
		"@tom &amp; &quot;co&quot;!":     tom + "!",
		"@nobody":                        "@nobody",
		"<blockquote>a</blockquote>@zoë": `<blockquote>a</blockquote><a href="https://matrix.to/#/@zoe:x">Zoë</a>`,
		"a <b":                           "a <b",
	} {
		if got := pills(in, names); got != want {
			t.Errorf("%s became\n%s, want\n%s", in, got, want)
		}
	}
}

// FuzzPills: every link that is begun is ended, and nothing is lost where nobody is named.
func FuzzPills(f *testing.F) {
	f.Add("<p>@bob &amp; <em>x@bob</em> @Bob</p><pre>@bob</pre> <a href=\"https://x/\">@bob</a>")
	f.Add("@bob<@bob>@bob &lt;@bob")
	f.Fuzz(func(t *testing.T, text string) {
		subset := markup.Sanitise(text)
		got := pills(subset, map[id.UserID]string{"@bob:x": "Bob <3", "@room:x": "room"})
		if strings.Count(got, "<a ") != strings.Count(got, "</a>") {
			t.Errorf("pills(%q) = %q", subset, got)
		}
		if none := markup.Sanitise(pills(subset, nil)); none != subset {
			t.Errorf("without names %q became %q", subset, none)
		}
	})
}
