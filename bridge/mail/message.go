package mail

import (
	"strings"
	"time"

	"hashsend/bridge/markup"
)

// Message is a mail that has been read.
type Message struct {
	Header      Header
	ID          string   // Message-ID without brackets; empty: it has none
	OtherIDs    []string // ids that it had before a server changed it (X-Microsoft-Original-Message-ID, X-Google-Original-Message-ID)
	InReplyTo   []string // without brackets
	References  []string // without brackets, in their order
	Subject     string   // decoded, one line
	From        []Address
	Sender      []Address
	ReplyTo     []Address
	To, Cc      []Address
	DeliveredTo []string  // Delivered-To, X-Original-To, Envelope-To …: addresses
	Date        time.Time // zero: none that can be read
	ThreadIndex []byte    // decoded; nil: none

	Text string // what to read as plain text, in UTF-8 with LF, format=flowed unwrapped
	HTML string // what to read as HTML, in UTF-8; not sanitised
	// Parts are the leaves of the MIME tree in their order, those that went into
	// Text and HTML among them.
	Parts    []Part
	Problems []string // what had to be repaired, in plain words
}

// Part is a leaf of the MIME tree (RFC 2046).
type Part struct {
	Type      string            // media type, lower case
	Params    map[string]string // of Content-Type
	Header    Header
	Name      string // decoded and cleaned file name; empty: none
	ContentID string // without brackets
	Inline    bool   // Content-Disposition: inline, or none
	Body      bool   // it went into Text or HTML
	Size      int64  // decoded bytes
	Stored    string // what Limits.Files says of its content; empty: it was thrown away
	// Content is the decoded content of texts, calendars and reports, in UTF-8 where it is a
	// text, cut at Limits.Text. Empty for other types.
	Content string
	// Nested is the mail inside message/rfc822 and the header inside
	// text/rfc822-headers; nil for other types.
	Nested *Message
}

// Attachments returns the parts that are no body. ShownParts are those of them that
// are files to a person.
func (m *Message) Attachments() []Part {
	var ps []Part
	for _, p := range m.Parts {
		if !p.Body {
			ps = append(ps, p)
		}
	}
	return ps
}

// Message reads the header alone: what Parse gives without the body.
func (h Header) Message() Message {
	var m Message
	m.fill(h)
	return m
}

// maxHTML is how many bytes of HTML PlainText reads: what reports and programs write
// is shorter.
const maxHTML = 128 << 10

// PlainText is the text of a mail, made from its HTML, or the begin of a very long
// one, where it has no other.
func (m *Message) PlainText() string {
	if strings.TrimSpace(m.Text) != "" || m.HTML == "" {
		return m.Text
	}
	return markup.ToText(m.HTML[:min(len(m.HTML), maxHTML)])
}

// IsFrom reports whether an address, which may stand in angle brackets, is in From.
func (m *Message) IsFrom(address string) bool {
	for _, a := range m.From {
		if strings.EqualFold(a.Address, strings.Trim(address, "<>")) {
			return true
		}
	}
	return false
}

// Author is the name of who wrote a mail, or their address where it has no name;
// "somebody" where it tells neither.
func (m *Message) Author() string {
	for _, a := range m.From {
		if n := CleanName(a.Name); n != "" {
			return n
		}
		if a.Address != "" {
			return a.Address
		}
	}
	return "somebody"
}

// AuthorName is Author as a room may be told it: addresses are not for everybody, so
// it has only what stands before the "@" of one.
func (m *Message) AuthorName() string {
	name := m.Author()
	if local, _, ok := strings.Cut(name, "@"); ok && local != "" {
		return local
	}
	return name
}
