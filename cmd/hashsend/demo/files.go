package demo

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"hashsend/bridge/mail"
	"hashsend/connectors/local"
)

// fileView is a file on the page.
type fileView struct {
	Name    string `json:"name"`
	Size    int64  `json:"size"`
	Address string `json:"address"`
	Picture bool   `json:"picture"`
}

// isPicture reports whether a browser can safely display a type.
func isPicture(kind string) bool {
	return slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, kind)
}

// serveFile serves a file: pictures to display, all others to download.
func serveFile(w http.ResponseWriter, name, kind string, r io.Reader) {
	how := "attachment"
	if isPicture(kind) {
		how = "inline"
	} else {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	w.Header().Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": name}))
	io.Copy(w, r) //nolint:errcheck // the browser is gone
}

// showRoomFile serves a file of the room.
func (d *demo) showRoomFile(w http.ResponseWriter, r *http.Request) {
	all, _ := d.room.After(0)
	for _, e := range all {
		i := slices.IndexFunc(e.Files, func(f local.File) bool { return f.ID == r.PathValue("id") })
		if i < 0 {
			continue
		}
		content, err := d.room.Content(e.Files[i].ID)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer content.Close() //nolint:errcheck // it was only read
		serveFile(w, e.Files[i].Name, e.Files[i].Type, content)
		return
	}
	http.NotFound(w, r)
}

// showMailFile serves a file from one of Ann's emails.
func (d *demo) showMailFile(w http.ResponseWriter, r *http.Request) {
	m, ok := d.mailOf(r)
	n, err := strconv.Atoi(r.PathValue("part"))
	if !ok || err != nil {
		http.NotFound(w, r)
		return
	}
	p, err := mail.Parse(bytes.NewReader(m.Raw), mail.DefaultLimits)
	if err != nil || n < 0 || n >= len(p.Parts) {
		http.NotFound(w, r)
		return
	}
	contents, err := contentsOf(m.Raw)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	serveFile(w, p.Parts[n].Name, p.Parts[n].Type, bytes.NewReader(contents[n]))
}

// kept is a mail.Sink in memory with a number.
type kept struct {
	bytes.Buffer
	number int
}

// Close returns the number.
func (k *kept) Close() (string, error) { return strconv.Itoa(k.number), nil }

// contentsOf returns the files of an email by the number of their part.
func contentsOf(raw []byte) (map[int][]byte, error) {
	var all []*kept
	lim := mail.DefaultLimits
	lim.Files = func(mail.Part) (mail.Sink, error) {
		all = append(all, &kept{number: len(all)})
		return all[len(all)-1], nil
	}
	p, err := mail.Parse(bytes.NewReader(raw), lim)
	contents := map[int][]byte{}
	for i, part := range p.Parts {
		if n, err := strconv.Atoi(part.Stored); err == nil && n < len(all) {
			contents[i] = all[n].Bytes()
		}
	}
	return contents, err
}

// withPictures returns the HTML of an email with its inline pictures, as an email program would
// show it. Nothing remote is loaded.
func withPictures(raw []byte, p mail.Message) (string, error) {
	if !strings.Contains(p.HTML, "cid:") {
		return p.HTML, nil
	}
	contents, err := contentsOf(raw)
	html := p.HTML
	for i, part := range p.Parts {
		if part.ContentID != "" && isPicture(part.Type) {
			html = strings.ReplaceAll(html, "cid:"+part.ContentID, "data:"+part.Type+";base64,"+base64.StdEncoding.EncodeToString(contents[i]))
		}
	}
	return html, err
}
