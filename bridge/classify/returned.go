package classify

import (
	"bufio"
	"slices"
	"strings"

	"hashsend/bridge/mail"
)

// returned is the part of the original mail that a report returns, and the report's text.
type returned struct {
	words  string // the text before the returned mail
	header mail.Header
	id     string
	trace  string
	to     []string // the recipients of the returned mail
	found  bool     // the report returns at least a header
}

// maxWords is the number of bytes of a report's text that are read.
const maxWords = 64 << 10

func gatherReport(m *mail.Message) returned {
	var r returned
	text := m.PlainText()
	if len(text) > maxWords {
		text = text[:maxWords]
	}
	var inText mail.Header
	r.words, inText = splitReturned(text)
	for _, p := range m.Parts {
		switch {
		case p.Nested != nil && len(p.Nested.Header) > 0:
			r.take(p.Nested.Header)
		case (p.Type == "text/rfc822-headers" || p.Type == "text/plain" && !p.Body || p.Type == "message/global-headers") && len(p.Content) < maxWords:
			if _, h := splitReturned(p.Content); h != nil {
				r.take(h)
			}
		}
	}
	if inText != nil {
		r.take(inText)
	}
	if r.id == "" {
		r.id = idInWords(r.words)
	}
	if r.id == "" && len(m.InReplyTo) > 0 {
		r.id = m.InReplyTo[len(m.InReplyTo)-1]
	}
	if r.id == "" && len(m.References) > 0 {
		r.id = m.References[len(m.References)-1]
	}
	return r
}

// take fills the empty fields of r from a returned header.
func (r *returned) take(h mail.Header) {
	r.found = true
	if r.header == nil {
		r.header = h
	}
	if r.id == "" {
		r.id = firstID(h.Get("Message-ID"))
	}
	if r.trace == "" {
		r.trace = strings.TrimSpace(h.Get(mail.HeaderTrace))
	}
	if len(r.to) == 0 {
		for _, name := range []string{"To", "Cc", "X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "Bcc", "Apparently-To"} {
			for _, v := range h.Values(name) {
				r.to = append(r.to, addressesIn(v)...)
			}
		}
	}
}

// takeInner fills the empty fields of r from a report inside of the report.
func (r *returned) takeInner(in returned) {
	r.id, r.header, r.to = in.id, in.header, in.to
	if in.trace != "" {
		r.trace = in.trace
	}
}

// firstID returns the first Message-ID of a field, without brackets.
func firstID(v string) string {
	if i := strings.IndexByte(v, '<'); i >= 0 {
		if j := strings.IndexByte(v[i:], '>'); j > 1 {
			return strings.Join(strings.Fields(v[i+1:i+j]), "")
		}
	}
	for w := range strings.FieldsSeq(v) {
		if w = strings.Trim(w, `<>,;"'()`); strings.Contains(w, "@") {
			return w
		}
	}
	return ""
}

// idInWords finds a Message-ID that a report names in its text.
func idInWords(words string) string {
	lines := strings.Split(words, "\n")
	for i, line := range lines {
		low := strings.ToLower(line)
		j := strings.Index(low, "message-id")
		if j < 0 {
			j = strings.Index(low, "message id")
		}
		if j < 0 || j+10 > len(line) {
			continue
		}
		rest := line[j+10:]
		if strings.TrimSpace(strings.Trim(rest, ": \t")) == "" && i+1 < len(lines) {
			rest = lines[i+1]
		}
		if id := firstID(rest); id != "" {
			return id
		}
	}
	return ""
}

// splitReturned cuts a text where the header of another mail begins: at a line that is a
// header field, followed closely by others, at least one of which no person writes.
func splitReturned(text string) (words string, h mail.Header) {
	const near = 12
	lines := strings.SplitAfter(text, "\n")
	at := 0
	for i, line := range lines {
		if isReturnedField(quoteLess(line)) && isTechnicalBlock(lines[i:min(len(lines), i+60)], near) {
			var b strings.Builder
			for _, l := range lines[i:] {
				l = quoteLess(l)
				if strings.TrimSpace(l) == "" {
					break
				}
				b.WriteString(l)
			}
			h, _ = mail.ReadHeader(bufio.NewReader(strings.NewReader(b.String())))
			return text[:at], h
		}
		at += len(line)
	}
	return text, nil
}

// quoteLess removes the marks of quoted lines.
func quoteLess(l string) string {
	if strings.HasPrefix(l, ">") {
		return strings.TrimPrefix(strings.TrimPrefix(l, ">"), " ")
	}
	if t := strings.TrimLeft(l, " "); len(l)-len(t) <= 4 && isReturnedField(t) {
		return t
	}
	return l
}

// isReturnedField reports whether a line is a field that returned mails begin with.
func isReturnedField(l string) bool {
	name, _, ok := strings.Cut(l, ":")
	return ok && (returnedField(name) || isTechnicalField(name))
}

func returnedField(name string) bool {
	switch strings.ToLower(name) {
	case "from", "to", "cc", "subject", "date", "reply-to", "sender", "errors-to", "x-mailer", "user-agent", "references", "in-reply-to", "organization", "importance":
		return true
	}
	return false
}

func isTechnicalField(name string) bool {
	switch n := strings.ToLower(name); n {
	case "received", "message-id", "return-path", "mime-version", "content-type", "content-transfer-encoding", "dkim-signature", "domainkey-signature",
		"delivered-to", "x-originating-ip", "x-envelope-from", "x-sender", "received-spf", "x-mailer", "authentication-results", "precedence", "x-original-to", "x-google-dkim-signature":
		return true
	default:
		return strings.HasPrefix(n, "x-") && len(n) > 4 && !strings.ContainsAny(n, " \t") && n != "x-postfix-queue-id"
	}
}

// isTechnicalBlock reports whether at least three fields stand close together,
// among them one that only programs write.
func isTechnicalBlock(lines []string, near int) bool {
	fields, technical, others := 0, 0, 0
	for _, l := range lines {
		l = quoteLess(l)
		switch {
		case strings.TrimSpace(l) == "":
			return fields >= 3 && technical >= 1
		case l[0] == ' ' || l[0] == '\t':
		case isReturnedField(l):
			fields++
			name, _, _ := strings.Cut(l, ":")
			if isTechnicalField(name) {
				technical++
			}
		default:
			if others++; others > near {
				return fields >= 3 && technical >= 1
			}
		}
		if fields >= 3 && technical >= 1 {
			return true
		}
	}
	return fields >= 3 && technical >= 1
}

// looksReturned weighs the signs of a report that has no standard form. It returns the
// rule that decided, or nothing.
func (r *returned) looksReturned(m *mail.Message, groups bool) string {
	score := 0
	machine := isMachine(m)
	if machine {
		score += 3
	} else if isNoReply(m) {
		machine = true
		score += 2
	}
	if rp, ok := returnPath(m.Header); ok && (rp == "" || isDaemonName(strings.ToLower(localPart(rp)))) {
		score++
	}
	if isReportType(m) || groups {
		score += 2
	}
	subject := failureSubject(m.Subject)
	if subject {
		score += 3
	}
	low := strings.ToLower(r.words)
	if failureWords(low) {
		score += 2
	}
	if statusIn(r.words) != "" || replyCodeIn(r.words) != "" {
		score++
	}
	if namesAddresses(r.words) {
		score++
	}
	if r.found {
		score += 2
	} else if containsAny(low, []string{"copy of the message", "copy of your message", "message headers follow", "message header follow", "original message", "unsent message", "returned message", "returned mail", "returned below", "your message"}) {
		score++
	}
	if answers(m) && mail.CleanSubject(m.Subject) != m.Subject && !(machine && beginsWithCode(r.words)) {
		score -= 4
	}
	if !machine && listRule(m.Header) != "" {
		score -= 4 // the list of the returned mail does not count
	}
	switch {
	case !machine && (!subject || score < 7):
		return ""
	case score < 6:
		return ""
	}
	return "text of a mail system that returns a mail"
}

// beginsWithCode reports whether a line begins with the code of a rejection.
func beginsWithCode(words string) bool {
	for line := range strings.Lines(words) {
		if line = strings.TrimSpace(line); len(line) > 4 && line[0] == '5' && replyCodeIn(line[:4]) != "" {
			return true
		}
	}
	return false
}

// namesAddresses reports whether a line is an address with a colon, as many
// systems write above the reason.
func namesAddresses(words string) bool {
	for line := range strings.Lines(words) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "<") && strings.HasSuffix(line, ">:") && strings.Contains(line, "@") {
			return true
		}
	}
	return false
}

// isNoReply reports whether the sender's address accepts no replies.
func isNoReply(m *mail.Message) bool {
	return slices.ContainsFunc(m.From, func(a mail.Address) bool {
		s := squash(strings.ToLower(localPart(a.Address)))
		return s == "noreply" || s == "donotreply"
	})
}

func localPart(address string) string {
	local, _, _ := strings.Cut(strings.Trim(address, "<>"), "@")
	return local
}

// speaksOfDelay tells a warning from a failure.
func (r *returned) speaksOfDelay(m *mail.Message) bool {
	s := strings.ToLower(m.Subject + "\n" + r.words)
	return containsAny(s, delayWords()) && !containsAny(s, finalWords())
}

// candidate is an address in the text of a report.
type candidate struct {
	address string
	score   int
	line    int
}

// recipients finds the addresses that a report in plain text is about. had are the entries
// from its fields that have no address.
//
// Many branches: reports name their recipients in as many places.
func (r *returned) recipients(m *mail.Message, had []Recipient) []Recipient {
	var rep Report
	status := ""
	if len(had) > 0 {
		status = had[0].Status
	}
	for _, v := range m.Header.Values("X-Failed-Recipients") {
		for _, a := range addressesIn(v) {
			rep.add(Recipient{Address: a, Status: status})
		}
	}
	lines := strings.Split(r.words, "\n")
	cs := r.candidates(m, lines)
	if len(rep.Recipients) > 0 {
		for i, x := range rep.Recipients {
			for _, c := range cs {
				if strings.EqualFold(c.address, x.Address) && rep.Recipients[i].Reason == "" {
					rep.Recipients[i].Reason = wordsAbout(lines, c)
				}
			}
		}
		return rep.Recipients
	}
	best := 0
	for _, c := range cs {
		best = max(best, c.score)
	}
	if a := receivedFor(r.header); a != "" && (best < 2 || r.namesByLocalPart(lines, a)) {
		// No address in the text stands out: the one that the server accepted is certain.
		cs, best = []candidate{{a, 3, -1}}, 3
	}
	for _, c := range cs {
		if c.score == best {
			rep.add(Recipient{Address: c.address, Status: status, Reason: wordsAbout(lines, c)})
		}
	}
	if len(rep.Recipients) == 0 {
		for _, a := range screenNames(m, lines) {
			rep.add(Recipient{Address: a, Status: status})
		}
	}
	if len(rep.Recipients) == 0 {
		for _, a := range r.to {
			if !isDaemonName(strings.ToLower(localPart(a))) {
				rep.add(Recipient{Address: a, Status: status})
			}
		}
	}
	if len(rep.Recipients) == 0 {
		return had
	}
	return rep.Recipients
}

// receivedFor returns the recipient that the last server accepted a mail for.
func receivedFor(h mail.Header) string {
	for _, v := range h.Values("Received") {
		if _, after, ok := strings.Cut(v, " for "); ok {
			if as := addressesIn(after); len(as) > 0 {
				return as[0]
			}
		}
	}
	return ""
}

// namesByLocalPart reports whether a line begins with the local part of an address that
// the text does not have in full.
func (r *returned) namesByLocalPart(lines []string, address string) bool {
	local := localPart(address)
	if len(local) < 4 || strings.Contains(strings.ToLower(r.words), strings.ToLower(address)) {
		return false
	}
	return slices.ContainsFunc(lines, func(l string) bool {
		first, _, _ := strings.Cut(strings.TrimSpace(l), " ")
		return strings.EqualFold(first, local)
	})
}

// candidates weighs the addresses in the subject and the text, except our own and those of
// mail systems.
func (r *returned) candidates(m *mail.Message, lines []string) []candidate {
	const most = 500
	ours := map[string]bool{}
	for _, as := range [][]mail.Address{m.To, m.Cc, m.From, m.Sender, m.ReplyTo} {
		for _, a := range as {
			ours[strings.ToLower(a.Address)] = true
		}
	}
	for _, a := range m.DeliveredTo {
		ours[strings.ToLower(a)] = true
	}
	for _, name := range []string{"From", "Sender", "Reply-To", "Return-Path"} {
		for _, a := range addressesIn(r.header.Get(name)) {
			ours[strings.ToLower(a)] = true
		}
	}
	var cs []candidate
	for _, a := range addressesIn(m.Subject) {
		if !ours[strings.ToLower(a)] {
			cs = append(cs, candidate{a, 2, -1})
		}
	}
	for i, line := range lines {
		if len(cs) > most {
			break
		}
		low := strings.ToLower(strings.TrimSpace(line))
		if !strings.Contains(low, "@") || hasAnyPrefix(low, "from:", "sender:", "original sender", "reply-to:", "return-path:", "message-id", "subject:", "mail from") ||
			strings.Contains(low, "message-id") || strings.Contains(low, "message id") {
			continue
		}
		for _, a := range addressesIn(line) {
			la := strings.ToLower(a)
			if ours[la] || isDaemonName(localPart(la)) || la == strings.ToLower(r.id) || localPart(la) == "abuse" {
				continue
			}
			score := 1
			switch {
			case hasAnyPrefix(low, "to:", "cc:"):
			case strings.HasPrefix(strings.TrimLeft(low, `<"'([*- `), la):
				score = 3
			case containsAny(low, []string{"recipient", "rcpt to", "deliver", "user", "address", "mailbox", "fail", "unknown", "reject", "did not reach", "error", "550", "554", "553", "551", "552", "送信", "宛", "得意", "получател", "адрес"}):
				score = 2
			}
			if containsFold(r.to, a) {
				score++
			}
			if score < 3 && failureWords(low) {
				score++
			}
			cs = append(cs, candidate{a, score, i})
		}
	}
	return cs
}

func containsFold(as []string, a string) bool {
	return slices.ContainsFunc(as, func(b string) bool { return strings.EqualFold(a, b) })
}

// wordsAbout returns the text after an address: the rest of its line and the lines up to
// an empty one or the next address.
func wordsAbout(lines []string, c candidate) string {
	const most = 300
	if c.line < 0 || c.line >= len(lines) {
		return ""
	}
	_, after, _ := strings.Cut(lines[c.line], c.address)
	said := strings.Trim(after, " \t>:\"')]\r")
	for _, l := range lines[c.line+1:] {
		l = strings.TrimSpace(l)
		if l == "" && said != "" || len(said) > most || strings.HasPrefix(l, "<") && strings.HasSuffix(l, ">:") || strings.HasPrefix(l, "---") {
			break
		}
		said = strings.TrimSpace(said + " " + l)
	}
	return strings.Join(strings.Fields(said), " ")
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

func containsAny(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}
