package mail

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

func parsed(t *testing.T, raw string) Message {
	t.Helper()
	m, err := Parse(strings.NewReader(raw), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestOddMails: what programs and gateways do to mails that have words all the same.
func TestOddMails(t *testing.T) {
	const head = "From: Ann <ann@corp.example>\nSubject: Boats\nMIME-Version: 1.0\n"
	for name, c := range map[string]struct {
		raw, text, html string
		files           int
	}{
		"empty lines before the header":         {raw: "\r\n\r\n" + head + "\nFine.\n", text: "Fine.\n"},
		"a picture before the words":            {raw: head + "Content-Type: multipart/related; boundary=R\n\n--R\nContent-Type: image/png\nContent-ID: <1>\n\nx\n--R\nContent-Type: text/html\n\n<p>Fine.</p>\n--R--\n", html: "<p>Fine.</p>", files: 1},
		"a picture of an emoji":                 {raw: head + "Content-Type: multipart/related; boundary=R\n\n--R\nContent-Type: text/html\n\nFine <img src=\"cid:1\" alt=\"🙂\"><img src=\"cid:2\" alt=boat>\n--R\nContent-Type: image/png\nContent-ID: <1>\n\nx\n--R\nContent-Type: image/png\nContent-ID: <2>\n\nx\n--R--\n", html: "Fine <img src=\"cid:1\" alt=\"🙂\"><img src=\"cid:2\" alt=boat>", files: 1},
		"words in Markdown":                     {raw: head + "Content-Type: text/markdown\n\n*Fine.*\n", text: "*Fine.*\n"},
		"plain text before Markdown":            {raw: head + "Content-Type: multipart/alternative; boundary=R\n\n--R\nContent-Type: text/plain\n\nFine.\n--R\nContent-Type: text/markdown\n\n*Fine.*\n--R--\n", text: "Fine."},
		"copies for watches and AMP":            {raw: head + "Content-Type: multipart/alternative; boundary=R\n\n--R\nContent-Type: text/plain\n\nFine.\n--R\nContent-Type: text/watch-html\n\n<b>F</b>\n--R\nContent-Type: text/x-amp-html\n\n<html amp4email>F</html>\n--R--\n", text: "Fine."},
		"another boundary than it names":        {raw: head + "Content-Type: multipart/mixed; boundary=A\n\n--B\nContent-Type: text/plain\n\nFine.\n--B--\n", text: "Fine."},
		"a footer in plain words behind base64": {raw: head + "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nRmluZS4K\n\n_____________\nThe garden list: https://lists.corp.example/\n", text: "Fine.\n"},
		"a banner in HTML before base64":        {raw: head + "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n<p>passed on by a gateway</p>\nPHA+RmluZS48L3A+\n", html: "<p>Fine.</p>"},
		"Japanese labelled as UTF-8":            {raw: head + "Content-Type: text/plain; charset=utf-8\n\n\x1b$B$O$$\x1b(B\n", text: "はい\n"},
	} {
		m := parsed(t, c.raw)
		if m.Text != c.text || m.HTML != c.html || len(m.Files()) != c.files || m.Subject != "Boats" {
			t.Errorf("%s: text %q, HTML %q, files %v, subject %q", name, m.Text, m.HTML, m.Files(), m.Subject)
		}
	}
}

// TestUndeclared: charsets that nobody names, and Latin letters that are none of them.
func TestUndeclared(t *testing.T) {
	for name, c := range map[string]struct {
		enc  encoding.Encoding
		text string
	}{
		"GB18030":       {simplifiedchinese.GB18030, "船已经准备好了，我们星期六早上九点在湖边见面。"},
		"Big5":          {traditionalchinese.Big5, "船已經準備好了，我們星期六早上九點在湖邊見面。"},
		"EUC-KR":        {korean.EUCKR, "배는 준비되어 있으니 토요일 아침 아홉 시에 호숫가에서 만나요."},
		"Shift_JIS":     {japanese.ShiftJIS, "船の用意ができました。土曜日の朝九時に湖でお会いしましょう。"},
		"EUC-JP":        {japanese.EUCJP, "船の用意ができました。土曜日の朝九時に湖でお会いしましょう。"},
		"windows-1251":  {charmap.Windows1251, "Лодка готова, встретимся в субботу утром у озера."},
		"KOI8-R":        {charmap.KOI8R, "Лодка готова, встретимся в субботу утром у озера."},
		"windows-1253":  {charmap.Windows1253, "Η βάρκα είναι έτοιμη, θα συναντηθούμε το Σάββατο στη λίμνη."},
		"windows-1255":  {charmap.Windows1255, "הסירה מוכנה, ניפגש בשבת בבוקר ליד האגם."},
		"windows-1256":  {charmap.Windows1256, "القارب جاهز، نلتقي صباح السبت عند البحيرة."},
		"Latin letters": {charmap.Windows1252, "Das Boot läuft nächsten Samstag früh aus, grüße bitte Jürgen und André."},
		"French":        {charmap.Windows1252, "Le bateau est prêt, nous nous retrouverons à neuf heures près du lac, c'est décidé."},
	} {
		b, err := c.enc.NewEncoder().Bytes([]byte(c.text))
		if err != nil {
			t.Fatal(name, err)
		}
		for _, label := range []string{"", "utf-8", "us-ascii"} {
			if got, _ := decodeCharset(label, b); got != c.text {
				t.Errorf("%s labelled %q is read as %q", name, label, got)
			}
		}
	}
}

// TestNameWithComma: a name in front of a comma belongs to the address behind it; what
// has an address of its own is another author.
func TestNameWithComma(t *testing.T) {
	for in, want := range map[string][]Address{
		"Lee, Ann <ann@corp.example>":                      {{Name: "Lee, Ann", Address: "ann@corp.example"}},
		"Lee, Ann, Dr. <ann@corp.example>, b@corp.example": {{Name: "Lee, Ann, Dr.", Address: "ann@corp.example"}, {Address: "b@corp.example"}},
		"boss@bank.example, Ann <ann@corp.example>":        {{Address: "boss@bank.example"}, {Name: "Ann", Address: "ann@corp.example"}},
		`"Ann Lee" ann@corp.example>`:                      {{Name: "Ann Lee", Address: "ann@corp.example"}},
		"root, daemon":                                     {{Address: "root"}, {Address: "daemon"}},
		`"Lee, Ann" <ann@corp.example>`:                    {{Name: "Lee, Ann", Address: "ann@corp.example"}},
	} {
		got := parseAddresses(in)
		if len(got) != len(want) {
			t.Errorf("%q: %+v", in, got)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%q: %+v, want %+v", in, got[i], want[i])
			}
		}
	}
}

// der wraps a value; open: its length is not told (BER).
func der(tag byte, open bool, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	if open {
		return append(append([]byte{tag, 0x80}, body...), 0, 0)
	}
	n := len(body)
	return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
}

// cms wraps a mail into a signature without signers.
func cms(content string, open bool) []byte {
	octets := der(asnOctets, false, []byte(content))
	if open {
		half := len(content) / 2
		octets = der(asnOctetsIn, true, der(asnOctets, false, []byte(content[:half])), der(asnOctets, false, []byte(content[half:])))
	}
	data := der(asnOID, false, []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01})
	signed := der(asnSeq, open, []byte{2, 1, 1}, der(0x31, false), der(asnSeq, open, data, der(asnContext0, open, octets)), der(0x31, false))
	return der(asnSeq, open, der(asnOID, false, oidSignedData), der(asnContext0, open, signed))
}

// TestSigned: a mail inside of its signature is read, in both ways of writing it, with
// its files; one in two signatures stays a file.
func TestSigned(t *testing.T) {
	const inner = "Content-Type: multipart/mixed; boundary=I\n\n--I\nContent-Type: text/plain\n\nFine.\n--I\nContent-Type: image/png\nContent-Disposition: attachment; filename=boat.png\n\nx\n--I--\n"
	wrap := func(b []byte) string {
		return "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=smime.p7m\n\n" + base64.StdEncoding.EncodeToString(b) + "\n"
	}
	for _, open := range []bool{false, true} {
		m := parsed(t, "From: ann@corp.example\n"+wrap(cms(inner, open)))
		if f := m.Files(); m.Text != "Fine." || len(f) != 1 || f[0].Name != "boat.png" {
			t.Errorf("open %t: text %q, files %+v, problems %v", open, m.Text, f, m.Problems)
		}
	}
	if m := parsed(t, "From: ann@corp.example\n"+wrap(cms(wrap(cms(inner, false)), false))); m.Text != "" || len(m.Files()) != 1 {
		t.Errorf("twice: text %q, files %+v", m.Text, m.Files())
	}
	if m := parsed(t, "From: ann@corp.example\n"+wrap([]byte("no such thing"))); m.Text != "" || len(m.Files()) != 1 {
		t.Errorf("none: text %q, files %+v", m.Text, m.Files())
	}
}

// FuzzSigned: whatever stands there, reading it ends.
func FuzzSigned(f *testing.F) {
	f.Add(cms("Content-Type: text/plain\n\nFine.\n", false))
	f.Add(cms("Content-Type: text/plain\n\nFine.\n", true))
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		if content, ok := signedContent(b); ok && len(content) > len(b) {
			t.Errorf("%d bytes come out of %d", len(content), len(b))
		}
	})
}
