package tomail

import (
	"errors"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// Make composes and enqueues the emails of a plan.
func Make(w *core.Work, p Plan) error {
	mails := planMail(p)
	for _, planned := range mails {
		err := MakeMail(w, p, planned)
		var cannot *composeError
		if errors.As(err, &cannot) {
			// A message that cannot be composed must not block the next ones.
			err = tochat.NoticeAt(w, planned.Messages[0], "⚠️ This message couldn't be emailed: "+core.PlainReason(cannot.Error())+".", chat.State{Phase: chat.Failed, Reason: cannot.Error()})
		}
		if err != nil {
			return err
		}
	}
	if err := linesTold(w, p, mails); err != nil {
		return err
	}
	for _, r := range p.Reactions {
		if err := reactionTold(w, p, r); err != nil {
			return err
		}
	}
	return nil
}

// mailedWithin is the precision of the time of the last email to a participant. Only quietDay
// needs it.
const mailedWithin = time.Hour

// MakeMail composes a planned email, with its final Message-ID and bytes, and enqueues it.
func MakeMail(w *core.Work, p Plan, pm Planned) error {
	uniq := mail.NewUniq()
	d := Draft(p, pm)
	d.ID = w.Env.Mint.MessageID(p.Epoch.Name, uniq, p.From.Domain)
	d.Trace = w.Env.Mint.Trace(uniq)
	d.Bridge = w.Env.Instance + "; hop=1"
	finished, err := mail.Compose(d)
	if err != nil {
		return &composeError{err}
	}
	var ids []int64
	for _, m := range pm.Messages {
		ids = append(ids, m.ID)
	}
	record := store.Mail{Thread: p.Thread.ID, Epoch: p.Epoch.ID, Uniq: uniq, MessageID: d.ID, Out: true, At: w.Now}
	if err := w.AddMail(&record, ids...); err != nil {
		return err
	}
	job := MailJob{
		Mail: record.ID, MessageID: d.ID, Trace: d.Trace, Box: p.From.Box, From: p.From.Address.Address,
		Files: finished.Files, Again: pm.Again, People: true,
	}
	if len(ids) > 0 {
		job.Thread, job.Last = p.Thread.ID, ids[len(ids)-1]
	}
	for _, to := range pm.To {
		job.To = append(job.To, to.Address)
		if err := w.SetRecipient(store.Recipient{Mail: record.ID, Participant: to.ID, State: store.Queued}); err != nil {
			return err
		}
		if to.State != store.Invited && w.Now.Sub(to.Mailed) < mailedWithin {
			continue
		}
		to.Mailed = w.Now
		if to.State == store.Invited {
			to.State, to.Changed = store.Active, w.Now
		}
		if err := w.SetParticipant(to); err != nil {
			return err
		}
	}
	if p.From.SelfCopy {
		job.To, job.SelfCopy = append(job.To, p.From.Address.Address), true
	}
	if len(pm.Messages) > 0 {
		w.Trace(core.Trace{Thread: p.Thread.ID, Message: pm.Messages[len(pm.Messages)-1].ID, Mail: d.ID, Kind: "composed", Text: "email is ready for " + core.Quantity(len(pm.To), "person", "people")})
	}
	return outbox.Enqueue(w, JobMail, outbox.MailLane(p.Thread.ID), w.Key("s", record.ID), job, finished.Raw, time.Time{})
}

// composeError reports that an email could not be composed.
type composeError struct{ err error }
