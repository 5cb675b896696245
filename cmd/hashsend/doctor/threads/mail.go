// Package threads says how mail programs would group emails into conversations. Each
// program's rule is a function from emails to groups; where the rule is known from
// its code or a standard it says so, and the tests compare it with the program itself.
package threads

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"regexp"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/mail"
)

// Mail is what programs look at when they group.
type Mail struct {
	ID        string   // Message-ID without brackets; empty: none
	Refs      []string // References
	InReplyTo []string
	Subject   string
	Topic     string // Thread-Topic
	Index     []byte // Thread-Index
	People    []string
	Date      time.Time
	Room      string // where it belongs; empty: not known
}

var msgID = regexp.MustCompile(`<([^<>\s]+)>`)

func ids(v string) (all []string) {
	for _, m := range msgID.FindAllStringSubmatch(v, -1) {
		all = append(all, m[1])
	}
	return all
}

var words mime.WordDecoder

func decoded(s string) string {
	if d, err := words.DecodeHeader(s); err == nil {
		return d
	}
	return s
}

// Of reads the header of an email.
func Of(h mail.Header) (m Mail) {
	if all := ids(h.Get("Message-Id")); len(all) > 0 {
		m.ID = all[0]
	}
	m.Refs, m.InReplyTo = ids(h.Get("References")), ids(h.Get("In-Reply-To"))
	m.Subject, m.Topic = decoded(h.Get("Subject")), decoded(h.Get("Thread-Topic"))
	if b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(h.Get("Thread-Index")), "")); err == nil {
		m.Index = b
	}
	for _, f := range []string{"From", "To", "Cc"} {
		for part := range strings.SplitSeq(h.Get(f), ",") {
			if a, err := mail.ParseAddress(strings.TrimSpace(part)); err == nil {
				m.People = append(m.People, strings.ToLower(a.Address))
			}
		}
	}
	for _, layout := range []string{time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -0700"} {
		if t, err := time.Parse(layout, strings.TrimSpace(h.Get("Date"))); err == nil {
			m.Date = t
			break
		}
	}
	return m
}

// maxMails is how many emails of a file are looked at.
const maxMails = 50_000

// separator is the line between the emails of an mbox file; it ends with a date.
var separator = regexp.MustCompile(`^From .*\d:\d\d.* \d{4}`)

// mboxReader cuts the headers out of an mbox file.
type mboxReader struct {
	all           []Mail
	head          bytes.Buffer
	inHead, begun bool
	blank         bool // the last line was empty
}

// ReadMbox reads the headers of an mbox file. A file without "From " lines is one email.
func ReadMbox(r io.Reader) ([]Mail, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	m := &mboxReader{inHead: true, blank: true}
	for len(m.all) < maxMails {
		line, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return m.all, err
		}
		if err := m.line(line); err != nil {
			return m.all, err
		}
		if errors.Is(err, io.EOF) {
			return m.all, m.end()
		}
	}
	return m.all, nil
}

func (m *mboxReader) line(line []byte) error {
	empty := len(bytes.TrimSpace(line)) == 0
	switch {
	case m.blank && bytes.HasPrefix(line, []byte("From ")) && (!m.begun || separator.Match(line)):
		if err := m.end(); err != nil {
			return err
		}
		m.inHead, m.begun = true, true
	case m.inHead && empty && m.begun:
		m.head.WriteString("\n")
		m.inHead = false
	case m.inHead && !empty:
		m.begun = true
		if m.head.Len() < mail.MaxHeader {
			m.head.Write(line)
		}
	}
	m.blank = empty
	return nil
}

// end reads the header of the email that is over.
func (m *mboxReader) end() error {
	if m.head.Len() == 0 {
		return nil
	}
	h, err := mail.ReadHeader(bufio.NewReader(bytes.NewReader(m.head.Bytes())))
	if err != nil {
		return fmt.Errorf("email %d: %w", len(m.all)+1, err)
	}
	m.all = append(m.all, Of(h))
	m.head.Reset()
	return nil
}

var (
	spaces   = regexp.MustCompile(`[\t\r\n ]+`)
	trailer  = regexp.MustCompile(`(?i)(?:\(fwd\)|\s)+$`)
	leader   = regexp.MustCompile(`(?i)^(?:(?:\[[^\[\]]*\]\s*)*(?:re|fwd?)\s*(?:\[[^\[\]]*\]\s*)?:|\s+)`)
	blob     = regexp.MustCompile(`^\[[^\[\]]*\]\s*`)
	fwdWhole = regexp.MustCompile(`(?i)^\[fwd:(.*)\]$`)
)

// BaseSubject is that of RFC 5256, 2.1, in lower case; reply says that it was one of a
// reply or of something forwarded.
func BaseSubject(s string) (base string, reply bool) {
	s = spaces.ReplaceAllString(s, " ")
	for {
		if t := trailer.ReplaceAllString(s, ""); t != s {
			reply = reply || strings.TrimRight(s, " ") != t
			s = t
		}
		for changed := true; changed; {
			changed = false
			if l := leader.FindString(s); l != "" {
				reply = reply || strings.Contains(l, ":")
				s, changed = s[len(l):], true
			}
			if b := blob.FindString(s); b != "" && len(b) < len(s) {
				s, changed = s[len(b):], true
			}
		}
		m := fwdWhole.FindStringSubmatch(s)
		if m == nil {
			return strings.ToLower(s), reply
		}
		s, reply = m[1], true
	}
}

// jwz is the prefix that JWZ's algorithm takes off: Re: and Re[2]: only.
var jwz = regexp.MustCompile(`(?i)^\s*re(?:[\[(]\d+[\])])?:\s*`)

func jwzSubject(s string) string {
	for {
		t := jwz.ReplaceAllString(s, "")
		if t == s {
			return strings.TrimSpace(spaces.ReplaceAllString(s, " "))
		}
		s = t
	}
}

// outlook is the prefix of a subject (MS-OXCMAIL, 2.2.3.2.6.1): up to three
// characters, a colon and a space.
var outlook = regexp.MustCompile(`^[^\s:\d]{1,3}: `)

func outlookTopic(m Mail) string {
	if m.Topic != "" {
		return m.Topic
	}
	return outlook.ReplaceAllString(m.Subject, "")
}

// Groups is a number for each email: the same number is the same conversation.
type Groups []int

// Count is how many conversations there are.
func (g Groups) Count() int {
	seen := map[int]bool{}
	for _, n := range g {
		seen[n] = true
	}
	return len(seen)
}

// sets joins things.
type sets struct{ parent []int }

func newSets(n int) *sets {
	s := &sets{parent: make([]int, n)}
	for i := range s.parent {
		s.parent[i] = i
	}
	return s
}

func (s *sets) find(i int) int {
	for s.parent[i] != i {
		s.parent[i] = s.parent[s.parent[i]]
		i = s.parent[i]
	}
	return i
}

func (s *sets) join(a, b int) { s.parent[s.find(a)] = s.find(b) }

func (s *sets) groups() Groups {
	g := make(Groups, len(s.parent))
	for i := range g {
		g[i] = s.find(i)
	}
	return g
}

// byDate are the positions of the emails, oldest first.
func byDate(all []Mail) []int {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return all[a].Date.Compare(all[b].Date) })
	return order
}
