package smtp

import (
	"errors"
	"strings"
	"testing"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
)

func accountError(err error) *mail.AccountError {
	var a *mail.AccountError
	errors.As(err, &a)
	return a
}

// Whose fault a refusal is: what big providers and programs say.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		at      stage
		line    string
		same    bool
		owner   whose
		trouble mail.AccountTrouble
	}{
		{atSender, "530 5.7.0 Must issue a STARTTLS command first", false, ofAccount, mail.NeedsTLS},
		{atSender, "530 5.7.0 Authentication Required. For more information, go to", false, ofAccount, mail.NotSignedIn},
		{atSender, "530 5.7.57 Client not authenticated to send mail. [AM0.prod.outlook.com]", false, ofAccount, mail.NotSignedIn},
		{atSender, "553 5.7.1 <team@demo.example>: Sender address rejected: not owned by user team", false, ofAccount, mail.SenderRefused},
		{atSender, "550 Mailbox unavailable", false, ofAccount, mail.SenderRefused},
		{atSender, "501 5.1.7 Bad sender address syntax", false, ofAccount, mail.SenderRefused},
		{atSender, "451 4.3.0 Temporary lookup failure", false, ofAccount, mail.ServerBusy},
		{atSender, "552 5.3.4 Message size exceeds fixed limit", false, ofMail, 0},
		{atRecipient, "554 5.7.1 <bob@far.example>: Relay access denied", false, ofAccount, mail.NoRelay},
		{atRecipient, "550 relay not permitted", false, ofAccount, mail.NoRelay},
		{atRecipient, "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", false, ofAccount, mail.NoRelay},
		{atRecipient, "553 Relaying disallowed as team@demo.example", false, ofAccount, mail.NoRelay},
		{atRecipient, "550-demo.example has exceeded the max emails per hour (51/50 (102%)) allowed.", false, ofAccount, mail.OverLimit},
		{atRecipient, "550 5.4.5 Daily user sending limit exceeded. For more information", false, ofAccount, mail.OverLimit},
		{atRecipient, "450 Requested mail action not taken: mailbox unavailable Mail send limit exceeded.", false, ofAccount, mail.OverLimit},
		{atRecipient, "550 5.7.1 Your mail limit has been reached.", false, ofAccount, mail.OverLimit},
		{atDot, "550 5.7.1 team@icloud.com: You have exceeded your daily sending limit. Please try again later.", false, ofAccount, mail.OverLimit},
		{atRecipient, "452 4.2.2 The email account that you tried to reach is over quota", false, ofRecipient, 0},
		{atRecipient, "550 5.2.2 mailbox full", true, ofRecipient, 0},
		{atRecipient, "450 4.2.1 The user you are trying to contact is receiving email at a rate that prevents additional messages", false, ofRecipient, 0},
		{atRecipient, "450 4.7.1 The recipient has exceeded message rate limit. Try again later.", false, ofRecipient, 0},
		{atRecipient, "550 5.1.1 <x@y.example>: Recipient address rejected: User unknown in virtual mailbox table", true, ofRecipient, 0},
		{atRecipient, "550 No such user here", true, ofRecipient, 0},
		{atRecipient, "550 5.7.1 rejected by policy", false, ofRecipient, 0},
		{atRecipient, "550 5.7.1 rejected by policy", true, ofAccount, mail.RefusedAll},
		{atRecipient, "451 4.7.1 Greylisted, come back later", true, ofRecipient, 0},
		{atRecipient, "550 5.7.133 sender not authenticated for group", false, ofRecipient, 0},
		{atRecipient, "554 5.7.1 <c[192.0.2.1]>: Client host rejected: Access denied", false, ofAccount, mail.AccountBlocked},
		{atDot, "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message", false, ofAccount, mail.OverLimit},
		{atDot, "554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; Failed to process message", false, ofAccount, mail.AccountBlocked},
		{atDot, "554 5.2.252 SendAsDenied; team@demo.example not allowed to send as a@b", false, ofAccount, mail.SenderRefused},
		{atDot, "550 5.7.60 SMTP; Client does not have permissions to send as this sender", false, ofAccount, mail.SenderRefused},
		{atDot, "554 5.7.0 Your message could not be sent. The limit on the number of allowed outgoing messages was exceeded. Try again later.", false, ofAccount, mail.OverLimit},
		{atDot, "454 Throttling failure: Daily message quota exceeded", false, ofAccount, mail.OverLimit},
		{atDot, "554 Message rejected: Email address is not verified.", false, ofAccount, mail.SenderRefused},
		{atDot, "451 Ratelimit exceeded for mailbox team@demo.example", false, ofAccount, mail.OverLimit},
		{atDot, "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients", false, ofAccount, mail.OverLimit},
		{atDot, "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", false, ofAccount, mail.OverLimit},
		{atDot, "550 5.4.6 Unusual sending activity detected", false, ofAccount, mail.AccountBlocked},
		{atDot, "554 5.7.1 Message rejected under suspicion of SPAM", false, ofMail, 0},
		{atDot, "552 Message size exceeds maximum permitted", false, ofMail, 0},
		{atDot, "554 5.6.0 Invalid message", false, ofMail, 0},
		{atDot, "550 line length limit exceeded", false, ofMail, 0},
		{atDot, "451 4.3.0 queue file write error", false, ofAccount, mail.ServerBusy},
		{atDot, "554 5.7.1 URL listed at a block list", false, ofMail, 0},
		{atDot, "554 5.7.1 Service unavailable; content", false, ofMail, 0},
		{atDot, "550 attachment limit exceeded", false, ofMail, 0},
		{atRecipient, "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using a list", false, ofAccount, mail.AccountBlocked},
		{atHello, "501 5.5.4 Invalid domain name", false, ofAccount, mail.NameRefused},
		{atGreeting, "554 5.7.1 no service", false, ofAccount, mail.ServerBusy},
	} {
		var p reply
		p.add(c.line)
		p.settle()
		if owner, trouble := judge(c.at, p, c.same); owner != c.owner || trouble != c.trouble {
			t.Errorf("%q at %d: %d, %d; want %d, %d", c.line, c.at, owner, trouble, c.owner, c.trouble)
		}
	}
	for _, w := range wordings {
		if w.source == "" {
			t.Errorf("no source for %q", w.words)
		}
		for _, word := range w.words {
			if strings.ToLower(word) != word {
				t.Errorf("%q can never be found", word)
			}
		}
	}
}

// What is of the account makes the mailbox wait and counts against nobody; what is
// of a recipient counts for that one alone.
func TestAccountTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		begin, answer string
		trouble       mail.AccountTrouble
	}{
		"TLS is wanted":         {"MAIL", "530 5.7.0 Must issue a STARTTLS command first", mail.NeedsTLS},
		"sender":                {"MAIL", "553 5.7.1 <team@demo.example>: Sender address rejected: not owned by user team", mail.SenderRefused},
		"relay":                 {"RCPT", "554 5.7.1 Relay access denied", mail.NoRelay},
		"limit at the end":      {".", "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", mail.OverLimit},
		"all in the same words": {"RCPT", "550 5.7.1 administratively prohibited", mail.RefusedAll},
		"busy":                  {".", "421 4.3.2 closing", mail.ServerBusy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, out := newScripted(t, always(c.begin, c.answer))
			res, _, err := submit(t, out, outgoing(small, "ann@home.example", "bob@far.example"))
			a := accountError(err)
			if a == nil || a.Trouble != c.trouble || !retry.IsCongested(err) || retry.IsNever(err) || retry.IsUnclear(err) {
				t.Fatalf("%v: %+v", err, a)
			}
			for _, o := range res.Outcomes {
				if o.State != mail.Accepted {
					t.Errorf("it counts against %+v", o)
				}
			}
		})
	}
	_, out := newScripted(t, func(s *scripted) {
		s.hook = func(_ *scriptedConn, line string) string {
			if strings.HasPrefix(line, "RCPT TO:<bob") {
				return "550 5.1.1 <bob@far.example>: Recipient address rejected: User unknown"
			}
			if strings.HasPrefix(line, "RCPT TO:<cid") {
				return "550 5.1.1 <cid@far.example>: Recipient address rejected: User unknown"
			}
			return ""
		}
	})
	res, _, err := submit(t, out, outgoing(small, "ann@home.example", "bob@far.example"))
	if err != nil || res.Outcomes[1].State != mail.Refused || res.Outcomes[1].Status != "5.1.1" {
		t.Errorf("one recipient: %+v, %v", res, err)
	}
	if res, _, err = submit(t, out, outgoing(small, "bob@far.example", "cid@far.example")); !retry.IsNever(err) || accountError(err) != nil || len(res.Outcomes) != 2 {
		t.Errorf("two that do not exist: %+v, %v", res, err)
	}
}

func FuzzReply(f *testing.F) {
	for _, s := range []string{"250 ok\r\n", "250-a\r\n250 2.0.0 b\r\n", "55", "421 4.7.0 x\n", "\r\n", "999 x\r\n", "250-\r\nx\r\n250\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, said string) {
		c := newClient(&canned{r: strings.NewReader(said)})
		p, err := c.read()
		if err == nil && (p.Code < 200 || p.Code > 599) {
			t.Errorf("%q is read as %d", said, p.Code)
		}
		if len(p.Text) > keptText || strings.ContainsAny(p.Text, "\r\n") {
			t.Errorf("the text is %q", p.Text)
		}
		for at := atGreeting; at <= atDot; at++ {
			judge(at, p, true)
		}
	})
}
