package bridge

import (
	"fmt"
	"strconv"
	"strings"

	"hashsend/bridge/mail"
)

// bounce plays a delivery report: "bounce N ADDRESS".
func (s *stage) bounce(rest string) {
	number, rest, _ := strings.Cut(rest, " ")
	address, status, _ := strings.Cut(rest, " ")
	if status == "" {
		status = "5.2.2 mailbox is full"
	}
	code, _, _ := strings.Cut(status, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		s.t.Fatal(err)
	}
	s.deliver(mail.Inbox, strings.ReplaceAll(fmt.Sprintf(`Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
To: team@example.org
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce%d@mx.example.com>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; %s
Action: failed
Status: %s
Diagnostic-Code: smtp; 552 %s

--b
Content-Type: text/rfc822-headers

Message-ID: <%s>
X-Hashsend-ID: %s
Subject: x
--b--
`, n, address, code, status, s.sent[n-1].ID, s.sent[n-1].Header.Get(mail.HeaderTrace)), "\n", "\r\n"))
}
