package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// signs are what a line shows of a line above a quote.
type signs uint32

const (
	signAddress  signs = 1 << iota // user@host
	signDate                       // a date with a year, or a day with a time
	signYear                       // a year
	signDay                        // a number of one or two digits
	signTime                       // 12:34
	signVerbEnd                    // a word for "wrote" ends it
	signVerb                       // a word for "wrote"
	signColon                      // it ends in a colon
	signIntro                      // it begins as such lines do
	signDateHead                   // it begins with a date in numbers
	signAngle                      // it ends in ">"
	signZone                       // GMT, UTC, +01:00
	signStop                       // it ends a sentence
	signBracket                    // an address in angle brackets
	signWordy                      // it has words of a sentence, which no program writes there
	signAfter                      // it has such words behind the last word for "wrote"
	signSome                       // it has one of them
	signSaid                       // it begins as a sentence of a person does: "As Ann wrote"
	signNamed                      // behind the last number stand but two to four words as of a name
)

// look reads a line once and returns its signs.
func look(s string) signs {
	s = strings.Trim(s, " -*_\u00a0\u200e\u200f\u202a\u202b\u202c\ufeff")
	if s == "" || len(s) > maxLine {
		return 0
	}
	var g signs
	switch {
	case strings.HasSuffix(s, ":") || strings.HasSuffix(s, "：") || strings.HasSuffix(s, "︓"):
		g |= signColon
	case strings.HasSuffix(s, ">"):
		g |= signAngle
	case strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?"):
		g |= signStop
	}
	g |= lookWords(s)
	g |= lookNumbers(s)
	if g&signDateHead != 0 && endsInName(s) {
		g |= signNamed
	}
	if hasAddress(s) {
		g |= signAddress
		if strings.Contains(s, "<") && strings.Contains(s, ">") {
			g |= signBracket
		}
	}
	return g
}

// lookWords finds the verbs and the first word.
func lookWords(s string) signs {
	var ws wordReader
	for i := 0; i < len(s); {
		for i < len(s) && breaks(s[i]) {
			i++
		}
		j := i
		for j < len(s) && !breaks(s[j]) {
			ws.wide = ws.wide || s[j] >= 0xe0
			j++
		}
		if i < j {
			ws.word(s[i:j])
		}
		i = j
	}
	return ws.signs(s)
}

// wordReader reads the words of a line.
type wordReader struct {
	found               signs
	buf                 [64]byte
	verb                verb // the last one
	after               int  // words behind it
	common, commonAfter int  // words in small letters, and those behind it
	words               int
	wide                bool // it has characters of scripts without spaces
}

func (ws *wordReader) word(s string) {
	w := strings.Trim(s, ".;*_\"'“”„«»()[]\u200e\u200f")
	for _, open := range [...]string{"(a", "(ла", "(а", "(в"} {
		if strings.HasSuffix(w, open) {
			w += ")"
			break
		}
	}
	low := lowered(ws.buf[:0], w)
	if ws.words++; ws.words == 1 {
		if introWord(low) {
			ws.found |= signIntro
		} else if saidWords[string(low)] {
			ws.found |= signSaid
		}
	}
	if v := verbs[string(low)]; v != 0 {
		ws.found |= signVerb
		ws.verb, ws.after, ws.commonAfter = v, 0, 0
		return
	}
	ws.after++
	if isCommonWord(w) && !leadWords[string(low)] {
		ws.common++
		ws.commonAfter++
	}
}

// signs are what the words of a line come to.
func (ws *wordReader) signs(s string) signs {
	g := ws.found
	if ws.verb&verbEnd != 0 && ws.after == 0 {
		g |= signVerbEnd
	}
	if ws.common > 0 {
		g |= signSome
	}
	if ws.common >= 4 {
		g |= signWordy
	}
	if ws.verb != 0 && ws.commonAfter >= 2 {
		g |= signAfter
	}
	if !ws.wide {
		return g
	}
	for _, p := range verbParts {
		if i := strings.LastIndex(s, p); i >= 0 && utf8.RuneCountInString(s[i+len(p):]) < 8 {
			return g | signVerb | signVerbEnd
		}
	}
	return g
}

// endsInName tells whether but two to four words as of a name stand behind the last
// number of a line.
func endsInName(s string) bool {
	words := 0
	for w := range strings.FieldsSeq(s[strings.LastIndexAny(s, "0123456789")+1:]) {
		first, size := utf8.DecodeRuneInString(w)
		if rest := w[size:]; !unicode.IsUpper(first) || rest == "" || strings.ToUpper(rest) == rest {
			return false
		}
		words++
	}
	return words >= 2 && words <= 4
}

// isCommonWord tells whether a word is one of a sentence: three small letters or
// more, and no abbreviation, part of an address or of a date.
func isCommonWord(w string) bool {
	n := 0
	for _, r := range w {
		if !unicode.IsLower(r) && r != '\'' && r != '’' {
			return false
		}
		n++
	}
	return n >= 3 && n <= 30
}

func introWord(low []byte) bool {
	return intros[string(low)]
}

func breaks(c byte) bool {
	return c == ' ' || c == '\t' || c == ',' || c == ':' || c == '>' || c == '<' || c == '\n'
}

// lowered appends the lower case of s to buf; what is long is no word.
func lowered(buf []byte, s string) []byte {
	if len(s) > 60 {
		return buf
	}
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return append(buf[:0], lower(s)...)
		}
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf = append(buf, c)
	}
	return buf
}

// digit returns the value of a digit of the scripts that mail programs write
// dates in, or -1.
func digit(r rune) int {
	switch {
	case r >= '0' && r <= '9':
		return int(r - '0')
	case r >= 0x660 && r <= 0x669:
		return int(r - 0x660)
	case r >= 0x6f0 && r <= 0x6f9:
		return int(r - 0x6f0)
	case r >= 0x966 && r <= 0x96f:
		return int(r - 0x966)
	}
	return -1
}

// hasAddress finds something that is written like a mail address.
func hasAddress(s string) bool {
	for off := 0; ; {
		i := strings.IndexByte(s[off:], '@')
		if i < 0 {
			return false
		}
		i += off
		off = i + 1
		if i == 0 || off >= len(s) || !addressByte(s[i-1]) {
			continue
		}
		dot := false
		for j := off; j < len(s) && addressByte(s[j]); j++ {
			if s[j] == '.' && j > off {
				dot = true
			}
		}
		if dot {
			return true
		}
	}
}

func addressByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_' || c == '+' || c >= 0x80
}

// found is the line above a quote, from line first to line last.
type found struct {
	first, last int
	rule        string
	sure        bool // even when what follows bears no marks
}

// attributionAt looks whether a line above a quote ends at line i. before is the
// first line that may belong to it; quoted says that what follows bears marks.
//
// It looks upwards: the lines that suffice are taken, and those above them while
// they go on with the same sentence up to its beginning.
func (d *decision) attributionAt(i, before int, quoted bool) (found, bool) {
	f := found{first: -1}
	if !quoted && !mayEnd(d.lines[i].body) {
		return f, false
	}
	end := d.signsOf(i)
	if end&(signColon|signVerb|signDateHead|signAngle|signDate) == 0 {
		return f, false
	}
	c := climb{d: d, end: end, last: i, quoted: quoted, found: f}
	for first := i; first >= before && i-first < maxWindow && c.up(first); first-- { //nolint:revive // it climbs
	}
	f = c.found
	if f.first > before && d.leadsOn(f.first-1) {
		f.first--
	}
	if f.rule == "date-zone" && !quoted && !d.alone(f.first, f.last) {
		return f, false // a line of a log
	}
	return f, f.first >= 0
}

// climb looks upwards from the last line of a line above a quote.
type climb struct {
	d      *decision
	end    signs // of the last line
	last   int
	quoted bool
	all    signs
	size   int
	gap    bool // an empty line stands in it, as some programs do
	found  found
}

// up takes one more line; false: no other belongs to it.
//
// Many branches: each sign that a line belongs to those below it.
func (c *climb) up(first int) bool {
	l := &c.d.lines[first]
	if l.role == empty && first < c.last && c.all&signDate == 0 && !c.gap && c.last-first < 4 {
		c.gap = true
		return true
	}
	if c.size += len(l.body); l.role != own || c.size > 600 {
		return false
	}
	at := c.d.signsOf(first)
	if first < c.last && at&signStop != 0 && at&(signDate|signAddress) == 0 {
		return false
	}
	dated := c.all&signDate != 0
	c.all |= at &^ (signColon | signVerbEnd | signAngle | signStop | signIntro | signDateHead)
	begins := at&(signIntro|signDateHead) != 0 && c.all&signDate != 0
	rule, sure := judge(c.all|c.end&(signColon|signVerbEnd|signAngle|signStop)|at&(signIntro|signDateHead), c.size, c.quoted)
	if rule == "" || c.gap && (!begins || at&signStop != 0) {
		return !begins
	}
	f := &c.found
	if f.first < 0 || begins || at&signDate != 0 && !dated || at&signAddress != 0 && !f.sure || strings.HasPrefix(c.d.lines[first+1].body, "<") {
		*f = found{first, c.last, rule, sure || f.sure}
	}
	return !begins
}

// leadsOn tells whether a line above such a line is its begin, broken off behind a word
// that demands more: "Excerpts from Ann's message of".
func (d *decision) leadsOn(i int) bool {
	l := &d.lines[i]
	if l.role != own || len(l.body) > 120 || d.signsOf(i)&signWordy != 0 {
		return false
	}
	switch lower(lastWord(l.body)) {
	case "of", "on", "from", "am", "vom", "von", "le", "du", "de", "del", "el", "den", "op", "van", "em", "il", "w", "dnia", "dne", "от", "le:":
		return d.signsOf(i)&signIntro != 0 || strings.Count(l.body, " ") < 8
	}
	return false
}

// alone tells whether empty lines stand around the lines from first to last.
func (d *decision) alone(first, last int) bool {
	return (first == 0 || d.lines[first-1].role == empty) && (last+1 == len(d.lines) || d.lines[last+1].role == empty)
}

// mayEnd tells cheaply whether a line above unmarked text can end with this one:
// such lines end in a colon or a bracket, or have a number.
func mayEnd(s string) bool {
	if s == "" || len(s) > maxLine {
		return false
	}
	if c := s[len(s)-1]; c == ':' || c == '>' || c == '-' || c >= 0x80 {
		return true
	}
	return strings.ContainsAny(s, "0123456789")
}

// beginning finds where a line above a quote begins inside of the line whose
// signs it has: a word that begins such lines, then a date. It returns 0 when it
// begins the line.
//
// Many branches: what may begin such a line is tested word by word.
func beginning(s string) int {
	at := 0
	for i := 0; i < len(s); {
		j := i + 1
		for j < len(s) && !breaks(s[j]) && s[j] != '-' {
			j++
		}
		w := strings.Trim(s[i:j], " -\u00a0")
		if n := strings.LastIndexAny(w, ".!?)…"); n >= 0 && n+1 < len(w) { // nothing between a sentence and it
			w = strings.TrimLeft(w[n:], ".!?)…")
		}
		if w != "" && j < len(s) && j+1 < len(s) && s[j] == ' ' && w[0] < 0x80 && unicode.IsUpper(rune(w[0])) && len(w) <= 4 && intros[lower(w)] &&
			look(s[:i])&(signDate|signAddress) == 0 && look(s[i:])&signDate != 0 && dateWord(s[j+1:]) {
			at = i + strings.LastIndex(s[i:j], w)
		}
		i = j
		if i > 400 {
			break
		}
	}
	return at
}

// dateWord tells whether a text begins with a number or with a short word before
// one, as "Wed, Apr 4".
func dateWord(s string) bool {
	for n, w := range strings.Fields(s[:min(len(s), 40)]) {
		if digit(rune(w[0])) >= 0 {
			return true
		}
		if n > 2 || len(w) > 12 {
			return false
		}
	}
	return false
}

// signsOf reads a line once.
func (d *decision) signsOf(i int) signs {
	if d.signs == nil {
		d.signs = make([]signs, len(d.lines))
		d.looked = make([]bool, len(d.lines))
	}
	if !d.looked[i] {
		d.signs[i], d.looked[i] = look(d.lines[i].body), true
	}
	return d.signs[i]
}
