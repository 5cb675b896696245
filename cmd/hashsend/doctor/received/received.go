// Package received reads out of a mail that has arrived how it came: the servers it
// went through, the address that it was really sent from, its signatures, and what
// the receiving server found out about its sender.
package received

import (
	"bufio"
	"bytes"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"hashsend/bridge/mail"
)

// Hop is one Received field (RFC 5321, 4.4).
type Hop struct {
	Helo string     // what the client called itself
	Name string     // its name by reverse DNS, where the server noted it
	IP   netip.Addr // its address; zero: not noted
	By   string
	With string // protocol, in upper case
	At   time.Time
	Text string // as it stands in the mail, in one line
}

// Trace is how a mail came.
type Trace struct {
	Hops       []Hop // newest first
	MailFrom   string
	From       string   // the domain in From, in lower case; empty: none can be read
	MessageID  string   // without angle brackets
	Signatures []string // values of DKIM-Signature
	Results    []string // values of Authentication-Results, newest first
	Sealed     bool     // it has ARC headers (RFC 8617)
}

// Read reads the header of a mail.
func Read(raw []byte) (Trace, error) {
	h, err := mail.ReadHeader(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return Trace{}, fmt.Errorf("read the header of the email: %w", err)
	}
	return Of(h), nil
}

// Of reads a header.
func Of(h mail.Header) (t Trace) {
	for _, v := range h.Values("Received") {
		t.Hops = append(t.Hops, readHop(v))
	}
	if v := h.Values("Return-Path"); len(v) > 0 {
		t.MailFrom = strings.Trim(strings.TrimSpace(v[0]), "<>")
	}
	if v := h.Values("From"); len(v) == 1 {
		if a, err := mail.ParseAddress(v[0]); err == nil {
			t.From = strings.ToLower(a.Address[strings.LastIndexByte(a.Address, '@')+1:])
		}
	}
	if v := h.Values("Message-Id"); len(v) > 0 {
		t.MessageID = strings.Trim(strings.TrimSpace(v[0]), "<>")
	}
	t.Signatures = h.Values("DKIM-Signature")
	for _, v := range h.Values("Authentication-Results") {
		t.Results = append(t.Results, oneLine(v))
	}
	t.Sealed = len(h.Values("ARC-Seal")) > 0
	return t
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

var (
	inBrackets = regexp.MustCompile(`\[(?i:ipv6:)?([0-9a-fA-F:.]+)\]`)
	fromPart   = regexp.MustCompile(`^(?i:from)\s+(\S+)(?:\s+\(([^()]*(?:\([^()]*\)[^()]*)*)\))?`)
	byPart     = regexp.MustCompile(`(?i)(?:^|\s)by\s+(\S+)`)
	withPart   = regexp.MustCompile(`(?i)(?:^|\s)with\s+(\S+)`)
)

func readHop(v string) Hop {
	v = oneLine(v)
	h := Hop{Text: v}
	if head, date, ok := cutLast(v, ";"); ok {
		v = head
		h.At, _ = parseDate(date) // without a date it is the zero time
	}
	if m := fromPart.FindStringSubmatch(v); m != nil {
		h.Helo = strings.Trim(m[1], "[]")
		comment := m[2]
		if ip := inBrackets.FindStringSubmatch(comment); ip != nil {
			h.IP, _ = netip.ParseAddr(ip[1]) // what is none stays zero
		} else if ip := inBrackets.FindStringSubmatch(m[1]); ip != nil {
			h.IP, _ = netip.ParseAddr(ip[1])
		} else if a, err := netip.ParseAddr(strings.TrimSpace(comment)); err == nil {
			h.IP = a
		}
		h.IP = h.IP.Unmap()
		if name, _, _ := strings.Cut(strings.TrimSpace(comment), " "); strings.Contains(name, ".") && !strings.ContainsAny(name, "[]=:") {
			h.Name = strings.TrimSuffix(name, ".")
		}
		v = v[len(m[0]):]
	}
	if m := byPart.FindStringSubmatch(v); m != nil {
		h.By = m[1]
	}
	if m := withPart.FindStringSubmatch(v); m != nil {
		h.With = strings.ToUpper(m[1])
	}
	return h
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func parseDate(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, '('); i > 0 {
		s = strings.TrimSpace(s[:i])
	}
	var err error
	for _, layout := range []string{"Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04 -0700"} {
		var t time.Time
		if t, err = time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, err
}

// submitted reports whether the hop is the hand-over by somebody who was signed in
// (RFC 3848).
func (h Hop) submitted() bool {
	return strings.HasPrefix(h.With, "ESMTP") && strings.HasSuffix(h.With, "A") || strings.HasPrefix(h.With, "HTTP") || strings.Contains(h.Text, "Authenticated sender")
}

// Border is the hop in which the mail came from the sending provider's machine to the
// receiving one: the newest whose client has a public address and was not signed
// in. A mail that stays inside of one provider has none.
func (t Trace) Border() (Hop, bool) {
	for _, h := range t.Hops {
		if h.submitted() {
			break
		}
		if h.IP.IsValid() && h.IP.IsGlobalUnicast() && !h.IP.IsPrivate() {
			return h, true
		}
	}
	return Hop{}, false
}

// Delays are the times between the hops, oldest first, where both are known.
func (t Trace) Delays() (delays []time.Duration) {
	for i := len(t.Hops) - 2; i >= 0; i-- {
		if a, b := t.Hops[i+1].At, t.Hops[i].At; !a.IsZero() && !b.IsZero() {
			delays = append(delays, b.Sub(a))
		}
	}
	return delays
}
