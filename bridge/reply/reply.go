// Package reply finds what a person wrote in an answer by mail: without the
// quoted history, the line above it, the signature and the footers. Extract is a
// pure function, takes linear time, and keeps what it is not sure of.
package reply

import (
	"strings"

	"hashsend/bridge/markup"
)

// Mail is what is known of one answer.
type Mail struct {
	Subject string
	From    string // display name of the writer
	Answers bool   // it carries In-Reply-To or References
	// OnlyReferences: it carries no In-Reply-To, as forwards of some programs do.
	OnlyReferences bool
	Text           string   // decoded text/plain body, format=flowed already unwrapped; empty: none
	HTML           string   // decoded text/html body; empty: none
	Known          []string // plain texts of the messages that this mail may quote (ours and others of the thread), newest first
	Said           []Said   // the same with what else is known of them; takes the place of Known where it is not nil
	Habit          string   // what Learn returned for the last mail of the same writer; empty: nothing yet
}

// Result is what the person wrote.
type Result struct {
	Text       string   // plain text; quotes that were kept on purpose have "> " before each line
	HTML       string   // the same as an HTML fragment when the mail's HTML was the source and has formatting worth keeping; not sanitised; else empty
	Cut        []Cut    // what was left out, in order
	Forward    bool     // the person passes on somebody's mail; nothing was cut from it
	Answered   []Answer // the same in parts, where it answers several known messages between their quoted lines; one part where it answers, or quotes, but one; else nil
	Confidence float64  // 0 to 1
	OnlyQuote  bool     // the person wrote nothing; Text is empty
}

// Cut is something that was left out.
type Cut struct {
	Kind string // "quote", "attribution", "header", "signature", "device", "footer", "disclaimer", "banner"
	Text string
	Rule string // short name of the rule that found it
}

// Answer is what answers one message. Quoted lines stand in it only between answers
// to several places of that message; a greeting above all belongs to the first.
type Answer struct {
	Text  string
	HTML  string // as in Result
	Known int    // index in Mail.Known, or in Mail.Said
}

// Bounds of the work, whatever a mail holds.
const (
	maxLine   = 2000 // bytes of a line that are looked at
	maxWindow = 6    // lines that the line above a quote may be wrapped over
	maxOpen   = 512  // elements that an end tag may close at once
	maxDepth  = 64   // levels of elements that are kept in HTML, and of quotation that are shown
	maxStack  = 1000 // levels of elements that are looked at
	maxTokens = 1e5  // tags and texts of HTML that are read
	maxLines  = 2e5  // of a plain text
	maxSource = 16 << 20
)

// Extract finds what the person wrote. Text is empty only when the mail has no
// text, or OnlyQuote is set. It is safe for use by several goroutines.
func Extract(m Mail) Result {
	m.Text = withoutRepeats(markup.TrueLinks(m.Text))
	known := newEcho(m.said())
	if blank(m.HTML) {
		return extract(m, plainPage(m.Text), known)
	}
	if blank(m.Text) {
		return extract(m, htmlPage(m.HTML), known)
	}
	return better(extract(m, plainPage(m.Text), known), extract(m, htmlPage(m.HTML), known))
}

// extract runs the steps on one body.
func extract(m Mail, p page, known *echo) Result {
	d := &decision{page: p, mail: m, known: known}
	d.decide()
	return d.result()
}

// better chooses between the two bodies of a mail. The text of the plain one
// stands when both agree; the HTML says more about structure when they do not, unless it
// leaves out most of what the plain one has above its quote.
//
// Many branches: what each of two bodies may lack.
func better(plain, rich Result) Result {
	if blank(rich.Text) && !(rich.OnlyQuote && blank(plain.Text)) {
		return plain // words that one body has are not lost because the other lacks them
	}
	if plain.Forward || rich.Forward {
		if plain.Forward {
			plain.HTML, plain.Confidence = rich.HTML, max(plain.Confidence, rich.Confidence)
			if !rich.Forward {
				plain.HTML = ""
			}
			return plain
		}
		return rich
	}
	if blank(plain.Text) {
		if plain.OnlyQuote && plain.Confidence >= structureConfidence && allAmong(rich.Text, plain.Cut) {
			return plain // it has the marks that the HTML lacks
		}
		return rich
	}
	a, b := letters(plain.Text), letters(rich.Text)
	switch {
	case a == b:
		plain.HTML = rich.HTML
		if len(rich.Answered) >= len(plain.Answered) {
			plain.Answered = rich.Answered
		}
		plain.Confidence = max(plain.Confidence, rich.Confidence)
		return plain
	case len(b) < len(a) && rich.Confidence >= structureConfidence && !(2*len(b) < len(a) && len(plain.Cut) > 0 && onlyWords(plain.Text, b)):
		return rich
	}
	plain.Confidence = min(plain.Confidence, 0.7)
	return plain
}

// onlyWords tells whether the lines of a text that are not among some letters have
// nothing in them of what stands above a quoted mail.
func onlyWords(text, among string) bool {
	const most, misses = 64 << 10, 200
	if len(text) > most {
		return false
	}
	missed := 0
	for l := range strings.SplitSeq(text, "\n") {
		s := letters(l)
		if i := strings.Index(among, s); i >= 0 {
			among = among[i+len(s):]
			continue
		}
		missed++
		if k, _ := labelOf(l); missed > misses || k != noLabel || separatorAt(trim(l)) != noPhrase || look(l)&(signDate|signAddress) != 0 {
			return false
		}
	}
	return true
}

// allAmong tells whether all lines of a text are among those that were left out as
// quotes, in their order.
func allAmong(text string, cuts []Cut) bool {
	var all strings.Builder
	for _, c := range cuts {
		all.WriteString(letters(c.Text))
	}
	among := all.String()
	for l := range strings.SplitSeq(text, "\n") {
		s := letters(l)
		i := strings.Index(among, s)
		if i < 0 {
			return false
		}
		among = among[i+len(s):]
	}
	return true
}

// withoutRepeats takes the addresses away that programs write behind a link whose text
// is the same address: "https://example.org<https://example.org/>".
func withoutRepeats(text string) string {
	if !strings.Contains(text, "<http") {
		return text
	}
	bare := func(s string) string {
		s = strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(s), "https://"), "http://")
		return strings.TrimRight(strings.TrimPrefix(s, "www."), "/")
	}
	var out strings.Builder
	for {
		i := strings.Index(text, "<http")
		if i < 0 {
			break
		}
		end := strings.IndexAny(text[i:], "> \t\n")
		label := text[strings.LastIndexAny(text[:i], " \t\n<>()")+1 : i]
		out.WriteString(text[:i])
		if end < 0 || text[i+end] != '>' || label == "" || bare(label) != bare(text[i+1:i+end]) {
			out.WriteString("<http")
			text = text[i+len("<http"):]
			continue
		}
		text = text[i+end+1:]
	}
	return out.String() + text
}
