package mailauth

import (
	"fmt"
	"strings"

	"golang.org/x/net/publicsuffix"

	"hashsend/bridge/mail"
)

// author is the one mailbox of From.
type author struct {
	address string
	domain  string // ASCII, lower case
}

// readFrom finds the author, or says why there is none that could be proven
// (RFC 5322, 3.6.2; RFC 7489, 6.6.1).
func readFrom(h mail.Header) (author, mail.Verdict, bool) {
	failed := func(reason string) (author, mail.Verdict, bool) {
		return author{}, mail.Verdict{Trust: mail.Failed, Method: "from", Cause: mail.AuthorUnclear, Reason: reason}, false
	}
	unproven := func(reason string) (author, mail.Verdict, bool) {
		return author{}, mail.Verdict{Method: "from", Cause: mail.AuthorUnclear, Reason: reason}, false
	}
	values := h.Values("From")
	switch {
	case len(values) == 0:
		return unproven("the mail has no From")
	case len(values) > 1:
		return failed("the mail has more than one From")
	case strings.ContainsFunc(values[0], func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return failed("its From has control characters")
	}
	address, ok := oneMailbox(values[0])
	if !ok {
		return failed("its From is not one plain address")
	}
	read, err := mail.ParseAddress(values[0])
	if err != nil || read.Address != address {
		return unproven("its From can be read in more than one way")
	}
	for _, f := range h {
		if strings.ContainsRune(f.Value, 0) {
			return unproven("its header has characters that no mail may have")
		}
	}
	wire, _ := mail.WireAddress(address)
	domain := cleanDomain(wire[strings.LastIndexByte(wire, '@')+1:])
	if domain == "" {
		return unproven("the domain in its From is none")
	}
	return author{address: address, domain: domain}, mail.Verdict{}, true
}

// oneMailbox returns the address of a From that every program reads alike:
// addr-spec, or one addr-spec in angle brackets with nothing but comments behind
// it; no list, no group, no route.
func oneMailbox(s string) (string, bool) {
	var plain strings.Builder // without quotes and comments
	p := resultParser{s: s}
	for p.space(); p.i < len(p.s) && !p.bad; p.space() {
		if p.peek() == '"' {
			start := p.i
			p.value(";( \t<>,\"")
			if p.bad {
				return "", false
			}
			if strings.HasPrefix(s[start:], `"`) && strings.HasSuffix(s[start:p.i], `"`) {
				plain.WriteString(" ") // a quoted name
			} else {
				plain.WriteString(s[start:p.i]) // a quoted local part
			}
			continue
		}
		plain.WriteByte(p.s[p.i])
		p.i++
		if c := p.peek(); c == ' ' || c == '\t' || c == '(' {
			plain.WriteByte(' ')
		}
	}
	if p.bad {
		return "", false
	}
	t := strings.TrimSpace(plain.String())
	if open := strings.IndexByte(t, '<'); open >= 0 {
		if !strings.HasSuffix(t, ">") || strings.ContainsAny(t[:open], ",;:>") {
			return "", false
		}
		t = t[open+1 : len(t)-1]
	}
	t = strings.TrimSpace(t)
	if strings.Count(t, "@") != 1 || strings.ContainsAny(t, "<>,;:()\\ \t") || strings.HasPrefix(t, "@") {
		return "", false
	}
	return t, true
}

// judge weighs what trusted servers found, and what the signatures on the mail
// cover.
func judge(from author, found []authResults, h mail.Header) mail.Verdict {
	if len(found) == 0 {
		return mail.Verdict{Reason: "the mail server has not said whether the sender is genuine"}
	}
	f := findingsOf(from, found, h)
	verdict := f.weigh(from)
	if verdict.Trust == mail.Proven && !f.bySPF {
		// Only a signature speaks for it: whoever has such a mail can send it again, with
		// other fields where it covers none.
		if name := uncovered(h, from.domain); name != "" {
			return mail.Verdict{Method: "dkim", Cause: mail.FieldUnsigned, Reason: fmt.Sprintf("the signature of %s does not cover the field %s", from.domain, name)}
		}
	}
	return verdict
}

// findingsOf gathers what trusted servers found.
func findingsOf(from author, found []authResults, h mail.Header) (f findings) {
	partly := partlySigned(h)
	for _, a := range found {
		for _, r := range a.results {
			f.take(r, from, partly)
		}
	}
	return f
}

// comesStraight reports whether a trusted server says that the mail came from the author's
// own servers (aligned SPF), so that nobody can have sent an older one again.
func comesStraight(from author, found []authResults, h mail.Header) bool {
	return findingsOf(from, found, h).bySPF
}

// findings are what trusted servers say of one author.
type findings struct {
	dmarc  string // "pass", "fail", …; "mixed" when two differ
	signer string // the domain whose signature holds; empty: none
	short  bool   // one holds that leaves out a part of the text
	bySPF  bool
}

// take takes in one result. partly reports domains whose signature leaves out a
// part of the text.
func (f *findings) take(r authResult, from author, partly map[string]bool) {
	switch r.method {
	case "dmarc":
		switch {
		case !dmarcSpeaksOf(r, from):
		case f.dmarc != "" && f.dmarc != r.value:
			f.dmarc = "mixed"
		default:
			f.dmarc = r.value
		}
	case "dkim":
		d := signingDomain(r)
		switch {
		case r.value != "pass" || !aligned(d, from.domain):
		case partly[d] || hasLengthNote(r.notes):
			f.short = true
		default:
			f.signer = d
		}
	case "spf":
		f.bySPF = f.bySPF || r.value == "pass" && aligned(mailFromDomain(r), from.domain)
	}
}

func (f findings) weigh(from author) mail.Verdict {
	dmarc, signed := f.dmarc, f.signer != ""
	switch {
	case dmarc == "mixed":
		return mail.Verdict{Method: "dmarc", Reason: "the mail server's findings contradict each other"}
	case dmarc == "fail", dmarc == "permerror" && !signed:
		return mail.Verdict{
			Trust: mail.Failed, Method: "dmarc", Domain: from.domain,
			Reason: fmt.Sprintf("it does not come from %s, although it says so (DMARC %s)", from.domain, dmarc),
		}
	case f.short && !signed && !f.bySPF:
		return mail.Verdict{Method: "dkim", Cause: mail.PartSigned, Reason: "its signature leaves out a part of the text"}
	case dmarc == "pass":
		return mail.Verdict{
			Trust: mail.Proven, Method: "dmarc", Domain: from.domain,
			Reason: fmt.Sprintf("the mail server confirms that it comes from %s (DMARC)", from.domain),
		}
	case signed:
		return mail.Verdict{
			Trust: mail.Proven, Method: "dkim", Domain: from.domain,
			Reason: fmt.Sprintf("the mail server confirms the signature of %s (DKIM)", f.signer),
		}
	case dmarc == "temperror":
		return mail.Verdict{Method: "dmarc", Reason: "the mail server could not check the sender at that moment"}
	case f.bySPF:
		// Others who send through the same machines pass SPF as well; only together
		// with DMARC does it say something about From.
		return mail.Verdict{Method: "spf", Reason: fmt.Sprintf("only the way it came speaks for %s (SPF), no signature", from.domain)}
	}
	return mail.Verdict{Method: "none", Reason: fmt.Sprintf("nothing that the mail server found speaks for %s", from.domain)}
}

// dmarcSpeaksOf reports whether a DMARC result is about this author. A failure
// counts also when it does not say about whom it is.
func dmarcSpeaksOf(r authResult, from author) bool {
	d, ok := r.props["header.from"]
	if !ok {
		return r.value != "pass"
	}
	wire, _ := mail.WireAddress("x@" + d[strings.LastIndexByte(d, '@')+1:])
	return cleanDomain(strings.TrimPrefix(wire, "x@")) == from.domain
}

// signingDomain is the domain of a DKIM result (RFC 8601, 2.7.1). A result that
// names two is of no use.
func signingDomain(r authResult) string {
	d := cleanDomain(r.props["header.d"])
	i, hasIdentity := r.props["header.i"]
	if !hasIdentity {
		return d
	}
	id := cleanDomain(i[strings.LastIndexByte(i, '@')+1:])
	if _, named := r.props["header.d"]; !named {
		return id
	}
	if id == d || strings.HasSuffix(id, "."+d) {
		return d
	}
	return ""
}

func mailFromDomain(r authResult) string {
	m := r.props["smtp.mailfrom"]
	return cleanDomain(m[strings.LastIndexByte(m, '@')+1:])
}

// hasLengthNote knows the remark that some checkers leave about l= (RFC 6376, 8.2).
func hasLengthNote(notes string) bool {
	for w := range strings.FieldsSeq(notes) {
		if n, ok := strings.CutPrefix(w, "l="); ok && n != "" && n[0] >= '0' && n[0] <= '9' {
			return true
		}
	}
	return false
}

// partlySigned returns the domains that have a signature with l= on the mail.
func partlySigned(h mail.Header) map[string]bool {
	var found map[string]bool
	for _, v := range h.Values("DKIM-Signature") {
		tags := signatureTags(v)
		if _, ok := tags["l"]; ok {
			if found == nil {
				found = map[string]bool{}
			}
			found[cleanDomain(tags["d"])] = true
		}
	}
	return found
}

// signatureTags reads a tag list (RFC 6376, 3.2).
func signatureTags(v string) map[string]string {
	tags := map[string]string{}
	for part := range strings.SplitSeq(v, ";") {
		if k, val, ok := strings.Cut(part, "="); ok {
			tags[strings.TrimSpace(k)] = strings.Join(strings.Fields(val), "")
		}
	}
	return tags
}

// cleanDomain returns a domain in lower case, or "" for what is none: a domain
// with a stray character is never like another.
func cleanDomain(d string) string {
	d = strings.ToLower(strings.TrimSuffix(d, "."))
	if len(d) > 253 || !strings.Contains(d, ".") {
		return ""
	}
	for label := range strings.SplitSeq(d, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return ""
		}
	}
	return d
}

// aligned reports whether two domains belong to one organisation (RFC 7489, 3.1).
func aligned(d, from string) bool {
	if d == "" || from == "" {
		return false
	}
	return d == from || organisation(d) != "" && organisation(d) == organisation(from)
}

// organisation is the domain that was registered: one label more than its public
// suffix (RFC 7489, 3.2); empty for a public suffix itself.
func organisation(d string) string {
	o, err := publicsuffix.EffectiveTLDPlusOne(d)
	if err != nil {
		return ""
	}
	return o
}
