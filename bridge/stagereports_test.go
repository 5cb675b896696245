package bridge

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
)

// first is the stage's first network: one that wants every state where the story says so.
func (s *stage) first() chat.Connector {
	if s.mode["states"] == "each" {
		return statesNet{s.nets["matrix"]}
	}
	if s.mode["encryption"] == "none" {
		return plainNet{s.nets["matrix"]}
	}
	if s.mode["moves"] != "" {
		return followNet{s.nets["matrix"]}
	}
	return s.nets["matrix"]
}

// statesNet is a network that shows every state of every message.
type statesNet struct{ *net }

func (n statesNet) Limits() chat.Limits {
	l := n.net.Limits()
	l.EachState = true
	return l
}

func (n statesNet) Report(_ context.Context, of chat.MessageID, p chat.Place, st chat.State) error {
	name := [...]string{"accepted", "delayed", "failed", "delivered", "read"}[st.Phase]
	if st.Later {
		name += " for now"
	}
	n.s.emit(n.name+" "+string(p.Room)+" state "+string(of)+name, "  %s %s: %s is %s %s", n.name, p.Room, of, name, st.Reason)
	return nil
}

// report plays a report that is no bounce: "delivered N ADDRESS", "late N ADDRESS",
// "read N ADDRESS".
func (s *stage) report(verb, rest string) {
	number, address, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		s.t.Fatal(err)
	}
	s.uid++
	kind, part, fields := "delivery-status", "delivery-status", "Reporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; "+address+"\nAction: delivered\nStatus: 2.0.0\n"
	switch verb {
	case "late":
		fields = strings.ReplaceAll(fields, "delivered\nStatus: 2.0.0", "delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; 451 4.4.1 no answer")
	case "read":
		kind, part = "disposition-notification", "disposition-notification"
		fields = "Final-Recipient: rfc822; " + address + "\nOriginal-Message-ID: <" + s.sent[n-1].ID + ">\nDisposition: manual-action/MDN-sent-manually; displayed\n"
	}
	s.deliver(mail.Inbox, strings.ReplaceAll(fmt.Sprintf(`Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
To: team@example.org
Subject: Report
Message-ID: <report%d@mx.example.com>
Content-Type: multipart/report; report-type=%s; boundary=b

--b
Content-Type: text/plain

A report.
--b
Content-Type: message/%s

%s
--b
Content-Type: text/rfc822-headers

Message-ID: <%s>
X-Hashsend-ID: %s
Subject: x
--b--
`, s.uid, kind, part, fields, s.sent[n-1].ID, s.sent[n-1].Header.Get(mail.HeaderTrace)), "\n", "\r\n"))
}
