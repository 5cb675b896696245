package markup

import (
	"strings"
	"testing"
)

// TestStrong sets the name of who is mentioned in bold (EVENTS A25).
func TestStrong(t *testing.T) {
	for _, c := range []struct{ in, name, want string }{
		{"Ann, can you?", "Ann", "<strong>Ann</strong>, can you?"},
		{"hello @ann!", "Ann", "hello <strong>@ann</strong>!"},
		{"Annabel and Joann", "Ann", "Annabel and Joann"},
		{"ann@example.com and bob@ann", "ann", "ann@example.com and bob@ann"},
		{
			"<em>Ann</em> <strong>Ann</strong> <code>Ann</code> <a href=\"https://ann.example/\">Ann</a>", "Ann",
			"<em><strong>Ann</strong></em> <strong>Ann</strong> <code>Ann</code> <a href=\"https://ann.example/\">Ann</a>",
		},
		{"Ann &amp; Bob met Zoë", "Ann & Bob", "<strong>Ann &amp; Bob</strong> met Zoë"},
		{"ä Ämilie", "ämilie", "ä <strong>Ämilie</strong>"},
		{"nobody", "", "nobody"},
	} {
		got := Strong(c.in, c.name)
		if got != c.want {
			t.Errorf("Strong(%q, %q) = %q, want %q", c.in, c.name, got, c.want)
		}
		if clean := Sanitise(got); clean != got {
			t.Errorf("%q is not of the subset: %q", got, clean)
		}
	}
}

// FuzzStrong: nothing is changed but that some words are bold.
func FuzzStrong(f *testing.F) {
	f.Add("<p>Ann &amp; <em>ann@x</em> @Ann</p><pre>Ann</pre>", "Ann")
	f.Add("< Ann >ann", "ann")
	f.Fuzz(func(t *testing.T, html, name string) {
		subset := Sanitise(html)
		got := Strong(subset, name)
		bare := strings.NewReplacer("<strong>", "", "</strong>", "")
		if bare.Replace(got) != bare.Replace(subset) {
			t.Errorf("Strong(%q, %q) = %q", subset, name, got)
		}
	})
}
