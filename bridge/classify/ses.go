package classify

import (
	"encoding/json"
	"strings"

	"hashsend/bridge/mail"
)

// sesNotification has the fields in use of a notification that Amazon SES sends through
// SNS. It is the text of a mail.
type sesNotification struct {
	NotificationType string
	EventType        string
	Mail             struct {
		MessageID string `json:"messageId"`
		Headers   []struct{ Name, Value string }
	}
	Bounce struct {
		BounceType        string
		BouncedRecipients []struct{ EmailAddress, Status, DiagnosticCode string }
	}
	Complaint struct {
		ComplainedRecipients []struct{ EmailAddress string }
	}
	Delivery struct {
		Recipients []string
	}
	DeliveryDelay struct {
		DelayedRecipients []struct{ EmailAddress, Status, DiagnosticCode string }
	}
}

// asSES recognizes the notifications of Amazon SES, which some receive by mail in place of
// reports.
//
// Many branches: one for each kind of notification.
func asSES(m *mail.Message) (Class, bool) {
	text := strings.TrimSpace(m.Text)
	if !strings.HasPrefix(text, "{") || m.Header.Get("X-Amz-Sns-Message-Id") == "" {
		return Class{}, false
	}
	var n sesNotification
	if json.NewDecoder(strings.NewReader(text)).Decode(&n) != nil {
		n = sesNotification{} // a server has folded the long line
		if json.NewDecoder(strings.NewReader(strings.NewReplacer("\r\n", "", "\n", "").Replace(text))).Decode(&n) != nil {
			return Class{}, false
		}
	}
	rep := &Report{OriginalID: n.Mail.MessageID + "@email.amazonses.com"}
	for _, h := range n.Mail.Headers {
		switch {
		case strings.EqualFold(h.Name, "Message-ID"):
			rep.OriginalID = firstID(h.Value)
		case strings.EqualFold(h.Name, mail.HeaderTrace):
			rep.Trace = h.Value
		}
	}
	kind := Bounce
	switch n.NotificationType + n.EventType {
	case "Bounce":
		rep.Action = "failed"
		for _, r := range n.Bounce.BouncedRecipients {
			rep.add(Recipient{Address: r.EmailAddress, Status: r.Status, Reason: afterType(r.DiagnosticCode)})
		}
	case "DeliveryDelay":
		kind, rep.Action = Delayed, "delayed"
		for _, r := range n.DeliveryDelay.DelayedRecipients {
			rep.add(Recipient{Address: r.EmailAddress, Status: r.Status, Reason: afterType(r.DiagnosticCode)})
		}
	case "Delivery":
		kind, rep.Action = Delivered, "delivered"
		for _, a := range n.Delivery.Recipients {
			rep.add(Recipient{Address: a})
		}
	case "Complaint":
		kind, rep.Action = Complaint, "complaint"
		for _, r := range n.Complaint.ComplainedRecipients {
			rep.add(Recipient{Address: r.EmailAddress, Reason: unwanted})
		}
		return Class{Kind: kind, Report: rep, Text: rep.complaint(), Rule: "notification of Amazon SES"}, true
	default:
		return Class{}, false
	}
	(&returned{}).explain(rep, kind)
	return Class{Kind: kind, Report: rep, Text: rep.notice(kind, m), Rule: "notification of Amazon SES"}, true
}
