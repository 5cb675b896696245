package classify

import (
	"fmt"
	"strings"

	"hashsend/bridge/mail"
)

// failureSubject reports whether a subject is one that mail systems give to a returned
// mail. A person who forwards one has "Fwd:" in front of it.
func failureSubject(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	if mail.CleanSubject(s) != s {
		return false
	}
	return containsAny(s, []string{
		"undeliver", "undelivered", "returned mail", "returned to sender", "returning to sender", "returning message", "delivery status", "delivery fail", "delivery problem", "delivery error", "delivery has failed", "delivery report", "delivery notification",
		"failure notice", "failure delivery", "failed delivery", "failed mail", "mail failed", "mail delivery", "mail system error", "message delivery", "could not be delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered", "not delivered", "non-delivery", "non delivery",
		"nondeliverable", "non remis", "returned e-mail", "returned email", "bounced mail", "error sending your mail", "rejected mail", "mail rejected", "could not send mail", "unable to deliver", "not be sent", "deferred mail", "delayed mail", "delivery delayed", "message delayed", "warning: message", "virus found in", "virus in your", "virus in mail", "virus detected", "infected mail", "infected message", "banned content", "message blocked", "mail blocked", "was blocked", "attachment blocked", "message refused", "mail refused", "mail delivery problem",
		"unzustellbar", "nicht zugestellt", "nicht zustellbar", "unzustellbare", "zustellung fehlgeschlagen", "fehlgeschlagene zustellung", "échec de remise", "échec de la remise", "message non distribué", "non distribué", "no se puede entregar", "no se ha podido entregar", "no entregado", "devuelto",
		"não é possível entregar", "não entregue", "falha na entrega", "recapito non riuscito", "mancato recapito", "non recapitabile", "mancata consegna", "onbestelbaar", "kan niet worden bezorgd", "niet bezorgd", "kan inte levereras", "kunde inte levereras", "oleveransbart", "kan ikke leveres", "kunne ikke leveres",
		"ei voitu toimittaa", "toimitus epäonnistui", "nie można dostarczyć", "niedostarcz", "nelze doručit", "nedoručiteln", "nem kézbesíthető", "kézbesíthetetlen", "nu se poate livra", "не удается доставить", "не доставлено", "недоставлен", "не може бути доставлен", "teslim edilemedi", "iletilemedi",
		"αδύνατη η παράδοση", "配信不能", "配達不能", "配信エラー", "送信エラー", "エラーメール", "未送达", "无法送达", "退信", "無法傳遞", "系统退信", "배달되지 않", "반송", "전송 실패", "תת-מסירה", "لم يتم التسليم",
	})
}

// failureWords reports whether a lower-case text has a sentence of a failure report.
func failureWords(s string) bool {
	return containsAny(s, []string{
		"could not be delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered", "was not delivered", "not be delivered", "were not delivered", "not delivered", "undeliver", "delivery failed", "delivery has failed", "delivery failure", "failed to deliver", "unable to deliver",
		"wasn't able to deliver", "was unable to deliver", "could not deliver", "couldn't deliver", "error delivering", "trouble delivering", "error while delivering", "did not reach", "didn't reach", "could not be reached", "permanent fatal errors", "permanent error", "failed permanently", "failed recipient",
		"returning message", "returned to sender", "message returned", "bounced", "unknown user", "user unknown", "no such user", "unknown recipient", "recipient unknown", "recipient is not known", "does not exist", "did not exactly match", "mailbox unavailable", "mailbox is full", "mailbox full", "over quota", "quota exceeded",
		"address rejected", "recipient rejected", "rejected recipient", "has been rejected", "was rejected", "access denied", "message delayed", "has been delayed", "been delayed", "delivery to the following", "will be retried", "contained a virus", "contains a virus", "infected with", "has been blocked", "was blocked", "not accepting mail", "was not accepted", "will keep trying", "transcript of session", "giving up", "following address", "following recipient",
		"unsent message", "mail system error", "invalid address", "failure reason", "error detail", "host unknown", "a valid user", "failed to relay", "errors from", "not our customer", "account has been disabled", "this account", "not accepting", "was not sent", "cannot be sent",
		"konnte nicht zugestellt", "nicht zugestellt werden", "unzustellbar", "n'a pas pu être", "n'a pu être", "non distribué", "no se pudo entregar", "no se ha podido entregar", "não pôde ser entregue", "não foi entregue", "non è stato possibile", "non è stato recapitato", "impossibile recapitare", "kon niet worden", "kan niet worden bezorgd",
		"kunde inte levereras", "kunne ikke leveres", "nie może zostać dostarcz", "nie można dostarcz", "nelze doručit", "nem kézbesíthető", "не может быть доставлено", "не доставлено", "не удалось доставить", "送信できませんでした", "送信に失敗", "配信できませんでした", "送信されませんでした", "お届けできません", "届けること", "エラー", "无法投递", "无法送达", "退信", "배달하지 못", "전송되지",
	})
}

// delayWords are phrases of reports on a delayed mail, in lower case.
func delayWords() []string {
	return []string{"delay", "warning: could not send", "warning--could not send", "warning: message", "not yet been delivered", "still trying", "will be retried", "will retry", "will continue to", "keep trying", "deferred", "queued for", "delivery attempts will continue", "do not need to resend", "not need to resend", "do not resend", "don't resend", "no need to resend", "not to resend", "without resending", "need not resend", "not have to resend", "verzögert", "retardé", "retrasado", "atrasad", "ritardat", "vertraagd", "задерж", "遅延", "延迟"}
}

// finalWords are phrases of reports that are final, in lower case.
func finalWords() []string {
	return []string{"failed permanently", "giving up", "given up", "permanent error", "permanent failure", "could not be delivered for", "cannot send message for", "removed from the queue", "delivery failed", "failure notice", "permanent fatal", "returned mail", "undeliverable", "user unknown", "unable to deliver", "failed recipient", "is being returned", "mail delivery failed", "delivery failure", "(failure)", "not be delivered"}
}

// statusIn finds an enhanced status code (RFC 3463, 2): a failure, a delay or a success.
func statusIn(s string) string {
	for i := 0; i+4 < len(s); i++ {
		if c := s[i]; c != '5' && c != '4' && c != '2' || s[i+1] != '.' || i > 0 && (isAlphanumeric(s[i-1]) || s[i-1] == '.') {
			continue
		}
		j := digits(s, i+2)
		if j == i+2 || j-i > 5 || j >= len(s) || s[j] != '.' {
			continue
		}
		k := digits(s, j+1)
		if k == j+1 || k-j > 4 || k < len(s) && (isAlphanumeric(s[k]) || s[k] == '.' && k+1 < len(s) && isAlphanumeric(s[k+1])) {
			continue
		}
		return s[i:k]
	}
	return ""
}

func digits(s string, i int) int {
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// replyCodeIn finds an SMTP reply code of a failure (RFC 5321, 4.2).
func replyCodeIn(s string) string {
	for i := 0; i+2 < len(s); i++ {
		if c := s[i]; c != '5' && c != '4' || i > 0 && (isAlphanumeric(s[i-1]) || s[i-1] == '.') {
			continue
		}
		if s[i+1] > '5' || digits(s, i+1) != i+3 || i+3 < len(s) && strings.IndexByte(" -:.,;)]#\n", s[i+3]) < 0 {
			continue
		}
		return s[i : i+3]
	}
	return ""
}

// explain completes each entry: the status, where only the text has it, and the reason
// in plain words, followed by the words of the server.
func (r *returned) explain(rep *Report, kind Kind) {
	if kind == Delivered {
		for i := range rep.Recipients {
			rep.Recipients[i].Reason = "delivered"
		}
		return
	}
	for i := range rep.Recipients {
		x := &rep.Recipients[i]
		said := x.Reason
		if said == "" && len(rep.Recipients) == 1 {
			said = saidInWords(r.words)
		}
		best := statusIn(said)
		if x.Status == "" {
			x.Status = best
		}
		if best == "" || strings.HasSuffix(best, ".0.0") {
			best = x.Status
		}
		x.Reason = plainReason(best, said, kind)
	}
}

// saidInWords is the line of a text that quotes the server's reply.
func saidInWords(words string) string {
	for line := range strings.Lines(words) {
		if line = strings.TrimSpace(line); statusIn(line) != "" && !strings.HasPrefix(line, "Status:") || replyCodeIn(line) != "" && len(line) > 8 {
			return line
		}
	}
	return ""
}

// plainReason says in plain words why a mail was returned, and adds the words of the
// server.
func plainReason(status, said string, kind Kind) string {
	words := reasonByWords(strings.ToLower(said))
	if words == "" {
		words = reasonByStatus(status)
	}
	if words == "" {
		words = "the recipient's mail server rejected it"
		if kind == Delayed {
			words = "the recipient's mail server could not be reached yet"
		}
	}
	const most = 200
	said = strings.Join(strings.Fields(said), " ")
	if r := []rune(said); len(r) > most {
		said = string(r[:most]) + "…"
	}
	switch {
	case said != "":
		return fmt.Sprintf("%s (%s)", words, said)
	case status != "":
		return fmt.Sprintf("%s (%s)", words, status)
	}
	return words
}

// TooLarge reports whether a mail was rejected for its size, going by a status (RFC 3463)
// or the words of a server.
func TooLarge(status, reason string) bool {
	reason = strings.ToLower(reason)
	return reasonByStatus(Status(status)) == tooLarge || reasonByStatus(Status(reason)) == tooLarge || reasonByWords(reason) == tooLarge
}

// Reasons that are returned in more than one place.
const (
	tooLarge    = "the email is too large"
	noAddress   = "the address does not exist"
	noDomain    = "the domain does not exist or does not accept email"
	switchedOff = "the mailbox is disabled"
	full        = "the mailbox is full"
	unreachable = "the recipient's mail server could not be reached"
	notAccepted = "the recipient's mail server does not accept email from this mailbox"
)

// reasonByStatus follows RFC 3463 and the IANA registry of enhanced status codes.
func reasonByStatus(status string) string {
	if len(status) < 2 {
		return ""
	}
	switch status[2:] {
	case "1.1", "1.0", "1.3", "1.4", "1.6":
		return noAddress
	case "1.2", "1.10", "4.4", "4.3":
		return noDomain
	case "2.1":
		return switchedOff
	case "2.2":
		return full
	case "2.3", "3.4":
		return tooLarge
	case "4.1", "4.2", "4.7", "4.0", "4.5":
		return unreachable
	case "4.6":
		return "the email was caught in a mail loop"
	case "7.1", "7.0", "7.25", "7.26", "7.23", "7.20", "7.27", "7.28", "7.509", "7.606":
		return notAccepted
	case "6.1", "6.3", "6.0":
		return "the recipient's mail server could not read the email"
	}
	switch status[2:3] {
	case "1":
		return "the address is not valid"
	case "2":
		return "the mailbox does not accept email"
	case "3":
		return "the recipient's mail system has a problem"
	case "4":
		return unreachable
	case "7":
		return notAccepted
	}
	return ""
}

// reasonByWords goes by phrases in what a server says, in lower case.
func reasonByWords(s string) string {
	for _, r := range []struct {
		reason string
		words  []string
	}{
		{full, []string{"mailbox full", "mailbox is full", "over quota", "overquota", "quota exceeded", "exceeded storage", "exceeds quota", "quota exceed", "full mailbox", "insufficient disk", "insufficient system storage", "storage allocation", "out of space"}},
		{tooLarge, []string{"mail is too large", "message too large", "message size exceeds", "too big", "size limit", "exceeds maximum", "message is too large", "message too big", "max message size"}},
		{noAddress, []string{"user unknown", "unknown user", "no such user", "unknown recipient", "recipient unknown", "does not exist", "doesn't exist", "not found by smtp address", "recipientnotfound", "no mailbox", "no such recipient", "no such mailbox", "invalid recipient", "invalid mailbox", "unknown local", "unrouteable", "unknown address", "not a valid", "mailbox not found", "address unknown", "bad destination mailbox", "unknown or illegal alias", "undeliverable address", "not our customer", "mailbox unavailable", "no account", "user not found", "address rejected: undeliverable"}},
		{switchedOff, []string{"disabled", "inactive", "suspended", "account expired", "deactivated", "no longer", "is locked"}},
		{"it was rejected as spam or malware", []string{"spam", "blacklist", "blocklist", "blocked", "block list", "dnsbl", "rbl", "spamhaus", "virus", "malware", "reputation", "content rejected", "unsolicited", "poor rep"}},
		{"the recipient's mail server could not verify the sender", []string{"dmarc", "spf", "dkim", "unauthenticated", "authentication check", "sender id", "spoof"}},
		{noDomain, []string{"host unknown", "host not found", "name service error", "domain not found", "no mx", "null mx", "unrouteable mail domain", "dns error", "dns lookup", "domain does not", "can't find any host", "nxdomain", "bad destination host"}},
		{notAccepted, []string{"relay", "access denied", "not authorized", "not permitted", "policy", "not allowed", "permission"}},
		{"the recipient's mail server limits how much email it accepts", []string{"too many", "rate limit", "throttl", "greylist", "graylist", "try again later"}},
		{unreachable, []string{"timed out", "timeout", "connection refused", "no route", "network is unreachable", "connection lost", "lost connection", "could not connect", "no answer", "not reachable", "connection reset"}},
	} {
		if containsAny(s, r.words) {
			return r.reason
		}
	}
	return ""
}

// notice is the text about a report that is posted in the room.
func (rep *Report) notice(kind Kind, m *mail.Message) string {
	verb := map[Kind]string{Bounce: "bounced", Delayed: "is delayed and will be retried", Delivered: "was delivered"}[kind]
	var lines []string
	const most = 20
	for _, r := range rep.Recipients[:min(len(rep.Recipients), most)] {
		to := r.Address
		if to == "" {
			to = "a recipient"
		}
		line := "Email to " + to + " " + verb
		if kind != Delivered && r.Reason != "" {
			line += ": " + r.Reason
		}
		lines = append(lines, line+".")
	}
	if n := len(rep.Recipients) - most; n > 0 {
		lines = append(lines, fmt.Sprintf("And %d more.", n))
	}
	if len(lines) == 0 {
		lines = append(lines, fmt.Sprintf("An email %s (%s).", verb, m.Subject))
	}
	return strings.Join(lines, "\n")
}
