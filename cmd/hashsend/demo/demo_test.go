package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

// opened is a started demo with one open page.
type opened struct {
	t       *testing.T
	address string
	events  <-chan event
	stop    func() // ends the demo and waits for its end
}

// event is something that the page is told.
type event struct {
	kind string
	data map[string]any
}

func start(t *testing.T, dir string) *opened {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	address, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- Run(ctx, Options{Dir: dir, Listen: "127.0.0.1:0", Out: io.Discard, Started: func(a string) { address <- a }})
	}()
	o := &opened{t: t}
	select {
	case o.address = <-address:
	case err := <-done:
		t.Fatal(err)
	}
	o.stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	}
	o.events = o.page(ctx).events
	return o
}

// page opens a page.
func (o *opened) page(ctx context.Context) *opened {
	o.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, o.address+"events", nil)
	if err != nil {
		o.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	events := make(chan event, 1000)
	go func() {
		defer answer.Body.Close() //nolint:errcheck // read to its end
		defer close(events)
		var kind string
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			if k, is := strings.CutPrefix(lines.Text(), "event: "); is {
				kind = k
			}
			if text, is := strings.CutPrefix(lines.Text(), "data: "); is {
				e := event{kind: kind}
				if json.Unmarshal([]byte(text), &e.data) == nil {
					events <- e
				}
			}
		}
	}()
	return &opened{t: o.t, address: o.address, events: events}
}

// next waits for an event with a text in one field; it returns all until then.
func (o *opened) next(kind, field, text string) (last event, all []event) {
	o.t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case e, open := <-o.events:
			if !open {
				o.t.Fatalf("the page was cut off before %s %q", kind, text)
			}
			all = append(all, e)
			if e.kind == kind && strings.Contains(fmt.Sprint(e.data[field]), text) {
				return e, all
			}
		case <-late:
			o.t.Fatalf("waited in vain for %s with %q; came: %v", kind, text, all)
		}
	}
}

// post sends a form of the page.
func (o *opened) post(path string, fields map[string]any, files ...enclosed) int {
	o.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := w.WriteField(name, fmt.Sprint(value)); err != nil {
			o.t.Fatal(err)
		}
	}
	for _, f := range files {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", mime.FormatMediaType("form-data", map[string]string{"name": "files", "filename": f.Name}))
		h.Set("Content-Type", f.Type)
		p, err := w.CreatePart(h)
		if err != nil {
			o.t.Fatal(err)
		}
		p.Write(f.Data) //nolint:errcheck,gosec // into memory
	}
	if err := w.Close(); err != nil {
		o.t.Fatal(err)
	}
	answer, err := http.Post(o.address+path, w.FormDataContentType(), &b)
	if err != nil {
		o.t.Fatal(err)
	}
	answer.Body.Close() //nolint:errcheck,gosec // the status counts
	return answer.StatusCode
}

func count(events []event, kind, field, text string) (n int) {
	for _, e := range events {
		if e.kind == kind && strings.Contains(fmt.Sprint(e.data[field]), text) {
			n++
		}
	}
	return n
}

func TestConversationOverARestart(t *testing.T) {
	dir := t.TempDir()
	o := start(t, dir)
	if code := o.post("room", map[string]any{"author": "Alice", "text": "Shall we meet on Saturday?"}); code != http.StatusNoContent {
		t.Fatalf("POST room: %d", code)
	}
	m, _ := o.next("mail", "text", "on Saturday")
	if m.data["subject"] != "#Send Garden party" || m.data["from"] != "Alice (Acme)" {
		t.Errorf("the mail is %v", m.data)
	}
	o.post("mail", map[string]any{"answers": m.data["number"], "text": "Saturday suits me."})
	said, _ := o.next("room", "text", "suits me")
	if said.data["text"] != "Saturday suits me." || said.data["name"] != "Ann Example (email)" {
		t.Errorf("the room shows %v", said.data)
	}
	o.stop()

	o = start(t, dir)
	defer o.stop()
	_, before := o.next("mail", "text", "suits me") // Ann's own answer, in Sent
	o.post("mail", map[string]any{"answers": m.data["number"], "text": "I bring a cake."})
	_, after := o.next("room", "text", "a cake")
	o.post("room", map[string]any{"author": "Bob", "text": "Wonderful!"})
	_, last := o.next("mail", "text", "Wonderful")
	if _, seen := o.page(t.Context()).next("step", "text", "Bob posted in the room"); count(seen, "step", "kind", "answered") != 1 {
		t.Errorf("a page that is opened later is told %v", seen)
	}
	all := append(append(before, after...), last...)
	for _, c := range []struct {
		kind, text string
		n          int
	}{{"room", "Shall we meet", 1}, {"room", "suits me", 1}, {"room", "a cake", 1}, {"mail", "Wonderful", 1}} {
		if got := count(all, c.kind, "text", c.text); got != c.n {
			t.Errorf("%s %q: %d times, wanted %d", c.kind, c.text, got, c.n)
		}
	}
}

func TestAnnBeginsAndOtherMailStays(t *testing.T) {
	o := start(t, t.TempDir())
	defer o.stop()
	o.post("mail", map[string]any{"subject": "Invoice 7", "text": "an ordinary mail"})
	o.post("mail", map[string]any{"subject": "#Send Music", "text": "Who brings the guitar?"})
	asked, all := o.next("room", "text", "the guitar")
	if count(all, "room", "text", "ordinary mail") != 0 {
		t.Error("a mail without #Send was shown in the room")
	}
	o.post("room", map[string]any{"author": "Bob", "text": "I do.", "thread": asked.data["thread"]})
	if m, _ := o.next("mail", "text", "I do."); m.data["subject"] != "Re: #Send Music" && m.data["subject"] != "#Send Music" {
		t.Errorf("the answer of the thread is %v", m.data)
	}
}

func TestPageIsForThisMachineAlone(t *testing.T) {
	o := start(t, t.TempDir())
	defer o.stop()
	for name, c := range map[string]struct {
		method, path, host, origin string
		code                       int
	}{
		"the page":            {"GET", "", "", "", 200},
		"another name":        {"GET", "", "evil.example:80", "", 403},
		"another site's page": {"POST", "room", "", "http://evil.example", 403},
		"no such mail":        {"GET", "mail/99", "", "", 404},
		"no number":           {"GET", "mail/x/source", "", "", 404},
		"no form":             {"POST", "mail", "", "", 400},
	} {
		r, err := http.NewRequest(c.method, o.address+c.path, strings.NewReader("{"))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close() //nolint:errcheck,gosec // the status counts
		if answer.StatusCode != c.code {
			t.Errorf("%s: %d, wanted %d", name, answer.StatusCode, c.code)
		}
		if c.code == 200 && !strings.Contains(answer.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: no policy", name)
		}
	}
	if code := o.post("room", map[string]any{"author": "Mallory", "text": "x"}); code != 400 {
		t.Errorf("a stranger's message: %d", code)
	}
}

func TestOnlyLoopback(t *testing.T) {
	err := Run(t.Context(), Options{Dir: t.TempDir(), Listen: "0.0.0.0:0", Out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("got %v, wanted a refusal that names 127.0.0.1", err)
	}
}
