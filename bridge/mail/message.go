package mail

import "time"

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

// Attachments returns the parts that are files to a person: all that are no body.
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
