package mail

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// memory is a Sink that keeps what it is given.
type memory struct {
	bytes.Buffer
	into map[string][]byte
	name string
}

func (m *memory) Close() (string, error) {
	m.into[m.name] = bytes.Clone(m.Bytes())
	return m.name, nil
}

// keepAll reads a mail with all its files.
func keepAll(t *testing.T, r io.Reader) (Message, map[string][]byte) {
	t.Helper()
	files := map[string][]byte{}
	lim := DefaultLimits
	lim.Files = func(p Part) (Sink, error) { return &memory{into: files, name: p.Name}, nil }
	m, err := Parse(r, lim)
	if err != nil {
		t.Fatal(err)
	}
	return m, files
}

// TestComposeFiles writes pictures and files of many sizes and reads them again
// (EVENTS A14, A15, D1, D22).
func TestComposeFiles(t *testing.T) {
	stored := map[string][]byte{}
	d := sample()
	for _, size := range []int{0, 1, 56, 57, 58, 29184, 100_000} {
		b := make([]byte, size)
		if _, err := rand.Read(b); err != nil {
			t.Fatal(err)
		}
		name := strings.Repeat("ä", size%5) + " größe " + strings.Repeat("x", size%7) + ".bin"
		stored[name] = b
		d.Words[0].Attached = append(d.Words[0].Attached, Attached{Name: name, Type: "application/octet-stream", Size: int64(size), Stored: name})
	}
	stored["a.png"] = []byte("a picture")
	picture := Attached{Name: "a.png", Type: "image/png", Size: 9, Stored: "a.png", ContentID: "p1@example.org", Width: 2000}
	d.Words[0].Pictures = []Attached{picture, picture}
	finished, err := Compose(d)
	if err != nil {
		t.Fatal(err)
	}
	r := finished.Open(func(name string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(stored[name])), nil })
	whole, err := io.ReadAll(r)
	if err != nil || r.Close() != nil {
		t.Fatal(err)
	}
	if int64(len(whole)) != finished.Size() {
		t.Errorf("it has %d bytes, Size says %d", len(whole), finished.Size())
	}
	for line := range bytes.SplitSeq(whole, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n") {
			t.Fatalf("a line of %d bytes", len(line))
		}
	}
	m, got := keepAll(t, bytes.NewReader(whole))
	if len(m.Problems) > 0 || !strings.Contains(m.HTML, `src="cid:p1@example.org"`) || !strings.Contains(m.Text, "[picture: a.png]") {
		t.Errorf("problems %q, HTML %q", m.Problems, m.HTML)
	}
	for name, want := range stored {
		if name = cleanFileName(name); !bytes.Equal(got[name], want) {
			t.Errorf("%q has %d bytes, want %d", name, len(got[name]), len(want))
		}
	}
	if n := len(m.Attachments()); n != len(stored) {
		t.Errorf("it has %d files, want %d", n, len(stored))
	}
}

func TestComposeFilesRefuses(t *testing.T) {
	d := sample()
	d.Words[0].Pictures = []Attached{{Name: "a", Type: "image/png", ContentID: "no id\r\nX: y", Stored: "a"}}
	if _, err := Compose(d); err == nil {
		t.Error("a Content-ID with a line end was taken")
	}
}

// A file that is not as long as it was is no mail.
func TestFinishedFileTooShort(t *testing.T) {
	d := sample()
	d.Words[0].Attached = []Attached{{Name: "a", Type: "text/csv", Size: 100, Stored: "a"}}
	finished, err := Compose(d)
	if err != nil {
		t.Fatal(err)
	}
	short := finished.Open(func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("short")), nil })
	if _, err := io.ReadAll(short); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("reading it gives %v", err)
	}
	missing := finished.Open(func(string) (io.ReadCloser, error) { return nil, io.ErrClosedPipe })
	if _, err := io.ReadAll(missing); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("reading one without its file gives %v", err)
	}
}

// TestParseFiles gives each sort of file to the sink as it was (EVENTS C4, C6, C9).
func TestParseFiles(t *testing.T) {
	raw := strings.ReplaceAll(`From: ann@example.com
Subject: x
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

See the table.
begin 644 old.txt
#0V%T
`+"`"+`
end
--b
Content-Type: text/csv; name="t.csv"; charset=iso-8859-1
Content-Disposition: attachment
Content-Transfer-Encoding: quoted-printable

gr=F6=DFe
--b
Content-Type: text/plain
Content-Disposition: attachment; filename=notes.txt

notes
--b
Content-Type: image/png; name=logo.png
Content-ID: <logo>
Content-Transfer-Encoding: base64

bG9nbw==
--b--
`, "\n", "\r\n")
	m, got := keepAll(t, strings.NewReader(raw))
	for name, want := range map[string]string{"t.csv": "gr\xf6\xdfe", "notes.txt": "notes", "logo.png": "logo", "old.txt": "Cat"} {
		if string(got[name]) != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if len(got) != 4 || strings.TrimSpace(m.Text) != "See the table." {
		t.Errorf("%d files, and the text %q", len(got), m.Text)
	}
	lim := DefaultLimits
	lim.Files = func(Part) (Sink, error) { return nil, io.ErrShortWrite }
	if _, err := Parse(strings.NewReader(raw), lim); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a store that fails gives %v", err)
	}
	lim.Files = func(Part) (Sink, error) { return nil, nil }
	if m, err := Parse(strings.NewReader(raw), lim); err != nil || slices.ContainsFunc(m.Parts, func(p Part) bool { return p.Stored != "" }) {
		t.Errorf("files that nobody wants: %v", err)
	}
}

func BenchmarkMailWithFile(b *testing.B) {
	const size = 25 << 20
	d := sample()
	d.Words[0].Attached = []Attached{{Name: "a.bin", Type: "application/octet-stream", Size: size, Stored: "a"}}
	finished, err := Compose(d)
	if err != nil {
		b.Fatal(err)
	}
	content := make([]byte, size)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		r := finished.Open(func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil })
		if _, err := Parse(r, DefaultLimits); err != nil {
			b.Fatal(err)
		}
	}
}
