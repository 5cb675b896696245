package mail

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestContact(t *testing.T) { // C10
	for _, c := range []struct {
		card string
		want Contact
		more int
	}{
		{
			"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Bob\\, the Lee\r\nN:Lee;Bob;;;\r\nORG:Example Ltd;Boats\r\nTEL;VALUE=uri;TYPE=\"voice,cell\":tel:+49-30-1\r\nitem1.EMAIL;TYPE=work:bob@exam\r\n ple.org\r\nPHOTO:data:image/png;base64,AAAA\r\nEND:VCARD\r\n",
			Contact{"Bob, the Lee", "Example Ltd, Boats", []string{"+49-30-1"}, []string{"bob@example.org"}},
			0,
		},
		{
			"BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg\nTEL;CELL:1\nEND:VCARD\nBEGIN:VCARD\nFN:Other\nTEL:2\nEND:VCARD\n",
			Contact{"Jörg Müller", "", []string{"1"}, nil},
			1,
		},
	} {
		got, more, ok := ReadContact(c.card)
		if !ok || more != c.more || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v and %d more, want %+v", got, more, c.want)
		}
	}
	for _, none := range []string{"", "hello", "BEGIN:VCARD\nNOTE:x\nEND:VCARD"} {
		if c, _, ok := ReadContact(none); ok {
			t.Errorf("%q: %+v", none, c)
		}
	}
}

func FuzzContact(f *testing.F) {
	f.Add("BEGIN:VCARD\nN;QUOTED-PRINTABLE:a=\n;b;c\nitem1.TEL:1\nEMAIL:mailto:a@b\nORG:;;x\n")
	f.Fuzz(func(t *testing.T, s string) {
		c, more, _ := ReadContact(s)
		for _, text := range append(append([]string{c.Name, c.Org}, c.Phones...), c.Mails...) {
			if strings.ContainsAny(text, "\r\n") || !utf8.ValidString(text) {
				t.Errorf("%q is no line of text", text)
			}
		}
		if more < 0 || len(c.Phones) > 4 || len(c.Mails) > 4 {
			t.Errorf("%d more, %+v", more, c)
		}
	})
}
