package reply

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// FuzzTag compares the reading of tags with that of the library, which copies more.
func FuzzTag(f *testing.F) {
	f.Add(`<DIV Class="gmail_quote x" id=a style='b: c'>`)
	f.Add(`<a href=http://example.test/a/b?c=d>x</a >`)
	f.Add(`<p/class=x/ =y z = "w"id="q"hidden>`)
	f.Add(`<e x" id id=s1yle=gb: c'>`)
	f.Add("<o:p\fclass\n=\r\n'x\x00y'>")
	f.Fuzz(func(t *testing.T, s string) {
		z := html.NewTokenizer(strings.NewReader(s))
		for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
			raw := string(z.Raw())
			if kind != html.StartTagToken && kind != html.SelfClosingTagToken && kind != html.EndTagToken || strings.ContainsAny(raw, "&\x00") {
				continue
			}
			want, more := z.TagName()
			_, name, rest := tagName(raw)
			if name != string(want) {
				t.Fatalf("%q is %q, want %q", raw, name, want)
			}
			if kind == html.EndTagToken {
				continue
			}
			var a attrs
			seen := map[*string]bool{}
			for more {
				var k, v []byte
				k, v, more = z.TagAttr()
				a.flag(string(k), string(v))
				if p, _ := a.field(string(k)); p != nil && !seen[p] {
					seen[p] = true
					if len(v) > maxLine {
						continue
					}
					*p = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(v)))
				}
			}
			got := attributes(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(rest))
			if got != a {
				t.Fatalf("%q has %+v, want %+v", raw, got, a)
			}
		}
	})
}

func TestDecoded(t *testing.T) {
	for in, want := range map[string]string{"?a=1&amp;b=2": "?a=1&b=2", "?a=1&copy=2&lt=3": "?a=1&copy=2&lt=3", "&quot;x&#39;&": `"x'&`, "a&b;c": "a&b;c"} {
		if got := decoded(in); got != want {
			t.Errorf("%q is read as %q, want %q", in, got, want)
		}
	}
}
