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

	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
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
