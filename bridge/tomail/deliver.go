package tomail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// The kinds of delivery to mail servers.
const (
	JobMail = "mail.submit"
	jobKeep = "mail.keep" // ensures that a copy is in Sent
)

// Kinds returns the kinds of delivery to mail servers, and those that compose emails.
func Kinds(e *core.Env) []outbox.Kind {
	return []outbox.Kind{
		{Name: JobMail, Patience: outbox.MessagePatience, Deliver: func(ctx context.Context, d store.Delivery) error { return deliverMail(ctx, e, d) }},
		{Name: jobKeep, Patience: keepPatience, Deliver: func(ctx context.Context, d store.Delivery) error { return deliverKeep(ctx, e, d) }},
		{Name: jobCorrect, Deliver: func(ctx context.Context, d store.Delivery) error { return deliverCorrection(ctx, e, d) }},
		{Name: jobDigest, Deliver: func(ctx context.Context, d store.Delivery) error { return deliverDigest(ctx, e, d) }},
	}
}

// keepPatience is how long to look for an email in the Sent folder.
const keepPatience = 24 * time.Hour

// MailJob is the data of a delivery to a submission server.
type MailJob struct {
	Mail      int64         `json:"mail"`
	MessageID string        `json:"message_id"`
	Trace     string        `json:"trace"`
	Box       int64         `json:"box"`
	From      string        `json:"from"`
	To        []string      `json:"to"`
	Again     bool          `json:"again,omitempty"`     // it failed before
	SelfCopy  bool          `json:"self_copy,omitempty"` // the mailbox's own address is in the envelope, too
	People    bool          `json:"people,omitempty"`    // send only to its current recipients
	Files     []mail.Placed `json:"files,omitempty"`
	Thread    int64         `json:"thread,omitempty"` // 0: unknown, or no messages
	Last      int64         `json:"last,omitempty"`   // its last message

	recipients []store.Recipient // recipients at the start of the attempt
}

// grace is how long after an unclear result an email is looked for before it is sent again. The
// server may still be processing it.
func grace(box *core.Box) time.Duration {
	if box.Grace > 0 {
		return box.Grace
	}
	return time.Minute
}

func outgoing(e *core.Env, j MailJob, raw []byte) mail.Outgoing {
	whole := mail.Finished{Raw: raw, Files: j.Files}
	o := mail.Outgoing{
		MessageID: j.MessageID, EnvelopeID: envelopeID(j.Trace), Size: whole.Size(),
		Open: func() (io.ReadCloser, error) {
			return whole.Open(func(name string) (io.ReadCloser, error) { return files.OpenBlob(e, name) }), nil
		},
	}
	o.From, o.UTF8 = mail.WireAddress(j.From)
	for _, to := range j.To {
		wire, utf8 := mail.WireAddress(to)
		o.To, o.UTF8 = append(o.To, wire), o.UTF8 || utf8
	}
	return o
}

// envelopeID returns the UNIQ of an email, which delivery reports repeat (RFC 3461, 4.4).
func envelopeID(trace string) string {
	uniq, _, _ := strings.Cut(trace, ".")
	return uniq
}

// deliverMail submits an email. If it may have been sent already, it looks for it first.
func deliverMail(ctx context.Context, e *core.Env, d store.Delivery) error {
	var j MailJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	box := e.Boxes[j.Box]
	if box == nil || box.Submitter == nil {
		return settleMail(ctx, e, d, j, box, mail.Result{}, retry.Never(errors.New("the mailbox is no longer in the configuration")))
	}
	if none, err := stillTo(ctx, e, &j); none || err != nil {
		if err != nil {
			return err
		}
		return e.Write(ctx, "settle-mail", func(w *core.Work) error { return w.Done(d.ID) })
	}
	if d.Phase != store.PhaseNew {
		if done, err := resolveDoubt(ctx, e, d, j, box); done || err != nil {
			return err
		}
	}
	if done, err := behind(ctx, e, &d, &j); done || err != nil {
		return err
	}
	wait, why, back := box.Pace.Wait(e.Now())
	if wait > 0 {
		return e.Write(ctx, "settle-mail", func(w *core.Work) error {
			d.Due, d.Error = w.Now.Add(wait), why
			return w.SetDelivery(d)
		})
	}
	begun := e.Now()
	dotted := false
	res, err := box.Submitter.Submit(ctx, outgoing(e, j, d.Raw), func() error {
		err := e.Write(ctx, "dot", func(w *core.Work) error {
			d.Phase, d.Started = store.PhaseDot, w.Now
			return w.SetDelivery(d)
		})
		dotted = err == nil
		return err
	})
	if err == nil && e.Metrics != nil {
		e.Metrics.Observe(JobMail, e.Now().Sub(begun))
	}
	e.NoteHealth(box.Name, "submission", err)
	core.Failpoint("settle-mail:attempted")
	if err != nil && (!dotted || retry.IsCongested(err)) && !retry.IsUnclear(err) {
		back() // nothing was sent
	}
	if err == nil {
		box.Pace.Sent()
	} else if retry.IsCongested(err) {
		// The whole mailbox waits, and this attempt does not count.
		err = retry.After(err, box.Pace.Congested(e.Now(), err.Error()))
	}
	return settleMail(ctx, e, d, j, box, res, err)
}

// resolveDoubt looks for an email that may have been sent. done means that the delivery was
// settled or postponed.
func resolveDoubt(ctx context.Context, e *core.Env, d store.Delivery, j MailJob, box *core.Box) (done bool, err error) {
	id, found, err := lookFor(ctx, e, j, box, d.Started)
	switch {
	case err != nil:
		return true, e.Write(ctx, "settle-mail", func(w *core.Work) error {
			_, err := outbox.Again(w, d, fmt.Errorf("check whether the email was sent: %w", err), outbox.MessagePatience)
			return err
		})
	case found:
		return true, settleMail(ctx, e, d, j, box, mail.Result{FinalID: id}, nil)
	}
	if wait := d.Started.Add(grace(box)).Sub(e.Now()); wait > 0 && box.Keeper != nil {
		return true, e.Write(ctx, "settle-mail", func(w *core.Work) error {
			d.Due, d.Error = w.Now.Add(min(wait, 5*time.Second)), "the mail server's response was lost: checking whether the email was sent before sending it again"
			return w.SetDelivery(d)
		})
	}
	return false, nil
}

// lookFor finds the copy that proves that an email was sent.
func lookFor(ctx context.Context, e *core.Env, j MailJob, box *core.Box, since time.Time) (id string, found bool, err error) {
	if box.Keeper == nil {
		return "", false, nil
	}
	since = since.Add(-time.Hour)
	if id, found, err = box.Keeper.FindSent(ctx, j.Trace, since); err != nil || found || !j.SelfCopy {
		return id, found, err
	}
	return box.Keeper.AdoptSent(ctx, j.Trace, since)
}

// settleMail stores the outcome of a submission for each recipient.
func settleMail(ctx context.Context, e *core.Env, d store.Delivery, j MailJob, box *core.Box, res mail.Result, cause error) error {
	return e.Write(ctx, "settle-mail", func(w *core.Work) error {
		if cause != nil && !retry.IsNever(cause) {
			if !retry.IsUnclear(cause) {
				d.Phase = store.PhaseNew // the server refused it or never received it
			}
			final, err := outbox.Again(w, d, cause, outbox.MessagePatience)
			if err != nil || !final {
				w.Trace(core.Trace{Kind: "waiting", Mail: j.MessageID, Text: "the mail server has not accepted it yet: " + core.PlainReason(cause.Error())})
				return err
			}
		} else if err := w.Done(d.ID); err != nil {
			return err
		}
		rs := j.recipients
		if rs == nil {
			var err error
			if rs, err = w.Recipients(j.Mail); err != nil {
				return err
			}
		}
		if cause != nil {
			w.Env.Log.Warn("an email failed for good", "mail", j.MessageID, "attempts", d.Attempt+1)
			if err := unstuck(w, d, j); err != nil {
				return err
			}
			return refusedAll(w, j, rs, res, cause)
		}
		if err := w.AddMailID(j.Mail, store.IDFinal, res.FinalID); err != nil {
			return err
		}
		if err := settleRecipients(w, d, j, rs, res); err != nil {
			return err
		}
		if err := seeToCopy(w, d, j, box); err != nil {
			return err
		}
		if err := unstuck(w, d, j); err != nil {
			return err
		}
		return accepted(w, j)
	})
}

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

// laterFor retries an email for one recipient.
func laterFor(w *core.Work, d store.Delivery, j MailJob, to string, due time.Time) error {
	j.To, j.SelfCopy = []string{to}, false
	return outbox.Enqueue(w, JobMail, outbox.LaterLane(d.Lane, to), w.Env.Instance+".l."+mail.NewUniq(), j, d.Raw, due)
}

// behind moves recipients who wait for earlier emails to their own deliveries, so that
// everybody receives emails in order. done means that no recipient is left.
func behind(ctx context.Context, e *core.Env, d *store.Delivery, j *MailJob) (done bool, err error) {
	if strings.Contains(d.Lane, "/later/") || !e.LaneUnder(outbox.LaterLane(d.Lane, "")) {
		return false, nil
	}
	waits := func(tx *store.Tx) (those []string, err error) {
		lanes, err := tx.LanesUnder(outbox.LaterLane(d.Lane, ""))
		if err != nil || len(lanes) == 0 {
			return nil, err
		}
		for _, to := range j.To {
			if slices.Contains(lanes, outbox.LaterLane(d.Lane, to)) {
				those = append(those, to)
			}
		}
		return those, nil
	}
	var those []string
	if err := e.Store.Read(ctx, func(tx *store.Tx) (err error) { those, err = waits(tx); return err }); err != nil || len(those) == 0 {
		return false, err
	}
	err = e.Write(ctx, "behind", func(w *core.Work) error {
		if those, err = waits(w.Tx); err != nil {
			return err
		}
		for _, to := range those {
			if err := laterFor(w, *d, *j, to, w.Now); err != nil {
				return err
			}
		}
		j.To = slices.DeleteFunc(j.To, func(to string) bool { return core.ContainsAddress(those, to) })
		if done = len(j.To) == 0 || (j.SelfCopy && len(j.To) == 1); done {
			return w.Done(d.ID)
		}
		text, err := json.Marshal(j)
		if err != nil {
			return fmt.Errorf("encode delivery: %w", err)
		}
		d.Data = string(text)
		return w.SetDelivery(*d)
	})
	return done, err
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

// seeToCopy ensures a copy in the Sent folder if the provider does not store one.
func seeToCopy(w *core.Work, d store.Delivery, j MailJob, box *core.Box) error {
	if !j.SelfCopy || box == nil || box.Keeper == nil {
		return nil
	}
	return outbox.Enqueue(w, jobKeep, outbox.KeepLane(j.Box), w.Key("k", j.Mail), j, d.Raw, w.Now.Add(3*time.Second))
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

// deliverKeep ensures one copy of an email in the Sent folder. It moves our own copy there when
// it arrives, or else stores one.
func deliverKeep(ctx context.Context, e *core.Env, d store.Delivery) error {
	var j MailJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	id, err := "", error(nil)
	if box := e.Boxes[j.Box]; box != nil && box.Keeper != nil {
		id, err = keepCopy(ctx, e, d, j, box)
	}
	core.Failpoint("settle-keep:attempted")
	return e.Write(ctx, "settle-keep", func(w *core.Work) error {
		if err != nil {
			_, settle := outbox.Again(w, d, err, keepPatience)
			return settle
		}
		if id != "" && id != j.MessageID {
			if err := w.AddMailID(j.Mail, store.IDFinal, id); err != nil {
				return err
			}
		}
		return w.Done(d.ID)
	})
}

// copyAwaited is how long to wait for our own copy.
const copyAwaited = 10 * time.Minute

func keepCopy(ctx context.Context, e *core.Env, d store.Delivery, j MailJob, box *core.Box) (id string, err error) {
	since := d.Created.Add(-time.Hour)
	id, found, err := box.Keeper.AdoptSent(ctx, j.Trace, since)
	if err != nil || found {
		return id, err
	}
	if id, found, err = box.Keeper.FindSent(ctx, j.Trace, since); err != nil || found {
		return id, err
	}
	if e.Now().Sub(d.Created) < copyAwaited {
		return "", retry.After(errors.New("our own copy of the email has not arrived yet"), 15*time.Second)
	}
	return "", box.Keeper.KeepSent(ctx, outgoing(e, j, d.Raw), d.Created)
}

// stillTo removes recipients who were removed from an email since it was composed. none means
// that nobody is left.
func stillTo(ctx context.Context, e *core.Env, j *MailJob) (none bool, err error) {
	if !j.People {
		return false, nil
	}
	wanted := map[string]bool{}
	err = e.Store.Read(ctx, func(tx *store.Tx) error {
		rs, err := tx.Recipients(j.Mail)
		j.recipients = rs
		for _, r := range rs {
			wanted[mail.CanonicalAddress(r.Address)] = true
		}
		return err
	})
	none = true
	j.To = slices.DeleteFunc(j.To, func(to string) bool {
		is := wanted[mail.CanonicalAddress(to)]
		none = none && !is
		return !is && !(j.SelfCopy && mail.SameAddress(to, j.From))
	})
	return none && err == nil, err
}
