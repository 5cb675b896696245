package matrixfile

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// What is encrypted on its way to the homeserver is read back as it was, by what
// the message says of it (A17).
func TestFileThereAndBack(t *testing.T) {
	text := strings.Repeat("a file, ", 10000)
	e := Encrypt(io.NopCloser(strings.NewReader(text)))
	locked, err := io.ReadAll(e)
	if err != nil || bytes.Contains(locked, []byte("a file")) {
		t.Fatal("it is not encrypted", err)
	}
	raw, err := json.Marshal(e.File("mxc://example.org/abc"))
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := Parse(ID("", raw))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Decrypt(io.NopCloser(bytes.NewReader(locked)), secret)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := io.ReadAll(r); err != nil || string(back) != text {
		t.Errorf("%d bytes came back, %v; want %d", len(back), err, len(text))
	}
}
