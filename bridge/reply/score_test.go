package reply_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"hashsend/bridge/mail"
	"hashsend/bridge/reply"
)

var showMisses = flag.String("misses", "", "print the misses whose id matches this expression")

const fixtures = "../../../shared/fixtures"

// scored is one case of the shared set.
type scored struct {
	ID, Type, Kind, Category, Lang string
	Accept, Must                   []string
	MustNot                        []string `json:"must_not"`
	eml                            []byte
}

func readCases(t testing.TB) []scored {
	t.Helper()
	dir := filepath.Join(fixtures, "replies")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the shared set of answers is not here")
	}
	var cases []scored
	for file, emls := range map[string]string{"cases.jsonl": "eml", "cases-copyleft.jsonl": "eml-copyleft"} {
		f, err := os.Open(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		s := bufio.NewScanner(f)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			var c scored
			if err := json.Unmarshal(s.Bytes(), &c); err != nil {
				t.Fatal(err)
			}
			if c.eml, err = os.ReadFile(filepath.Join(dir, emls, c.ID+".eml")); err != nil {
				t.Fatal(err)
			}
			cases = append(cases, c)
		}
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	slices.SortFunc(cases, func(a, b scored) int { return strings.Compare(a.ID, b.ID) })
	return cases
}

// input reads a mail as the bridge does.
func input(t testing.TB, eml []byte) reply.Mail {
	t.Helper()
	m, err := mail.Parse(bytes.NewReader(eml), mail.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	r := reply.Mail{Subject: m.Subject, Answers: len(m.InReplyTo)+len(m.References) > 0, Text: m.Text, HTML: m.HTML}
	if len(m.From) > 0 {
		r.From = m.From[0].Name
	}
	return r
}

// The normalisation is that of score.py beside the cases.
var (
	zeroWidth  = regexp.MustCompile("[\u200b-\u200f\u2028-\u202e\u2060-\u2064\u00ad\ufeff]")
	wideBlank  = regexp.MustCompile("[\u00a0\u2000-\u200a\u202f\u3000]")
	image      = regexp.MustCompile(`!\[[^\]]*\]\([^)]*\)`)
	imageNote  = regexp.MustCompile(`(?i)\[(?:image|cid|bild|imagen?):[^\]]*\]`)
	mdLink     = regexp.MustCompile(`\[([^\]\n]*)\]\(\s*[^)\s]*\s*(?:"[^"]*")?\)`)
	markPrefix = regexp.MustCompile(`^\s*(?:[>|]\s?)+`)
	listPrefix = regexp.MustCompile(`^\s*(?:[-*+\x{2022}\x{00b7}\x{25cf}]|\d{1,2}[.)])\s+`)
	heading    = regexp.MustCompile(`^\s*#{1,6}\s+`)
	target     = regexp.MustCompile(`\s*[<(](?:https?://|mailto:)[^\s>)]*[>)]`)
	escape     = regexp.MustCompile("\\\\([\\\\`*_{}\\[\\]()#+.!<>|~-])")
	emphasis   = regexp.MustCompile("[*_`~]")
	space      = regexp.MustCompile(`[\s\x{85}\x1c-\x1f]+`)
	tokens     = regexp.MustCompile(`[\p{L}\p{N}_\p{M}]+|[^\p{L}\p{N}_\s]`)
)

func exact(s string) string {
	s = norm.NFC.String(s)
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	s = wideBlank.ReplaceAllString(zeroWidth.ReplaceAllString(s, ""), " ")
	s = imageNote.ReplaceAllString(image.ReplaceAllString(s, ""), "")
	s = mdLink.ReplaceAllString(s, "$1")
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = heading.ReplaceAllString(listPrefix.ReplaceAllString(markPrefix.ReplaceAllString(l, ""), ""), "")
	}
	s = target.ReplaceAllString(strings.Join(lines, " "), "")
	s = emphasis.ReplaceAllString(escape.ReplaceAllString(s, "$1"), "")
	return strings.TrimSpace(space.ReplaceAllString(s, " "))
}

func f1(a, b string) float64 {
	x, y := tokens.FindAllString(exact(a), -1), tokens.FindAllString(exact(b), -1)
	if len(x)+len(y) == 0 {
		return 1
	}
	count := map[string]int{}
	for _, w := range x {
		count[w]++
	}
	n := 0
	for _, w := range y {
		if count[w] > 0 {
			count[w]--
			n++
		}
	}
	return 2 * float64(n) / float64(len(x)+len(y))
}

// judge returns whether a result is what was expected, and how near it is.
func (c scored) judge(out string) (ok bool, near float64) {
	e := exact(out)
	if c.Type != "reply" {
		ok = true
		for _, m := range c.Must {
			ok = ok && strings.Contains(e, exact(m))
		}
		for _, m := range c.MustNot {
			ok = ok && !strings.Contains(e, exact(m))
		}
		return ok, 1
	}
	for _, a := range c.Accept {
		ok = ok || exact(a) == e
		near = max(near, f1(out, a))
	}
	return ok, near
}

// tallies counts cases by what they have in common.
type tallies map[string]*struct{ n, ok int }

func (ts tallies) add(key string, ok bool) {
	if ts[key] == nil {
		ts[key] = &struct{ n, ok int }{}
	}
	ts[key].n++
	if ok {
		ts[key].ok++
	}
}

func (ts tallies) atLeast(t *testing.T, key string, share float64) {
	t.Helper()
	if b := ts[key]; float64(b.ok) < share*float64(b.n) {
		t.Errorf("%s: %d of %d, less than %.1f %%", key, b.ok, b.n, 100*share)
	}
}

// TestShared scores the shared set of answers from the tests of public projects.
func TestShared(t *testing.T) {
	by := score(t, readCases(t), func(reply.Mail) []reply.Said { return nil })
	by.atLeast(t, "reply", 0.98)
	by.atLeast(t, "reply/html", 0.97)
	by.atLeast(t, "forward", 0.98)
	by.atLeast(t, "category keep", 1)
	by.atLeast(t, "category inline", 0.9)
}

// TestSharedKnown scores the same set as production reads mails: the conversation knows
// the quoted message, and others in which people have said all sorts of things.
func TestSharedKnown(t *testing.T) {
	cases := readCases(t)
	var others []reply.Said
	for _, c := range cases {
		if len(c.Accept) > 0 && len(c.Accept[0]) < 400 && len(others) < 40 && c.Accept[0] != "" {
			others = append(others, reply.Said{Text: c.Accept[0]})
		}
	}
	by := score(t, cases, func(m reply.Mail) []reply.Said {
		var known []reply.Said
		r := reply.Extract(m)
		if q := quotedIn(r); q != "" {
			known = append(known, reply.Said{Text: q})
		}
		for _, o := range others {
			o.Mine = strings.Contains(r.Text, o.Text) // the same person said it
			known = append(known, o)
		}
		return known
	})
	by.atLeast(t, "reply", 0.98)
	by.atLeast(t, "reply/html", 0.97)
	by.atLeast(t, "forward", 0.98)
	by.atLeast(t, "category keep", 1)
	by.atLeast(t, "category inline", 0.9)
}

// quotedIn is the message that a mail quotes first: what was left out as a quote, up to
// the next line that says whose it is.
func quotedIn(r reply.Result) string {
	for _, c := range r.Cut {
		if c.Kind != "quote" {
			continue
		}
		var ls []string
		for l := range strings.SplitSeq(c.Text, "\n") {
			if l = strings.TrimPrefix(strings.TrimPrefix(l, ">"), " "); !strings.HasPrefix(l, ">") {
				ls = append(ls, l)
			}
		}
		return strings.TrimSpace(strings.Join(ls, "\n"))
	}
	return ""
}

// score reads cases with what known gives for each.
func score(t *testing.T, cases []scored, known func(reply.Mail) []reply.Said) tallies {
	t.Helper()
	by := tallies{}
	near, replies := 0.0, 0
	for _, c := range cases {
		in := input(t, c.eml)
		in.Said = known(in)
		r := reply.Extract(in)
		ok, f := c.judge(r.Text)
		by.add(c.Type, ok)
		by.add(c.Type+"/"+c.Kind, ok)
		by.add("category "+c.Category, ok)
		if c.Type == "reply" {
			near += f
			replies++
		}
		if strings.TrimSpace(r.Text) == "" && !slices.Contains(c.Accept, "") {
			t.Errorf("%s: nothing is left", c.ID)
		}
		if !ok && *showMisses != "" && regexp.MustCompile(*showMisses).MatchString(c.ID) {
			t.Logf("\n=== %s [%s %s %s] f1=%.2f\n--- subject %q answers %t forward %t\n%s\n--- html\n%s\n--- want %q %q not %q\n--- got\n%s\n--- cut %q", c.ID, c.Lang, c.Kind, c.Category, f, in.Subject, in.Answers, r.Forward, in.Text, in.HTML, c.Accept, c.Must, c.MustNot, r.Text, r.Cut)
		}
	}
	keys := make([]string, 0, len(by))
	for k := range by {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		t.Logf("%-20s %4d of %4d  %5.1f %%", k, by[k].ok, by[k].n, 100*float64(by[k].ok)/float64(by[k].n))
	}
	t.Logf("F1 of replies %.3f", near/float64(replies))
	return by
}
