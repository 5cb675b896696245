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

// The states of a message as a whole that are not those of one recipient.
const (
	stateSent = "sent" // every mail server has taken it
	stateRead = store.Read
)

// Progress sums up how far a message has come: its worst recipient counts. The
// reason is that of a failure or delay.
func Progress(rs []store.Recipient) (state, reason string) {
	order := []string{store.Failed, store.Delayed, store.Queued, store.Accepted, store.Delivered, store.Read}
	worst := len(order) - 1
	for _, r := range rs {
		if r.State == store.Resent {
			continue // another mail counts
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

// Follows reports whether what a report says is news to somebody who knows a state:
// reports come late and in any order, and a mail that was read is not only delivered.
func Follows(news, known string) bool {
	order := []string{store.Queued, store.Accepted, store.Delayed, store.Delivered, store.Read, store.Failed, store.Resent}
	return slices.Index(order, news) > slices.Index(order, known)
}

// Reported is the state of a recipient that a report tells.
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

// mayPassLater reports whether the same mail may get through at another time: the
// status is one of trouble that passes, or the mailbox is full (RFC 3463).
func mayPassLater(reason string) bool {
	status := classify.Status(reason)
	return strings.HasPrefix(status, "4.") || status == "5.2.2" || strings.HasPrefix(status, "5.3.")
}

// WorthRetrying reports whether the same mail may ever get through: not where it is too
// large, and not to an address that does not exist (RFC 3463, 3.2).
func WorthRetrying(reason string) bool {
	status := classify.Status(reason)
	return !strings.HasPrefix(status, "5.1.") && !classify.TooLarge(status, reason)
}

// mended takes the sign of a failure away from a message when it was mailed again, and
// nobody lacks it any more.
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
	return tochat.ShowState(w, r, c, chat.State{Phase: chat.Accepted, Mended: true})
}

// showProgress brings the state of messages to them in the networks that want every
// one, where it is another than before. Failures and delays are told by failed.
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
