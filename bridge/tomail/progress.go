package tomail

import (
	"slices"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// The states of a message as a whole that no recipient has.
const (
	stateSent = "sent" // accepted by every mail server
	stateRead = store.Read
)

// Progress returns the state of a message: that of its worst recipient, with the reason of a
// failure or delay.
func Progress(rs []store.Recipient) (state, reason string) {
	order := []string{store.Failed, store.Delayed, store.Queued, store.Accepted, store.Delivered, store.Read}
	worst := len(order) - 1
	for _, r := range rs {
		if r.State == store.Resent {
			continue // replaced by another email
		}
		if i := max(0, slices.Index(order, r.State)); i < worst || (i == worst && reason == "") {
			worst, reason = i, r.Reason
		}
	}
	switch state = order[worst]; state {
	case store.Failed, store.Delayed:
		return state, core.PlainReason(reason)
	case store.Accepted:
		return stateSent, ""
	}
	return state, ""
}

// Follows reports whether a reported state is news after a known one. Reports come late and in
// any order.
func Follows(news, known string) bool {
	order := []string{store.Queued, store.Accepted, store.Delayed, store.Delivered, store.Read, store.Failed, store.Resent}
	return slices.Index(order, news) > slices.Index(order, known)
}

// Reported returns the state of a recipient according to a report.
func Reported(c classify.Class) string {
	switch c.Kind {
	case classify.Bounce, classify.Complaint:
		return store.Failed
	case classify.Delayed:
		return store.Delayed
	case classify.ReadReceipt:
		if c.Report != nil && c.Report.Action == "displayed" {
			return store.Read
		}
	}
	return store.Delivered
}

// mayPassLater reports whether the same email may succeed at another time, because the problem
// is temporary or the mailbox is full (RFC 3463).
func mayPassLater(reason string) bool {
	status := classify.Status(reason)
	return strings.HasPrefix(status, "4.") || status == "5.2.2" || strings.HasPrefix(status, "5.3.")
}

// WorthRetrying reports whether the same email may ever succeed: not if it is too large or the
// address does not exist (RFC 3463, 3.2).
func WorthRetrying(reason string) bool {
	status := classify.Status(reason)
	return !strings.HasPrefix(status, "5.1.") && !classify.TooLarge(status, reason)
}

// mended removes the failure sign from a message that was sent again successfully.
func mended(w *core.Work, m store.Message) error {
	c, r, there, err := tochat.OriginalOf(w, m)
	if err != nil || !there {
		return err
	}
	rs, err := w.MessageRecipients(m.ID)
	if err != nil {
		return err
	}
	if state, _ := Progress(rs); state == store.Failed {
		return nil
	}
	return tochat.ShowState(w, r, c, chat.State{Phase: chat.Accepted, Recovered: true})
}

// showProgress shows the new state of messages in networks that show every state. Failed
// reports failures and delays.
func showProgress(w *core.Work, ms []store.Message, before map[int64]string) error {
	for _, m := range ms {
		c, r, there, err := tochat.OriginalOf(w, m)
		if err != nil {
			return err
		}
		if !there || !w.Env.Network(r.Network).Limits().EachState {
			continue
		}
		rs, err := w.MessageRecipients(m.ID)
		if err != nil {
			return err
		}
		state, _ := Progress(rs)
		phase, told := map[string]chat.Phase{stateSent: chat.Accepted, store.Delivered: chat.Delivered, stateRead: chat.Read}[state]
		if !told || state == before[m.ID] {
			continue
		}
		if err := tochat.ShowState(w, r, c, chat.State{Phase: phase}); err != nil {
			return err
		}
	}
	return nil
}
