package reply_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/reply"
)

// hostile are inputs of a size that blocked other extractors for seconds, as a
// function of their size.
var hostile = map[string]func(n int) reply.Mail{
	"one line of dates": text(func(n int) string { return "Hello\n\n" + strings.Repeat("On Mon, Jan 1, 2024 at 10:00 ", n) }),
	"lines of dates":    text(func(n int) string { return "Hello\n\n" + strings.Repeat("On Mon, Jan 1, 2024 at 10:00 foo\n", n) }),
	"dates with colons": text(func(n int) string { return "Hello\n\n" + strings.Repeat("On Mon, Jan 1, 2024 at 10:00 foo:\n", n) }),
	"lines above quotes": text(func(n int) string {
		return "Hello\n\n" + strings.Repeat("On Mon, Jan 1, 2024 at 10:00 foo wrote:\n> x\ny\n", n)
	}),
	"shared lines":       text(func(n int) string { return strings.Repeat("a On Mon, Jan 1, 2024 at 10:00 foo wrote:\n> x\n", n) }),
	"no blanks":          text(func(n int) string { return strings.Repeat("a", 30*n) }),
	"words":              text(randomWords),
	"fields":             text(func(n int) string { return "Hi\n\n" + strings.Repeat("From: a\n", n) }),
	"mixed fields":       text(func(n int) string { return "Hi\n\n" + strings.Repeat("From: a\n\nDate: b\nx\n", n) }),
	"fields in a line":   text(func(n int) string { return "From: a " + strings.Repeat("To: b ", n) }),
	"dashes":             text(func(n int) string { return "Hi\n" + strings.Repeat("-", 10*n) + "\n" + strings.Repeat("_", 10*n) }),
	"lines of dashes":    text(func(n int) string { return "Hi\n" + strings.Repeat("--\n", n) }),
	"spaces":             text(func(n int) string { return "Hi\n" + strings.Repeat(" ", 20*n) + "x" }),
	"device lines":       text(func(n int) string { return "Hi\n" + strings.Repeat("Sent from my iPhone\n\n", n) }),
	"paragraphs":         text(func(n int) string { return strings.Repeat("confidential intended recipient\n\n", n) }),
	"quote marks":        text(func(n int) string { return "Hi\n" + strings.Repeat(">", n) + " x\n" }),
	"alternating quotes": text(func(n int) string { return strings.Repeat("> a\n\nb\n\n", n) }),
	"at signs":           text(func(n int) string { return strings.Repeat("a@", 10*n) + ":\n" }),
	"colons and marks":   text(func(n int) string { return strings.Repeat("wrote:>", n) }),
	"wrote lines":        text(func(n int) string { return strings.Repeat("x wrote:> y\n", n) }),
	"fences":             text(func(n int) string { return strings.Repeat("```\n> a\n", n) }),
	"nested blockquotes": markup(func(n int) string {
		return "<p>Hi</p>" + strings.Repeat("<blockquote>", n) + "x" + strings.Repeat("</blockquote>", n)
	}),
	"nested boxes":     markup(func(n int) string { return "<p>Hi</p>" + strings.Repeat("<div class=gmail_quote>", n) + "x" }),
	"nested with text": markup(func(n int) string { return strings.Repeat("<div>a<b>b", n) }),
	"unopened ends":    markup(func(n int) string { return "Hi" + strings.Repeat("<div><i>", n) + strings.Repeat("</b></div x>", n) }),
	"ends behind a table": markup(func(n int) string {
		return "Hi<div><table><tr><td>" + strings.Repeat("<i>", n) + strings.Repeat("</div>", n)
	}),
	"crossed":    markup(func(n int) string { return strings.Repeat("<b><div></b>x</div>", n) }),
	"unclosed":   markup(func(n int) string { return `<p>Hi<b><i><a href="` + strings.Repeat("x", 20*n) }),
	"attributes": markup(func(n int) string { return "<p" + strings.Repeat(` a="1"`, n) + ">Hi</p>" }),
	"classes":    markup(func(n int) string { return `<p class="` + strings.Repeat("x_", n) + `">Hi</p>` }),
	"comment":    markup(func(n int) string { return "Hi<!--" + strings.Repeat("-", 30*n) }),
	"entities":   markup(func(n int) string { return "Hi " + strings.Repeat("&amp;lt;", 6*n) }),
	"breaks":     markup(func(n int) string { return "Hi" + strings.Repeat("<br>", 6*n) + "x" }),
	"cells":      markup(func(n int) string { return "<table>" + strings.Repeat("<tr><td>a<td>b", n) }),
	"known":      echoed,
}

func text(f func(n int) string) func(int) reply.Mail {
	return func(n int) reply.Mail { return reply.Mail{Subject: "Re: x", Answers: true, Text: f(n)} }
}

func markup(f func(n int) string) func(int) reply.Mail {
	return func(n int) reply.Mail { return reply.Mail{Subject: "Re: x", Answers: true, HTML: f(n)} }
}

func randomWords(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"on", "wrote", "from", "sent", "the", "cat", "sat"}
	var b strings.Builder
	for range 6 * n {
		b.WriteString(words[r.IntN(len(words))] + " ")
	}
	return b.String()
}

func echoed(n int) reply.Mail {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "this is line %d of a message\n", i)
	}
	return reply.Mail{Answers: true, Text: "Hi\n" + b.String(), Known: []string{b.String(), b.String()}}
}

// TestHostile checks that work grows with the size of the input and not with its
// square: four times the input may take at most ten times as long, the best of
// several runs compared.
func TestHostile(t *testing.T) {
	for name, make := range hostile {
		t.Run(name, func(t *testing.T) {
			const n = 4000
			small, large := make(n), make(4*n)
			best := func(m reply.Mail) time.Duration {
				least := time.Duration(1 << 62)
				for range 4 {
					start := time.Now()
					reply.Extract(m)
					least = min(least, time.Since(start))
				}
				return least
			}
			a, b := best(small), best(large)
			for range 5 { // on a busy machine one of them may have had to wait
				if b <= 10*a || b <= 50*time.Millisecond {
					break
				}
				a, b = best(small), best(large)
			}
			if b > 5*time.Second {
				t.Errorf("%d bytes take %v", len(large.Text)+len(large.HTML), b)
			}
			if b > 10*a && b > 50*time.Millisecond {
				t.Errorf("four times the input takes %v instead of %v", b, a)
			}
			if r := reply.Extract(large); r.Text == "" && !r.OnlyQuote {
				t.Errorf("nothing is left")
			}
		})
	}
}

// TestBounds: what is deeper, or longer, than is looked at is neither lost without
// a word nor mixed up with what is around it.
func TestBounds(t *testing.T) {
	deep := strings.Repeat("<div>", 5000) + "<b>in</b>side" + strings.Repeat("</div>", 5000) + "<p>after</p><blockquote>said before</blockquote>"
	if r := reply.Extract(reply.Mail{Answers: true, HTML: deep}); r.Text != "inside\n\nafter" {
		t.Errorf("of elements that are nested deeply %q is left", r.Text)
	}
	if r := reply.Extract(reply.Mail{Text: "first\n" + strings.Repeat("x\n", 300000)}); !strings.HasPrefix(r.Text, "first\nx") || !strings.HasSuffix(r.Text, "\n[…]") {
		t.Errorf("a text of many lines is shown as %.20q … %q", r.Text, r.Text[max(0, len(r.Text)-20):])
	}
	long := "<p>first</p>" + strings.Repeat("<b>x</b> <i>y</i><br>", 50000)
	r := reply.Extract(reply.Mail{HTML: long})
	if !strings.HasPrefix(r.Text, "first\n") || !strings.HasSuffix(r.Text, "\n[…]") {
		t.Errorf("a long mail is shown as %.20q … %q", r.Text, r.Text[max(0, len(r.Text)-20):])
	}
}
