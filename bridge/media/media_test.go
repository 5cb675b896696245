package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"
)

func TestType(t *testing.T) {
	pixel := picture(t, "png", 2, 2)
	for _, c := range []struct{ name, head, declared, file, want string }{
		{"a picture, whatever is said of it", pixel, "text/plain", "a.txt", "image/png"},
		{"a program said to be a picture", "MZ\x90\x00" + strings.Repeat("\x00", 64), "image/jpeg", "a.jpg", "application/vnd.microsoft.portable-executable"},
		{"text of a kind", "a,b\n1,2\n", "text/csv", "a.csv", "text/csv"},
		{"text said to be a picture", "hello\n", "image/png", "a.png", "text/plain"},
		{"a page said to be a picture", "<!DOCTYPE html><html>", "image/png", "a.png", "text/html"},
		{"bytes of a known sort", "\x00\x01\x02\x03", "application/x-thing", "a.thing", "application/x-thing"},
		{"bytes said to be a picture", "\x00\x01\x02\x03", "image/heic", "a.heic", "application/octet-stream"},
		{"bytes said to be a program", "\x00\x01\x02\x03", "application/x-msdownload", "a", "application/octet-stream"},
		{"by the name", "\x00\x01\x02\x03", "", "a.wasm", "application/wasm"},
		{"no content", "", "", "", "text/plain"},
	} {
		if got := Type([]byte(c.head), c.declared, c.file); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	// The last extension and the content decide.
	for name, want := range map[string]bool{"setup.exe": true, "photo.jpg.SCR": true, "a.js.": true, "notes.txt": false, "exe": false, "": false} {
		if got := IsProgram(name, "application/octet-stream"); got != want {
			t.Errorf("%q is a program: %v", name, got)
		}
	}
	if !IsProgram("harmless.txt", "application/vnd.microsoft.portable-executable") {
		t.Error("a program under the name of a text is none")
	}
	if got := Named("voice message", "audio/ogg"); got != "voice message.ogg" && got != "voice message.oga" {
		t.Errorf("a voice message is named %q", got)
	}
	if got := Named("a.b", "image/png"); got != "a.b" {
		t.Errorf("a name with an ending became %q", got)
	}
}

func picture(t testing.TB, format string, w, h int) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{0, 0, 255, 255}
			if x < w/2 && y < h/2 { // the upper left quarter is red
				c = color.RGBA{255, 0, 0, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	var err error
	if format == "png" {
		err = png.Encode(&b, m)
	} else {
		err = jpeg.Encode(&b, m, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// withOrientation puts Exif data behind the beginning of a JPEG.
func withOrientation(picture string, o uint16) string {
	exif := []byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01")
	exif = binary.BigEndian.AppendUint16(exif, o)
	exif = append(exif, 0, 0, 0, 0, 0, 0)
	head := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return picture[:2] + string(head) + string(exif) + picture[2:]
}

func TestShrink(t *testing.T) {
	for _, c := range []struct {
		name, picture  string
		most           int
		w, h           int
		redX, redY     int // where the red quarter is
		kind           string
		wideAs, highAs int
	}{
		{"a large one", picture(t, "jpeg", 400, 200), 100, 100, 50, 10, 10, "image/jpeg", 400, 200},
		{"a small one keeps its size", picture(t, "png", 40, 20), 100, 40, 20, 5, 5, "image/jpeg", 40, 20},
		{"turned to the right", withOrientation(picture(t, "jpeg", 400, 200), 6), 100, 50, 100, 40, 10, "image/jpeg", 200, 400},
		{"upside down", withOrientation(picture(t, "jpeg", 400, 200), 3), 100, 100, 50, 90, 40, "image/jpeg", 400, 200},
	} {
		if w, h := Size(strings.NewReader(c.picture)); w != c.wideAs || h != c.highAs {
			t.Errorf("%s: it is %d x %d", c.name, w, h)
		}
		var b bytes.Buffer
		kind, w, h, err := Shrink(&b, strings.NewReader(c.picture), c.most)
		if err != nil || kind != c.kind || w != c.w || h != c.h {
			t.Errorf("%s: %s %d x %d, %v", c.name, kind, w, h, err)
			continue
		}
		m, _, err := image.Decode(&b)
		if err != nil {
			t.Fatal(err)
		}
		if r, _, bl, _ := m.At(c.redX, c.redY).RGBA(); r < 0xc000 || bl > 0x5000 {
			t.Errorf("%s: at %d,%d it is not red", c.name, c.redX, c.redY)
		}
	}
}

func TestShrinkKeepsTransparency(t *testing.T) {
	var in, out bytes.Buffer
	if err := png.Encode(&in, image.NewNRGBA(image.Rect(0, 0, 300, 300))); err != nil {
		t.Fatal(err)
	}
	if kind, _, _, err := Shrink(&out, bytes.NewReader(in.Bytes()), 100); err != nil || kind != "image/png" {
		t.Errorf("%s, %v", kind, err)
	}
}

func TestShrinkRefusesHugePictures(t *testing.T) {
	// The header of a PNG of 60,000 x 60,000 pixels.
	huge := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xea\x60\x00\x00\xea\x60\x08\x02\x00\x00\x00\x8d\x1f\x3f\x1c"
	if _, _, _, err := Shrink(io.Discard, strings.NewReader(huge), 100); err == nil {
		t.Error("it was read")
	} else if w, _ := Size(strings.NewReader(huge)); w == 60000 && !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

func FuzzPicture(f *testing.F) {
	f.Add([]byte(picture(f, "jpeg", 20, 10)))
	f.Add([]byte(picture(f, "png", 20, 10)))
	f.Add([]byte(withOrientation(picture(f, "jpeg", 20, 10), 8)))
	f.Fuzz(func(t *testing.T, b []byte) {
		Size(bytes.NewReader(b))
		_, w, h, err := Shrink(io.Discard, bytes.NewReader(b), 16)
		if err == nil && (w < 1 || h < 1 || w > 16 || h > 16) {
			t.Errorf("it is %d x %d", w, h)
		}
		Type(b, "image/png", "a.png")
	})
}
