// Package media finds out what a file is by its content, and makes small pictures
// of large ones.
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

// sniffed is how much of a file is looked at.
const sniffed = 3072

// Type returns the media type of a file by the first bytes of its content, and
// what it is declared to be where the content does not tell: texts of all sorts
// look alike. What the content is, is never overruled.
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

// alias gives a type the name under which everybody knows it.
func alias(kind string) string {
	switch kind {
	case "audio/x-m4a":
		return "audio/mp4"
	case "audio/x-wav":
		return "audio/wav"
	}
	return kind
}

// fits reports whether a declared type may be true of a content that shows no more
// than what it is built on.
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
	// Nothing is known of it: a picture, sound or film would have been recognised.
	return family == "application" && !executable(declared)
}

func executable(kind string) bool {
	return strings.Contains(kind, "msdownload") || strings.Contains(kind, "executable") || strings.Contains(kind, "javascript")
}

// Extension returns the usual ending of names of this type, with its dot; empty:
// there is none.
func Extension(kind string) string {
	if m := mimetype.Lookup(kind); m != nil {
		return m.Extension()
	}
	return ""
}

// Named gives a file without an ending the one that its type has.
func Named(name, kind string) string {
	if path.Ext(name) != "" || kind == "application/octet-stream" || kind == "text/plain" {
		return name
	}
	return name + Extension(kind)
}

// Head reads the beginning of a file, as much as Type looks at, and returns a
// reader that gives all of it.
func Head(r io.Reader) (head []byte, all io.Reader, err error) {
	head = make([]byte, sniffed)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, nil, fmt.Errorf("read the beginning of a file: %w", err)
	}
	head = head[:n]
	return head, io.MultiReader(bytes.NewReader(head), r), nil
}

// programs are endings of names that mail programs open by starting them.
const programs = ` ade adp apk app appx appxbundle bat cab chm cmd com cpl diagcab diagcfg dll dmg ex ex_ exe hta img ins iso isp jar jnlp js jse lib lnk mde msc
 msi msix msp mst nsh pif ps1 ps1xml ps2 psc1 reg scf scr sct shb sys url vb vbe vbs vhd vxd wsc wsf wsh xll `

// IsProgram reports whether a file would be started by opening it. Mail providers
// refuse mail that holds one.
func IsProgram(name, kind string) bool {
	ending := strings.TrimPrefix(path.Ext(strings.TrimRight(name, ". ")), ".")
	return (ending != "" && slices.Contains(strings.Fields(programs), strings.ToLower(ending))) || executable(kind)
}
