package classify

import (
	"bufio"
	"slices"
	"strings"

	"hashsend/bridge/mail"
)

// asReport recognizes delivery reports, with or without the fields of RFC 3464.
//
// Many branches: the ways in which mail systems report are tried one after the other.
func asReport(m *mail.Message) (Class, bool) {
	groups := statusGroups(m)
	if len(groups) == 0 && m.Header.Get("X-Failed-Recipients") == "" && !isReportType(m) && !isMachine(m) && !isNoReply(m) && !failureSubject(m.Subject) && !listRefuses(m) {
		return Class{}, false
	}
	r := gatherReport(m)
	if inner := innerReport(m); inner != nil && len(groups) == 0 {
		groups = statusGroups(inner)
		r.takeInner(gatherReport(inner))
	}
	rule := ""
	switch {
	case len(groups) > 0 && (isReportType(m) || isMachine(m)):
		rule = "delivery status (RFC 3464)"
	case m.Header.Get("X-Failed-Recipients") != "":
		rule = "X-Failed-Recipients"
	case listRefuses(m):
		rule = "a mailing list rejects a mail"
	default:
		if rule = r.looksReturned(m, len(groups) > 0); rule == "" {
			return Class{}, false
		}
	}
	rep := &Report{OriginalID: r.id, Trace: r.trace}
	kind := Bounce
	if len(groups) > 0 {
		kind = rep.readGroups(groups)
	} else if r.speaksOfDelay(m) {
		kind, rep.Action = Delayed, "delayed"
	}
	if rep.Action == "" {
		rep.Action = "failed"
	}
	if !rep.knowsAddress() {
		rep.Recipients = r.recipients(m, rep.Recipients)
	}
	r.explain(rep, kind)
	return Class{Kind: kind, Report: rep, Text: rep.notice(kind, m), Rule: rule}, true
}

// listRefuses reports whether a list server returns a mail, because its author is no
// member or because of a loop.
func listRefuses(m *mail.Message) bool {
	admin := false
	for _, a := range m.From {
		local := strings.ToLower(localPart(a.Address))
		admin = admin || isListAdmin(local) || strings.HasPrefix(local, "fml-") || strings.HasPrefix(local, "majordomo") || strings.HasPrefix(local, "listserv")
	}
	s := strings.ToLower(m.Subject)
	return admin && mail.CleanSubject(m.Subject) == m.Subject && containsAny(s, []string{"are not member", "are not a member", "not a member of", "loop alert", "mail loop", "non-member", "nonmember", "rejected", "not authorized to post"})
}

// innerReport returns the report of another mail system that is attached to a report.
func innerReport(m *mail.Message) *mail.Message {
	if !isMachine(m) {
		return nil
	}
	for _, p := range m.Parts {
		if p.Nested != nil && isReportType(p.Nested) && len(statusGroups(p.Nested)) > 0 {
			return p.Nested
		}
	}
	return nil
}

func isReportType(m *mail.Message) bool {
	v := strings.ToLower(m.Header.Get("Content-Type"))
	return strings.HasPrefix(strings.TrimSpace(v), "multipart/report")
}

// isMachine reports whether the mail names a mail system as its author, or has
// no envelope sender, as only reports and automatic answers may (RFC 5321, 4.5.5).
func isMachine(m *mail.Message) bool {
	if rp, ok := returnPath(m.Header); ok && (rp == "" || isDaemonName(strings.ToLower(localPart(rp)))) {
		return true
	}
	if len(m.From) == 0 && strings.Contains(m.Header.Get("From"), "<>") {
		return true
	}
	for _, a := range append(slices.Clone(m.From), m.Sender...) {
		local, _, _ := strings.Cut(strings.ToLower(a.Address), "@")
		if isDaemonName(local) || isDaemonName(strings.ToLower(a.Name)) {
			return true
		}
	}
	return false
}

// squash removes the separators between the words of a name.
func squash(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_. \"", r) {
			return -1
		}
		return r
	}, s)
}

// isDaemonName reports whether a name or local part is one of a mail system.
func isDaemonName(s string) bool {
	s = squash(s)
	if s == "" {
		return false
	}
	for _, w := range []string{
		"mailerdaemon", "postmaster", "maildeliver", "deliverysubsystem", "systemadministrator", "mdaemon", "maildaemon", "smtpmailservice",
		"mailsystem", "mailserver", "smtpserver", "mailadministrator", "ndradministrator", "bouncehandler", "deliverysystem", "deliverynotification", "microsoftexchange", "smtpgateway",
	} {
		if strings.Contains(s, w) {
			return true
		}
	}
	return s == "daemon" || s == "smtp" || s == "imss" || s == "mmdf"
}

// statusGroups returns the groups of fields of a delivery report (RFC 3464, 2.1).
func statusGroups(m *mail.Message) []mail.Header {
	var groups []mail.Header
	for _, p := range m.Parts {
		if p.Type == "message/delivery-status" || p.Type == "message/global-delivery-status" {
			groups = append(groups, fieldGroups(p.Content)...)
		}
	}
	if len(groups) == 0 && isMachine(m) {
		// Some write the fields into the text, or break the structure around them.
		text := m.Text
		if i := strings.Index(text, "Final-Recipient:"); i >= 0 && strings.Contains(text, "\nAction:") {
			groups = fieldGroups(text[max(0, strings.LastIndex(text[:i], "\n\n")):])
		}
	}
	keep := slices.IndexFunc(groups, func(h mail.Header) bool {
		return h.Get("Final-Recipient") != "" || h.Get("Original-Recipient") != "" || h.Get("Action") != "" || h.Get("Status") != ""
	})
	if keep < 0 {
		return nil
	}
	return groups
}

func fieldGroups(s string) []mail.Header {
	const most = 1000
	var groups []mail.Header
	r := bufio.NewReader(strings.NewReader(s))
	for len(groups) < most {
		if _, err := r.Peek(1); err != nil {
			break
		}
		h, err := mail.ReadHeader(r)
		if err != nil {
			break
		}
		if len(h) > 0 {
			groups = append(groups, h)
		}
	}
	return groups
}

// readGroups fills rep from a delivery report and returns the kind for the worst of its
// actions.
func (rep *Report) readGroups(groups []mail.Header) Kind {
	rank := map[string]int{"failed": 4, "delayed": 3, "delivered": 2, "relayed": 2, "expanded": 2}
	worst := ""
	for _, h := range groups {
		if v := h.Get("Original-Envelope-Id"); v != "" {
			rep.EnvelopeID = v
		}
		if rep.OriginalID == "" {
			rep.OriginalID = firstID(h.Get("X-Original-Message-ID"))
		}
		action, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(h.Get("Action"))), " ")
		status := Status(h.Get("Status"))
		address, final := recipientOf(h)
		if address == "" && action == "" && status == "" {
			continue
		}
		if rank[action] == 0 {
			action = "failed"
			if strings.HasPrefix(status, "2.") {
				action = "delivered"
			}
		}
		if rank[action] > rank[worst] {
			worst = action
		}
		said := afterType(h.Get("Diagnostic-Code"))
		rep.add(Recipient{Address: address, Final: final, Status: status, Reason: said})
	}
	rep.Action = worst
	switch rank[worst] {
	case 3:
		return Delayed
	case 2:
		return Delivered
	}
	return Bounce
}

// add keeps one entry for each address.
func (rep *Report) add(r Recipient) {
	const most = 200
	for i, old := range rep.Recipients {
		if strings.EqualFold(old.Address, r.Address) {
			if old.Status == "" || old.Reason == "" {
				rep.Recipients[i] = r
			}
			return
		}
	}
	if len(rep.Recipients) < most {
		rep.Recipients = append(rep.Recipients, r)
	}
}

func (rep *Report) knowsAddress() bool {
	return slices.ContainsFunc(rep.Recipients, func(r Recipient) bool { return r.Address != "" })
}

// recipientOf returns the address of a group: the one in the envelope that we sent, if the
// report names it, else the one that the mail reached. If it names both and they differ,
// final is the latter.
func recipientOf(h mail.Header) (address, final string) {
	for _, name := range []string{"Original-Recipient", "Final-Recipient", "X-Actual-Recipient"} {
		v := afterType(h.Get(name))
		a := strings.Trim(v, "<>")
		if as := addressesIn(v); len(as) > 0 {
			a = as[0]
		} else if !strings.Contains(a, "@") || strings.ContainsAny(a, " \t") {
			continue
		}
		if isX400(v) {
			continue // the text, or the returned mail, names the one in our envelope
		}
		if address == "" {
			address = a
		} else if !strings.EqualFold(a, address) && final == "" {
			final = a
		}
	}
	return address, final
}

// isX400 reports whether an address is in the form of X.400, with or without a gateway:
// "/G=Ann/S=Lee/O=corp/C=nl/@gate.example".
func isX400(v string) bool {
	v = strings.ToUpper(v)
	return strings.Contains(v, "/C=") || strings.Contains(v, "/PRMD=") || strings.Contains(v, "/ADMD=") || strings.Contains(v, "/S=") && strings.Contains(v, "/O=")
}

// afterType cuts the type from a field of RFC 3464 ("rfc822; ann@example.org").
func afterType(v string) string {
	if kind, rest, ok := strings.Cut(v, ";"); ok && !strings.ContainsAny(strings.TrimSpace(kind), " @<") {
		v = rest
	}
	return strings.TrimSpace(v)
}

// Status returns the first enhanced status code (RFC 3463) in a Status field or a server's
// reply, such as "5.1.1". It is empty if there is none.
func Status(v string) string {
	for w := range strings.FieldsSeq(v) {
		if s := statusIn(w); s != "" {
			return s
		}
	}
	return ""
}

// asReceipt recognizes read receipts (RFC 8098).
func asReceipt(m *mail.Message) (Class, bool) {
	for _, p := range m.Parts {
		if p.Type != "message/disposition-notification" && p.Type != "message/global-disposition-notification" {
			continue
		}
		rep := &Report{Action: "displayed"}
		for _, h := range fieldGroups(p.Content) {
			if d := strings.ToLower(h.Get("Disposition")); d != "" {
				_, d, _ = strings.Cut(d, ";")
				d, _, _ = strings.Cut(strings.TrimSpace(d), "/")
				if d = strings.TrimSpace(d); d != "" {
					rep.Action = d
				}
			}
			if id := firstID(h.Get("Original-Message-ID")); id != "" {
				rep.OriginalID = id
			}
			if a, _ := recipientOf(h); a != "" {
				rep.add(Recipient{Address: a})
			}
		}
		return receiptClass(m, rep, "disposition notification (RFC 8098)"), true
	}
	// Exchange sends receipts as a report without the part for the fields.
	v := strings.ToLower(m.Header.Get("Content-Type"))
	if strings.Contains(v, "multipart/report") && strings.Contains(v, "disposition-notification") ||
		strings.HasSuffix(strings.ToUpper(strings.TrimSpace(m.Header.Get("X-MS-Exchange-Message-Class"))), ".IPNRN") {
		return receiptClass(m, &Report{Action: "displayed"}, "report of type disposition-notification"), true
	}
	return Class{}, false
}

func receiptClass(m *mail.Message, rep *Report, rule string) Class {
	r := gatherReport(m)
	rep.Trace = r.trace
	if rep.OriginalID == "" {
		rep.OriginalID = r.id
	}
	if !rep.knowsAddress() && len(m.From) > 0 {
		rep.Recipients = []Recipient{{Address: m.From[0].Address}}
	}
	if rejects(m, r) { // Sieve's reject in the form of a receipt (RFC 5429, 2.1.1)
		rep.Action = "failed"
		r.explain(rep, Bounce)
		return Class{Kind: Bounce, Report: rep, Text: rep.notice(Bounce, m), Rule: "a receipt of a rejected mail"}
	}
	text := m.AuthorName() + " read the email."
	if rep.Action == "deleted" {
		text = m.AuthorName() + " deleted the email without reading it."
	}
	return Class{Kind: ReadReceipt, Report: rep, Text: text, Rule: rule}
}

// rejects reports whether a receipt says that the mail was rejected.
func rejects(m *mail.Message, r returned) bool {
	if strings.Contains(strings.ToLower(m.Header.Get("Auto-Submitted")), "rejected") || failureSubject(m.Subject) {
		return true
	}
	subject := strings.ToLower(m.Subject)
	return strings.Contains(subject, "reject") || strings.Contains(subject, "refused") || strings.Contains(subject, "not delivered") ||
		isMachine(m) && containsAny(strings.ToLower(r.words), []string{"was automatically rejected", "was rejected", "has been rejected", "was refused", "has been refused", "wurde abgelehnt", "a été refusé"})
}

// asComplaint recognizes spam complaints in the abuse reporting format (RFC 5965).
func asComplaint(m *mail.Message) (Class, bool) {
	var fields mail.Header
	rule := ""
	for _, p := range m.Parts {
		if p.Type == "message/feedback-report" {
			rule = "feedback report (RFC 5965)"
			for _, h := range fieldGroups(p.Content) {
				fields = append(fields, h...)
			}
		}
	}
	v := strings.ToLower(m.Header.Get("Content-Type"))
	switch {
	case rule != "":
	case isReportType(m) && strings.Contains(v, "feedback-report"):
		rule = "report of type feedback-report"
	case complaintWithoutForm(m):
		rule = "a feedback address returns a mail"
	default:
		return Class{}, false
	}
	r := gatherReport(m)
	rep := &Report{Action: "complaint", OriginalID: r.id, Trace: r.trace, EnvelopeID: fields.Get("Original-Envelope-Id")}
	for _, f := range fields.Values("Original-Rcpt-To") {
		for _, a := range addressesIn(f) {
			rep.add(Recipient{Address: a, Reason: unwanted})
		}
	}
	if len(rep.Recipients) == 0 {
		for _, a := range r.to {
			rep.add(Recipient{Address: a, Reason: unwanted})
		}
	}
	return Class{Kind: Complaint, Report: rep, Rule: rule, Text: rep.complaint()}, true
}

// unwanted is the reason of a complaint.
const unwanted = "reported an email as spam"

// complaint is the text about a complaint that is posted in the room.
func (rep *Report) complaint() string {
	who := "Somebody"
	if len(rep.Recipients) > 0 {
		who = rep.Recipients[0].Address
	}
	return who + " " + unwanted + ". Remove the address from the conversation."
}

// complaintWithoutForm recognizes feedback loops that return the mail with a sentence: the
// sender is a mailbox for complaints, and a whole mail is attached.
func complaintWithoutForm(m *mail.Message) bool {
	if answers(m) || !slices.ContainsFunc(m.Parts, func(p mail.Part) bool { return p.Nested != nil }) {
		return false
	}
	for _, a := range m.From {
		local, domain, _ := strings.Cut(strings.ToLower(a.Address), "@")
		for _, w := range []string{"fbl", "feedbackloop", "feedback-loop", "scomp", "complaints", "complaint", "feedback", "abuse-report"} {
			if local == w || strings.HasPrefix(local, w+"-") || strings.HasPrefix(domain, w+".") || strings.HasPrefix(domain, "arf.") {
				return true
			}
		}
		if local == "staff" && strings.HasPrefix(strings.ToLower(m.Subject), "complaint about message from ") {
			return true
		}
	}
	return false
}
