package tomail

import (
	"fmt"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
)

// Warn emails the owner of the mailbox of a conversation.
func Warn(w *core.Work, th store.Thread, subject, text string) error {
	box := w.Env.Boxes[th.Mailbox]
	if box == nil {
		return nil
	}
	to := store.Participant{Name: box.Owner, Address: box.Address.Address}
	return Note(w, th, to, subject, text, "")
}

// Note emails a text of the bridge to one person: a response to a command, a confirmation or a
// warning. It is not part of the conversation. An empty subject means that of the conversation.
func Note(w *core.Work, th store.Thread, to store.Participant, subject, text, inReplyTo string) error {
	p, err := PlanFor(w, th.ID, nil)
	if err != nil {
		return err
	}
	uniq := mail.NewUniq()
	d := Draft(p, Planned{Shown: []store.Participant{to}})
	d.ID = w.Env.Mint.MessageID(p.Epoch.Name, uniq, p.From.Domain)
	d.Trace = w.Env.Mint.Trace(uniq)
	d.Bridge = w.Env.Instance + "; hop=1"
	d.From.Name = "hashsend"
	if subject != "" { // not part of the conversation
		d.Subject, d.ReplyTo, d.Anchor, d.Started = subject, nil, w.Env.Mint.Anchor(uniq, p.From.Domain), w.Now
	}
	d.AutoSubmitted, d.Suppress = "auto-replied", "All"
	d.InReplyTo = inReplyTo
	if inReplyTo != "" {
		d.References = []string{inReplyTo}
	}
	d.Words = []mail.Words{{At: w.Now, Text: text}}
	d.Footer = nil
	finished, err := mail.Compose(d)
	if err != nil {
		return fmt.Errorf("compose email: %w", err)
	}
	record := store.Mail{Thread: th.ID, Epoch: p.Epoch.ID, Uniq: uniq, MessageID: d.ID, Out: true, At: w.Now}
	if err := w.AddMail(&record); err != nil {
		return err
	}
	job := MailJob{Mail: record.ID, MessageID: d.ID, Trace: d.Trace, Box: p.From.Box, From: p.From.Address.Address, To: []string{to.Address}}
	return outbox.Enqueue(w, JobMail, outbox.MailLane(th.ID), w.Key("s", record.ID), job, finished.Raw, time.Time{})
}
