package media

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program writes a stand-in for ffmpeg: a script whose last argument is the file to make.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nfor out; do :; done\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestToM4A limits the converter.
func TestToM4A(t *testing.T) {
	t.Setenv("HASHSEND_SECRET", "a password")
	t.Setenv("TMPDIR", t.TempDir())
	for name, c := range map[string]struct{ script, want, fails string }{
		"what it makes":           {`cat > "$out"`, "Ogg", ""},
		"no secret is handed on":  {`cat > /dev/null; env | grep -c PASSWORD > "$out"; env | grep -c HASHSEND >> "$out"; true`, "0\n0\n", ""},
		"it fails":                {"echo no such codec >&2; exit 1", "", "no such codec"},
		"it makes nothing":        {`: > "$out"`, "", "no output"},
		"it makes no file":        {"true", "", "open the output of ffmpeg"},
		"it makes too much":       {`head -c 2000 /dev/zero > "$out"`, "", "larger than 1000 bytes"},
		"it talks without an end": {"head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1", "", "xxx"},
	} {
		var got bytes.Buffer
		err := ToM4A(t.Context(), program(t, c.script), &got, strings.NewReader("Ogg"), 1000)
		switch {
		case c.fails == "" && (err != nil || got.String() != c.want):
			t.Errorf("%s: %q, %v; want %q", name, got.String(), err, c.want)
		case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails) || len(err.Error()) > 700):
			t.Errorf("%s: %v; want %q", name, err, c.fails)
		}
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "hashsend-speech-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}

// TestToM4AEnds stops the converter with its context.
func TestToM4AEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begun := time.Now()
	var got bytes.Buffer
	if err := ToM4A(ctx, program(t, "exec sleep 60"), &got, strings.NewReader("Ogg"), 1000); err == nil || time.Since(begun) > 20*time.Second {
		t.Errorf("it ended after %s: %v", time.Since(begun), err)
	}
}

// TestToM4AByFFmpeg converts with the real ffmpeg, if installed.
func TestToM4AByFFmpeg(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil && os.Getenv("HASHSEND_E2E_REQUIRE") == "" {
		t.Skip("skipped: needs ffmpeg (Debian); .ci/run installs it")
	}
	if err != nil {
		t.Fatal(err)
	}
	ogg, err := exec.Command(ffmpeg, "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "sine=frequency=440:duration=2", "-c:a", "libopus", "-f", "ogg", "pipe:1").Output()
	if err != nil {
		t.Fatalf("this ffmpeg makes no Opus to try it with: %v", err)
	}
	var m4a bytes.Buffer
	if err := ToM4A(t.Context(), ffmpeg, &m4a, bytes.NewReader(ogg), 1<<20); err != nil {
		t.Fatal(err)
	}
	if kind := Type(m4a.Bytes(), "", ""); kind != "audio/mp4" || m4a.Len() < 1000 {
		t.Errorf("%d bytes of %s were made", m4a.Len(), kind)
	}
	for name, hostile := range map[string]string{
		"a playlist":  "#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
		"half a file": string(ogg[:60]), "nothing": "",
	} {
		if err := ToM4A(t.Context(), ffmpeg, &bytes.Buffer{}, strings.NewReader(hostile), 1<<20); err == nil {
			t.Errorf("%s was taken for speech", name)
		}
	}
}
