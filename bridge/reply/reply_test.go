package reply_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"hashsend/bridge/reply"
)

// TestGenuine reads answers that real mail programs wrote to one of our mails.
func TestGenuine(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(fixtures, "mail", "genuine-replies", "*.eml"))
	if len(files) == 0 {
		t.Skip("the shared answers of real mail programs are not here")
	}
	for _, f := range files {
		eml, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, known := range [][]string{nil, {"hello from the room\nsecond line"}} {
			m := input(t, eml)
			m.Known = known
			r := reply.Extract(m)
			one := !strings.Contains(r.Text, "\n") && r.Text != ""
			if !one || strings.Contains(r.Text, "hello from the room") || strings.Contains(r.Text, "wrote") {
				t.Errorf("%s: got %q from\n%s", filepath.Base(f), r.Text, m.Text)
			}
			if len(r.Cut) == 0 || r.Confidence < 0.9 || r.Forward || r.OnlyQuote {
				t.Errorf("%s: %+v", filepath.Base(f), r)
			}
		}
	}
}

// TestAnswered parts an interleaved answer by the messages that it answers.
func TestAnswered(t *testing.T) {
	known := []string{"I can bring the bread and the cheese today.", "Shall we take the small room or the large one?\nAnd who tells the others about it all?", "Or soup?"}
	const box = `<div dir="ltr"><div class="gmail_quote"><div class="gmail_attr">On Mon, 4 May 2026, Acme wrote:</div><blockquote class="gmail_quote">`
	for _, c := range []struct {
		name, text, html string
		want             []reply.Answer
	}{
		{
			"with a greeting", "Hello both\n\n> Shall we take the small room or the large one?\n\nThe large one.\n\n> I can bring the bread and the cheese today.\n\nGood!\n", "",
			[]reply.Answer{{Text: "Hello both\n\nThe large one.", Known: 1}, {Text: "Good!", Known: 0}},
		},
		{
			"below the line of the program", "On Mon, 4 May 2026, Acme <a@example.test> wrote:\n> Shall we take the small room or the large one?\nThe large one.\n> I can bring the bread and the cheese today.\nGood!\n", "",
			[]reply.Answer{{Text: "The large one.", Known: 1}, {Text: "Good!", Known: 0}},
		},
		{
			"two places of one message", "> Shall we take the small room or the large one?\n\nThe large one.\n\n> And who tells the others about it all?\n\nI do.\n\n> I can bring the bread and the cheese today.\n\nGood!\n", "",
			[]reply.Answer{{Text: "The large one.\n\n> And who tells the others about it all?\n\nI do.", Known: 1}, {Text: "Good!", Known: 0}},
		},
		{
			"with formatting", "", box + `Shall we take the small room or the large one?</blockquote></div><p>The <b>large</b> one.</p><div class="gmail_quote"><blockquote class="gmail_quote">I can bring the bread and the cheese today.</blockquote></div><p>Good!</p></div>`,
			[]reply.Answer{{Text: "The large one.", HTML: `<div dir="ltr"><p>The <b>large</b> one.</p></div>`, Known: 1}, {Text: "Good!", Known: 0}},
		},
		{
			"one of several", "On Mon, 4 May 2026, Acme <a@example.test> wrote:\n> I can bring the bread and the cheese today.\n\nGood!\n", "",
			[]reply.Answer{{Text: "Good!", Known: 0}},
		},
		{
			"above one of several", "Good!\n\nOn Mon, 4 May 2026, Acme <a@example.test> wrote:\n> I can bring the bread and the cheese today.\n", "",
			[]reply.Answer{{Text: "Good!", Known: 0}},
		},
		{
			"what is only quoted is not answered", "> Shall we take the small room or the large one?\n\nThe large one.\n\n> I can bring the bread and the cheese today.\n", "",
			[]reply.Answer{{Text: "The large one.", Known: 1}},
		},
		{
			"below all", "> Shall we take the small room or the large one?\n> I can bring the bread and the cheese today.\n\nThe large one, good!\n", "",
			[]reply.Answer{{Text: "The large one, good!", Known: 0}},
		},
		{
			"below all, the last of which is short (EVENTS D18)", "Acme wrote:\n\n> I can bring the bread and the cheese today.\n> \n> Or soup?\n> \n> -- \n> read in Lunch\n\nSoup, please.\n", "",
			[]reply.Answer{{Text: "Soup, please.", Known: 2}},
		},
		{"above the quotes", "The large one, good!\n\n> Shall we take the small room or the large one?\n\n> I can bring the bread and the cheese today.\n", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := reply.Extract(reply.Mail{Subject: "Re: Lunch", Answers: true, Text: c.text, HTML: c.html, Known: known})
			if !slices.Equal(r.Answered, c.want) {
				t.Errorf("got %+v\nwant %+v", r.Answered, c.want)
			}
		})
	}
}

// TestConfidence checks the order of what is sure and what is not.
func TestConfidence(t *testing.T) {
	sure := reply.Extract(reply.Mail{Answers: true, HTML: `<p>a</p><div class="gmail_quote"><div class="gmail_attr">x</div><blockquote>b</blockquote></div>`})
	marked := reply.Extract(reply.Mail{Answers: true, Text: "a\n\nOn 4 May 2026 Bob <b@example.net> wrote:\n> b\n"})
	unmarked := reply.Extract(reply.Mail{Answers: true, Text: "a\n\nOn 4 May 2026 Bob <b@example.net> wrote:\n\nb\n"})
	restored := reply.Extract(reply.Mail{Answers: true, Text: "-- \nBob\n"})
	for i, r := range []reply.Result{marked, unmarked, restored} {
		before := []reply.Result{sure, marked, unmarked}[i]
		if r.Confidence >= before.Confidence {
			t.Errorf("%q: %v is not below %v", r.Text, r.Confidence, before.Confidence)
		}
	}
}

// TestNothing checks mails without any text.
func TestNothing(t *testing.T) {
	for _, m := range []reply.Mail{{}, {Text: " \n\t\n"}, {HTML: "<html><head><title>x</title></head><body><br>&nbsp;</body></html>"}, {HTML: "<!--"}, {Text: "\n", HTML: "<p>"}} {
		if r := reply.Extract(m); r.Text != "" || r.OnlyQuote || r.HTML != "" || len(r.Cut) > 0 {
			t.Errorf("%+v: %+v", m, r)
		}
	}
}

// FuzzExtract checks what holds for every mail: it ends, what is kept is valid
// text taken from the mail, and it is empty only when nothing was written.
func FuzzExtract(f *testing.F) {
	for _, c := range readWritten(f) {
		known := ""
		if len(c.mail.Known) > 0 {
			known = c.mail.Known[0]
		}
		f.Add(c.mail.Subject, c.mail.Answers, c.mail.Text, c.mail.HTML, known)
	}
	f.Fuzz(func(t *testing.T, subject string, answers bool, text, html, known string) {
		m := reply.Mail{Subject: subject, Answers: answers, Text: text, HTML: html}
		if known != "" {
			m.Known = []string{known}
		}
		r := reply.Extract(m)
		if r.Confidence < 0 || r.Confidence > 1 {
			t.Errorf("confidence %v", r.Confidence)
		}
		if r.OnlyQuote != (r.Text == "" && len(r.Cut) > 0) {
			t.Errorf("OnlyQuote is %t with text %q and cuts %q", r.OnlyQuote, r.Text, r.Cut)
		}
		if r.Forward && len(r.Cut) > 0 {
			t.Errorf("cut from a forward: %q", r.Cut)
		}
		if utf8.ValidString(text) && utf8.ValidString(html) && !utf8.ValidString(r.Text+r.HTML) {
			t.Errorf("invalid text %q", r.Text)
		}
		if html == "" && !strings.Contains(text, "http") { // links are put right
			last := 0
			for l := range strings.SplitSeq(r.Text, "\n") {
				i := bytes.Index([]byte(text[last:]), []byte(strings.TrimSpace(l)))
				if i < 0 && known != "" { // a line of a known message, marked as what is answered
					i = bytes.Index([]byte(text[last:]), []byte(strings.TrimSpace(strings.TrimPrefix(l, "> "))))
				}
				if i < 0 {
					t.Fatalf("line %q is not in the mail, or not in order", l)
				}
				last += i
			}
			if r.Text == "" && !r.OnlyQuote && strings.ContainsAny(text, "abcdefghijklmnopqrstuvwxyz") {
				t.Errorf("nothing is left of %q", text)
			}
		}
	})
}

// Words that are like those of a known message, or the same, are no quote as
// long as nothing else says so.
func TestSameWordsAgain(t *testing.T) {
	known := []string{"said while the bridge was away", "Lunch at twelve?"}
	for _, text := range []string{"mailed while the bridge was away", "said while the bridge was away", "Lunch at twelve?"} {
		if r := reply.Extract(reply.Mail{Subject: "Re: #Send", Answers: true, Text: text + "\n", Known: known}); r.Text != text {
			t.Errorf("of %q is left %q, cut %v", text, r.Text, r.Cut)
		}
	}
}
