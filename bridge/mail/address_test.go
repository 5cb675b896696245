package mail

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseAddresses(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []Address
	}{
		{"ann@example.org", []Address{{"", "ann@example.org"}}},
		{`"Example, Ann" <ann@example.org>, Carl <carl@example.net>`, []Address{{"Example, Ann", "ann@example.org"}, {"Carl", "carl@example.net"}}},
		{"ann@example.org (Ann (A.) Example)", []Address{{"Ann (A.) Example", "ann@example.org"}}},
		{"=?utf-8?q?J=C3=B6rg?= <j@example.org>", []Address{{"Jörg", "j@example.org"}}},
		{`"=?utf-8?q?J=C3=B6rg?=" <j@example.org>`, []Address{{"Jörg", "j@example.org"}}},
		{"=?utf-8?q?=22boss=40example=2Eorg=22_=3Cboss=40example=2Eorg=3E=2C?= <e@example.net>", []Address{{`"boss@example.org" <boss@example.org>,`, "e@example.net"}}},
		{"team: a@example.org, b@example.org; c@example.org", []Address{{"", "a@example.org"}, {"", "b@example.org"}, {"", "c@example.org"}}},
		{"undisclosed-recipients:;", nil},
		{"", nil},
		{"<ann@example.org> <mal@example.net>", []Address{{"", "ann@example.org"}, {"", "mal@example.net"}}},
		{"<ann@example.org> mal@example.net", []Address{{"mal@example.net", "ann@example.org"}}},
		{"ann@example.org <mal@example.net>", []Address{{"ann@example.org", "mal@example.net"}}},
		{`"ann@example.org" <mal@example.net>`, []Address{{"ann@example.org", "mal@example.net"}}},
		{`"ann b"@example.org`, []Address{{"", `"ann b"@example.org`}}},
		{"< ann@example.org", []Address{{"", "ann@example.org"}}},
		{"<@relay.example:ann@example.org>", []Address{{"", "ann@example.org"}}},
		{"Ann Example ann@example.org", []Address{{"Ann Example", "ann@example.org"}}},
		{"MAILER-DAEMON (Mail System)", []Address{{"Mail System", "MAILER-DAEMON"}}},
		{`"Ann <ann@example.org>`, []Address{{"Ann", "ann@example.org"}}},
		{"a@example.org; b@example.org", []Address{{"", "a@example.org"}, {"", "b@example.org"}}},
	} {
		got := parseAddresses(c.in)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q:\n%s", c.in, d)
		}
	}
}

func TestParseAddress(t *testing.T) {
	for in, want := range map[string]string{
		"ann@example.org": "ann@example.org", " Ann <ann@example.org> ": "ann@example.org", "mailto:ann@example.org?subject=x": "ann@example.org",
		"ann@localhost": "ann@localhost", "ann+x@example.org": "ann+x@example.org", "jörg@bücher.example": "jörg@bücher.example", "a@[127.0.0.1]": "a@[127.0.0.1]",
	} {
		if a, err := ParseAddress(in); err != nil || a.Address != want {
			t.Errorf("%q: %v, %v", in, a, err)
		}
	}
	for _, in := range []string{
		"", "ann", "ann@", "@example.org", "a@b@c", "ann@exa mple.org", "a@example.org, b@example.org", "ann@example..org", ".a@example.org", "a\r\nBcc: b@example.org",
		"a\x00@example.org", "a\u202e@example.org", "ann@-x.org", "a\u2028@example.org", strings.Repeat("a", 65) + "@example.org",
	} {
		if a, err := ParseAddress(in); err == nil {
			t.Errorf("%q was taken as %q", in, a)
		}
	}
	if w, u := WireAddress("ann@bücher.example"); w != "ann@xn--bcher-kva.example" || u {
		t.Errorf("wire: %q, %v", w, u)
	}
	if _, u := WireAddress("jörg@example.org"); !u {
		t.Error("jörg needs SMTPUTF8")
	}
}

func TestCanonicalAddress(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"Ann@Example.org", "ann+tag@example.ORG", true},
		{"a.n.n@gmail.com", "ann+x@googlemail.com", true},
		{"a.n.n@example.org", "ann@example.org", false},
		{"ann@bücher.example", "ann@XN--BCHER-KVA.example", true},
		{`"ann"@example.org`, "ann@example.org", true},
		{"+ann@example.org", "+bob@example.org", false},
		{"ann@example.org", "ann@example.net", false},
	} {
		if SameAddress(c.a, c.b) != c.same {
			t.Errorf("%q, %q: want %v (%q, %q)", c.a, c.b, c.same, CanonicalAddress(c.a), CanonicalAddress(c.b))
		}
	}
}

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"Alice": "Alice", " A\tl\nice ": "A l ice", "Alice\u202egro.elpmaxe": "Alicegro.elpmaxe", "A\u200bl\u200dice": "Alice",
		`"boss@example.org" <x>`: "boss example.org x", "Ａｌｉｃｅ＠ｘ": "Alice x", "Jörg": "Jörg", strings.Repeat("a", 100): strings.Repeat("a", 64),
		"\x00\r\n": "", "ㅤ": "", "Z\u0300\u0301\u0302\u0303\u0304\u0305": "Z\u0300\u0301\u0302", "O’Brien 🎉": "O’Brien 🎉", "\xff\xfe": "", "a\u2028b": "a b",
	} {
		if got := CleanName(in); got != want {
			t.Errorf("CleanName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestDecodeWords(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "=?utf-8?Q?a_b=C3=A9?=": "a bé", "=?utf-8?b?w6k?= =?utf-8?b?w6k=?=": "éé",
		"=?utf-8?b?4oI=?= =?utf-8?b?rA==?=": "€", "x=?iso-8859-1?q?=E9?=y": "xéy", "=?utf-8?q?a b?= c": "a b c", "=?x?z?a?=": "=?x?z?a?=",
		"=?gb2312?B?xOO6ww==?=": "你好", "=?utf-8?q?\xe9?=": "é", "caf\xe9": "café", "=?iso-2022-jp?B?GyRCJDMbKEI=?=": "こ", "=?utf-8?q?": "=?utf-8?q?", "=?utf-8*en?q?a?=": "a",
		"=?utf-8?q?a?= x =?utf-8?q?b?=": "a x b", "=?us-ascii?q?caf=C3=A9?=": "café", "=?unknown?q?a=E9?=": "aé", "=?utf-7?q?+AOk-?=": "é",
	} {
		if got := decodeWords(in); got != want {
			t.Errorf("decodeWords(%q) = %q, want %q", in, got, want)
		}
	}
	for _, s := range []string{"plain", "Jörg", "=?x?q?a?=", strings.Repeat("日本語", 50), "a\u00a0b"} {
		enc := encodeWords(s)
		if got := decodeWords(enc); got != s || !isASCII(enc) {
			t.Errorf("%q became %q by way of %q", s, got, enc)
		}
		for w := range strings.FieldsSeq(enc) {
			if len(w) > 75 {
				t.Errorf("word of %d characters", len(w))
			}
		}
	}
}
