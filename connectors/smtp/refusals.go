package smtp

import (
	"strings"

	"hashsend/bridge/mail"
)

// stage is where in the talk a server refused.
type stage int

const (
	atGreeting stage = iota
	atHello
	atTLS
	atAuth
	atSender    // MAIL
	atRecipient // RCPT
	atData      // DATA, before the mail
	atDot       // the end of the mail
)

// whose is what a refusal is about.
type whose int

const (
	ofMail      whose = iota // this mail, for all of its recipients
	ofRecipient              // one recipient
	ofAccount                // the mailbox: no mail of it would be taken
)

// wording is what servers say in one case. It fits if the status is one of those
// given, or the text, in lower case, has one of the words.
type wording struct {
	whose    whose
	trouble  mail.AccountTrouble
	statuses []string // "5.4.5"; ".2.2" fits 4.2.2 and 5.2.2; "5.7.0 auth" wants that word in the text besides
	words    []string
	source   string
	early    bool // only before the mail itself was sent: behind it the same words may be about what it says
}

// wordings are tried in this order; the first that fits counts. Where a source is
// a program, its own texts are meant; all as of November 2026.
var wordings = []wording{
	{
		ofAccount, mail.AccountBlocked,
		[]string{"5.1.8", "5.4.6 unusual"},
		[]string{"outboundspamexception", "bad outbound sender", "unusual sending activity"},
		"Exchange Online: 5.1.8; Zoho: zoho.com/mail/help (5.4.6)", false,
	},
	{
		ofMail, 0,
		[]string{".4.6", ".6.0"},
		[]string{"line too long", "line length", "too many hops", "mail loop", "message contains", "attachment", "nesting", "spam", "virus", "content rejected", "unsolicited message"},
		"RFC 3463, 3.5 and 3.7; Postfix, Exim, Yandex, Mail.ru", false,
	},
	{
		ofAccount, mail.OverLimit,
		[]string{"5.4.5", "4.7.28", "5.7.705", "5.1.90"},
		[]string{"submissionquotaexceeded", "reached your daily limit", "daily user sending", "sending limit", "sending quota", "exceeded its sending", "tenant has exceeded", "sender thread limit exceeded", "daily sending", "mail send limit exceeded", "mail limit has been reached"},
		"Gmail: support.google.com/a/answer/3726730; Microsoft: learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online; iCloud: support.apple.com/102198; IONOS: ionos.com/help/email/general-topics/what-are-the-mass-mailing-limits; StartMail: support.startmail.com/hc/articles/360006737337", false,
	},
	{
		ofRecipient, 0,
		[]string{".2.1", ".2.2", "5.2.122", "4.2.122", "5.7.124", "5.7.129", "5.7.133", "5.7.134", "5.7.136"},
		[]string{"receiving mail at a rate", "receiving email at a rate", "receiving mail too quickly", "receiving email too quickly", "recipient has exceeded", "recipient's mailbox", "mailbox is full", "mailbox full", "recipient over quota", "user is over quota", "user over quota", "over his quota", "insufficient mailbox space", "mailbox quota exceeded"},
		"Gmail: support.google.com/a/answer/3726730; RFC 3463, 3.3; Postfix, Dovecot, Exim", false,
	},
	{
		ofRecipient, 0,
		[]string{".1.1", ".1.2", ".1.3", ".1.6", ".1.10"},
		[]string{"user unknown", "unknown user", "no such user", "no such recipient", "does not exist", "recipient not found", "invalid recipient", "mailbox unavailable", "unrouteable address", "no mailbox here", "recipient rejected", "unknown recipient"},
		"RFC 3463, 3.2; Postfix, Exim, qmail, Exchange", false,
	},
	{
		ofAccount, mail.OverLimit, nil,
		[]string{"limit on the number of allowed outgoing", "max emails per hour", "max defers and failures per hour", "exceeded the max", "daily message quota", "maximum sending rate", "throttling failure", "message quota exceeded", "too many messages", "too many emails", "too many mails", "rate limit", "ratelimit", "messages per hour", "recipients per hour", "mails per hour", "emails per day", "messages per day", "hourly limit", "daily limit", "sending frequency", "frequency limited", "unusual rate", "sender is throttled", "maximum credits", "quota of outgoing", "outgoing mail limit", "exceeded the limit", "limit exceeded", "limit was exceeded", "exceeds the limit"},
		"Plesk: docs.plesk.com (outgoing mail control); cPanel: docs.cpanel.net (max hourly emails); Amazon SES: docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html; SmarterMail; Zoho: zoho.com/mail/help; QQ: service.mail.qq.com; SendGrid; postfwd", false,
	},
	{
		ofAccount, mail.NeedsTLS, nil,
		[]string{"must issue a starttls", "starttls first", "encryption required", "requires tls", "tls required for"},
		"Gmail: support.google.com/a/answer/3726730; Postfix: smtpd_tls_security_level=encrypt; RFC 3207, 4", false,
	},
	{
		ofAccount, mail.NotSignedIn,
		[]string{"5.7.0 auth", "5.5.1 auth", "5.7.57", "5.7.139", "5.7.8", "5.7.9"},
		[]string{"authentication required", "authentication is required", "must authenticate", "must be authenticated", "not authenticated", "please authenticate", "smtp auth", "smtpclientauthentication is disabled", "login first", "sign in first", "authenticate first"},
		"RFC 4954, 6; Exchange Online 5.7.57 and 5.7.139; Exim; Courier", false,
	},
	{
		ofAccount, mail.NoRelay, nil,
		[]string{"relay access denied", "relaying denied", "relay not permitted", "relaying not allowed", "relaying disallowed", "relay denied", "not allowed to relay", "unable to relay", "relaying prohibited", "we do not relay", "no relaying", "relaying is not"},
		"Postfix, sendmail, Exim, Exchange (5.7.54), qmail, Zoho", false,
	},
	{
		ofAccount, mail.SenderRefused,
		[]string{"5.7.60", ".1.7", ".1.8"},
		[]string{"not owned by", "sender address rejected", "sender rejected", "sender refused", "permission to send as", "permissions to send as", "sendasdenied", "from address is not one of", "sender verify failed", "address is not verified", "sender is not allowed", "sender denied", "sender not allowed", "not authorized to send as", "not authorized to send from", "not allowed to send as", "not allowed to send from", "mail from must equal", "invalid sender", "from header sender domain not verified"},
		"Postfix: reject_sender_login_mismatch; Exchange: 5.7.60, SendAsDenied; iCloud; Amazon SES; 163.com (553 Mail from must equal authorized user); Brevo", false,
	},
	{
		ofAccount, mail.AccountBlocked,
		[]string{"5.7.708", "5.7.750"},
		[]string{"account has been disabled", "account is disabled", "account disabled", "account suspended", "account has been suspended", "account is locked", "account blocked", "user is blocked", "sender blocked", "unusual rate of unsolicited", "not yet activated", "account is not active", "unauthorized ip", "ip address has been temporarily blocked"},
		"Exchange Online: 5.7.708, 5.7.750; cPanel; Postfix; Brevo; Mail.ru", false,
	},
	{
		ofAccount, mail.AccountBlocked, nil,
		[]string{"client host rejected", "blocked using", "listed at"},
		"Postfix: reject_rbl_client, check_client_access; Exim", true,
	},
	{
		ofAccount, mail.ServerBusy,
		[]string{"4.3.2", "4.4.5"},
		[]string{"server busy", "too many connections", "too many concurrent", "concurrent connections", "too many sessions", "closing connection", "service unavailable", "temporary system problem", "insufficient system resources", "insufficient system storage", "out of disk", "queue file write error"},
		"Gmail: support.google.com/a/answer/3726730; Exchange; Postfix; RFC 5321, 4.2.2", false,
	},
}

// judge decides whose fault a refusal is. same: several recipients were refused in
// the same words.
func judge(at stage, p reply, same bool) (whose, mail.AccountTrouble) {
	switch at {
	case atGreeting:
		return ofAccount, mail.ServerBusy
	case atHello:
		return ofAccount, mail.NameRefused
	case atTLS:
		return ofAccount, mail.NeedsTLS
	case atAuth:
		return ofAccount, mail.NotSignedIn
	}
	if isTooLarge(p) || p.Status == "5.6.7" {
		return ofMail, 0
	}
	if w, known := byWords(at, p); known {
		if w.whose == ofRecipient && at != atRecipient {
			return ofMail, 0
		}
		return w.whose, w.trouble
	}
	return byCode(at, p, same)
}

// byWords finds what is known to be said like that.
func byWords(at stage, p reply) (wording, bool) {
	text := strings.ToLower(p.Text)
	for _, w := range wordings {
		// At MAIL neither the mail nor a recipient is known yet.
		switch {
		case w.whose != ofAccount && at == atSender, w.early && at > atRecipient, w.trouble == mail.ServerBusy && p.Code >= 500:
		case w.fits(p.Status, text):
			return w, true
		}
	}
	return wording{}, false
}

// byCode decides where the words tell nothing.
func byCode(at stage, p reply, same bool) (whose, mail.AccountTrouble) {
	switch {
	case p.Code == 421, p.Code == 454, at == atSender && p.Code < 500:
		return ofAccount, mail.ServerBusy
	case p.Code == 530:
		return ofAccount, mail.NotSignedIn
	case at == atSender:
		return ofAccount, mail.SenderRefused
	case at == atRecipient && same && p.Code >= 500:
		return ofAccount, mail.RefusedAll
	case at == atRecipient:
		return ofRecipient, 0
	}
	return ofMail, 0
}

func (w wording) fits(status, text string) bool {
	for _, s := range w.statuses {
		s, word, both := strings.Cut(s, " ")
		if s == status || s[0] == '.' && len(status) > 1 && status[1:] == s {
			if !both || strings.Contains(text, word) {
				return true
			}
		}
	}
	for _, word := range w.words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// isTooLarge knows refusals of the size of a mail (RFC 1870, 6; RFC 3463, 3.4).
func isTooLarge(p reply) bool {
	if p.Status == "5.3.4" || p.Status == "5.2.3" {
		return true
	}
	text := strings.ToLower(p.Text)
	return (p.Code == 552 || p.Code == 554 || p.Code == 523) &&
		(strings.Contains(text, "message size") || strings.Contains(text, "too large") || strings.Contains(text, "too big") || strings.Contains(text, "size limit") || strings.Contains(text, "maximum size"))
}

// isTooMany knows that the rest of the recipients has to go in another transaction
// (RFC 5321, 4.5.3.1.10).
func isTooMany(p reply) bool {
	text := strings.ToLower(p.Text)
	return p.Status == "4.5.3" || p.Status == "5.5.3" || (p.Code == 452 || p.Code == 552 || p.Code == 451 || p.Code == 450) && (strings.Contains(text, "too many recipients") || strings.Contains(text, "recipient limit")) ||
		strings.Contains(text, "separate transaction")
}

// isOfParameter knows refusals of what stands behind the address in MAIL and RCPT.
func isOfParameter(p reply) bool {
	switch p.Code {
	case 500, 501, 502, 504, 555:
		return true
	}
	return strings.HasPrefix(p.Status, "5.5.") && p.Status != "5.5.1" && p.Status != "5.5.3"
}
