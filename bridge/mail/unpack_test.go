package mail

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// outlook writes a winmail.dat.
type outlook struct{ bytes.Buffer }

func newOutlook() *outlook {
	o := &outlook{}
	o.number(tnefSignature, 4)
	o.number(1, 2)
	return o
}

func (o *outlook) number(v uint64, n int) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	o.Write(b[:n])
}

func (o *outlook) attribute(level byte, kind uint16, data []byte) {
	o.WriteByte(level)
	o.number(uint64(kind), 2)
	o.number(6, 2)
	o.number(uint64(len(data)), 4)
	o.Write(data)
	sum := 0
	for _, c := range data {
		sum += int(c)
	}
	o.number(uint64(sum&0xffff), 2)
}

// props writes properties: type, id, value, and so on.
func props(of ...any) []byte {
	var o outlook
	o.number(uint64(len(of)/3)+1, 4)
	// One that is named, and has several values.
	o.number(0x101f, 2)
	o.number(0x8001, 2)
	o.Write(make([]byte, 16))
	o.number(1, 4)
	o.padded(wide("Keywords"))
	o.number(2, 4)
	o.padded(wide("red"))
	o.padded(wide("green"))
	for i := 0; i < len(of); i += 3 {
		kind := of[i].(int)
		o.number(uint64(kind), 2)
		o.number(uint64(of[i+1].(int)), 2)
		switch v := of[i+2].(type) {
		case int:
			o.number(uint64(v), 4)
		case []byte:
			o.number(1, 4)
			o.padded(v)
		case string:
			o.number(1, 4)
			if kind == typeUnicode {
				o.padded(wide(v))
			} else {
				o.padded([]byte(v + "\x00"))
			}
		}
	}
	return o.Bytes()
}

func (o *outlook) padded(b []byte) {
	o.number(uint64(len(b)), 4)
	o.Write(b)
	o.Write(make([]byte, (4-len(b)%4)%4))
}

func wide(s string) (b []byte) {
	for _, u := range append(utf16.Encode([]rune(s)), 0) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func winmail() []byte {
	o := newOutlook()
	o.attribute(1, 0x9006, []byte{0, 0, 1, 0})
	o.attribute(1, tnefCodepage, []byte{0xe3, 4, 0, 0, 0, 0, 0, 0}) // windows-1251
	o.attribute(1, tnefProps, props(3, propCPID, 65001, typeUnicode, propBody, "Grüße\r\nOlga", 0x102, propBodyHTML, []byte("<p>Grüße<br>Olga</p>")))
	o.attribute(2, tnefFileBegins, make([]byte, 14))
	o.attribute(2, tnefFileTitle, []byte("PLAN~1.PDF\x00"))
	o.attribute(2, tnefFileData, make([]byte, 5000))
	o.attribute(2, tnefFileProps, props(typeUnicode, propLongName, "Plan für Mai.pdf", 0x1e, propMIMEType, "Application/PDF"))
	o.attribute(2, tnefFileBegins, make([]byte, 14))
	o.attribute(2, tnefFileTitle, []byte("\xcf\xeb\xe0\xed.txt\x00"))
	o.attribute(2, tnefFileData, []byte("12345"))
	return o.Bytes()
}

func mailOf(kind, encoding string, body string) string {
	return "From: olga@example.test\r\nContent-Type: " + kind + "\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n" + body
}

func listed(m Message) (all []string) {
	for _, p := range m.Attachments() {
		all = append(all, fmt.Sprintf("%s|%s|%d", p.Name, p.Type, p.Size))
	}
	return all
}

func TestWinmail(t *testing.T) { // C9
	packed := base64.StdEncoding.EncodeToString(winmail())
	files := []string{"Plan für Mai.pdf|application/pdf|5000", "План.txt|application/octet-stream|5"}
	beside := "--x\r\n\r\nThe text beside.\r\n--x\r\nContent-Type: application/octet-stream; name=\"WINMAIL.DAT\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + packed + "\r\n--x--\r\n"
	for name, c := range map[string]struct {
		raw, text, html string
		files           []string
	}{
		"alone":         {mailOf("application/ms-tnef", "base64", packed), "Grüße\nOlga", "<p>Grüße<br>Olga</p>", files},
		"beside a text": {mailOf("multipart/mixed; boundary=x", "7bit", beside), "The text beside.", "", files},
		"cut off":       {mailOf("application/ms-tnef", "base64", packed[:len(packed)-80]), "Grüße\nOlga", "<p>Grüße<br>Olga</p>", files[:1]},
		"none":          {mailOf("application/ms-tnef; name=winmail.dat", "base64", "aGVsbG8gd29ybGQh"), "", "", []string{"winmail.dat|application/ms-tnef|12"}},
		"only a name":   {mailOf("application/octet-stream; name=other.dat", "base64", packed), "", "", []string{fmt.Sprintf("other.dat|application/octet-stream|%d", len(winmail()))}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Parse(strings.NewReader(c.raw), DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			if strings.TrimSpace(m.Text) != c.text || m.HTML != c.html {
				t.Errorf("it says %q, %q; want %q, %q", m.Text, m.HTML, c.text, c.html)
			}
			if got := listed(m); !slices.Equal(got, c.files) {
				t.Errorf("its files are %q, want %q", got, c.files)
			}
			if (name == "none") != slices.Contains(m.Problems, "a winmail.dat could not be unpacked") {
				t.Errorf("problems: %q", m.Problems)
			}
		})
	}
}

func TestUuencodedInText(t *testing.T) {
	const cat = "begin 644 cat.txt\n#0V%T\n`\nend\n"
	for name, c := range map[string]struct {
		text, rest string
		files      []string
	}{
		"below a text":        {"Hello\n\n" + cat + "\nBye\n", "Hello\n\n\nBye\n", []string{"cat.txt|application/octet-stream|3"}},
		"two":                 {cat + cat, "", []string{"cat.txt|application/octet-stream|3", "cat.txt|application/octet-stream|3"}},
		"cut off":             {"Hello\nbegin 644 cat.txt\n#0V%T\n", "Hello\n", []string{"cat.txt|application/octet-stream|3"}},
		"spaces got lost":     {"begin 644 a\n%:&5L;&\\\n\nend\n", "", []string{"a|application/octet-stream|5"}},
		"words":               {"begin 100 press-ups\nand so on\nend\n", "begin 100 press-ups\nand so on\nend\n", nil},
		"the word alone":      {"begin 644 cat.txt\n", "begin 644 cat.txt\n", nil},
		"words in the middle": {"begin 644 cat.txt\n#0V%T\nHello there\nend\n", "begin 644 cat.txt\n#0V%T\nHello there\nend\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Parse(strings.NewReader(mailOf("text/plain", "7bit", c.text)), DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			if m.Text != c.rest {
				t.Errorf("the text is %q, want %q", m.Text, c.rest)
			}
			if got := listed(m); !slices.Equal(got, c.files) {
				t.Errorf("its files are %q, want %q", got, c.files)
			}
		})
	}
}

func FuzzWinmail(f *testing.F) {
	f.Add(winmail())
	f.Add(winmail()[:100])
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, pieces := &tnef{left: 1 << 20}, &tnef{left: 1 << 20}
		whole.write(b)
		for i := range b {
			pieces.write(b[i : i+1])
		}
		if whole.body != pieces.body || !slices.Equal(whole.files, pieces.files) || whole.bad != pieces.bad {
			t.Errorf("in pieces it is read in another way: %+v %+v", whole, pieces)
		}
	})
}
