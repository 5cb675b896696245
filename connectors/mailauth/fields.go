package mailauth

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"hashsend/bridge/mail"
)

// single are the fields that may stand in a mail once (RFC 5322, 3.6; RFC 2045, 3).
var single = []string{
	"Date", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject",
	"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition",
}

// used are the fields that decide where a mail goes and what it answers.
var used = []string{"From", "To", "Cc", "Subject", "Message-ID", "In-Reply-To", "References"}

// lists are those of them that some mail programs write twice when they reply to all:
// mblaze adds a second Cc.
var lists = []string{"To", "Cc", "Bcc"}

// doubled names a field that stands twice and may not; empty: there is none. A mail that
// comes straight from the author's own servers cannot have got a field on its way: there,
// lists of recipients may stand twice.
func doubled(h mail.Header, straight bool) string {
	for _, name := range single {
		if len(h.Values(name)) > 1 && !(straight && slices.Contains(lists, name)) {
			return name
		}
	}
	return ""
}

// uncovered names a field that is used and that no signature of the domain covers;
// empty: one of them covers all, or there is none on the mail to look at.
func uncovered(h mail.Header, domain string) string {
	missing := ""
	for _, v := range h.Values("DKIM-Signature") {
		tags := signatureTags(v)
		if !aligned(cleanDomain(tags["d"]), domain) {
			continue
		}
		name := notCovered(h, tags["h"])
		if name == "" {
			return ""
		}
		missing = name
	}
	return missing
}

// notCovered names a field that is used, is there, and is not in a list of h=.
func notCovered(h mail.Header, list string) string {
	signed := strings.Split(strings.ToLower(list), ":")
	for _, name := range used {
		if h.Get(name) != "" && !slices.Contains(signed, strings.ToLower(name)) {
			return name
		}
	}
	return ""
}

// headerIsWhole reports whether all of the header was read: what comes after
// mail.MaxHeader bytes, others might read and we do not.
func headerIsWhole(ctx context.Context, m mail.Incoming) (bool, error) {
	if m.Size > 0 && m.Size < mail.MaxHeader || m.Open == nil {
		return true, nil
	}
	body, err := m.Open(ctx)
	if err != nil {
		return false, fmt.Errorf("open the mail to see how long its header is: %w", err)
	}
	defer body.Close() //nolint:errcheck // it was only read
	r := bufio.NewReader(io.LimitReader(body, mail.MaxHeader))
	for read, begun := 0, true; ; {
		piece, err := r.ReadSlice('\n')
		read += len(piece)
		if begun && (len(piece) == 1 && piece[0] == '\n' || string(piece) == "\r\n") {
			return true, nil
		}
		begun = err == nil
		switch {
		case err == nil || errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return read < mail.MaxHeader, nil
		default:
			return false, fmt.Errorf("read the mail to see how long its header is: %w", err)
		}
	}
}
