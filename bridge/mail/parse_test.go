package mail

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func parse(t testing.TB, s string) Message {
	t.Helper()
	m, err := Parse(strings.NewReader(s), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParseBodies(t *testing.T) {
	const mixed = "Content-Type: multipart/mixed; boundary=b\n\n"
	for name, c := range map[string]struct{ in, text, html string }{
		"plain":                  {"Subject: x\n\nhello\n", "hello\n", ""},
		"no header":              {"\nhello", "hello", ""},
		"CRLF":                   {"Subject: x\r\n\r\na\r\nb\r\n", "a\nb\n", ""},
		"html":                   {"Content-Type: text/html\n\n<p>x</p>", "", "<p>x</p>"},
		"C3 alternative":         {"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nt\n--b\nContent-Type: text/html\n\n<p>h</p>\n--b--\n", "t", "<p>h</p>"},
		"C3 empty text":          {"Content-Type: multipart/alternative; boundary=b\n\n--b\n\n \n--b\nContent-Type: text/html\n\n<p>h</p>\n--b--\n", "", "<p>h</p>"},
		"no end":                 {"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nt\n--b\nContent-Type: text/html\n\n<p>h</p>", "t", "<p>h</p>"},
		"C5 joined":              {mixed + "--b\n\none\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAAA\n--b\n\ntwo\n--b--\n", "one\n\ntwo", ""},
		"C5 html and text":       {mixed + "--b\nContent-Type: text/html\n\n<p>one</p>\n--b\n\ntwo <\n--b--\n", "one\n\ntwo <", "<p>one</p>\n<div>two &lt;</div>"},
		"attached text":          {mixed + "--b\n\none\n--b\nContent-Disposition: attachment; filename=a.txt\n\ntwo\n--b--\n", "one", ""},
		"C5 named inline text":   {mixed + "--b\n\none\n--b\nContent-Type: text/plain; name=a.txt\nContent-Disposition: inline\n\ntwo\n--b--\n", "one", ""},
		"only a named text":      {"Content-Type: text/plain; name=a.txt\n\none", "one", ""},
		"related":                {"Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>h</p>\n--b\nContent-Type: text/plain\n\nnot me\n--b--\n", "", "<p>h</p>"},
		"C12 signed":             {"Content-Type: multipart/signed; boundary=b\n\n--b\n\nt\n--b\nContent-Type: application/pgp-signature\n\nxx\n--b--\n", "t", ""},
		"nested":                 {mixed + "--b\nContent-Type: multipart/alternative; boundary=b2\n\n--b2\n\nt\n--b2\nContent-Type: text/html\n\nh\n--b2--\n--b--\n", "t", "h"},
		"inner not closed":       {mixed + "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nt\n--b\n\nu\n--b--\n", "t\n\nu", ""},
		"no boundary named":      {"Content-Type: multipart/mixed\n\n--xyz12\n\nt\n--xyz12--\n", "t", ""},
		"boundary not there":     {"Content-Type: multipart/mixed; boundary=none\n\nhello\n", "hello\n", ""},
		"quoted-printable":       {"Content-Transfer-Encoding: Quoted-Printable\nContent-Type: text/plain; charset=utf-8\n\na=C3=A9=\nb =3D =zz = \nc  \n", "aéb = =zz c\n", ""},
		"base64":                 {"Content-Transfer-Encoding: BASE64\n\naGVs\nbG8\n", "hello", ""},
		"uuencode":               {"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n%:&5L;&\\\n`\nend\n", "hello", ""},
		"no empty line":          {"Subject: x\nhello there\nbye\n", "hello there\nbye\n", ""},
		"C15 flowed":             {"Content-Type: text/plain; format=flowed\n\nlong \nline\n> a \n> b\n>> c\n-- \nsig\n", "long line\n> a b\n>> c\n-- \nsig\n", ""},
		"C15 delsp":              {"Content-Type: text/plain; format=flowed; delsp=yes\n\nlo \nng\n stuffed\n", "long\nstuffed\n", ""},
		"C16 latin1 is utf-8":    {"Content-Type: text/plain; charset=iso-8859-1\n\ncaf\xc3\xa9", "café", ""},
		"C16 utf-8 is 1252":      {"Content-Type: text/plain; charset=utf-8\n\n\x93caf\xe9\x94", "“café”", ""},
		"C16 gb2312":             {"Content-Type: text/plain; charset=gb2312\n\n\xc4\xe3\xba\xc3", "你好", ""},
		"C16 unknown charset":    {"Content-Type: text/plain; charset=x-none\n\ncaf\xe9", "café", ""},
		"C16 meta charset":       {"Content-Type: text/html\n\n<meta charset=\"koi8-r\">\xd0\xd2", "", "<meta charset=\"koi8-r\">пр"},
		"C16 iso-2022-kr":        {"Content-Type: text/plain; charset=iso-2022-kr\n\n\x1b$)C\x0e>H3g\x0f x", "안녕 x", ""},
		"C16 jis without a name": {"Subject: x\n\n\x1b$B$3\x1b(B", "こ", ""},
		"C3 view in browser":     {"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nView this email in\nyour browser: https://x.example/1\n--b\nContent-Type: text/html\n\n<p>h</p>\n--b--\n", "", "<p>h</p>"},
		"C3 no HTML here":        {"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nIhr Programm kann kein HTML.\n--b\nContent-Type: text/html\n\n<p>h</p>\n--b--\n", "", "<p>h</p>"},
		"C3 of browsers":         {"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nDoes it support HTML?\n--b\nContent-Type: text/html\n\n<p>Does it\n support <b>HTML</b>?</p>\n--b--\n", "Does it support HTML?", "<p>Does it\n support <b>HTML</b>?</p>"},
		"C3 junk HTML":           {"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nSee it in your web browser.\n--b\nContent-Type: text/html\n\n<p> </p>\n--b--\n", "See it in your web browser.", "<p> </p>"},
		"C3 best once":           {"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nt\n--b\nContent-Type: text/html\n\n<p>h</p>\n--b\nContent-Type: text/html\n\n<p>best</p>\n--b--\n", "t", "<p>best</p>"},
		"C5 inline text":         {mixed + "--b\n\none\n--b\nContent-Disposition: inline\n\ntwo\n--b--\n", "one\n\ntwo", ""},
		"C15 quotes":             {"Content-Type: text/plain; format=flowed; delsp=yes\n\n> one wo \n> rd\n>> deep \n>> er\nfree \n> not joined\n-- \nsig\n", "> one word\n>> deeper\nfree\n> not joined\n-- \nsig\n", ""},
		"C15 stuffed":            {"Content-Type: text/plain; format=flowed\n\n From here\n > no quote\n", "From here\n> no quote\n", ""},
		"C16 1252 as latin1":     {"Content-Type: text/plain; charset=iso-8859-1\n\n\x93caf\xe9\x94 \x80", "“café” €", ""},
		"C16 gb18030":            {"Content-Type: text/plain; charset=gb2312\n\n\x81\x30\x81\x30\x95\x32\x82\x36", "\u0080𠀀", ""},
		"C16 iso-2022-jp":        {"Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B$3$s\x1b(B.", "こん.", ""},
		"C16 utf-7":              {"Content-Type: text/plain; charset=utf-7\n\ncaf+AOk- +- 1", "café + 1", ""},
		"C16 wrong label":        {"Content-Type: text/plain; charset=us-ascii\n\ncaf\xc3\xa9", "café", ""},
		"bad type":               {"Content-Type: ???\n\nx", "x", ""},
		"old type":               {"Content-Type: text\n\nx", "x", ""},
		"old Mac":                {"Subject: x\r\ra\rb\r", "a\nb\n", ""},
		"utf-16":                 {"Subject: x\n\n\xff\xfea\x00b\x00", "ab", ""},
		"nul":                    {"Subject: x\n\na\x00b", "ab", ""},
		"boundary in header":     {"Content-Type: multipart/mixed; boundary=b\n--b\n\nx\n--b--\n", "x", ""},
	} {
		m := parse(t, c.in)
		if m.Text != c.text || m.HTML != c.html {
			t.Errorf("%s:\n got %q, %q\nwant %q, %q (%q)", name, m.Text, m.HTML, c.text, c.html, m.Problems)
		}
		one, err := Parse(iotest.OneByteReader(strings.NewReader(c.in)), DefaultLimits)
		if d := cmp.Diff(m, one); d != "" || err != nil {
			t.Errorf("%s: read byte by byte it is another:\n%s", name, d)
		}
	}
}

func TestParseHeader(t *testing.T) {
	m := parse(t, "From MAILER Mon Jan 1\r\nMessage-ID: <a@b>\r\nX-Microsoft-Original-Message-ID: <c@d>\r\nIn-Reply-To: \"Ann\" <e@f> of Monday\r\nReferences: <1@x> <2@x>\r\n\t<3@\r\n x>\r\n"+
		"Subject: =?utf-8?q?caf=C3=A9?=\r\n =?utf-8?q?_x?=\r\nFrom: Ann <a@x.example>\r\nFrom: b@x.example\r\nTo: c@x.example, \"D, E\" <d@x.example>\r\nDelivered-To: z@x.example\r\n"+
		"Date: Tue, 08 Jul 2025 09:38:10 +0200 (CEST)\r\nThread-Index: AQHb9pkABsCGDwAAAAAAAAAAAAAA\r\n\r\nhi\r\n")
	want := Message{
		ID: "a@b", OtherIDs: []string{"c@d"}, InReplyTo: []string{"e@f"}, References: []string{"1@x", "2@x", "3@x"}, Subject: "café x",
		From: []Address{{"Ann", "a@x.example"}, {"", "b@x.example"}}, To: []Address{{"", "c@x.example"}, {"D, E", "d@x.example"}}, DeliveredTo: []string{"z@x.example"}, Text: "hi\n",
	}
	got := m
	got.Header, got.Parts, got.Date, got.ThreadIndex = nil, nil, time.Time{}, nil
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !m.Date.Equal(time.Date(2025, 7, 8, 7, 38, 10, 0, time.UTC)) || len(m.ThreadIndex) != 21 {
		t.Errorf("date %v, index of %d bytes", m.Date, len(m.ThreadIndex))
	}
	for v, ok := range map[string]bool{"8 Jul 2025 09:38:10 GMT": true, "Tue, 8 Jul 25 09:38 +0200": true, "2025-07-08 09:38:10": true, "yesterday": false, "": false, "Tue, 08 Jul 0001 09:38:10 +0200": false} {
		if parseDate(v).IsZero() == ok {
			t.Errorf("date %q", v)
		}
	}
}

// 8-bit headers, and wrong labels in encoded words (C16).
func TestParseHeaderCharsets(t *testing.T) {
	for in, want := range map[string]string{
		"Subject: caf\xe9 \x80": "café €", "Subject: caf\xc3\xa9": "café", "Subject: =?iso-8859-1?q?=93caf=E9=94?=": "“café”",
		"Subject: =?gb2312?b?xOO6ww==?=": "你好", "Subject: =?utf-8?q?caf=E9?=": "café", "Subject: =?utf-7?q?caf+AOk-?=": "café", "Subject: =?iso-2022-jp?b?GyRCJDMbKEI=?=": "こ",
		"Subject: =?x-none?q?caf=E9?=": "café", "Subject: x\nFrom: Jos\xe9 <jose@example.com>": "x",
	} {
		m := parse(t, in+"\n\nx")
		if m.Subject != want || len(m.From) == 1 && m.From[0] != (Address{"José", "jose@example.com"}) {
			t.Errorf("%q: %q, %+v; want %q", in, m.Subject, m.From, want)
		}
	}
}

func TestParseFileNames(t *testing.T) { // C6
	for in, want := range map[string]string{
		`Content-Disposition: attachment; filename="a b.pdf"`: "a b.pdf", `Content-Disposition: attachment; filename=a b.pdf`: "a b.pdf",
		`Content-Disposition: attachment; filename="=?utf-8?q?=C3=A9.pdf?="`: "é.pdf", `Content-Disposition: attachment; filename==?utf-8?q?=C3=A9.pdf?=`: "é.pdf",
		`Content-Disposition: attachment; filename*=utf-8''%C3%A9.pdf; filename=e.pdf`: "é.pdf", `Content-Disposition: attachment; filename*0*=utf-8''%C3; filename*1*=%A9; filename*2=.pdf`: "é.pdf",
		`Content-Disposition: attachment; filename*1="b.pdf"; filename*0="a"`: "ab.pdf", `Content-Type: application/pdf; name="x.pdf"`: "x.pdf",
		`Content-Disposition: attachment; filename="../../etc/passwd"`: "passwd", `Content-Disposition: attachment; filename="C:\dir\x.doc"`: "x.doc",
		"Content-Disposition: attachment; filename=\"a\u202efdp.exe\"": "afdp.exe", `Content-Disposition: attachment; filename="unclosed.pdf`: "unclosed.pdf",
		`Content-Disposition: attachment; filename="a;b.pdf"; size=3`: "a;b.pdf", "Content-Disposition: attachment; filename=caf\xe9.pdf": "café.pdf", `Content-Disposition: attachment; filename=".."`: "",
		`Content-Disposition: attachment; filename="` + strings.Repeat("ä", 200) + `.pdf"`: strings.Repeat("ä", 98) + ".pdf",
	} {
		m := parse(t, in+"\n\nx")
		if got := m.Parts[0].Name; got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestParseParts(t *testing.T) {
	m := parse(t, "Content-Type: multipart/report; boundary=r; report-type=delivery-status\n\n--r\n\nfailed\n--r\nContent-Type: message/delivery-status\n\nStatus: 5.1.1\n--r\n"+
		"Content-Type: message/rfc822\n\nSubject: inner\nMessage-ID: <in@x>\n\ninner text\n--r\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"+
		base64.StdEncoding.EncodeToString([]byte("Subject: coded\n\ncoded text"))+"\n--r\nContent-Type: text/rfc822-headers\n\nSubject: only a header\n--r\n"+
		"Content-Type: image/png\nContent-ID: <pic@x>\nContent-Transfer-Encoding: base64\n\nAAAAAAAA\n--r--\n")
	if m.Text != "failed" || len(m.Parts) != 6 || len(m.Attachments()) != 5 {
		t.Fatalf("%q, %d parts, %q", m.Text, len(m.Parts), m.Problems)
	}
	ps := m.Parts
	switch {
	case ps[1].Content != "Status: 5.1.1":
		t.Errorf("status: %q", ps[1].Content)
	case ps[2].Nested == nil || ps[2].Nested.ID != "in@x" || ps[2].Nested.Text != "inner text":
		t.Errorf("nested: %+v", ps[2].Nested)
	case ps[3].Nested == nil || ps[3].Nested.Subject != "coded" || ps[3].Nested.Text != "coded text":
		t.Errorf("coded: %+v", ps[3].Nested)
	case ps[4].Nested == nil || ps[4].Nested.Subject != "only a header":
		t.Errorf("header: %+v", ps[4].Nested)
	case ps[5].Size != 6 || ps[5].ContentID != "pic@x" || ps[5].Content != "" || !ps[5].Inline:
		t.Errorf("picture: %+v", ps[5])
	}
	m = parse(t, "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nthanks\n--b\nContent-Type: text/vnd.google.email-reaction+json\n\n{\"emoji\":\"x\",\"version\":1}\n--b\nContent-Type: text/html\n\n<p>thanks</p>\n--b--\n")
	if m.Text != "thanks" || m.Parts[1].Body || !strings.HasPrefix(m.Parts[1].Content, `{"emoji"`) {
		t.Errorf("reaction: %+v", m)
	}
}

func TestParseLimits(t *testing.T) {
	lim := Limits{Header: 200, Parts: 3, Depth: 2, Text: 10, Total: 5000}
	for name, in := range map[string]string{
		"long text": "Subject: x\n\n" + strings.Repeat("a", 100), "many parts": "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 20),
		"deep":   strings.Repeat("Content-Type: message/rfc822\n\n", 10) + "x",
		"header": strings.Repeat("X-A: bbbbbbbbbb\n", 100) + "\nx", "total": "\n" + strings.Repeat("a\n", 5000),
	} {
		m, err := Parse(strings.NewReader(in), lim)
		if err != nil || len(m.Problems) == 0 || len(m.Parts) > 3 || len(m.Text) > 40 {
			t.Errorf("%s: %d parts, %d bytes, problems %q, %v", name, len(m.Parts), len(m.Text), m.Problems, err)
		}
	}
	broken := errors.New("broken")
	if _, err := Parse(io.MultiReader(strings.NewReader("Subject: x\n\nab"), iotest.ErrReader(broken)), DefaultLimits); !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
}

func fixtures(t testing.TB, folders ...string) map[string][]byte {
	out := map[string][]byte{}
	for _, f := range folders {
		dir := filepath.Join("..", "..", "..", "shared", "fixtures", "mail", f)
		if _, err := os.Stat(dir); err != nil {
			t.Skip("the shared fixtures are not here: ", err)
		}
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, ".md") || strings.HasSuffix(path, ".jsonl") || strings.HasSuffix(path, ".json") {
				return err
			}
			b, err := os.ReadFile(path)
			out[path] = b
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestParseFixtures(t *testing.T) {
	mails := fixtures(t, "malformed", "normal", "list", "genuine-replies", "bounce", "autoreply")
	silent := 0
	cr := regexp.MustCompile("\r\n?")
	for path, b := range mails {
		for _, raw := range [][]byte{b, bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))} {
			m, err := Parse(bytes.NewReader(raw), DefaultLimits)
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			_, rest, _ := bytes.Cut(cr.ReplaceAll(raw, []byte("\n")), []byte("\n\n"))
			if strings.TrimSpace(m.Text+m.HTML) == "" && len(m.Problems) <= 1 && len(m.Attachments()) == 0 && len(bytes.TrimSpace(rest)) > 0 {
				silent++
				t.Logf("%s: no text, no problem", filepath.Base(path))
			}
		}
	}
	t.Logf("%d mails, %d without text, parts or problems", len(mails), silent)
	if silent*200 > 2*len(mails) {
		t.Errorf("%d of %d readings gave nothing", silent, 2*len(mails))
	}
}

// TestParseBombs builds some of the mails that are made to stop a parser, and
// bounds what is allocated for them.
func TestParseBombs(t *testing.T) {
	const head = "From: a@x.example\r\nSubject: #Send\r\n"
	deep := head + "Content-Type: multipart/mixed; boundary=b0\r\n\r\n"
	for i := range 5000 {
		deep += "--b" + string(rune('0'+i%10)) + "\r\nContent-Type: multipart/mixed; boundary=b" + string(rune('0'+(i+1)%10)) + "\r\n\r\n"
	}
	for name, in := range map[string]string{
		"deep": deep, "same boundary": head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", 5000),
		"rfc822": head + strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 5000) + "\r\nhi", "parts": head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\n\r\n", 100000),
		"folds": head + "X-A: a\r\n" + strings.Repeat(" b\r\n", 200000) + "\r\nhi", "fields": head + strings.Repeat("X-A: a\r\n", 200000) + "\r\nhi",
		"words": "Subject: " + strings.Repeat("=?utf-8?q?=41?=\r\n ", 50000) + "\r\n\r\nhi", "no word ends": "Subject: " + strings.Repeat("=?utf-8?q?x", 90000) + "\r\n\r\nhi",
		"addresses": "To: " + strings.Repeat("u@y.example,\r\n ", 60000) + "\r\n\r\nhi", "comments": "From: " + strings.Repeat("(", 200000) + "a@x\r\n\r\nhi", "quotes": "From: " + strings.Repeat(`"`, 200001) + "a@x\r\n\r\nhi",
		"angles": "From: " + strings.Repeat("<", 200000) + "a@x\r\n\r\nhi", "colons": "From: " + strings.Repeat("a:", 200000) + "a@x\r\n\r\nhi", "colons after at": "From: @" + strings.Repeat("a:", 200000) + "\r\n\r\nhi",
		"params": head + "Content-Type: text/plain" + strings.Repeat(";\r\n a=b", 50000) + "\r\n\r\nhi", "pieces": head + "Content-Type: text/plain" + strings.Repeat(";\r\n name*1=b", 50000) + "\r\n\r\nhi",
		"near miss": head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + strings.Repeat("--c\r\n", 1000000) + "--b--", "soft lines": head + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.Repeat("=\r\n", 2000000) + "x",
		"one line": head + "\r\n" + strings.Repeat("a", 10<<20), "junk lines": strings.Repeat("--x\r\n", 200000), "escapes": head + "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + strings.Repeat("\x1b$B\x1b(B", 300000),
		"equals": head + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.Repeat("= ", 1000000), "plus": head + "Content-Type: text/plain; charset=utf-7\r\n\r\n" + strings.Repeat("+", 1000000),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		m := parse(t, in)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 64 {
			t.Errorf("%s: %d MB allocated", name, got)
		}
		if took > 5*time.Second { // far over what is needed, for slow machines: square time takes minutes
			t.Errorf("%s: %v", name, took)
		}
		if m.Text == "" && len(m.Problems) == 0 {
			t.Errorf("%s: nothing", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"Subject: x\n\nhello", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\na\n--b\nContent-Type: message/rfc822\n\nSubject: y\n\nz\n--b--\n",
		"Content-Type: text/plain; format=flowed; charset=utf-7\nContent-Transfer-Encoding: quoted-printable\n\n> a =\n b \n+AOk-", "Content-Disposition: attachment; filename*0*=utf-8''%C3; filename*1=x\n\n",
		"Content-Type: multipart/alternative\n--abcd\nContent-Transfer-Encoding: base64\n\naGk=\n--abcd",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(bytes.NewReader(b), DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		one, _ := Parse(iotest.OneByteReader(bytes.NewReader(b)), DefaultLimits)
		if d := cmp.Diff(m, one); d != "" {
			t.Error(d)
		}
		if strings.ContainsAny(m.Subject, "\r\n\x00") {
			t.Errorf("subject %q", m.Subject)
		}
		for _, p := range m.Parts {
			if strings.ContainsAny(p.Name, "/\\\r\n\x00") {
				t.Errorf("name %q", p.Name)
			}
		}
	})
}

func BenchmarkParseSmall(b *testing.B) {
	finished, err := Compose(sample())
	in := finished.Raw
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if _, err := Parse(bytes.NewReader(in), DefaultLimits); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAttachment(b *testing.B) {
	in := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee file\r\n--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 10<<20/57) + "--b--\r\n"
	b.ReportAllocs()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if m := parse(b, in); len(m.Parts) != 2 || m.Parts[1].Size < 10<<20-100 {
			b.Fatal(m.Parts)
		}
	}
}

func TestProtectedSubject(t *testing.T) { // C14
	const inner = "Content-Type: multipart/signed; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain; protected-headers=\"v1\"\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\n\r\nhi\r\n--a--\r\n"
	for _, c := range []struct{ raw, want string }{
		{"Subject: ...\r\n" + inner, "Café"},
		{"Subject: [...]\r\n" + strings.Replace(inner, `protected-headers="v1"`, "hp=clear", 1), "Café"},
		{"Subject: Lunch\r\n" + inner, "Lunch"},
		{"Subject: ...\r\n" + strings.Replace(inner, `; protected-headers="v1"`, "", 1), "..."},
	} {
		m, err := Parse(strings.NewReader(c.raw), DefaultLimits)
		if err != nil || m.Subject != c.want || strings.TrimSpace(m.Text) != "hi" {
			t.Errorf("%q, %q, %v; want %q", m.Subject, m.Text, err, c.want)
		}
	}
}
