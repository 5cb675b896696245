// Package media detects the type of files by their content, makes smaller pictures and converts
// voice messages.
package media

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"path"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// sniffed is the number of bytes used to detect a type.
const sniffed = 3072

// Type returns the media type of a file, detected from its first bytes. The declared type is
// used only where the content is ambiguous, such as text.
func Type(head []byte, declared, name string) string {
	found := mimetype.Detect(head[:min(len(head), sniffed)])
	kind, _, _ := strings.Cut(found.String(), ";")
	if kind != "application/octet-stream" && kind != "text/plain" && kind != "application/zip" && kind != "text/xml" && kind != "application/ogg" {
		return alias(kind)
	}
	for _, said := range []string{declared, mime.TypeByExtension(path.Ext(name))} {
		said, _, err := mime.ParseMediaType(said)
		if err == nil && fits(kind, said) {
			return said
		}
	}
	return kind
}

// alias returns the usual name of a type.
func alias(kind string) string {
	switch kind {
	case "audio/x-m4a":
		return "audio/mp4"
	case "audio/x-wav":
		return "audio/wav"
	}
	return kind
}

// fits reports whether a declared type is a possible refinement of a detected one.
func fits(found, declared string) bool {
	family, _, _ := strings.Cut(declared, "/")
	switch found {
	case "text/plain":
		return family == "text" || declared == "application/json" || declared == "message/rfc822" || strings.HasSuffix(declared, "+json")
	case "text/xml":
		return declared == "application/xml" || (strings.HasSuffix(declared, "+xml") && declared != "image/svg+xml")
	case "application/zip":
		return strings.Contains(declared, "zip") || strings.HasPrefix(declared, "application/vnd.")
	case "application/ogg":
		return declared == "audio/ogg" || declared == "video/ogg"
	}
	// The content is unknown: pictures, sounds and films would be detected.
	return family == "application" && !executable(declared)
}

func executable(kind string) bool {
	return strings.Contains(kind, "msdownload") || strings.Contains(kind, "executable") || strings.Contains(kind, "javascript")
}

// Extension returns the usual extension of a type with its dot; empty: none.
func Extension(kind string) string {
	if m := mimetype.Lookup(kind); m != nil {
		return m.Extension()
	}
	return ""
}

// Named adds the extension of its type to a file name without one.
func Named(name, kind string) string {
	if path.Ext(name) != "" || kind == "application/octet-stream" || kind == "text/plain" {
		return name
	}
	return name + Extension(kind)
}

// Head reads as much of a file as Type needs, and returns a reader of the whole file.
func Head(r io.Reader) (head []byte, all io.Reader, err error) {
	head = make([]byte, sniffed)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, nil, fmt.Errorf("read the beginning of a file: %w", err)
	}
	head = head[:n]
	return head, io.MultiReader(bytes.NewReader(head), r), nil
}

// programs are extensions of files that start when opened.
const programs = ` ade adp apk app appx appxbundle bat cab chm cmd com cpl diagcab diagcfg dll dmg ex ex_ exe hta img ins iso isp jar jnlp js jse lib lnk mde msc
 msi msix msp mst nsh pif ps1 ps1xml ps2 psc1 reg scf scr sct shb sys url vb vbe vbs vhd vxd wsc wsf wsh xll `

// IsProgram reports whether opening a file starts it. Mail providers refuse such files.
func IsProgram(name, kind string) bool {
	ending := strings.TrimPrefix(path.Ext(strings.TrimRight(name, ". ")), ".")
	return (ending != "" && slices.Contains(strings.Fields(programs), strings.ToLower(ending))) || executable(kind)
}
