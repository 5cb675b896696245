package reply_test

import (
	"fmt"
	"html"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"hashsend/bridge/reply"
)

// talk is one mail of a made conversation.
type talk struct {
	client        *client
	own           []string // paragraphs that the person wrote
	sig           []string // their signature
	name, address string
	plain, html   string
	earlier       *talk
}

var people = [][2]string{{"Ann Lee", "ann@home.example"}, {"Piet de Roos", "piet.roos@works.example"}, {"Mia Berg", "mia_b@farm.example"}, {"Jo Öz", "jo@oz.example"}}

// sentence makes a sentence out of words that it picks.
func sentence(r *rand.Rand, t *tongue) string {
	var ws []string
	for range 6 + r.IntN(5) {
		ws = append(ws, t.words[r.IntN(len(t.words))])
	}
	sep, end := " ", []string{".", "?", "!"}[r.IntN(3)]
	if t.code == "ja" || t.code == "zh" {
		sep, end = "", "。"
	}
	s := []rune(strings.Join(ws, sep))
	s[0] = unicode.ToUpper(s[0])
	return string(s) + end
}

func (m *talk) write(r *rand.Rand, t *tongue) {
	if r.IntN(3) == 0 {
		m.own = append(m.own, t.greeting)
	}
	for range 1 + r.IntN(3) {
		p := sentence(r, t)
		for range r.IntN(3) {
			p += map[bool]string{true: "", false: " "}[t.code == "ja" || t.code == "zh"] + sentence(r, t)
		}
		m.own = append(m.own, p)
	}
	if first, _, _ := strings.Cut(m.name, " "); r.IntN(2) == 0 {
		m.own = append(m.own, first)
	}
	if len(m.name)%2 == 0 { // some have one, always the same
		m.sig = []string{"-- ", m.name, "Boats & Bread Ltd", "+49 30 1234567 | " + m.address}
	}
}

// lead are the lines above the quote of what m answers.
func (m *talk) lead(r *rand.Rand, t *tongue) []string {
	fill := strings.NewReplacer("{d}", strconv.Itoa(10+r.IntN(18)), "{Y}", "2026", "{H}", fmt.Sprintf("%02d", 8+r.IntN(4)), "{M}", strconv.Itoa(10+r.IntN(49)), "{n}", m.earlier.name, "{a}", m.earlier.address)
	header := []string{t.labels[0] + ": {n} <{a}>", t.labels[1] + ": " + t.long, t.labels[2] + ": Team <team@own.example>", t.labels[3] + ": Re: Questions"}
	var lines []string
	for _, l := range m.client.lead {
		switch l {
		case "@gmail":
			lines = append(lines, t.gmail)
		case "@apple":
			lines = append(lines, t.apple)
		case "@thunderbird":
			lines = append(lines, t.thunderbird)
		case "@original":
			lines = append(append(lines, "-----"+t.original+"-----"), header...)
		case "@header":
			lines = append(lines, header...)
		default:
			lines = append(lines, l)
		}
	}
	for i := range lines {
		lines[i] = fill.Replace(lines[i])
	}
	return lines
}

// wrap breaks lines as programs do that write plain text.
func wrap(s string, width int) string {
	var out strings.Builder
	n := 0
	for i, w := range strings.Split(s, " ") {
		if i > 0 {
			if n+1+len([]rune(w)) > width {
				out.WriteByte('\n')
				n = 0
			} else {
				out.WriteByte(' ')
				n++
			}
		}
		out.WriteString(w)
		n += len([]rune(w))
	}
	return out.String()
}

// render writes the mail as its program does.
func (m *talk) render(r *rand.Rand, t *tongue) {
	sign := m.client.sign
	if sign == "@device" {
		sign = t.device
	}
	var own []string
	var ownHTML strings.Builder
	width := 10000
	if r.IntN(2) == 0 {
		width = 66 + r.IntN(12)
	}
	for _, p := range m.own {
		own = append(own, wrap(p, width))
		ownHTML.WriteString("<div>" + html.EscapeString(p) + "</div><div><br></div>")
	}
	if m.earlier == nil {
		m.plain, m.html = strings.Join(own, "\n\n")+"\n"+strings.Join(m.sig, "\n")+"\n", ownHTML.String()
		return
	}
	lines := m.lead(r, t)
	var quoted []string
	for l := range strings.SplitSeq(strings.TrimRight(m.earlier.plain, "\n"), "\n") {
		if m.client.between && m.client.mark == "" && strings.TrimSpace(l) == "" {
			continue
		}
		quoted = append(quoted, strings.TrimRight(m.client.mark+l, " "))
	}
	shown := slices.Clone(lines)
	for i, l := range shown {
		if m.client.mark != "" && !strings.HasPrefix(l, ">") && r.IntN(2) == 0 {
			shown[i] = wrap(l, 76)
		}
	}
	signature := ""
	if len(m.sig) > 0 {
		signature = "\n" + strings.Join(m.sig, "\n") + "\n"
	}
	lead, quote := strings.Join(shown, "\n"), strings.Join(quoted, "\n")
	switch {
	case m.client.between:
		m.plain = lead + "\n" + between(quoted, own) + "\n" + signature
	case m.client.below:
		m.plain = lead + "\n" + quote + "\n\n" + strings.Join(own, "\n\n") + "\n" + signature
	default:
		m.plain = strings.Join(own, "\n\n") + "\n" + signature + "\n"
		if sign != "" {
			m.plain += sign + "\n\n"
		}
		m.plain += lead + "\n" + map[bool]string{true: "", false: "\n"}[m.client.mark != ""] + quote + "\n"
	}
	if m.html = ""; m.client.html != "" {
		for i := range lines {
			lines[i] = html.EscapeString(lines[i])
		}
		m.html = strings.NewReplacer("{own}", ownHTML.String(), "{sign}", strings.ReplaceAll(html.EscapeString(strings.Join(append(m.sig, sign), "\n")), "\n", "<br>"), "{lead}", strings.Join(lines, "<br>"), "{quote}", m.earlier.asHTML(), "{d}", "12", "{Y}", "2026", "{H}", "09", "{M}", "30", "{a}", m.earlier.address).Replace(m.client.html)
	}
}

// between puts paragraphs behind quoted lines.
func between(quoted, own []string) string {
	var out strings.Builder
	from := 0
	for i, p := range own {
		to := max(from, (i+1)*len(quoted)/len(own))
		for to < len(quoted) && to > 0 && !answerable(quoted[to-1]) { // behind words that are answered
			to++
		}
		if to == len(quoted) && to > 0 && !answerable(quoted[to-1]) {
			to = from // the rest is left out
		}
		if from < to {
			out.WriteString(strings.Join(quoted[from:to], "\n") + "\n\n")
		}
		from = to
		out.WriteString(p + "\n\n")
	}
	return strings.TrimRight(out.String(), "\n")
}

// answerable tells whether a quoted line has words of the mail that is answered.
func answerable(l string) bool { return strings.Count(l, ">") == 1 && bare(l) != "" }

// asHTML is the mail as a program quotes it in HTML.
func (m *talk) asHTML() string {
	if m.html != "" {
		return strings.NewReplacer("<html>", "", "</html>", "", "<body>", "", "</body>", "", "<head>", "", "</head>", "", "<!DOCTYPE html>", "").Replace(m.html)
	}
	return "<div>" + strings.ReplaceAll(html.EscapeString(m.plain), "\n", "<br>") + "</div>"
}

// conversation makes one of so many mails; the last is of the client.
func conversation(r *rand.Rand, t *tongue, last *client, mails int) *talk {
	var m *talk
	for i := range mails {
		who := people[(i+r.IntN(2))%len(people)]
		next := &talk{client: last, name: who[0], address: who[1], earlier: m}
		for i < mails-1 && i > 0 {
			c := &clients[r.IntN(len(clients))]
			marks := strings.HasPrefix(c.mark, ">") || !last.between || i < mails-2 // else nothing tells what is answered
			if marks && !c.short && (c.only == nil || slices.Contains(c.only, t.code)) {
				next.client = c
				break
			}
		}
		next.write(r, t)
		next.render(r, t)
		m = next
	}
	return m
}

// said are the messages that a conversation knows when the last mail comes, newest
// first; those of the oldest mails it does not.
func (m *talk) said(known int) (all []reply.Said) {
	for e := m.earlier; e != nil && len(all) < known; e = e.earlier {
		text := strings.Join(e.own, "\n\n")
		first, _, _ := strings.Cut(text, "\n")
		all = append(all, reply.Said{Text: text, First: []string{e.name + ": " + first}, Mine: e.name == m.name})
	}
	return all
}

// faults of what was found in a made mail: words lost, old words shown, nothing left.
type faults struct{ lost, old, empty []string }

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// check compares a result with what the person wrote.
func (m *talk) check(r reply.Result) (f faults) {
	got := bare(r.Text)
	if got == "" {
		f.empty = append(f.empty, "nothing is left")
		return f
	}
	rest := got
	for _, p := range m.own {
		s := bare(p)
		if m.client.between { // in pieces, where it was wrapped
			if !strings.Contains(got, s) {
				f.lost = append(f.lost, p)
			}
			continue
		}
		i := strings.Index(rest, s)
		if i < 0 {
			f.lost = append(f.lost, p)
			continue
		}
		rest = rest[i+len(s):]
	}
	first := m.earlier
	if m.client.between {
		first = first.earlier // what is answered stays
	}
	for e := first; e != nil; e = e.earlier {
		for _, p := range e.own {
			if s := bare(p); len([]rune(s)) > 14 && strings.Contains(got, s) {
				f.old = append(f.old, p)
			}
		}
		if !m.client.between && strings.Contains(r.Text, e.address) {
			f.old = append(f.old, e.address)
		}
	}
	return f
}

// TestConversations reads made conversations with and without what is known of them:
// no word of the person is lost, no line of the history is shown.
func TestConversations(t *testing.T) {
	rounds := 2
	if s := os.Getenv("CONVERSATIONS"); s != "" {
		rounds, _ = strconv.Atoi(s)
	}
	total := map[string]*[4]int{}
	shown := map[string]int{}
	for seed := range uint64(rounds) {
		for ci := range clients {
			c := &clients[ci]
			for ti := range tongues {
				tg := &tongues[ti]
				if c.only != nil && !slices.Contains(c.only, tg.code) {
					continue
				}
				r := rand.New(rand.NewPCG(seed, uint64(ci*1000+ti)))
				mails := 2 + r.IntN(11)
				if c.short {
					mails = 2
				}
				m := conversation(r, tg, c, mails)
				for _, form := range []string{"plain", "html", "both"} {
					if m.html == "" && form != "plain" {
						continue
					}
					for _, known := range []int{0, 2, 30} {
						if known == 0 && c.mark == "" && (c.between || c.below) {
							continue // nothing tells them apart
						}
						in := reply.Mail{Subject: "Re: Questions", From: m.name, Answers: true, Said: m.said(known)}
						if form != "html" {
							in.Text = m.plain
						}
						if form != "plain" {
							in.HTML = m.html
						}
						f := m.check(reply.Extract(in))
						key := fmt.Sprintf("%s, %d known", form, known)
						if total[key] == nil {
							total[key] = &[4]int{}
						}
						n := total[key]
						n[0]++
						n[1] += b2i(len(f.empty) > 0)
						n[2] += b2i(len(f.old) > 0)
						n[3] += b2i(len(f.lost) > 0)
						if len(f.empty)+len(f.old)+len(f.lost) > 0 {
							id := c.name + " " + form
							if shown[id]++; shown[id] == 1 && (*showMisses == "" || strings.Contains(id, *showMisses)) {
								t.Logf("%s in %s, %d known, seed %d: empty %v, lost %q, old %q\n--- text\n%s\n--- html\n%s\n--- got\n%s", id, tg.code, known, seed, len(f.empty) > 0, f.lost, f.old, in.Text, in.HTML, reply.Extract(in).Text)
							}
						}
					}
				}
			}
		}
	}
	for _, k := range sortedKeys(total) {
		n := total[k]
		t.Logf("%-16s %5d mails: empty %d, more old text %d, lost words %d", k, n[0], n[1], n[2], n[3])
		if n[1] > 0 || n[2]*1000 > n[0] || n[3]*1000 > n[0] {
			t.Errorf("%s: more than one in a thousand is wrong", k)
		}
	}
	for _, k := range sortedKeys(shown) {
		t.Logf("%s: %d", k, shown[k])
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
