package bridge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
)

// The states of a message as a whole that are not those of one recipient.
const (
	stateSent = "sent" // every mail server has taken it
	stateRead = store.Read
)

// progress sums up how far a message has come: its worst recipient counts. The
// reason is that of a failure or delay.
func progress(rs []store.Recipient) (state, reason string) {
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

// follows reports whether what a report says is news to somebody who knows a state:
// reports come late and in any order, and a mail that was read is not only delivered.
func follows(news, known string) bool {
	order := []string{store.Queued, store.Accepted, store.Delayed, store.Delivered, store.Read, store.Failed, store.Resent}
	return slices.Index(order, news) > slices.Index(order, known)
}

// reported is the state of a recipient that a report tells.
func reported(c classify.Class) string {
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

// worthRetrying reports whether the same mail may ever get through: not where it is too
// large, and not to an address that does not exist (RFC 3463, 3.2).
func worthRetrying(reason string) bool {
	status := classify.Status(reason)
	return !strings.HasPrefix(status, "5.1.") && !classify.TooLarge(status, reason)
}

// mended takes the sign of a failure away from a message when it was mailed again, and
// nobody lacks it any more.
func mended(w *core.Work, m store.Message) error {
	c, r, there, err := originalOf(w, m)
	if err != nil || !there {
		return err
	}
	rs, err := w.MessageRecipients(m.ID)
	if err != nil {
		return err
	}
	if state, _ := progress(rs); state == store.Failed {
		return nil
	}
	return showState(w, r, c, chat.State{Phase: chat.Accepted, Mended: true})
}

// showProgress brings the state of messages to them in the networks that want every
// one, where it is another than before. Failures and delays are told by failed.
func showProgress(w *core.Work, ms []store.Message, before map[int64]string) error {
	for _, m := range ms {
		c, r, there, err := originalOf(w, m)
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
		state, _ := progress(rs)
		phase, told := map[string]chat.Phase{stateSent: chat.Accepted, store.Delivered: chat.Delivered, stateRead: chat.Read}[state]
		if !told || state == before[m.ID] {
			continue
		}
		if err := showState(w, r, c, chat.State{Phase: phase}); err != nil {
			return err
		}
	}
	return nil
}

// whereWritten finds a message of a chat in the room where it was written.
func whereWritten(w *core.Work, m store.Message) (c store.Copy, r store.Room, there bool, err error) {
	if m.Origin != store.FromChat || m.Author == 0 {
		return c, r, false, nil
	}
	network, _, err := w.AuthorByID(m.Author)
	if err != nil {
		return c, r, false, err
	}
	copies, err := w.Copies(m.ID)
	if err != nil {
		return c, r, false, err
	}
	for _, c := range copies {
		if c.Posted == "" || c.Part > 0 || (m.Room != 0 && c.Room != m.Room) {
			continue
		}
		r, err := w.RoomByID(c.Room)
		if err != nil || r.Network == network {
			return c, r, err == nil, err
		}
	}
	return c, r, false, nil
}

// originalOf finds where a message was written, if its network shows states.
func originalOf(w *core.Work, m store.Message) (c store.Copy, r store.Room, there bool, err error) {
	c, r, there, err = whereWritten(w, m)
	if !there || err != nil {
		return c, r, false, err
	}
	can := w.Env.Network(r.Network).Reporter != nil
	return c, r, can, nil
}

// showState has a state shown at a copy of a message. It has a lane of its own: states
// must not hold up what is said in the room.
func showState(w *core.Work, r store.Room, c store.Copy, s chat.State) error {
	at := core.Place(r)
	if c.Chat != "" {
		at.Thread = chat.ThreadID(c.Chat)
	}
	job := reportJob{Target: Target{Network: r.Network, Place: at}, To: c.Posted, State: s}
	key := w.Key("rs", c.Message, c.Room, int64(s.Phase), w.Now.UnixMilli())
	return outbox.Enqueue(w, jobReport, fmt.Sprintf("report/%d", r.ID), key, job, nil, time.Time{})
}
