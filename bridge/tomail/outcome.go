package tomail

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// settleRecipients stores the outcome for each recipient. Deferred recipients get their own
// delivery.
func settleRecipients(w *core.Work, d store.Delivery, j MailJob, rs []store.Recipient, res mail.Result) error {
	var later []string
	var those []store.Recipient
	status := map[int64]string{}
	for _, r := range rs {
		if !core.ContainsAddress(j.To, r.Address) {
			continue
		}
		o := outcomeFor(res, r.Address)
		switch o.State {
		case mail.Deferred:
			later = append(later, r.Address)
			r.State, r.Reason = store.Queued, o.ServerSay
		case mail.Refused:
			r.State, r.Reason = store.Failed, o.ServerSay
		default:
			r.State, r.Reason = store.Accepted, res.ServerSay
		}
		if err := w.SetRecipient(r); err != nil {
			return err
		}
		if r.State == store.Failed {
			those, status[r.Participant] = append(those, r), o.Status
		}
	}
	if err := refused(w, j, those, status); err != nil {
		return err
	}
	for _, to := range later {
		if err := laterFor(w, d, j, to, w.Now.Add(retry.Backoff(d.Attempt+1, core.Delay(time.Minute), time.Hour))); err != nil {
			return err
		}
	}
	return nil
}

func outcomeFor(res mail.Result, address string) mail.Outcome {
	wire, _ := mail.WireAddress(address)
	for _, o := range res.Outcomes {
		if strings.EqualFold(o.Address, wire) {
			return o
		}
	}
	return mail.Outcome{Address: address} // accepted for all recipients
}

// refusedAll stores that an email was refused for all its recipients.
func refusedAll(w *core.Work, j MailJob, rs []store.Recipient, res mail.Result, cause error) error {
	var those []store.Recipient
	status := map[int64]string{}
	for _, r := range rs {
		if !core.ContainsAddress(j.To, r.Address) {
			continue
		}
		r.State, r.Reason = store.Failed, cause.Error()
		if o := outcomeFor(res, r.Address); o.ServerSay != "" {
			r.Reason, status[r.Participant] = o.ServerSay, o.Status
		}
		if err := w.SetRecipient(r); err != nil {
			return err
		}
		those = append(those, r)
	}
	return refused(w, j, those, status)
}

// refused handles recipients whose server refused an email for good. An email that was too
// large is sent again without files; the rest is reported.
func refused(w *core.Work, j MailJob, rs []store.Recipient, status map[int64]string) error {
	if len(rs) == 0 {
		return nil
	}
	m, err := w.Mail(j.Mail)
	if err != nil {
		return err
	}
	if rs, err = WithoutFiles(w, j.Mail, rs, status); err != nil {
		return err
	}
	for _, r := range rs {
		if err := Failed(w, j.Mail, m.Thread, r); err != nil {
			return err
		}
	}
	return nil
}

// accepted shows at a message that its email was sent.
func accepted(w *core.Work, j MailJob) error {
	if shows, err := showsStates(w, j.Thread); err != nil {
		return err
	} else if !shows && !j.Again {
		w.Trace(core.Trace{Thread: j.Thread, Message: j.Last, Mail: j.MessageID, Kind: "submitted", Text: "the mail server accepted the email"})
		return nil
	}
	ms, err := w.MessagesOfMail(j.Mail)
	if err != nil || len(ms) == 0 {
		return err
	}
	last := ms[len(ms)-1]
	w.Trace(core.Trace{Thread: last.Thread, Message: last.ID, Mail: j.MessageID, Kind: "submitted", Text: "the mail server accepted the email"})
	if last.Origin != store.FromChat {
		return nil
	}
	if j.Again {
		for _, m := range ms {
			if err := mended(w, m); err != nil {
				return err
			}
		}
	}
	c, r, there, err := tochat.OriginalOf(w, last)
	if err != nil {
		return err
	}
	if there && w.Env.Network(r.Network).Limits().EachState {
		if err := showProgress(w, ms, nil); err != nil {
			return err
		}
		rs, err := w.MessageRecipients(last.ID)
		if err != nil {
			return err
		}
		if state, _ := Progress(rs); state == store.Failed || state == store.Delayed || state == store.Queued {
			return tochat.ShowState(w, r, c, chat.State{Phase: chat.Accepted, Reason: "not delivered to everyone yet"})
		}
		return nil
	}
	if !there {
		return nil
	}
	// One lane for each room: only the newest message matters.
	job := tochat.ReportJob{Target: tochat.Target{Network: r.Network, Place: core.Place(r)}, To: c.Posted, State: chat.State{Phase: chat.Accepted}}
	return outbox.Enqueue(w, tochat.JobReport, fmt.Sprintf("report/%d", r.ID), w.Key("ra", last.ID), job, nil, time.Time{})
}

// showsStates reports whether a room of a conversation shows states of messages, or may do so
// because the conversation is unknown.
func showsStates(w *core.Work, thread int64) (bool, error) {
	if thread == 0 {
		return true, nil
	}
	rooms, err := w.RoomsOf(thread)
	return slices.ContainsFunc(rooms, func(r store.Room) bool { return w.Env.Network(r.Network).Reporter != nil }), err
}
