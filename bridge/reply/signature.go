package reply

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a signature: what is longer is text.
const (
	signatureLines = 16
	signatureBytes = 1500
)

// tail cuts signatures, device lines, footers and disclaimers off the end of the
// own text between lines a and b.
//
// Many branches: one for each kind of end.
func (d *decision) tail(a, b int) {
	for {
		for b > a && d.lines[b-1].role != own {
			if r := d.lines[b-1].role; r != empty && r != signature && r != device && r != footer && r != disclaimer {
				return
			}
			b--
		}
		if b <= a || d.lines[b-1].mark&inCode != 0 {
			return
		}
		cut := d.deviceTail(a, b)
		if cut == b {
			cut = d.learnedTail(a, b)
		}
		if cut == b {
			cut = d.linksTail(a, b)
		}
		if cut == b && d.lines[b-1].body == "ᐧ" { // the mark of a tracker
			d.set(b-1, b, footer, "tracker")
			cut = b - 1
		}
		if cut == b {
			cut = d.dashTail(a, b)
		}
		if cut == b {
			cut = d.paragraphTail(a, b)
		}
		if cut == b {
			cut = d.nameTail(a, b)
		}
		if cut == b {
			return
		}
		b = cut
	}
}

// deviceTail cuts the line that a telephone or a program adds, and the address
// below it.
func (d *decision) deviceTail(a, b int) int {
	i := b - 1
	if i > a && onlyLink(d.lines[i].body) && isDevice(d.lines[i-1].body) {
		i--
	}
	l := &d.lines[i]
	if !isDevice(l.body) {
		return b
	}
	d.set(i, b, device, "device")
	d.trimDash(i - 1)
	return i
}

// linksTail cuts the list that Nextcloud and others make of the links in the HTML,
// where the words above have none of them.
func (d *decision) linksTail(a, b int) int {
	i, links := b-1, 0
	for ; i > a+1; i-- {
		l := &d.lines[i]
		if l.role == own && strings.HasPrefix(l.body, "[") && strings.Contains(l.body, "] http") {
			links++
		} else if l.role != empty {
			break
		}
	}
	if links == 0 || d.lines[i].role != own || len(d.lines[i].body) < 3 || strings.Trim(d.lines[i].body, "-=") != "" {
		return b
	}
	switch lower(strings.TrimRight(d.lines[i-1].body, ": ")) {
	case "links", "link", "verweise", "liens", "enlaces", "ligações", "collegamenti", "odkazy", "länkar", "ссылки":
	default:
		return b
	}
	for j := range i - 1 {
		if l := &d.lines[j]; l.role == own && strings.Contains(l.body, "[1]") {
			return b
		}
	}
	d.set(i-1, b, footer, "links")
	return i - 1
}

// trimDash takes the dash away that some programs write before their line.
func (d *decision) trimDash(i int) {
	for i >= 0 && d.lines[i].role == empty {
		i--
	}
	if i < 0 || d.lines[i].role != own {
		return
	}
	l := &d.lines[i]
	if s, ok := strings.CutSuffix(strings.TrimRight(l.raw, " "), "—"); ok {
		if l.raw = strings.TrimRight(s, " "); l.raw == "" {
			l.role, l.rule = signature, "dash"
		}
	}
}

// firstDevice cuts a device line that stands above the text.
func (d *decision) firstDevice() {
	for i := range d.lines {
		l := &d.lines[i]
		switch {
		case l.role == empty || l.role == banner:
			continue
		case l.role == own && l.mark&inCode == 0 && isDevice(l.body) && d.hasOwn(i+1, len(d.lines)):
			l.role, l.rule = device, "device-first"
		}
		return
	}
}

// dashTail cuts from the last delimiter on: "-- " (RFC 3676, 4.3), a dash alone,
// or the rule that lists write above their footer.
func (d *decision) dashTail(a, b int) int {
	size, n, cut := 0, 0, b
	rule := ""
	for i := b - 1; i >= a && n <= signatureLines && size <= signatureBytes; i-- {
		l := &d.lines[i]
		if l.role == empty {
			continue
		}
		if l.mark&inCode != 0 || l.depth > 0 || l.role != own && n > 0 {
			break
		}
		if k := delimiter(l.body); k != "" {
			if i+1 < b && !d.looksSigned(i+1, b, k) {
				break
			}
			cut, rule = i, k
			if k == "list" {
				break
			}
		}
		n++
		size += len(l.body)
	}
	if cut == b {
		return b
	}
	kind := signature
	if rule == "list" {
		kind = footer
	}
	d.set(cut, b, kind, rule)
	return cut
}

// looksSigned tells whether the lines from a up to b, which stand below a delimiter,
// look like what people and lists write there: they have no text, or small print.
func (d *decision) looksSigned(a, b int, rule string) bool {
	contact, sentences, gap, size := false, 0, false, 0
	for i := a; i < b; i++ {
		l := &d.lines[i]
		if l.role == empty {
			gap = gap || size > 0
			continue
		}
		if l.role != own {
			return true // a signature that was cut already stands below
		}
		size += len(l.body)
		contact = contact || isContact(l.body)
		if isSentence(l.body) {
			sentences++
		}
	}
	switch {
	case contact || d.smallPrint(a, b):
		return true
	case rule == "list":
		return !gap && size < 100 && d.hasOwn(0, a-1)
	}
	return sentences < 2 && (!gap || sentences == 0)
}

// delimiter names the rule by which a line begins a signature.
func delimiter(s string) string {
	switch s {
	case "--", "—", "–", "- -", "-- -":
		return "dash"
	}
	if len(s) >= 10 && strings.Trim(s, "_") == "" {
		return "list"
	}
	return ""
}

// nameTail cuts the writer's full name with the lines of contact below it, which
// many people write without a delimiter.
func (d *decision) nameTail(a, b int) int {
	const most = 8
	name := strings.TrimSpace(d.mail.From)
	if !strings.Contains(name, " ") {
		return b
	}
	contact, lines := false, 0
	for i := b - 1; i >= a && lines < most; i-- {
		l := &d.lines[i]
		if l.role == empty {
			continue
		}
		if l.role != own || l.depth > 0 || len(l.body) > 90 {
			return b
		}
		if strings.EqualFold(strings.Trim(l.body, "-–—*_, "), name) {
			if !contact || !d.hasOwn(0, i) || d.lines[i-1].role != empty {
				return b
			}
			d.set(i, b, signature, "name")
			return i
		}
		lines++
		contact = contact || isContact(l.body)
	}
	return b
}

// isContact tells whether a line has an address, a link or a telephone number.
func isContact(s string) bool {
	if hasAddress(s) || strings.Contains(s, "www.") || strings.Contains(s, "://") {
		return true
	}
	digits := 0
	for _, r := range s {
		if digit(r) >= 0 {
			digits++
		}
	}
	return digits >= 7
}

// paragraphTail cuts a last paragraph that is a disclaimer or a notice of a list
// or a scanner.
func (d *decision) paragraphTail(a, b int) int {
	first, size := b-1, len(d.lines[b-1].body)
	for first > a && d.lines[first-1].role == own && size < 4000 {
		first--
		size += len(d.lines[first].body)
	}
	if size >= 4000 || !d.hasOwn(0, first) {
		return b
	}
	var p strings.Builder
	for i := first; i < b; i++ {
		p.WriteString(lower(d.lines[i].body))
		p.WriteByte(' ')
	}
	s := p.String()
	if disclaims(s) {
		d.set(first, b, disclaimer, "disclaimer")
		return first
	}
	if isFooter(s) {
		d.set(first, b, footer, "footer")
		return first
	}
	return b
}

// isFooter tells whether a paragraph, in lower case, is a notice that a list, a site or
// a scanner adds.
func isFooter(s string) bool {
	s = strings.TrimLeft(s, "-*_ [")
	return slices.ContainsFunc(footers, func(w string) bool { return strings.HasPrefix(s, w) })
}

// isSignOff tells whether a line is the phrase that ends a letter.
func isSignOff(s string) bool {
	if s == "" || len(s) > 60 {
		return false
	}
	s = strings.Trim(lower(s), " ,.!-–—*_\u00a0、，")
	for s != "" {
		if signOffs[s] {
			return true
		}
		i := strings.LastIndexAny(s, " ,")
		if i < 0 {
			return false
		}
		s = strings.TrimRight(s[:i], " ,")
	}
	return false
}

// disclaims tells whether a paragraph is legal small print.
func disclaims(s string) bool {
	if len(s) < 80 {
		return false
	}
	return containsAny(s, secretWords) && containsAny(s, recipientWords)
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// banner cuts the warning about outside mail that servers put on top.
func (d *decision) banner() {
	for i := range d.lines {
		l := &d.lines[i]
		if l.role == empty {
			continue
		}
		if l.role != own || len(l.body) > maxLine {
			return
		}
		s := strings.TrimLeft(lower(l.body), "*_[]<>!⚠️ -=\u00a0")
		for _, w := range bannerWords {
			if !strings.HasPrefix(s, w) {
				continue
			}
			end := i + 1
			var all strings.Builder
			all.WriteString(s)
			for end < len(d.lines) && end < i+8 && d.lines[end].role == own && warnsOn(d.lines[end-1].body, lower(d.lines[end].body)) {
				all.WriteString(lower(d.lines[end].body))
				end++
			}
			if d.hasOwn(end, len(d.lines)) && warns(w, all.String()[len(w):]) {
				d.set(i, end, banner, "banner")
			}
			return
		}
		return
	}
}

// warnsOn tells whether a line goes on with the warning whose last line is above it.
func warnsOn(above, s string) bool {
	words := 0
	for _, w := range bannerMore {
		if strings.Contains(s, w) {
			words++
		}
	}
	return words >= 2 || !endsSentence(strings.TrimRight(above, "] >")) && !strings.HasSuffix(above, "]") && words > 0
}

// warns tells whether what follows the first word of a banner makes it one.
func warns(word, rest string) bool {
	if strings.Trim(rest, " ]>*_!:.-") == "" {
		return strings.HasPrefix(word, "ext") || word == "外部"
	}
	return containsAny(rest, mailWords) && (containsAny(word, outsideWords) || containsAny(rest, outsideWords))
}

// isDevice tells whether a line is one that a device or a program has written.
//
// Many branches: the forms of such a line in all languages.
func isDevice(s string) bool {
	if s == "" || len(s) > 240 {
		return false
	}
	typed := strings.Trim(withoutLinks(s), "*_-–— \t\u00a0.[]\u200e\u200f<>()")
	s = lower(typed)
	if s == "" || utf8.RuneCountInString(s) > 90 {
		return false
	}
	sent, rest := "", ""
	for _, w := range deviceStart[s[0]] {
		if r, ok := strings.CutPrefix(s, w); ok {
			sent, rest = w, r
			break
		}
	}
	words := strings.Count(s, " ") + 1
	if sent == "" {
		for _, w := range deviceEnds {
			if strings.HasSuffix(s, w) {
				return words <= 12 && containsAny(s, deviceNames)
			}
		}
		return false
	}
	named := containsAny(s, deviceNames)
	if strings.ContainsAny(rest, ",;?") {
		return named && strings.Count(rest, " ") < 6
	}
	if strings.HasSuffix(sent, " my ") && !named {
		first, _ := utf8.DecodeRuneInString(typed[min(len(typed), len(sent)):])
		return words <= 7 && (unicode.IsUpper(first) || unicode.IsDigit(first)) // a name that no list has
	}
	return named && words <= 14 || words <= 5
}

// withoutLinks removes "<https://…>", "(https://…)" and "[…]" from a line.
func withoutLinks(s string) string {
	for _, open := range [...]string{"<http", "(http", "[http", "http"} {
		i := strings.Index(s, open)
		if i < 0 {
			continue
		}
		end := strings.IndexAny(s[i+1:], " >)]")
		if end < 0 {
			return strings.TrimSpace(s[:i])
		}
		return strings.TrimSpace(s[:i]) + strings.TrimLeft(s[i+1+end:], ">)]")
	}
	return s
}

func onlyLink(s string) bool {
	return (strings.HasPrefix(s, "http") || strings.HasPrefix(s, "<http") || strings.HasPrefix(s, "(http")) && !strings.Contains(s, " ")
}
