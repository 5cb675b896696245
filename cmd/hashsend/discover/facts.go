package discover

// Facts are what is worth knowing of a provider, or of a program on a server of
// one's own, beyond what the program needs.
type Facts struct {
	Name    string
	Limits  string // on sending and on connections
	Folders string
	Quirks  string
	Source  string // of the limits; empty: none was found
	Seen    string // when the source was read, as 2026-11
}

const (
	noFigure = "no figure found"
	byRoles  = "by their roles (SPECIAL-USE)"
	byNames  = "by their names"
)

// providerFacts are those of the providers in the table, by their names.
func providerFacts() []Facts {
	return []Facts{
		{
			"Gmail", "500 emails a day, 100 recipients an email by SMTP; 15 connections", byRoles + "; \"All Mail\" has what rules archive",
			"keeps what is submitted in Sent by itself; IMAP must not be turned off by an admin; labels come as keywords with spaces and brackets", "https://support.google.com/mail/answer/22839", "",
		},
		{
			"Google Workspace", "2,000 emails a day (500 in a trial), 100 recipients an email by SMTP, 3,000 recipients outside a day", byRoles,
			"as Gmail; the admin of the domain may forbid app passwords: then use OAuth2 and hashsend login", "https://support.google.com/a/answer/166852", "2026-11",
		},
		{
			"Outlook.com", "the number of recipients a day depends on the age of the account", byRoles,
			"OAuth2 only; gives emails another Message-ID; throttles IMAP with \"Suggested Backoff Time\", which is kept", "https://support.microsoft.com/office/sending-limits-in-outlook-com-279ee200-594c-40f0-9ec8-bb6af7735c2e", "",
		},
		{
			"Microsoft 365", "10,000 recipients a day, 30 emails a minute, 500 recipients an email", byRoles,
			"OAuth2 only; SMTP AUTH must be allowed for the mailbox; a limit is told at the end of the email as SubmissionQuotaExceededException", "https://its.sfsu.edu/guides/microsoftoffice365emaillimits", "2026-11",
		},
		{"iCloud", "1,000 emails and 1,000 recipients a day, 500 recipients an email, 20 MB", byRoles, "only addresses of the account may be in From", "https://support.apple.com/102198", "2026-11"},
		{"Yahoo", "500 recipients a day, 100 an email (its business mail)", byRoles + "; spam is in \"Bulk\"", "keeps what is submitted in Sent by itself; limits logins (\"[LIMIT] Rate limit hit\")", "https://help.yahoo.com/mkb/article.php?page=content&y=PROD_YSB_BZMAIL&locale=en_US&id=SLN17518", "2026-11"},
		{"AOL", "as Yahoo, which runs it", byRoles, "keeps what is submitted in Sent by itself", "", ""},
		{"GMX", noFigure, byNames + " in the language of the account (\"Gesendet\", \"Spamverdacht\")", "IMAP has to be allowed in the settings first, and is turned off again when it is not used for long", "", ""},
		{"WEB.DE", noFigure, byNames + " in German", "as GMX, which runs on the same servers", "", ""},
		{"T-Online", noFigure, byNames + " in German", "has a password of its own for email programs", "", ""},
		{"Posteo", noFigure, byRoles, "none known", "", ""},
		{"mailbox.org", "no fixed figure: it follows from the age of the account and what it usually sends; 10 a day in a trial", byRoles, "none known", "https://kb.mailbox.org/de/privat/e-mail/wie-viele-e-mails-kann-ich-versenden", "2026-11"},
		{
			"IONOS", "50 emails an hour in the first week, 100 in the second, 400 in the first month, 500 later; 200 recipients an email", byNames + " in the language of the account",
			"a limit is told as \"450 mailbox unavailable … Mail send limit exceeded\"", "https://www.ionos.com/help/email/general-topics/what-are-the-mass-mailing-limits/", "2026-11",
		},
		{"OVHcloud", noFigure, byNames, "none known", "https://help.ovhcloud.com", ""},
		{"Seznam", noFigure, byNames, "none known", "https://podpora.supportbox.cz/help/jak-si-nastavit-vlastni-smtp-pro-seznam", "2026-11"},
		{"Infomaniak", "500 recipients in 24 hours for free mailboxes, 1,440 for paid ones; each recipient counts", byRoles, "each program needs a device password", "https://www.infomaniak.com/en/support/faq/2065", "2026-11"},
		{"Migadu", "by plan", byRoles, "none known", "", ""},
		{"Free", noFigure, byNames + " in French", "authenticated SMTP has to be allowed first", "", ""},
		{"Orange", noFigure, byNames + " in French", "other email programs have to be allowed first", "", ""},
		{"Fastmail", "by plan", byRoles, "none known", "https://www.fastmail.com/help/account/limits.html", "2026-11"},
		{
			"Zoho", "50 to 500 emails an hour by the reputation of the account; 150 recipients an email, 100 for free accounts", byRoles,
			"too many logins or commands block IMAP for some time", "https://www.zoho.com/mail/help/adminconsole/rates-and-limits.html", "2026-11",
		},
		{"Proton Mail (by Proton Mail Bridge on this machine)", "by plan", byNames, "its Bridge has to run beside hashsend; its certificate is its own", "", ""},
		{"Yandex", "500 recipients in 24 hours, 35 an email by SMTP; a block ends 24 hours after the last attempt", byRoles, "the address in From has to be one of the account", "https://yandex.com/support/mail/web/letter/create/send-many-letters.html", "2026-11"},
		{"Mail.ru", noFigure, byNames + " in the language of the account", "says \"Ratelimit exceeded for mailbox\"", "", ""},
		{"QQ Mail", noFigure, byNames + " in Chinese or English", "says \"Connection frequency limited\" after many logins", "https://www.topmailsender.com/en/youxiang/106-tengxun-qqyouxiang-tencent-personal-email", "2026-11"},
		{"NetEase", noFigure, byNames + " in Chinese", "opens no folder for a program that has not said its name (\"Unsafe Login\"); hashsend sends ID. The sender must be the account (\"553 Mail from must equal authorized user\")", "", ""},
		{"Naver", noFigure, byNames + " in Korean", "app passwords only, since 2025", "https://10wontips.blogspot.com/2025/08/update-your-naver-mail-password-to.html", "2026-11"},
		{"Hostinger", "by plan, counted over 24 hours for each mailbox", byRoles, "none known", "https://www.hostinger.com/support/4625828-parameters-and-limits-of-hostinger-email/", "2026-11"},
		{"StartMail", "counted by recipients over an hour; no figure is published", byRoles, "says \"550 5.7.1 Your mail limit has been reached\"", "https://support.startmail.com/hc/de/articles/360006737337", "2026-11"},
		{"Runbox", "by plan", byRoles, "none known", "", ""},
		{"Purelymail", "by use", byRoles, "none known", "", ""},
	}
}

// programFacts are those of programs that people run themselves, or that a host runs
// for them.
func programFacts() []Facts {
	return []Facts{
		{
			"Dovecot", "10 connections of one user from one address (mail_max_userip_connections)", byRoles + ", where the admin has set them; else " + byNames,
			"announces new mail half a second late; a refused connection says \"Maximum number of connections from user+IP exceeded\"", "https://doc.dovecot.org", "",
		},
		{"Postfix", "none by itself", "", "\"Sender address rejected: not owned by user\" means that the account may not send as this address; refuses incomplete names in EHLO where the admin wants it", "https://www.postfix.org/postconf.5.html", ""},
		{
			"Exchange on your own server", "by its throttling policy and receive connectors", byNames + " in the language of the mailbox",
			"\"5.7.60 Client does not have permissions to send as this sender\": give the account that right", "https://learn.microsoft.com/exchange", "",
		},
		{"HCL Domino", "by its configuration", byNames + "; Sent is a view, and may be missing over IMAP", "an email that it cannot convert is refused at each FETCH: it is set aside after some attempts", "https://help.hcl-software.com/domino", ""},
		{"cPanel", "max hourly emails, for the whole domain (often 50 to 500)", "below INBOX (\"INBOX.Sent\")", "a limit is told as \"has exceeded the max emails per hour\"", "https://docs.cpanel.net", ""},
		{"Plesk", "outgoing mail control, for mailbox, domain and subscription", byNames, "a limit is told at the end of the email as \"554 5.7.0 … The limit on the number of allowed outgoing messages was exceeded\"", "https://docs.plesk.com", ""},
		{"Courier", "4 connections from one address (MAXPERIP)", "below INBOX (\"INBOX.Sent\")", "knows no roles and no MOVE", "https://www.courier-mta.org/imap/", ""},
		{"Amazon SES (sending only)", "a quota a day and a rate a second, by account", "", "gives emails another Message-ID; \"Email address is not verified\" means that the account is in the sandbox", "https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html", "2026-11"},
	}
}
