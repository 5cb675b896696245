package slack

import (
	"fmt"
	"strings"
	"time"

	"hashsend/cmd/hashsend/e2e/lab"
)

// replyAll answers a mail, to the bridge and to somebody else who got it.
func (x *three) replyAll(user string, m lab.Mail, other, text string) {
	x.t.Helper()
	from, to := x.mail.Address(user), append(m.AnswerTo(), x.mail.Address(other))
	raw := fmt.Appendf(nil, "From: %s\r\nTo: %s\r\nDate: %s\r\nSubject: Re: %s\r\nMessage-ID: <all%d@example.test>\r\nIn-Reply-To: <%s>\r\nReferences: <%s>\r\n\r\n%s\r\n",
		from, strings.Join(to, ", "), time.Now().Format(time.RFC1123Z), m.Subject, time.Now().UnixNano(), m.ID, strings.Join(append(m.References, m.ID), "> <"), text)
	x.mail.Send(x.t, user, to, raw)
}
