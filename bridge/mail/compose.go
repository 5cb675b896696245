package mail

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Draft is a mail to be composed.
type Draft struct {
	ID            string // Message-ID without brackets
	From          Address
	Sender        string // X-Hashsend-Sender: whose account wrote it, where From names another; empty: it does not
	To            []Address
	ReplyTo       *Address  // nil: none
	Subject       string    // also Thread-Topic
	Anchor        string    // first in References; Thread-Index is derived from it and Started
	Started       time.Time // beginning of the epoch
	InReplyTo     string    // empty: the anchor
	References    []string  // after the anchor; Compose keeps at most 10 in all (first 2, last 8), never doubles
	Date          time.Time
	Trace         string       // X-Hashsend-ID
	Bridge        string       // X-Hashsend-Bridge
	AutoSubmitted string       // empty for words of people; "auto-generated", "auto-replied" (RFC 3834)
	Suppress      string       // X-Auto-Response-Suppress; empty: none
	Unsubscribe   string       // List-Unsubscribe mailto URI; empty: none
	Precedence    string       // empty: none
	ListID        string       // List-Id without brackets (RFC 2919); empty: it is no list
	Words         []Words      // what was said, in order
	Reactions     []string     // lines under the words: what was reacted with, what became of the room
	Footer        []FooterPart // one grey line under it
	Intro         string       // plain sentences above the words, empty: none
	About         string       // plain sentences under the words (an invitation): a preview begins with what was said
	Names         bool         // show the author's name before each words (two people have spoken)
	Times         bool         // show times (of what waited long)
}

// Words is what somebody said.
type Words struct {
	Author string
	At     time.Time
	Text   string
	HTML   string   // the subset of bridge/markup; empty: made from Text
	Quote  string   // one line of what it answers; empty: none. Cut at 140 characters
	Emote  bool     // "Alice waves"
	Grey   bool     // words of a program
	Files  []string // lines about files that came with it
	// Pictures stand in the HTML under the words; Attached at the end of the mail.
	Pictures, Attached []Attached
	Index              int // k of <span id="hs-k">
}

// FooterPart is a part of the footer, with a link or without.
type FooterPart struct {
	Text, URL string
}

// Compose writes the whole mail: lines end in CRLF and have at most 998 bytes,
// multipart/alternative of text (format=flowed) and HTML, around which there are
// pictures and files, if there are any. The same Draft gives the same bytes. It
// refuses a Draft whose ids, addresses or tokens cannot stand in a header; names and
// the subject are cleaned instead. What was written is read again, and it is an
// error if it does not say what the Draft says. Ids in References and InReplyTo come
// from strangers: those that are no ids are left out.
func Compose(d Draft) (Finished, error) {
	h, err := d.header()
	if err != nil {
		return Finished{}, fmt.Errorf("compose mail: %w", err)
	}
	var b bytes.Buffer
	b.Write(h)
	b.WriteString("MIME-Version: 1.0\r\n")
	text := d.text()
	pictures, attached := d.files()
	w := &bodyWriter{b: &b, id: d.ID}
	page := w.text("text/html; charset=utf-8", d.html())
	if len(pictures) > 0 {
		parts := []func(){page}
		for _, p := range pictures {
			parts = append(parts, w.file(p))
		}
		page = func() { w.multipart("related", parts...) }
	}
	said := func() {
		w.multipart("alternative", w.text("text/plain; charset=utf-8; format=flowed", flow(text)), page)
	}
	if len(attached) == 0 {
		said()
	} else {
		parts := []func(){said}
		for _, a := range attached {
			parts = append(parts, w.file(a))
		}
		w.multipart("mixed", parts...)
	}
	if w.fail != nil {
		return Finished{}, fmt.Errorf("compose mail: %w", w.fail)
	}
	if err := d.check(b.Bytes(), text); err != nil {
		return Finished{}, fmt.Errorf("compose mail: what was written differs from what was meant: %w", err)
	}
	return Finished{Raw: b.Bytes(), Files: w.out}, nil
}

func (d Draft) header() ([]byte, error) {
	if d.Date.IsZero() {
		return nil, errors.New("it has no date")
	}
	if len(d.To) == 0 {
		return nil, errors.New("it has no recipient")
	}
	for _, id := range []string{d.ID, d.Anchor} {
		if !validID(id) {
			return nil, fmt.Errorf("%q is no Message-ID", id)
		}
	}
	w := fieldWriter{}
	w.addresses("From", d.From)
	w.addresses("To", d.To...)
	if d.ReplyTo != nil {
		w.addresses("Reply-To", *d.ReplyTo)
	}
	subject := encodeWords(oneLine(d.Subject))
	w.field("Subject", subject)
	w.field("Thread-Topic", subject)
	w.field("Date", d.Date.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	w.field("Message-ID", "<"+d.ID+">")
	refs, parent := d.references()
	w.field("In-Reply-To", "<"+parent+">")
	w.lines("References", "<"+strings.Join(refs, ">\n<")+">")
	w.field("Thread-Index", ThreadIndex(d.Anchor, d.Started))
	w.token(HeaderTrace, d.Trace)
	w.token(HeaderBridge, d.Bridge)
	if name := CleanName(d.Sender); name != "" {
		w.field(HeaderSender, encodeWords(name))
	}
	w.token("Auto-Submitted", d.AutoSubmitted)
	w.token("X-Auto-Response-Suppress", d.Suppress)
	w.token("Precedence", d.Precedence)
	if d.ListID != "" {
		if strings.ContainsAny(d.ListID, " <>@\"") {
			return nil, fmt.Errorf("%q is no name of a list", d.ListID)
		}
		w.token("List-Id", "<"+d.ListID+">")
	}
	if d.Unsubscribe != "" {
		if !strings.HasPrefix(d.Unsubscribe, "mailto:") || strings.ContainsAny(d.Unsubscribe, " <>,") {
			return nil, fmt.Errorf("%q is no address to unsubscribe at", d.Unsubscribe)
		}
		w.token("List-Unsubscribe", "<"+d.Unsubscribe+">")
	}
	return w.b.Bytes(), w.err
}

// references returns the ids of References, the anchor first, and the one for
// In-Reply-To, which is always among them.
func (d Draft) references() (refs []string, parent string) {
	const most, front = 10, 2
	parent = d.InReplyTo
	if !validID(parent) {
		parent = d.Anchor
	}
	refs = []string{d.Anchor}
	for _, id := range append(slices.Clone(d.References), parent) {
		if validID(id) && !slices.Contains(refs, id) {
			refs = append(refs, id)
		}
	}
	if n := len(refs); n > most {
		refs = append(refs[:front:front], refs[n-(most-front):]...)
	}
	return refs, parent
}

// validID takes what may stand between the brackets of a Message-ID, a little
// wider than RFC 5322, 3.6.4 because ids of others must be cited as they are.
func validID(id string) bool {
	const longest = 500
	i := strings.IndexByte(id, '@')
	if i <= 0 || i == len(id)-1 || len(id) > longest {
		return false
	}
	for j := range len(id) {
		if c := id[j]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' {
			return false
		}
	}
	return true
}

// fieldWriter writes header fields. It keeps the first error.
type fieldWriter struct {
	b   bytes.Buffer
	err error
}

// field writes a field and folds it between words (RFC 5322, 2.2.3).
func (w *fieldWriter) field(name, value string) {
	w.lines(name, value)
}

// lines is field for a value whose lines, parted by LF, each begin a new line.
func (w *fieldWriter) lines(name, value string) {
	const wide, longest = 76, 998
	for i := range len(value) {
		if c := value[i]; (c < ' ' && c != '\n') || c == 0x7f {
			w.fail(fmt.Errorf("the field %s would have a control character", name))
			return
		}
	}
	line := name + ":"
	for i, l := range strings.Split(value, "\n") {
		for j, word := range strings.Fields(l) {
			if len(word) > longest-2 {
				w.fail(fmt.Errorf("the field %s would have a word of %d bytes", name, len(word)))
				return
			}
			if first := i == 0 && j == 0; !first && (j == 0 || len(line)+1+len(word) > wide) {
				w.b.WriteString(line + "\r\n")
				line = ""
			}
			line += " " + word
		}
	}
	w.b.WriteString(line + "\r\n")
}

// token writes a field that has only printable ASCII; none when it is empty.
func (w *fieldWriter) token(name, value string) {
	if value == "" {
		return
	}
	for i := range len(value) {
		if value[i] < ' ' || value[i] >= 0x7f {
			w.fail(fmt.Errorf("the field %s may not have %q", name, value))
			return
		}
	}
	w.field(name, value)
}

func (w *fieldWriter) addresses(name string, as ...Address) {
	var out []string
	for _, a := range as {
		wire, _ := WireAddress(a.Address)
		if err := checkAddress(wire); err != nil {
			w.fail(fmt.Errorf("the field %s: %q is no email address: %w", name, a.Address, err))
			return
		}
		n := CleanName(a.Name)
		switch {
		case n == "":
			out = append(out, "<"+wire+">")
		case encodeWords(n) != n:
			out = append(out, encodeWords(n)+" <"+wire+">")
		default: // CleanName has left no quote or backslash
			out = append(out, `"`+n+`" <`+wire+">")
		}
	}
	w.lines(name, strings.Join(out, ",\n"))
}

func (w *fieldWriter) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// check reads a composed mail again and compares it with what was meant.
func (d Draft) check(b []byte, text string) error {
	m, err := d.reread(b, text)
	if err != nil {
		return err
	}
	return d.checkFiles(m)
}

// differs says in what a mail that was read again is not what was meant.
func (d Draft) differs(m Message, text string) error {
	refs, parent := d.references()
	var replyTo []Address
	if d.ReplyTo != nil {
		replyTo = []Address{*d.ReplyTo}
	}
	switch {
	case m.ID != d.ID:
		return fmt.Errorf("Message-ID is %q", m.ID)
	case !slices.Equal(m.References, refs), !slices.Equal(m.InReplyTo, []string{parent}):
		return fmt.Errorf("the References are %q and %q", m.References, m.InReplyTo)
	case !sameOnWire([]Address{d.From}, m.From), !sameOnWire(d.To, m.To), !sameOnWire(replyTo, m.ReplyTo), len(m.Cc) > 0:
		return errors.New("the addresses differ")
	case m.Subject != oneLine(d.Subject):
		return fmt.Errorf("the subject is %q", m.Subject)
	case len(m.Problems) > 0:
		return fmt.Errorf("it has the problems %q", m.Problems)
	case strings.TrimSuffix(m.Text, "\n") != strings.TrimSuffix(unflow(cleanLines(flow(text)), false), "\n"):
		return errors.New("the text differs")
	}
	return nil
}

// sameOnWire reports whether read are the addresses that were meant.
func sameOnWire(meant, read []Address) bool {
	return slices.EqualFunc(meant, read, func(a, b Address) bool {
		wire, _ := WireAddress(a.Address)
		return wire == b.Address && CleanName(a.Name) == b.Name
	})
}

// reread reads a composed mail again and compares its header and its text with what
// was meant. own are fields that it may have besides those of all our mails.
func (d Draft) reread(b []byte, text string, own ...string) (m Message, err error) {
	for line := range bytes.SplitSeq(b, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n\x00") {
			return m, errors.New("a line is too long or has a bare CR or LF")
		}
	}
	if m, err = Parse(bytes.NewReader(b), DefaultLimits); err != nil {
		return m, err
	}
	if err := d.differs(m, text); err != nil {
		return m, err
	}
	seen := map[string]bool{}
	for _, f := range m.Header {
		if name := strings.ToLower(f.Name); seen[name] || (!isOurField(name) && !slices.Contains(own, name)) {
			return m, fmt.Errorf("the field %q has no place in it", f.Name)
		} else {
			seen[name] = true
		}
	}
	return m, nil
}

func isOurField(name string) bool {
	switch name {
	case "from", "to", "reply-to", "subject", "thread-topic", "date", "message-id", "in-reply-to", "references", "thread-index",
		strings.ToLower(HeaderTrace), strings.ToLower(HeaderBridge), strings.ToLower(HeaderSender), "auto-submitted", "x-auto-response-suppress", "precedence",
		"list-unsubscribe", "list-id", "mime-version", "content-type":
		return true
	}
	return false
}
