package demo

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

// TestTalk begins a new room with a talk whose lines cross the bridge, and an old one
// without.
func TestTalk(t *testing.T) {
	dir := t.TempDir()
	run := func(until string) string {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r, w := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			err := Run(ctx, Options{Dir: dir, Listen: "127.0.0.1:0", Out: w, Talk: true})
			w.Close() //nolint:errcheck // it cannot fail
			ended <- err
		}()
		var out strings.Builder
		for buf := make([]byte, 1000); ; {
			n, err := r.Read(buf)
			out.Write(buf[:n])
			if strings.Contains(out.String(), until) {
				cancel()
			}
			if err != nil {
				break
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		return out.String()
	}
	out := run("Now it's your turn.")
	rest := out
	for _, want := range []string{
		"room   Alice: Can anyone bring a cake on Saturday?", "email  Ann receives an email from “Alice (Acme)” with the subject “#Send Garden party”: Can anyone",
		"email  Ann replies: ", "room   Ann Example (email): Sure, I'll bring an apple cake.", "room   Bob reacts with 🎂", "room   Bob: Then I'll bring the coffee.",
		"email  Ann receives an email from “Bob (Acme)”", "room   Ann Example (email) reacts with 👍", "Now it's your turn.",
	} {
		before, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("after %q there is no %q in:\n%s", before, want, out)
		}
		rest = after
	}
	if again := run("Press Ctrl-C to stop."); strings.Contains(again, "conversation") {
		t.Errorf("a room that is not new begins with:\n%s", again)
	}
}
