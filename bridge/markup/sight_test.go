package markup

import "testing"

// TestSight: hidden is what browsers do not show.
func TestSight(t *testing.T) {
	for in, want := range map[string]string{
		`<p STYLE="Display : None !important">x</p>a`:                                            "a",
		`<p style="display:none;display:block">a</p>`:                                            "a",
		`<p style="opacity:0">x</p><p style="opacity:0.5">a</p>`:                                 "a",
		`<p style="visibility:hidden">x<b style="visibility:visible">a</b></p>`:                  "<strong>a</strong>",
		`<p style="font-size:0">x<span style="font-size:12px">a</span></p>`:                      "a",
		`<div style="max-height:0;overflow:hidden">x</div><div style="max-height:0">a</div>`:     "a",
		`<p style="mso-hide:all">x</p><a href="https://e.example/" style="mso-hide:all">a</a>`:   `<a href="https://e.example/">a</a>`,
		`<style>.q,#z{display:none}</style><p class="a q">x</p><p id=z>x</p>a`:                   "a",
		`<style>@media print{.q{display:none}} /* .q{display:none} */</style><p class="q">a</p>`: "a",
		`<style>@media screen{.q{display:none}}</style><p class="q">x</p>a`:                      "a",
		`<style>.q{display:none} .q{display:block}</style><p class="q">a</p>`:                    "a",
		`<style>.q{display:none}</style><p class="q" style="display:block">a</p>`:                "a",
		`<style>div .q{display:none}</style><p class="q">a</p>`:                                  "a",
		`<p hidden>x</p>a<span hidden="until-found">x</span><div hidden></div>`:                  "a",
	} {
		if got := Sanitise(in); got != want {
			t.Errorf("%s is shown as %q, want %q", in, got, want)
		}
	}
}

// TestTrueLink: gateways put addresses of their own around others.
func TestTrueLink(t *testing.T) {
	for in, want := range map[string]string{
		"https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fe.example%2Fa%3Fb%3D1&data=05%7Cann%40corp.example&reserved=0": "https://e.example/a?b=1",
		"https://urldefense.com/v3/__https://e.example/a*b__;Iw!!X!y$":                                                                    "https://e.example/a#b",
		"https://urldefense.proofpoint.com/v2/url?u=https-3A__e.example_a-5Fb&d=Dw&c=x":                                                   "https://e.example/a_b",
		"https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fe.example&c=E":                                                               "https://e.example",
		"https://eur02.safelinks.protection.outlook.com/?url=javascript%3Aalert":                                                          "https://eur02.safelinks.protection.outlook.com/?url=javascript%3Aalert",
		"https://e.example/?url=https%3A%2F%2Fother.example":                                                                              "https://e.example/?url=https%3A%2F%2Fother.example",
	} {
		if got := TrueLink(in); got != want {
			t.Errorf("%s leads to %s, want %s", in, got, want)
		}
	}
	const text = "See https://urldefense.com/v3/__https://e.example/a__;!!X!y$ [e[.]example] and <https://e.example>."
	if got := TrueLinks(text); got != "See https://e.example/a and <https://e.example>." {
		t.Errorf("got %q", got)
	}
}

// TestRaised: powers and indices are characters where there are some.
func TestRaised(t *testing.T) {
	for in, want := range map[string]string{
		"m<sup>2</sup> x<sup>-1</sup>": "m² x⁻¹", "H<sub>2</sub>O": "H₂O", "4<sup>th</sup>": "4th", "<sup></sup>a": "a",
	} {
		if got := Sanitise(in); got != want {
			t.Errorf("%s is shown as %q, want %q", in, got, want)
		}
	}
}

// FuzzTrueLinks: links in links come to an end, and nothing is unwrapped twice.
func FuzzTrueLinks(f *testing.F) {
	f.Add("https://x.safelinks.protection.outlook.com/?url=https%3A%2F%2Furldefense.com%2Fv3%2F__https%3A%2F%2Fe.example__%3B!!x")
	f.Fuzz(func(t *testing.T, s string) {
		once := TrueLinks(s)
		if twice := TrueLinks(once); twice != once && len(twice) >= len(once) {
			t.Errorf("%q becomes %q and then %q", s, once, twice)
		}
	})
}
