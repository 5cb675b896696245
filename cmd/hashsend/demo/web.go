package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hashsend/bridge/mail"
	"hashsend/connectors/local"
)

//go:embed page
var page embed.FS

// handler serves the page. It rejects requests from other machines and from other sites' pages.
func (d *demo) handler(address string) http.Handler {
	t := template.Must(template.ParseFS(page, "page/index.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
		if err := t.Execute(w, map[string]any{"Ann": d.ann, "Team": d.team, "IMAP": d.mail.imapAddr, "SMTP": d.mail.smtpAddr}); err != nil {
			d.o.Log.Error("show the page", "error", err)
		}
	})
	mux.Handle("GET /page/", http.FileServerFS(page))
	mux.HandleFunc("GET /events", d.events)
	mux.HandleFunc("GET /mail/{number}", d.showMail)
	mux.HandleFunc("GET /mail/{number}/source", d.showSource)
	mux.HandleFunc("GET /mail/{number}/file/{part}", d.showMailFile)
	mux.HandleFunc("GET /file/{id}", d.showRoomFile)
	mux.HandleFunc("POST /room", d.postRoom)
	mux.HandleFunc("POST /change", d.postChange)
	mux.HandleFunc("POST /mail", d.postMail)
	mux.HandleFunc("POST /react", d.postReaction)
	var guard http.CrossOriginProtection
	inner := guard.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if ip := net.ParseIP(host); err != nil || (host != "localhost" && (ip == nil || !ip.IsLoopback())) {
			http.Error(w, "Open "+address+" instead.", http.StatusForbidden) // another name for this machine
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		inner.ServeHTTP(w, r)
	})
}

// mailView is an email in the list of the page.
type mailView struct {
	Number  int        `json:"number"`
	Folder  string     `json:"folder"`
	At      time.Time  `json:"at"`
	From    string     `json:"from"`
	Subject string     `json:"subject"`
	Text    string     `json:"text"`
	Files   []fileView `json:"files"`
}

func view(m storedMail) mailView {
	v := mailView{Number: m.Number, Folder: m.Folder, At: m.At}
	p, err := mail.Parse(bytes.NewReader(m.Raw), mail.DefaultLimits)
	if err != nil || len(p.From) == 0 {
		v.Subject = "(unreadable)"
		return v
	}
	v.From, v.Subject, v.Text = p.From[0].Name, p.Subject, strings.TrimSpace(p.Text)
	if v.From == "" {
		v.From = p.From[0].Address
	}
	for i, part := range p.Parts {
		if part.Name != "" && !part.Body {
			address := fmt.Sprintf("/mail/%d/file/%d", m.Number, i)
			v.Files = append(v.Files, fileView{Name: part.Name, Size: part.Size, Address: address, Picture: isPicture(part.Type)})
		}
	}
	return v
}

// events streams everything so far to the page, then each new room entry, email to or from Ann
// and step of the bridge (server-sent events).
func (d *demo) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	tell := func(kind string, v any) bool {
		data, err := json.Marshal(v)
		if err != nil {
			return false
		}
		_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", kind, data)
		return err == nil && out.Flush() == nil
	}
	var told shown
	for {
		changed, ok := d.tellNews(&told, tell)
		if !ok {
			return
		}
		select {
		case <-changed[0]:
		case <-changed[1]:
		case <-changed[2]:
		case <-r.Context().Done():
			return
		}
	}
}

// shown is the position of a page in each list.
type shown struct {
	seq          int64
	mails, steps int
}

// tellNews sends a page what is new to it. It returns channels that are closed when there is
// more. ok is false if the page is gone.
func (d *demo) tellNews(told *shown, tell func(kind string, v any) bool) (changed [3]<-chan struct{}, ok bool) {
	entries, roomChanged := d.room.After(told.seq)
	for _, e := range entries {
		told.seq = e.Seq
		if !tell("room", roomView(e)) {
			return changed, false
		}
	}
	mailChanged := d.mail.wait()
	for _, m := range d.ann.list(told.mails) {
		told.mails++
		if (m.Folder == "INBOX" || m.Folder == "Sent") && !tell("mail", view(m)) {
			return changed, false
		}
	}
	more, now, stepsChanged := d.steps.after(told.steps)
	for _, s := range more {
		if !tell("step", s) {
			return changed, false
		}
	}
	told.steps = now
	return [3]<-chan struct{}{roomChanged, mailChanged, stepsChanged}, true
}

func roomView(e local.Entry) map[string]any {
	files := []fileView{}
	for _, f := range e.Files {
		files = append(files, fileView{Name: f.Name, Size: f.Size, Address: "/file/" + f.ID, Picture: isPicture(f.Type)})
	}
	return map[string]any{
		"id": e.ID(), "at": e.At, "kind": e.Kind, "name": e.Name, "bridge": e.Bridge, "person": e.By != "",
		"text": e.Text, "of": e.Of, "reply_to": e.ReplyTo, "thread": e.Thread, "files": files,
	}
}

func (d *demo) mailOf(r *http.Request) (storedMail, bool) {
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		return storedMail{}, false
	}
	return d.ann.mail(n)
}

// showMail shows an email as an email program would, without scripts or remote content.
func (d *demo) showMail(w http.ResponseWriter, r *http.Request) {
	m, ok := d.mailOf(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	p, err := mail.Parse(bytes.NewReader(m.Raw), mail.DefaultLimits)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if p.HTML == "" {
		fmt.Fprintf(w, `<!doctype html><meta name="color-scheme" content="light dark"><pre style="white-space:pre-wrap;font:15px/1.45 system-ui,sans-serif;margin:12px">%s</pre>`, template.HTMLEscapeString(p.Text))
		return
	}
	html, err := withPictures(m.Raw, p)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Write([]byte(html)) //nolint:errcheck,gosec // the browser is gone; the policy above lets nothing of it run
}

// showSource shows the source of an email.
func (d *demo) showSource(w http.ResponseWriter, r *http.Request) {
	m, ok := d.mailOf(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	w.Write(m.Raw) //nolint:errcheck // the browser is gone
}
