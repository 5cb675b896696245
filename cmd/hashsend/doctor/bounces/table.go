package bounces

import "regexp"

// The sources of the table.
const (
	google    = "https://support.google.com/a/answer/3726730"
	microsoft = "https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online/non-delivery-reports-in-exchange-online"
	olc       = "https://sendersupport.olc.protection.outlook.com/pm/troubleshooting"
	bulk      = "https://techcommunity.microsoft.com/blog/microsoftdefenderforoffice365blog/4399730"
	moera     = "https://techcommunity.microsoft.com/blog/exchange/limiting-onmicrosoft-domain-usage-for-sending-emails/4446167"
	yahoo     = "https://senders.yahooinc.com/smtp-error-codes/"
	gmx       = "https://postmaster.gmx.net/en/error-messages"
	apple     = "https://support.apple.com/102322"
	tonline   = "https://postmaster.t-online.de/"
	iana      = "https://www.iana.org/assignments/smtp-enhanced-status-codes"
	spamhaus  = "https://www.spamhaus.org/faqs/"
)

// entry explains one kind of refusal.
type entry struct {
	provider string // one of the names that providerOf gives; empty: any
	pattern  *regexp.Regexp
	whose    Whose
	means    string // completes "They were refused because …"
	do       string
	source   string
}

func e(provider, pattern string, whose Whose, means, do, source string) entry {
	return entry{provider, regexp.MustCompile(`(?i)` + pattern), whose, means, do, source}
}

// table has the special ones first: the first that fits counts.
func table() []entry {
	var all []entry
	for _, part := range [][]entry{lists(), ofGoogle(), ofMicrosoft(), ofOthers(), general()} {
		all = append(all, part...)
	}
	return all
}

// lists are the DNS block lists and reputation services that refusals name.
func lists() []entry {
	const look = "Look there why it is listed, stop the cause (a hijacked machine or account, an open relay), then ask to be removed"
	return []entry{
		e("", `spamhaus\.org|\bzen\.spamhaus|\bSBL\d+|\bPBL\b.*spamhaus`, Yours, "the sending address is on a list of Spamhaus", look+": https://check.spamhaus.org/", spamhaus),
		e("", `spamcop`, Yours, "the sending address is on the list of SpamCop", "It leaves the list by itself a day after the last complaint: https://www.spamcop.net/bl.shtml", "https://www.spamcop.net/bl.shtml"),
		e("", `barracuda`, Yours, "the sending address is on the list of Barracuda", look+": https://www.barracudacentral.org/rbl/removal-request", "https://www.barracudacentral.org/rbl"),
		e("", `uceprotect`, Yours, "the sending address is on a list of UCEPROTECT", "It leaves the list by itself after seven days without a hit: https://www.uceprotect.net/en/rblcheck.php", "https://www.uceprotect.net/"),
		e("", `\bsorbs\b`, Theirs, "the receiver still asks SORBS, a list that ended in June 2024", "Tell the receiver's admin.", "https://www.sorbs.net/"),
		e("", `proofpoint|\bpphosted\b.*block|ipcheck\.proofpoint`, Yours, "Proofpoint gives the sending address a bad reputation", look+": https://ipcheck.proofpoint.com/", "https://ipcheck.proofpoint.com/"),
		e("", `cloudmark|csi\.cloudmark`, Yours, "Cloudmark gives the sending address a bad reputation", look+": https://csi.cloudmark.com/en/reset/", "https://csi.cloudmark.com/"),
		e("", `talosintelligence|senderbase|ironport`, Yours, "Cisco Talos gives the sending address a bad reputation", look+": https://talosintelligence.com/reputation_center", "https://talosintelligence.com/"),
		e("", `mimecast`, Yours, "Mimecast does not accept the sending address or the email", "Ask the receiver to allow your domain: https://community.mimecast.com/", "https://community.mimecast.com/"),
		e("", `127\.255\.255\.25[245]|open resolver.*(?:spamhaus|dnsbl)|error: open resolver`, Theirs, "the receiver's own block list lookup is broken (it asks through a public resolver)", "Tell the receiver's admin.", spamhaus),
	}
}

func ofGoogle() []entry {
	const g = "Gmail"
	auth := "Set up SPF and DKIM for the domain in From, and look with hashsend doctor sender."
	return []entry{
		e(g, `[45]\.7\.26`, Yours, "neither SPF nor DKIM proved the sender, or DMARC failed", auth, google),
		e(g, `[45]\.7\.2[53]|PTR record`, Yours, "the sending address has no name (PTR record) that leads back to it", "Set the reverse DNS where the address is rented; look with hashsend doctor sender --ip.", google),
		e(g, `[45]\.7\.27`, Yours, "SPF did not pass", auth, google),
		e(g, `[45]\.7\.30`, Yours, "DKIM did not pass", auth, google),
		e(g, `[45]\.7\.32`, Yours, "the domain in From is neither that of SPF nor that of DKIM", auth, google),
		e(g, `[45]\.7\.29`, Yours, "the email came without encryption", "Your provider has to send with TLS.", google),
		e(g, `5\.4\.5|daily (?:user )?sending (?:limit|quota)`, Yours, "the account has sent as many emails as it may in a day", "Wait for a day; lower mails_per_hour of the mailbox.", "https://support.google.com/a/answer/166852"),
		e(g, `4\.7\.28|unusual rate`, Yours, "the address, the domain or the network sends more than Gmail trusts it with", "Send slowly for some days; lower mails_per_hour of the mailbox.", google),
		e(g, `5\.7\.1\b.*(?:unsolicited|spam)|likely (?:unsolicited|suspicious)`, Yours, "Gmail takes the email for spam", "Look with hashsend doctor sender and doctor reputation; ask the recipients to mark your emails as not spam.", google),
		e(g, `5\.7\.1\b.*low reputation|very low reputation`, Yours, "the domain or the address has a very low reputation at Gmail", "Look with hashsend doctor reputation, stop what is reported as spam, and send little for some weeks.", google),
		e(g, `4\.2\.2|5\.2\.2|out of storage|over quota`, Recipients, "the recipient's mailbox is full", "Tell them in another way.", google),
		e(g, `5\.1\.1|5\.2\.1|does not exist|is disabled|NoSuchUser`, Recipients, "the address does not exist, or has been closed", "Check the spelling, or remove the participant.", google),
	}
}

func ofMicrosoft() []entry {
	const m = "Microsoft"
	return []entry{
		e(m, `5\.7\.515`, Yours, "the domain does not meet Outlook.com's rules for those who send it more than 5,000 emails a day: SPF, DKIM and DMARC must pass", "Set up all three for the domain in From; look with hashsend doctor sender.", bulk),
		e(m, `S3140|S3150|part of their network is on our block list`, Yours, "the sending address, or the network around it, is on Outlook.com's own block list", "Whoever owns the address asks for removal at https://olcsupport.office.com/; look with hashsend doctor reputation (SNDS).", olc),
		e(m, `5\.7\.236`, Yours, "an address at onmicrosoft.com has sent to more outsiders than it may in a day", "Send from a domain of your own.", moera),
		e(m, `5\.7\.509`, Yours, "DMARC failed, and the domain's own policy is reject", "Set up SPF and DKIM for the domain in From; look with hashsend doctor sender.", microsoft),
		e(m, `5\.7\.23\b`, Yours, "SPF failed", "Add the sending machine to the SPF record; look with hashsend doctor sender.", microsoft),
		e(m, `5\.7\.(?:60[6-9]|6[1-4]\d)\b|banned sending IP`, Yours, "the sending address is on the block list of Microsoft 365", "Remove it at https://sender.office.com/.", microsoft),
		e(m, `5\.7\.511|5\.7\.50[123]\b`, Yours, "Microsoft 365 takes the sender for one of spam", "Follow the way to be delisted that the refusal names: delist@microsoft.com.", microsoft),
		e(m, `5\.7\.70[58]`, Yours, "the tenant or the address it sends from is new or not trusted yet", "Ask Microsoft's support, or send through another provider.", microsoft),
		e(m, `5\.1\.8\b|bad outbound sender`, Yours, "Microsoft has blocked the account that sends, because of spam", "The tenant's admin removes it from the restricted entities, after the password was changed.", microsoft),
		e(m, `4\.7\.65[01]|temporarily rate limited|RP-00[1-3]`, Yours, "the sending address has too little reputation for so many emails, so it is slowed down", "Send slowly for some days; look with hashsend doctor reputation.", olc),
		e(m, `5\.4\.1\b|5\.1\.10|5\.1\.1\b|RecipientNotFound|mailbox unavailable`, Recipients, "the address does not exist there", "Check the spelling, or remove the participant.", microsoft),
		e(m, `5\.2\.2\b|4\.2\.2\b|quota`, Recipients, "the recipient's mailbox is full", "Tell them in another way.", microsoft),
		e(m, `5\.7\.1\b.*(?:RESOLVER\.RST|not authorized|permission)|5\.7\.13[36]`, Recipients, "the recipient takes email from inside of their organization only", "Ask their admin to allow you.", microsoft),
	}
}

func ofOthers() []entry {
	const y = "Yahoo"
	return []entry{
		e(y, `\[?TSS0[49]|TS0[1-4]`, Yours, "Yahoo defers the sending address because of volume or complaints", "Send slowly for some hours; it ends by itself.", yahoo),
		e(y, `\[?BL2[123]|\[?RLB`, Yours, "the sending address is on a block list that Yahoo uses", "Look at https://check.spamhaus.org/, then write to Yahoo through the page below.", yahoo),
		e(y, `5\.7\.9|policy reasons|PH01`, Yours, "authentication failed, or the content looks dangerous", "Set up SPF and DKIM for the domain in From; look with hashsend doctor sender.", yahoo),
		e("GMX, WEB.DE", `bad dns ptr|PTR resource record`, Yours, "the sending address has no name (PTR record), or a generic one", "Set the reverse DNS where the address is rented.", gmx),
		e("GMX, WEB.DE", `reject due to (?:spf|dkim|dmarc)|policy`, Yours, "authentication failed", "Sign with DKIM of the domain in From; look with hashsend doctor sender.", gmx),
		e("GMX, WEB.DE", `nemesis|no smtp service|reputation`, Yours, "the sending address has a bad reputation there", "Follow the link of the refusal.", gmx),
		e("iCloud", `HM0[78]|local policy|\bCS01\b`, Yours, "Apple takes the email or the sending address for a source of spam", "Look with hashsend doctor sender, then write to icloudadmin@apple.com.", apple),
		e("T-Online", `tosa@|rx\.t-online|IP=`, Yours, "T-Online does not know the sending address", "Its owner writes to tosa@rx.t-online.de; the machine needs a name with an imprint.", tonline),
	}
}

// general are the codes of RFC 3463 and those registered later, whoever gives them.
func general() []entry {
	const see = "Look with hashsend doctor sender."
	return []entry{
		e("", `blocked using|listed (?:in|at|on|by) \S*(?:bl|rbl|dnsbl)\S*|\bdnsbl\b|\brbl\b|blacklist|block ?list`, Yours, "the sending address is on a block list that the refusal names", "Look there why it is listed, stop the cause, then ask to be removed.", "https://www.rfc-editor.org/rfc/rfc5782"),
		e("", `grey ?list|4\.7\.1\b.*(?:later|again)|^45[01]\b.*try again`, Nobody, "the receiver wants a second attempt from everybody it does not know", "Nothing: it is tried again by itself.", "https://www.rfc-editor.org/rfc/rfc6647"),
		e("", `\b[45]\.7\.2[012]\b`, Yours, "there was no DKIM signature that the receiver accepts", see, iana),
		e("", `\b[45]\.7\.2[34]\b|\bspf\b`, Yours, "SPF failed", see, iana),
		e("", `\b[45]\.7\.25\b|reverse dns|\bptr\b|cannot find your hostname`, Yours, "the sending address has no name that leads back to it", "Set the reverse DNS where the address is rented.", iana),
		e("", `\b[45]\.7\.26\b|\bdmarc\b|\bdkim\b`, Yours, "the checks of the sender failed (SPF, DKIM, DMARC)", see, iana),
		e("", `\b[45]\.7\.27\b`, Yours, "the sender's domain says that it takes no email (null MX)", "Set its MX records.", iana),
		e("", `\b[45]\.7\.28\b|too many|rate limit|throttl`, Yours, "too many emails came in a short time", "Lower mails_per_hour of the mailbox.", iana),
		e("", `\b[45]\.7\.(?:8|9|57|139)\b|authentication (?:failed|required|unsuccessful)|535\b`, Yours, "your own provider did not accept the sign-in", "Look with hashsend check.", iana),
		e("", `\b[45]\.7\.1\b.*relay|relay(?:ing)? (?:access )?denied|not permitted to relay`, Yours, "the server does not send for you", "Use the submission server of your provider, and sign in.", iana),
		e("", `\b[45]\.1\.10\b|null mx|no smtp service`, Recipients, "the recipient's domain takes no email", "Check the spelling.", iana),
		e("", `\b[45]\.1\.2\b|domain (?:name )?not found|host (?:or domain name )?not found|unrouteable`, Recipients, "the recipient's domain, or its mail server, was not found", "Check the spelling; look with hashsend doctor recipient.", iana),
		e("", `\b[45]\.1\.[013]\b|user unknown|no such (?:user|recipient|mailbox|account)|(?:user|recipient|mailbox|address) (?:not found|unknown|does not exist|rejected|unavailable)|unknown (?:user|recipient|address|local)|(?:user|addressee|account|address|recipient).{0,40}(?:doesn't|does not|not|n't) (?:have|exist|match)|no longer (?:valid|on server|exists)|address is (?:possibly )?(?:incorrect|wrong)|\b[45]\.1\.6\b|does not exist|invalid recipient|no mailbox`, Recipients, "the address does not exist", "Check the spelling, or remove the participant.", iana),
		e("", `\b[45]\.1\.[78]\b|sender (?:address|domain) (?:rejected|not found)`, Yours, "the receiver does not accept the sender's address: its domain may not exist for them", "Look with hashsend doctor dns.", iana),
		e("", `\b[45]\.2\.[01]\b|disabled|inactive|suspended|deactivated|switched off|\blocked\b|frozen`, Recipients, "the recipient's mailbox is closed", "Remove the participant, or ask for another address.", iana),
		e("", `\b[45]\.2\.2\b|mailbox (?:is )?full|over ?quota|quota exceeded|exceed(?:ed|s|ing)?.*(?:quota|storage)|insufficient (?:system )?storage`, Recipients, "the recipient's mailbox is full", "Tell them in another way.", iana),
		e("", `\b[45]\.[23]\.[34]\b|too (?:large|big)|size limit|exceeds.*size`, Yours, "the email was too large for the receiver", "Set largest_mail_mb of the mailbox to a smaller number.", iana),
		e("", `\b[45]\.4\.[147]\b|timed? ?out|unreachable|no route|connection refused|could not (?:connect|be reached)|not reachable|network error|did not respond|accept our requests to connect|hosts have been failing|unknown host|retry time(?:out)? (?:not reached|exceeded)|expired`, Theirs, "the recipient's mail server could not be reached for a long time", "Look with hashsend doctor recipient.", iana),
		e("", `\b[45]\.4\.6\b|loop`, Recipients, "the email went in a circle on the recipient's side", "Tell them, or their admin, in another way.", iana),
		e("", `\b[45]\.6\.\d+\b`, Yours, "the receiver does not accept the form of the email", "Report it, with the text of the refusal.", iana),
		e("", `spam|junk|unsolicited|\b[45]\.7\.\d+\b|does not take mail from here|content|policy|block(?:ed)?\b|reputation|denied|rejected`, Yours, "the receiver takes the email or its sender for spam, or its rules do not allow it", "Look with hashsend doctor sender and doctor reputation; if all is well, ask the recipient's admin.", iana),
		e("", `\b4\.3\.\d\b|\b4\.\d+\.\d+\b|^4\d\d\b`, Nobody, "the receiver had a temporary problem", "Nothing: it is tried again by itself.", iana),
		e("", `\b5\.3\.\d\b|\b5\.5\.\d\b`, Theirs, "the receiver's server has a problem with the email or with itself", "Ask the recipient's admin.", iana),
	}
}
