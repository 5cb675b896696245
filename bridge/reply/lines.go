package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// role is what a line turned out to be.
type role uint8

const (
	own role = iota
	empty
	quote
	attribution
	header // block of header fields, or the separator above a quoted mail
	history
	signature
	device
	footer
	disclaimer
	banner
)

var roleNames = [...]string{"own", "own", "quote", "attribution", "header", "quote", "signature", "device", "footer", "disclaimer", "banner"}

// mark is what the structure of the HTML says about a line.
type mark uint16

const (
	inHistory   mark = 1 << iota // in an element that programs make for the quoted mail
	inQuoteBox                   // in Gmail's element around line and quote, where own text may also stand
	inAttribute                  // in an element made for the line above a quote
	inSignature                  // in an element made for the signature
	cutHere                      // from this element on all is quoted
	inBorder                     // in a box with a line above it, as Outlook draws it
	inCode                       // preformatted
	inLead                       // a program's line above a quote without marks, known by its shape
)

// line is one line of a body.
type line struct {
	raw   string // as it is shown, blanks at the end removed; without the quote marks when it comes from HTML
	body  string // without quote marks and the blanks around
	depth int    // levels of quotation
	mark  mark
	role  role
	rule  string // the rule that gave the role
	lead  bool   // it says whose the quote below is, and is kept with that
	known int    // index of the known message it repeats, plus one
}

// page is a body as lines.
type page struct {
	lines []line
	html  *fragment // nil: from plain text
}

// plainPage splits a plain text into lines.
func plainPage(text string) page {
	p := page{lines: make([]line, 0, min(strings.Count(text, "\n"), maxLines)+2)}
	tags := strings.Contains(text, "<div>-----") // some write the tags of their separator into plain text
	for text != "" {
		if len(p.lines) >= maxLines {
			p.lines = append(p.lines, line{raw: goesOn, body: goesOn})
			break
		}
		var s string
		s, text, _ = strings.Cut(text, "\n")
		if tags && strings.Contains(s, "div>") {
			for l := range strings.SplitSeq(s, "<div>") {
				if l = strings.TrimSpace(strings.ReplaceAll(l, "</div>", "")); l != "" {
					p.addPlain(l)
				}
			}
			continue
		}
		p.addPlain(s)
	}
	joinWrappedMarks(p.lines)
	return p
}

// addPlain adds a line of plain text, in two when quote marks or the line above a
// quote are glued to what stands before.
func (p *page) addPlain(s string) {
	s = strings.TrimRight(s, " \t\r\u00a0")
	if len(p.lines) == 0 {
		s = strings.TrimPrefix(s, "\ufeff")
	}
	if lead := groupWise(s); lead != "" {
		p.lines = append(p.lines, line{raw: s, body: lead, mark: inLead})
		return
	}
	depth, body := quoteMarks(s)
	if depth == 1 && (len(p.lines) == 0 || p.lines[len(p.lines)-1].depth == 0) && closesAddress(body) {
		depth, body = 0, trim(s) // the end of a broken "<address>", no mark
	}
	l := line{raw: s, body: body, depth: depth}
	switch {
	case body == "" && depth == 0:
		l.role = empty
	case depth > 0:
		l.role, l.rule = quote, "mark"
	default:
		if i := glued(body); i > 0 {
			p.lines = append(p.lines, line{raw: strings.TrimRight(body[:i], " "), body: strings.TrimSpace(body[:i])})
			p.addPlain(body[i:])
			return
		}
	}
	p.lines = append(p.lines, l)
}

// groupWise returns what stands in the line that GroupWise writes above a quote, which
// bears no marks: ">>> NAME <ADDRESS> DATE >>>". Empty: it is no such line.
func groupWise(s string) string {
	const marks = ">>>"
	s = strings.TrimSpace(s)
	if len(s) > 300 || !strings.HasPrefix(s, marks) || !strings.HasSuffix(s, marks) || len(s) < 2*len(marks)+3 {
		return ""
	}
	lead := strings.TrimSpace(s[len(marks) : len(s)-len(marks)])
	if strings.HasPrefix(lead, ">") || look(lead)&(signDate|signAddress) == 0 {
		return ""
	}
	return lead
}

// closesAddress tells whether a line goes on after the bracket of an address:
// "wrote:" or a colon alone.
func closesAddress(s string) bool {
	if s == ":" {
		return true
	}
	return strings.HasSuffix(s, ":") && len(s) < 60 && verbs[lower(strings.TrimSpace(s[:len(s)-1]))] != 0
}

// glued finds where a quote begins in the middle of a line: "… wrote:> text".
func glued(s string) int {
	if len(s) > maxLine {
		return 0
	}
	for off := 0; ; {
		i := strings.Index(s[off:], ":>")
		if i < 0 {
			return 0
		}
		i += off + 1
		if w := lastWord(s[:i-1]); verbs[lower(w)] != 0 {
			return i
		}
		off = i
	}
}

// quoteMarks counts the marks at the beginning of a line and returns the rest.
func quoteMarks(s string) (int, string) {
	depth, i := 0, 0
	for j := 0; j < len(s); j++ {
		switch s[j] {
		case ' ', '\t':
			continue
		case '>':
			depth++
			i = j + 1
			continue
		}
		break
	}
	if depth == 0 {
		// "AB> text", the mark of some programs: capital letters of a name.
		n := 0
		for n < len(s) && n < 3 && s[n] >= 'A' && s[n] <= 'Z' {
			n++
		}
		if n > 0 && n < len(s) && s[n] == '>' && (n+1 == len(s) || s[n+1] == ' ' || s[n+1] == '>') {
			d, rest := quoteMarks(s[n:])
			return d, rest
		}
	}
	return depth, trim(s[i:])
}

// joinWrappedMarks repairs quotes: a short unmarked line between two marked ones
// is the end of the first, broken by the program; lines that begin with a bar are
// quoted when several follow each other and are no table.
//
// Many branches: two repairs in one pass.
func joinWrappedMarks(ls []line) {
	for i := range ls {
		l := &ls[i]
		if l.role != own || l.depth > 0 {
			continue
		}
		if i > 0 && i+1 < len(ls) && ls[i-1].depth > 0 && ls[i+1].depth > 0 && ls[i-1].role == quote && ls[i-1].rule == "mark" && goesOnAs(ls[i-1].raw, ls[i-1].body, l.body) {
			l.depth, l.role, l.rule = ls[i-1].depth, quote, "wrapped"
			continue
		}
		if bar(l.body) && (i > 0 && bar(ls[i-1].body) || i+1 < len(ls) && bar(ls[i+1].body)) {
			l.depth, l.role, l.rule = 1, quote, "bar"
		}
	}
}

// goesOnAs tells whether a line may be the end of the marked one above it: that is
// long and in the middle of a sentence, and this no sentence of its own.
func goesOnAs(marked, above, s string) bool {
	const wrap = 60
	if len(marked) < wrap || len(s) >= len(marked) {
		return false
	}
	first, _ := utf8.DecodeRuneInString(s)
	if endsSentence(above) {
		return strings.HasSuffix(above, ".") && unicode.IsLower(first) && strings.Count(s, " ") > 1
	}
	return !unicode.IsUpper(first) || !endsSentence(s)
}

// endsSentence tells whether a mark stands at the end of a line that ends a sentence.
func endsSentence(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, " )\"'”»*_"))
	return strings.ContainsRune(".!?…:。！？؟", r)
}

func bar(s string) bool {
	return strings.HasPrefix(s, "|") && !strings.Contains(s[1:], "|")
}

// trim removes blanks and invisible marks from both ends.
func trim(s string) string {
	if s == "" || s[0] > ' ' && s[0] < 0x80 && s[len(s)-1] > ' ' && s[len(s)-1] < 0x80 {
		return s
	}
	return strings.TrimFunc(s, invisible)
}

func invisible(r rune) bool {
	switch {
	case r < 0x80:
		return r <= ' '
	case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x2069, r == 0xfeff, r == 0xad:
		return true
	}
	return unicode.IsSpace(r)
}

func blank(s string) bool {
	for _, r := range s {
		if !invisible(r) {
			return false
		}
	}
	return true
}

// lower is strings.ToLower that leaves the dotted capital I of Turkish readable.
func lower(s string) string {
	return strings.ToLower(s)
}

// lastWord returns the last word of s without the marks around it.
func lastWord(s string) string {
	s = strings.TrimRight(s, " \t\u00a0:：>*_\u200e\u200f")
	if i := strings.LastIndexAny(s, " \t\u00a0"); i >= 0 {
		s = s[i+1:]
	}
	return strings.Trim(s, "*_\u00a0\u200e\u200f")
}

// letters reduces a text to its letters and digits, in lower case.
func letters(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}
