package mail

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// What is decoded by whole lines is what is decoded byte by byte, whatever is wrong
// with it, and in whichever pieces it comes.
func TestBase64ByLines(t *testing.T) {
	for seed := range uint64(5000) {
		r := rand.New(rand.NewPCG(seed, 1))
		const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
		var raw []byte
		for range r.IntN(6) {
			for range r.IntN(20) * (1 + 3*r.IntN(2)) {
				raw = append(raw, letters[r.IntN(len(letters))])
			}
			raw = append(raw, []string{"\r\n", "\r\n", "\n", "=", "==", "==\r\n", "-", " \r\n", "\x80\r\n"}[r.IntN(9)]...)
		}
		var got []byte
		d := &decoder{kind: "base64", out: func(b []byte) { got = append(got, b...) }}
		for rest := raw; len(rest) > 0; {
			n := 1 + r.IntN(len(rest))
			if i := bytes.IndexByte(rest, '\n'); i >= 0 && r.IntN(4) > 0 {
				n = i + 1
			}
			d.write(rest[:n])
			rest = rest[n:]
		}
		d.close()
		if want := decodeBase64(string(raw)); !bytes.Equal(got, want) {
			t.Fatalf("seed %d: %q gives %x, want %x", seed, raw, got, want)
		}
	}
}
