package reply_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hashsend/bridge/reply"
)

// written is a case of testdata/*.cases: a name, why it is there, a mail and what
// is to be found in it.
//
//	=== name
//	why: reason
//	subject: Re: Lunch         (this is the default)
//	answers: no                (yes is the default)
//	forward: yes               (no is the default)
//	rule: wrote                (a rule that must have cut something)
//	--- text, --- html, --- known (may be repeated), --- want, --- want html
type written struct {
	name, why, rule string
	forward         bool
	mail            reply.Mail
	want, wantHTML  string
	checkHTML       bool
}

func readWritten(t testing.TB) []written {
	t.Helper()
	files, err := filepath.Glob("testdata/*.cases")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var cs []written
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for s := range strings.SplitSeq(string(b), "\n=== ") {
			s = strings.TrimPrefix(s, "=== ")
			if strings.TrimSpace(s) == "" || strings.HasPrefix(s, "//") {
				continue
			}
			cs = append(cs, parseWritten(t, filepath.Base(f), s))
		}
	}
	return cs
}

func parseWritten(t testing.TB, file, s string) written {
	head, _, _ := strings.Cut(s, "\n--- ")
	fields := strings.Split(head, "\n")
	c := written{name: strings.TrimSuffix(file, ".cases") + "/" + fields[0], mail: reply.Mail{Subject: "Re: Lunch", From: "Alice Example", Answers: true}}
	for _, l := range fields[1:] {
		k, v, _ := strings.Cut(l, ":")
		v = strings.TrimSpace(v)
		switch k {
		case "why":
			c.why = v
		case "rule":
			c.rule = v
		case "subject":
			c.mail.Subject = v
		case "answers":
			c.mail.Answers = v == "yes"
		case "forward":
			c.forward = v == "yes"
		case "":
		default:
			t.Fatalf("%s: field %q", c.name, k)
		}
	}
	for part := range strings.SplitSeq(s[len(head):], "\n--- ") {
		kind, body, _ := strings.Cut(part, "\n")
		body = strings.TrimRight(body, "\n")
		switch kind {
		case "text":
			c.mail.Text = body + "\n"
		case "html":
			c.mail.HTML = body + "\n"
		case "known":
			c.mail.Known = append(c.mail.Known, body)
		case "want":
			c.want = body
		case "want html":
			c.wantHTML, c.checkHTML = body, true
		case "":
		default:
			t.Fatalf("%s: section %q", c.name, kind)
		}
	}
	return c
}

// TestWritten runs the cases written for each rule.
func TestWritten(t *testing.T) {
	for _, c := range readWritten(t) {
		t.Run(c.name, func(t *testing.T) {
			if c.why == "" {
				t.Error("the case does not say why it is there")
			}
			r := reply.Extract(c.mail)
			if r.Text != c.want {
				t.Errorf("%s\ngot\n%s\nwant\n%s\ncut %q", c.why, r.Text, c.want, r.Cut)
			}
			if r.Forward != c.forward {
				t.Errorf("forward is %t", r.Forward)
			}
			if c.want == "" && !r.OnlyQuote {
				t.Error("nothing is left, but OnlyQuote is not set")
			}
			if c.checkHTML && r.HTML != c.wantHTML {
				t.Errorf("HTML is\n%s\nwant\n%s", r.HTML, c.wantHTML)
			}
			if c.rule != "" && !hasRule(r, c.rule) {
				t.Errorf("rule %s cut nothing: %q", c.rule, r.Cut)
			}
		})
	}
}

func hasRule(r reply.Result, rule string) bool {
	for _, c := range r.Cut {
		if c.Rule == rule {
			return true
		}
	}
	return false
}
