package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
)

// Attached is a file in a mail that is composed.
type Attached struct {
	Name      string // cleaned
	Type      string // media type
	Size      int64  // bytes
	Stored    string // names the content towards Finished.Open
	ContentID string // of a picture that stands in the HTML; without brackets
	Width     int    // how wide that picture is shown, in pixels; 0: not known
}

// Finished is a composed mail. The content of its files is in no memory: it is put
// in while the mail is read.
type Finished struct {
	Raw   []byte `json:"-"`
	Files []Placed
}

// Placed is where the content of a file belongs in Finished.Raw.
type Placed struct {
	At     int    `json:"at"`
	Stored string `json:"stored"`
	Size   int64  `json:"size"`
}

// files returns the pictures in the HTML and what is attached, each content once.
func (d Draft) files() (pictures, attached []Attached) {
	seen := map[string]bool{}
	for _, w := range d.Words {
		for _, p := range w.Pictures {
			if !seen["cid:"+p.ContentID] {
				seen["cid:"+p.ContentID] = true
				pictures = append(pictures, p)
			}
		}
		for _, a := range w.Attached {
			if !seen[a.Stored+" "+a.Name] {
				seen[a.Stored+" "+a.Name] = true
				attached = append(attached, a)
			}
		}
	}
	return pictures, attached
}

// bodyWriter writes the MIME tree of a mail (RFC 2046, RFC 2387).
type bodyWriter struct {
	b    *bytes.Buffer
	id   string
	n    int
	out  []Placed
	fail error
}

// boundary makes one that stands nowhere else: "=_" cannot stand in
// quoted-printable, nor in base64.
func (w *bodyWriter) boundary() string {
	sum := sha256.Sum256([]byte(w.id))
	w.n++
	b := "=_hs_" + hex.EncodeToString(sum[:12])
	if w.n > 1 {
		b += fmt.Sprintf("_%d", w.n)
	}
	return b
}

// multipart writes parts; the first header line is already ended.
func (w *bodyWriter) multipart(kind string, parts ...func()) {
	boundary := w.boundary()
	fmt.Fprintf(w.b, "Content-Type: multipart/%s;\r\n boundary=\"%s\"\r\n\r\n", kind, boundary)
	for i, part := range parts {
		if i > 0 {
			w.b.WriteString("\r\n")
		}
		fmt.Fprintf(w.b, "--%s\r\n", boundary)
		part()
	}
	fmt.Fprintf(w.b, "\r\n--%s--\r\n", boundary)
}

func (w *bodyWriter) text(kind, text string) func() {
	return func() {
		fmt.Fprintf(w.b, "Content-Type: %s\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", kind)
		encodeQP(w.b, text)
	}
}

func (w *bodyWriter) file(a Attached) func() {
	return func() {
		kind, _, err := mime.ParseMediaType(a.Type)
		if err != nil || strings.HasPrefix(kind, "multipart/") || isMessage(kind) {
			kind = "application/octet-stream"
		}
		fmt.Fprintf(w.b, "Content-Type: %s%s\r\n", kind, nameParam("name", a.Name, false))
		disposition := "attachment"
		if a.ContentID != "" {
			disposition = "inline"
			if !validID(a.ContentID) {
				w.fail = fmt.Errorf("%q is no Content-ID", a.ContentID)
			}
			fmt.Fprintf(w.b, "Content-ID: <%s>\r\n", a.ContentID)
		}
		fmt.Fprintf(w.b, "Content-Disposition: %s%s\r\nContent-Transfer-Encoding: base64\r\n\r\n", disposition, nameParam("filename", a.Name, true))
		w.out = append(w.out, Placed{At: w.b.Len(), Stored: a.Stored, Size: a.Size})
	}
}

// nameParam writes the name of a file as a parameter, on a line of its own. What is
// not ASCII stands in the form of RFC 2231 too, if extended.
func nameParam(param, name string, extended bool) string {
	name = cleanFileName(name)
	if name == "" {
		name = "file"
	}
	plain, escaped, ascii := []byte(nil), []byte(nil), true
	for _, r := range name {
		if r < ' ' || r >= 0x7f || r == '"' || r == '\\' {
			ascii = ascii && r < 0x7f
			plain = append(plain, '_')
			continue
		}
		plain = append(plain, byte(r))
	}
	out := fmt.Sprintf(";\r\n %s=\"%s\"", param, plain)
	if ascii && string(plain) == name || !extended {
		return out
	}
	const attributeChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`{|}~"
	for i := range len(name) {
		if strings.IndexByte(attributeChars, name[i]) >= 0 {
			escaped = append(escaped, name[i])
		} else {
			escaped = fmt.Appendf(escaped, "%%%02X", name[i])
		}
	}
	return out + fmt.Sprintf(";\r\n %s*=utf-8''%s", param, escaped)
}

// checkFiles compares the files of a mail that was read again with those that were
// meant.
func (d Draft) checkFiles(m Message) error {
	pictures, attached := d.files()
	got := m.Parts
	if len(got) < 2 {
		return errors.New("the texts are missing")
	}
	got = got[2:]
	for _, want := range append(pictures, attached...) {
		if len(got) == 0 {
			return errors.New("a file is missing")
		}
		name := cleanFileName(want.Name)
		if got[0].ContentID != want.ContentID || (got[0].Name != name && name != "") {
			return fmt.Errorf("the file %q is %q", want.Name, got[0].Name)
		}
		got = got[1:]
	}
	if len(got) > 0 {
		return fmt.Errorf("it has %d parts too many", len(got))
	}
	return nil
}

// Size is how many bytes the mail has with its files.
func (f Finished) Size() int64 {
	n := int64(len(f.Raw))
	for _, p := range f.Files {
		n += EncodedSize(p.Size)
	}
	return n
}

const (
	rawLine     = 57 // bytes that make a line of base64
	encodedLine = 78
)

// EncodedSize is how many bytes a file of this size takes in a mail: base64 in lines
// of 76 characters (RFC 2045, 6.8).
func EncodedSize(size int64) int64 {
	n := size / rawLine * encodedLine
	if rest := size % rawLine; rest > 0 {
		n += (rest+2)/3*4 + 2
	}
	return n
}

// Open reads the whole mail. open gives the content of a file; each is open only
// while it is read. The caller closes what it gets.
func (f Finished) Open(open func(stored string) (io.ReadCloser, error)) io.ReadCloser {
	return &finishedReader{f: f, open: open}
}

type finishedReader struct {
	f    Finished
	open func(string) (io.ReadCloser, error)
	at   int // in Raw
	n    int // file that comes next
	file io.ReadCloser
	left int64 // bytes of it that are still to come
	raw  [rawLine * 512]byte
	enc  [encodedLine * 512]byte
	buf  []byte // of enc, not yet given
	err  error
}

// Read gives the next bytes.
func (r *finishedReader) Read(p []byte) (int, error) {
	for len(r.buf) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.file != nil {
			r.encode()
			continue
		}
		end := len(r.f.Raw)
		if r.n < len(r.f.Files) {
			end = r.f.Files[r.n].At
		}
		if r.at < end {
			n := copy(p, r.f.Raw[r.at:end])
			r.at += n
			return n, nil
		}
		if r.n == len(r.f.Files) {
			return 0, io.EOF
		}
		r.left = r.f.Files[r.n].Size
		if r.file, r.err = r.open(r.f.Files[r.n].Stored); r.err != nil {
			r.file = nil
		}
		r.n++
	}
	n := copy(p, r.buf)
	r.buf = r.buf[n:]
	return n, nil
}

// encode takes the next lines of the open file.
func (r *finishedReader) encode() {
	n, err := io.ReadFull(r.file, r.raw[:min(int64(len(r.raw)), r.left)])
	r.left -= int64(n)
	if err != nil && r.left > 0 {
		r.err = fmt.Errorf("read a file of the mail: %w", err)
		return
	}
	r.buf = r.enc[:0]
	for raw := r.raw[:n]; len(raw) > 0; {
		line := raw[:min(rawLine, len(raw))]
		r.buf = append(base64.StdEncoding.AppendEncode(r.buf, line), '\r', '\n')
		raw = raw[len(line):]
	}
	if r.left == 0 {
		r.err = r.file.Close()
		r.file = nil
	}
}

// Close ends the reading.
func (r *finishedReader) Close() error {
	if r.file != nil {
		return r.file.Close()
	}
	return nil
}
