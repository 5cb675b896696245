package demo

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"hashsend/connectors/local"
)

// largestForm is the largest form, with its files: the limit of the demo's mail server before
// encoding.
const largestForm = 18 << 20

// form reads a form of the page. Its files are in a temporary folder until done is called.
func form(w http.ResponseWriter, r *http.Request) (done func(), ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, largestForm)
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		http.Error(w, "Couldn't read the form. Files can be up to 18 MB in total.", http.StatusBadRequest)
		return nil, false
	}
	return func() { r.MultipartForm.RemoveAll() }, true //nolint:errcheck // temporary files
}

// answer writes the result of a form.
func answer(w http.ResponseWriter, code int, err error) {
	if err != nil {
		http.Error(w, err.Error(), code)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// person returns the author of a form.
func person(r *http.Request) (local.Entry, error) {
	name := r.FormValue("author")
	if name != "Alice" && name != "Bob" {
		return local.Entry{}, fmt.Errorf("the author must be Alice or Bob, not %q", name)
	}
	return local.Entry{Room: room, By: strings.ToLower(name), Name: name, Text: strings.TrimSpace(r.FormValue("text"))}, nil
}

// postRoom posts a message or files in the room.
func (d *demo) postRoom(w http.ResponseWriter, r *http.Request) {
	done, ok := form(w, r)
	if !ok {
		return
	}
	defer done()
	e, err := person(r)
	files := r.MultipartForm.File["files"]
	if err == nil && e.Text == "" && len(files) == 0 {
		err = fmt.Errorf("write a message or attach a file")
	}
	if err != nil {
		answer(w, http.StatusBadRequest, err)
		return
	}
	e.Kind, e.Thread, e.ReplyTo = "said", r.FormValue("thread"), r.FormValue("reply_to")
	if rest, is := strings.CutPrefix(e.Text, "/me "); is {
		e.Kind, e.Text = "emote", rest
	}
	for _, h := range files {
		f, err := d.keep(h)
		if err != nil {
			answer(w, http.StatusInternalServerError, err)
			return
		}
		e.Files = append(e.Files, f)
	}
	_, err = d.room.Add(e)
	answer(w, http.StatusInternalServerError, err)
}

func (d *demo) keep(h *multipart.FileHeader) (local.File, error) {
	f, err := h.Open()
	if err != nil {
		return local.File{}, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return d.room.Keep(h.Filename, h.Header.Get("Content-Type"), f)
}

// postChange edits or deletes a message of the same person, or reacts to one.
func (d *demo) postChange(w http.ResponseWriter, r *http.Request) {
	done, ok := form(w, r)
	if !ok {
		return
	}
	defer done()
	e, err := person(r)
	if err == nil {
		e.Kind, e.Of = r.FormValue("kind"), r.FormValue("of")
		err = d.mayChange(e)
	}
	if err != nil {
		answer(w, http.StatusBadRequest, err)
		return
	}
	_, err = d.room.Add(e)
	answer(w, http.StatusInternalServerError, err)
}

// mayChange checks whether a change is allowed.
func (d *demo) mayChange(e local.Entry) error {
	all, _ := d.room.After(0)
	i := slices.IndexFunc(all, func(o local.Entry) bool { return o.ID() == e.Of })
	switch {
	case i < 0:
		return fmt.Errorf("there is no message %q", e.Of)
	case !slices.Contains([]string{"edit", "delete", "react"}, e.Kind):
		return fmt.Errorf("%q must be one of: edit, delete, react", e.Kind)
	case e.Kind != "delete" && e.Text == "":
		return fmt.Errorf("the text is empty")
	case e.Kind != "react" && all[i].By != e.By:
		return fmt.Errorf("only %s can change that message", cmp.Or(all[i].Name, "hashsend"))
	}
	return nil
}

// postMail sends an email from Ann through her submission server: a reply that quotes one of
// her emails as email programs do, or a new one.
func (d *demo) postMail(w http.ResponseWriter, r *http.Request) {
	done, ok := form(w, r)
	if !ok {
		return
	}
	defer done()
	l := letter{Subject: r.FormValue("subject"), Text: r.FormValue("text")}
	for _, h := range r.MultipartForm.File["files"] {
		f, err := attach(h)
		if err != nil {
			answer(w, http.StatusInternalServerError, err)
			return
		}
		l.Files = append(l.Files, f)
	}
	if strings.TrimSpace(l.Text) == "" && len(l.Files) == 0 {
		answer(w, http.StatusBadRequest, fmt.Errorf("write a message or attach a file"))
		return
	}
	d.mailLetter(r.Context(), w, r.FormValue("answers"), l)
}

// postReaction sends Ann's reaction to one of her emails, in Gmail's format.
func (d *demo) postReaction(w http.ResponseWriter, r *http.Request) {
	done, ok := form(w, r)
	if !ok {
		return
	}
	defer done()
	l := letter{Emoji: r.FormValue("emoji")}
	if l.Emoji == "" || len(l.Emoji) > 30 {
		answer(w, http.StatusBadRequest, fmt.Errorf("an emoji is required"))
		return
	}
	d.mailLetter(r.Context(), w, r.FormValue("answers"), l)
}

// mailLetter sends an email from Ann. answers is the number of the email it replies to; "0" or
// "" means none.
func (d *demo) mailLetter(ctx context.Context, w http.ResponseWriter, answers string, l letter) {
	if n, err := strconv.Atoi(answers); answers != "" && (err != nil || n != 0) {
		m, found := d.ann.mail(n)
		if !found {
			answer(w, http.StatusBadRequest, fmt.Errorf("there is no email %q", answers))
			return
		}
		l.Parent = &m
	}
	if l.Parent == nil && l.Emoji != "" {
		answer(w, http.StatusBadRequest, fmt.Errorf("select an email to react to"))
		return
	}
	answer(w, http.StatusBadGateway, d.send(ctx, l))
}

func attach(h *multipart.FileHeader) (enclosed, error) {
	f, err := h.Open()
	if err != nil {
		return enclosed{}, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(f)
	return enclosed{Name: h.Filename, Type: cmp.Or(h.Header.Get("Content-Type"), "application/octet-stream"), Data: data}, err
}
