package media

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // decodes this type
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // and this one
)

// Size returns the displayed width and height of a picture in pixels; zeros: unknown type.
func Size(r io.ReadSeeker) (width, height int) {
	c, _, err := image.DecodeConfig(bufio.NewReader(r))
	if err != nil {
		return 0, 0
	}
	if o := orientation(r); o >= 5 {
		return c.Height, c.Width
	}
	return c.Width, c.Height
}

// ErrTooLarge reports that a picture needs too much memory.
var ErrTooLarge = errors.New("the picture has too many pixels to resize")

// workspace is the memory limit in bytes for the pixels of a picture.
const workspace = 40 << 20

// Shrink writes a picture with at most most pixels on its longer side, in its displayed
// orientation, as JPEG, or as PNG if it has transparency. It returns the type and size. It
// returns ErrTooLarge if the picture needs too much memory.
func Shrink(w io.Writer, r io.ReadSeeker, most int) (kind string, width, height int, err error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return "", 0, 0, err
	}
	c, format, err := image.DecodeConfig(bufio.NewReader(r))
	if err != nil {
		return "", 0, 0, fmt.Errorf("read a picture: %w", err)
	}
	if c.Width <= 0 || c.Height <= 0 || int64(c.Width)*int64(c.Height)*bytesPerPixel(r, format, c) > workspace {
		return "", 0, 0, ErrTooLarge
	}
	turn := orientation(r)
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return "", 0, 0, err
	}
	whole, _, err := image.Decode(bufio.NewReader(r))
	if err != nil {
		return "", 0, 0, fmt.Errorf("read a picture: %w", err)
	}
	small := turned(scaled(whole, most), turn)
	width, height = small.Bounds().Dx(), small.Bounds().Dy()
	if !small.Opaque() {
		return "image/png", width, height, png.Encode(w, small)
	}
	return "image/jpeg", width, height, jpeg.Encode(w, small, &jpeg.Options{Quality: 82})
}

// bytesPerPixel returns the memory for decoding a picture.
func bytesPerPixel(r io.ReadSeeker, format string, c image.Config) int64 {
	switch {
	case format == "jpeg" && progressive(r):
		return 15 // all coefficients stay in memory
	case format == "jpeg":
		return 3
	case c.ColorModel == color.NRGBA64Model || c.ColorModel == color.RGBA64Model:
		return 8
	}
	return 4
}

// scaled shrinks a picture: first by averaging whole blocks, then to the requested size.
func scaled(m image.Image, most int) *image.RGBA {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	tw, th := w, h
	if long := max(w, h); long > most {
		tw, th = max(1, w*most/long), max(1, h*most/long)
	}
	n := max(1, min(w/tw, h/th))
	rough := image.NewRGBA(image.Rect(0, 0, w/n, h/n))
	for y := range h / n {
		for x := range w / n {
			var r, g, bl, a uint64
			for dy := range n {
				for dx := range n {
					cr, cg, cb, ca := m.At(b.Min.X+x*n+dx, b.Min.Y+y*n+dy).RGBA()
					r, g, bl, a = r+uint64(cr), g+uint64(cg), bl+uint64(cb), a+uint64(ca)
				}
			}
			k := uint64(n * n * 257)
			rough.SetRGBA(x, y, color.RGBA{uint8(r / k), uint8(g / k), uint8(bl / k), uint8(a / k)})
		}
	}
	if rough.Bounds().Dx() == tw && rough.Bounds().Dy() == th {
		return rough
	}
	out := image.NewRGBA(image.Rect(0, 0, tw, th))
	draw.ApproxBiLinear.Scale(out, out.Bounds(), rough, rough.Bounds(), draw.Src, nil)
	return out
}

// turned applies an Exif orientation (tag 0x0112).
func turned(m *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return m
	}
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch orientation {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			out.SetRGBA(tx, ty, m.RGBAAt(x, y))
		}
	}
	return out
}

// segments calls each for the segments before the image data of a JPEG until it returns false.
func segments(r io.ReadSeeker, each func(marker byte, data []byte) bool) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return
	}
	in := bufio.NewReader(r)
	var two [2]byte
	if _, err := io.ReadFull(in, two[:]); err != nil || two != [2]byte{0xff, 0xd8} {
		return
	}
	for range 200 {
		if _, err := io.ReadFull(in, two[:]); err != nil || two[0] != 0xff || two[1] == 0xda || two[1] == 0xd9 {
			return
		}
		marker := two[1]
		if _, err := io.ReadFull(in, two[:]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(two[:])) - 2
		if n < 0 {
			return
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(in, data); err != nil || !each(marker, data) {
			return
		}
	}
}

// progressive reports whether a JPEG is progressive (SOF2).
func progressive(r io.ReadSeeker) (is bool) {
	segments(r, func(marker byte, _ []byte) bool {
		is = marker == 0xc2
		return !is && !(marker >= 0xc0 && marker <= 0xc1)
	})
	return is
}

// orientation returns tag 0x0112 of the Exif data of a JPEG; 0: none.
func orientation(r io.ReadSeeker) (o int) {
	segments(r, func(marker byte, data []byte) bool {
		exif, is := bytes.CutPrefix(data, []byte("Exif\x00\x00"))
		if marker != 0xe1 || !is {
			return true
		}
		o = exifOrientation(exif)
		return false
	})
	return o
}

func exifOrientation(b []byte) int {
	if len(b) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	if b[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 0
	}
	n := int64(order.Uint16(b[at:]))
	for i := range n {
		e := at + 2 + i*12
		if e+12 > int64(len(b)) {
			return 0
		}
		if order.Uint16(b[e:]) == 0x0112 {
			return int(order.Uint16(b[e+8:]))
		}
	}
	return 0
}
