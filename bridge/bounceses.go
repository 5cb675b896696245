package bridge

import (
	"encoding/json"
	"strings"

	"hashsend/bridge/mail"
)

// sesNotification is what Amazon SES reports by way of SNS, as far as it is of
// use here. A mail carries it as its text.
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

// classifySES knows the notifications of Amazon SES, for those who let them come
// by mail instead of reports.
func classifySES(m *mail.Message) (Class, bool) {
	text := strings.TrimSpace(m.Text)
	if !strings.HasPrefix(text, "{") || m.Header.Get("X-Amz-Sns-Message-Id") == "" {
		return Class{}, false
	}
	var n sesNotification
	if json.NewDecoder(strings.NewReader(text)).Decode(&n) != nil {
		return Class{}, false
	}
	b := &Bounce{OriginalID: n.Mail.MessageID + "@email.amazonses.com"}
	for _, h := range n.Mail.Headers {
		switch {
		case strings.EqualFold(h.Name, "Message-ID"):
			b.OriginalID = firstID(h.Value)
		case strings.EqualFold(h.Name, mail.HeaderTrace):
			b.Trace = h.Value
		}
	}
	kind := KindBounce
	switch n.NotificationType + n.EventType {
	case "Bounce":
		b.Action = "failed"
		for _, r := range n.Bounce.BouncedRecipients {
			b.add(BounceRecipient{Address: r.EmailAddress, Status: r.Status, Reason: afterType(r.DiagnosticCode)})
		}
	case "DeliveryDelay":
		kind, b.Action = KindDelayed, "delayed"
		for _, r := range n.DeliveryDelay.DelayedRecipients {
			b.add(BounceRecipient{Address: r.EmailAddress, Status: r.Status, Reason: afterType(r.DiagnosticCode)})
		}
	case "Delivery":
		kind, b.Action = KindDelivered, "delivered"
		for _, a := range n.Delivery.Recipients {
			b.add(BounceRecipient{Address: a})
		}
	case "Complaint":
		kind, b.Action = KindComplaint, "complaint"
		for _, r := range n.Complaint.ComplainedRecipients {
			b.add(BounceRecipient{Address: r.EmailAddress, Reason: unwanted})
		}
		return Class{Kind: kind, Bounce: b, Text: b.complaint(), Rule: "notification of Amazon SES"}, true
	default:
		return Class{}, false
	}
	(&returned{}).explain(b, kind)
	return Class{Kind: kind, Bounce: b, Text: b.notice(kind, m), Rule: "notification of Amazon SES"}, true
}
