package mail

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// tnef reads what Outlook wraps its mails into for other Outlooks (MS-OXTNEF),
// known as winmail.dat, piece by piece: the body, and its files, whose content goes
// to a sink while it is read.
type tnef struct {
	sink  func(Part) *filed
	open  *filed // of the file whose content is read
	left  int64  // bytes that may still be kept
	kept  int64
	bad   bool // it is none, or it is broken from here on
	begun bool // the signature was read
	head  []byte
	kind  uint16
	want  int64  // bytes of the attribute that are to come, with its checksum
	size  int64  // of the attribute
	data  []byte // what is kept of it

	codepage string
	body     body
	files    []tnefFile
}

type tnefFile struct {
	name, kind, stored string
	size               int64
}

// The attributes that are looked at (MS-OXTNEF, 2.1.3.2).
const (
	tnefSignature  = 0x223e9f78
	tnefCodepage   = 0x9007
	tnefBody       = 0x800c
	tnefProps      = 0x9003
	tnefFileBegins = 0x9002
	tnefFileTitle  = 0x8010
	tnefFileData   = 0x800f
	tnefFileProps  = 0x9005

	tnefMaxFiles = 1000
)

// isTNEF tells whether a part is one, by its type or its usual name.
func isTNEF(part Part) bool {
	switch part.Type {
	case "application/ms-tnef", "application/vnd.ms-tnef":
		return true
	case "application/octet-stream":
		return strings.EqualFold(part.Name, "winmail.dat")
	}
	return false
}

// write takes the next bytes.
func (t *tnef) write(b []byte) {
	for len(b) > 0 && !t.bad {
		if t.want > 0 {
			b = t.attribute(b)
			continue
		}
		need := 9 // level, kind, type, length
		if !t.begun {
			need = 6 // signature and key
		}
		n := min(need-len(t.head), len(b))
		t.head, b = append(t.head, b[:n]...), b[n:]
		if len(t.head) == need {
			t.header()
		}
	}
}

// header reads what stands in front of an attribute.
func (t *tnef) header() {
	h := t.head
	t.head = t.head[:0]
	if !t.begun {
		t.begun = true
		t.bad = binary.LittleEndian.Uint32(h) != tnefSignature
		return
	}
	if h[0] != 1 && h[0] != 2 { // of the message, or of a file
		t.bad = true
		return
	}
	t.kind = binary.LittleEndian.Uint16(h[1:])
	t.size = int64(binary.LittleEndian.Uint32(h[5:]))
	t.want, t.data = t.size+2, nil
	if t.kind == tnefFileBegins {
		if len(t.files) >= tnefMaxFiles {
			t.bad = true
			return
		}
		t.files = append(t.files, tnefFile{})
	}
	if n := len(t.files); t.kind == tnefFileData && n > 0 && t.open == nil && t.sink != nil {
		t.open = t.sink(Part{Type: "application/octet-stream", Name: cleanFileName(t.files[n-1].name)})
	}
}

// attribute takes bytes of an attribute and returns those behind it.
func (t *tnef) attribute(b []byte) []byte {
	n := min(t.want, int64(len(b)))
	if t.keeps() {
		room := max(0, min(n, t.left, t.size-int64(len(t.data))))
		t.data = append(t.data, b[:room]...)
		t.left, t.kept = t.left-room, t.kept+room
	}
	if read := t.size + 2 - t.want; t.open != nil && read < t.size {
		t.open.write(b[:min(n, t.size-read)])
	}
	if t.want -= n; t.want == 0 {
		t.take()
	}
	return b[n:]
}

func (t *tnef) keeps() bool {
	switch t.kind {
	case tnefCodepage, tnefBody, tnefProps, tnefFileTitle, tnefFileProps:
		return true
	}
	return false
}

// take reads an attribute that is whole.
func (t *tnef) take() {
	var file *tnefFile
	if n := len(t.files); n > 0 {
		file = &t.files[n-1]
	}
	switch {
	case t.kind == tnefCodepage && len(t.data) >= 4:
		t.codepage = codepage(int64(binary.LittleEndian.Uint32(t.data)))
	case t.kind == tnefBody:
		t.body.text = t.text(t.data)
	case t.kind == tnefProps:
		t.messageProps()
	case file == nil:
	case t.kind == tnefFileData:
		file.size = t.size
		file.stored, t.open = t.open.close(), nil
	case t.kind == tnefFileTitle:
		if file.name == "" {
			file.name = t.text(t.data)
		}
	case t.kind == tnefFileProps:
		t.fileProps(file)
	}
	t.data = nil
}

// codepage names a code page of Windows; empty: none.
func codepage(n int64) string {
	switch {
	case n == 65001:
		return "utf-8"
	case n > 0 && n < 65000:
		return fmt.Sprintf("windows-%d", n)
	}
	return ""
}

// text reads one of the old kind, of bytes that end with NUL.
func (t *tnef) text(b []byte) string {
	s, _ := decodeCharset(t.codepage, bytes.TrimRight(b, "\x00"))
	return cleanLines(s)
}

// The properties that are looked at (MS-OXPROPS).
const (
	propBody     = 0x1000
	propBodyHTML = 0x1013
	propCPID     = 0x3fde // of the HTML
	propObject   = 0x3701 // the file itself, where it is a mail
	propLongName = 0x3707
	propMIMEType = 0x370e
	propShown    = 0x3001
)

func (t *tnef) messageProps() {
	ps := readProps(t.data)
	if b, ok := ps[propBody]; ok {
		t.body.text = cleanLines(t.string(b))
	}
	if b, ok := ps[propBodyHTML]; ok {
		charset := ""
		if n := ps[propCPID]; len(n.value) == 4 {
			charset = codepage(int64(binary.LittleEndian.Uint32(n.value)))
		}
		if charset == "" {
			charset = htmlCharset(b.value)
		}
		s, _ := decodeCharset(charset, bytes.TrimRight(b.value, "\x00"))
		t.body.html = cleanLines(s)
	}
}

func (t *tnef) fileProps(file *tnefFile) {
	ps := readProps(t.data)
	for _, id := range []uint16{propShown, propLongName} {
		if p, ok := ps[id]; ok {
			if name := t.string(p); name != "" {
				file.name = name
			}
		}
	}
	if p, ok := ps[propMIMEType]; ok {
		file.kind = strings.ToLower(t.string(p))
	}
	if p, ok := ps[propObject]; ok && file.size == 0 {
		file.size = int64(len(p.value))
	}
}

// string reads a property that is a text.
func (t *tnef) string(p prop) string {
	if p.kind == typeUnicode {
		u := make([]uint16, len(p.value)/2)
		for i := range u {
			u[i] = binary.LittleEndian.Uint16(p.value[2*i:])
		}
		return strings.TrimRight(string(utf16.Decode(u)), "\x00")
	}
	return t.text(p.value)
}

// unpack puts what was read into the mail in the place of the part; false: it
// cannot be read, and stays as it is.
func (p *parser) unpack(t *tnef, speaks bool) (body, bool) {
	t.open.close() // of a file that was cut off
	if t.bad && len(t.files) == 0 || t.body.empty() && len(t.files) == 0 {
		p.shared.problem("a winmail.dat could not be unpacked")
		return body{}, false
	}
	for _, f := range t.files {
		kind, _ := mediaType(f.kind, "application/octet-stream")
		if f.size > 0 || f.name != "" {
			p.add(Part{Type: kind, Name: cleanFileName(f.name), Size: f.size, Stored: f.stored})
		}
	}
	said := false // the body stands beside it as well
	for _, part := range p.m.Parts {
		said = said || part.Body
	}
	if said || !speaks {
		return body{}, true
	}
	for _, b := range []struct{ kind, content string }{{"text/plain", t.body.text}, {"text/html", t.body.html}} {
		if b.content != "" {
			p.add(Part{Type: b.kind, Inline: true, Body: true, Size: int64(len(b.content)), Content: b.content})
		}
	}
	return t.body, true
}
