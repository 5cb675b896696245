package mail

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hashsend/bridge/markup"
)

func rows(t *testing.T, path ...string) []map[string]any {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "..", "shared", "fixtures", "mail"}, path...)...))
	if err != nil {
		t.Skip("the shared fixtures are not here: ", err)
	}
	var out []map[string]any
	for line := range strings.SplitSeq(strings.TrimSpace(string(b)), "\n") {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

// checkComposed reads a mail with a header parser that is not ours.
func checkComposed(t *testing.T, id string, b []byte, from string) {
	t.Helper()
	h, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(b))).ReadMIMEHeader()
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	for name, vs := range h {
		if !isOurField(strings.ToLower(name)) || len(vs) != 1 {
			t.Errorf("%s: field %s: %q", id, name, vs)
		}
	}
	if got := parseAddresses(h.Get("From")); len(got) != 1 || got[0].Address != from {
		t.Errorf("%s: From is %q", id, h.Get("From"))
	}
	for line := range bytes.SplitSeq(b, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n\x00") {
			t.Errorf("%s: line %.60q", id, line)
		}
		if bytes.HasPrefix(line, []byte(".")) || bytes.HasPrefix(line, []byte("From ")) {
			t.Errorf("%s: a line begins with %.10q", id, line)
		}
	}
}

func TestComposeInjection(t *testing.T) {
	n := 0
	for _, r := range rows(t, "injection", "headers.jsonl") {
		id, v := r["id"].(string), r["value"].(string)
		d := sample()
		refused := false // ids are refused; everything else is cleaned
		switch r["where"] {
		case "room_name->Subject/From display":
			d.Subject, d.From.Name = "#Send "+v, v
		case "user_display_name->From display":
			d.From.Name, d.To[0].Name, d.Words[0].Author, d.Names = v, v, v, true
		case "matrix_event_id->Message-ID local part":
			d.ID, refused = v+"@example.org", true
		case "attachment_filename->Content-Disposition":
			d.Words[0].Files = []string{v}
			if name := cleanFileName(v); strings.ContainsAny(name, "/\\\r\n\x00\u202e") || len(name) > 200 {
				t.Errorf("%s: file name %q", id, name)
			}
		default:
			t.Fatalf("%s: %v", id, r["where"])
		}
		finished, err := Compose(d)
		b := finished.Raw
		if err != nil {
			if !refused {
				t.Errorf("%s: %v", id, err)
			}
			continue
		}
		n++
		checkComposed(t, id, b, "team@example.org")
	}
	if n < 50 {
		t.Errorf("only %d mails were composed", n)
	}
}

func TestComposeSmuggling(t *testing.T) {
	for _, r := range rows(t, "smuggling", "cases.jsonl") {
		if r["direction"] != "outbound" {
			continue
		}
		text, err := hex.DecodeString(r["body_hex"].(string))
		if err != nil {
			t.Fatal(err)
		}
		d := sample()
		d.Words = []Words{{Author: "Alice", At: d.Date, Text: string(text), Index: 1}, {Author: "Alice", HTML: "<pre>" + string(text) + "</pre>", Index: 2}}
		finished, err := Compose(d)
		b := finished.Raw
		if err != nil {
			t.Errorf("%s: %v", r["id"], err)
			continue
		}
		checkComposed(t, r["id"].(string), b, "team@example.org")
	}
}

// TestMentionsFromMail: what rings in a room does not come through.
func TestMentionsFromMail(t *testing.T) {
	for _, f := range []string{"matrix.jsonl", "slack.jsonl"} {
		for _, r := range rows(t, "injection", f) {
			in := r["input"].(string)
			for _, html := range []string{markup.Neutral(markup.Sanitise(in)), markup.Neutral(markup.FromText(in))} {
				text := markup.Neutral(markup.ToText(html))
				for _, bad := range []string{"<!channel", "<!here", "<!everyone", "matrix.to/#/", `"matrix:`, "<script", "<img", "mx-reply", "javascript:\"", "mxc:\""} {
					if bad[0] == '<' && strings.Contains(strings.ToLower(html), bad) || strings.Contains(strings.ToLower(html), `href="https://`+bad) {
						t.Errorf("%s: %q is left in %q", r["id"], bad, html)
					}
				}
				for _, w := range strings.Fields(strings.ToLower(text)) {
					if w == "@room" || w == "@channel" || w == "@here" || w == "@everyone" || strings.HasPrefix(w, "<!channel") || strings.HasPrefix(w, "<!here") {
						t.Errorf("%s: %q rings", r["id"], text)
					}
				}
			}
		}
	}
}

func TestReadHeaderFolds(t *testing.T) {
	h, err := ReadHeader(bufio.NewReader(strings.NewReader("A: 1\n  2\n\t\n 3\nB:\n b\nno field\n c\nC: x\n\nbody")))
	if err != nil {
		t.Fatal(err)
	}
	if h.Get("a") != "1 2 3" || h.Get("B") != "b c" || h.Get("C") != "x" || len(h) != 3 {
		t.Errorf("%q", h)
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add([]byte("From x\nA: b\n c\n\nbody"))
	f.Add([]byte("A:\r\n\tb\r\n: c\r\nD : e\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ReadHeader(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range h {
			if f.Name == "" || strings.ContainsAny(f.Name, ": \t\r\n") || strings.Contains(f.Value, "\n") || f.Value != strings.TrimSpace(f.Value) {
				t.Errorf("field %q", f)
			}
		}
	})
}
