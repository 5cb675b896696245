package tomail

import (
	"fmt"

	"hashsend/bridge/admit"
	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// suspendAfter is how many hard bounces in a row end the mail to a person.
const suspendAfter = 3

// countBounce counts a hard bounce of a person's mail. Too many in a row end the mail
// there; mode is then that of the conversation, with which the person can be added again.
func countBounce(w *core.Work, p *store.Participant) (mode string, err error) {
	p.Bounces++
	if p.Bounces < suspendAfter || !p.Takes() {
		return "", w.SetParticipant(*p)
	}
	if err := w.EndMail(*p, store.Bounced); err != nil {
		return "", err
	}
	p.State, p.Changed = store.Bounced, w.Now
	th, err := w.Thread(p.Thread)
	if err != nil {
		return "", err
	}
	return th.Mode, tochat.Announce(w, p.Thread)
}

// WritesAgain mails to somebody again to whom it did not arrive, and who has proven
// to be there by writing.
func WritesAgain(w *core.Work, _ admit.Proof, p *store.Participant) error {
	p.State, p.Changed, p.Bounces = store.Active, w.Now, 0
	if err := w.SetParticipant(*p); err != nil {
		return err
	}
	if err := tochat.NoticeThread(w, p.Thread, fmt.Sprintf("%s has written, so mail from here goes there again.", p.Name)); err != nil {
		return err
	}
	return tochat.Announce(w, p.Thread)
}

// Failed tells where a message came from that it has not reached somebody, or
// not yet, and what to do.
func Failed(w *core.Work, mailID, thread int64, r store.Recipient) error {
	p, err := w.ParticipantByID(r.Participant)
	if err != nil {
		return err
	}
	handle, err := w.Handle(p)
	if err != nil {
		return err
	}
	why := core.WithoutAddress(core.PlainReason(r.Reason), p)
	text := fmt.Sprintf("⚠️ %s has not got this message: %s. Ask for another address (%sadd ADDRESS), or take this one out (%sremove %s).", p.Name, why, core.PromptMark, core.PromptMark, handle)
	phase, retry := chat.Failed, ""
	var more []tochat.Option
	if r.State == store.Delayed {
		text, phase = fmt.Sprintf("⏳ The mail to %s is late: %s. The mail server goes on trying.", p.Name, why), chat.Delayed
	} else {
		mode, err := countBounce(w, &p)
		if err != nil {
			return err
		}
		if mode != "" {
			text = fmt.Sprintf("⚠️ %s has not got this message, the third in a row: %s. No more mail goes there until %s writes. %sadd %s %s tries again; or ask for another address (%sadd ADDRESS).", p.Name, why, p.Name, core.PromptMark, handle, mode, core.PromptMark)
			more = append(more, tochat.WithChoices(chat.Choice{Label: "Try again", Command: "add " + p.Address + " " + mode}))
		}
	}
	w.Trace(core.Trace{Thread: thread, Kind: "refused", Text: text})
	ms, err := w.MessagesOfMail(mailID)
	if err != nil {
		return err
	}
	if len(ms) == 0 {
		return tochat.NoticeThread(w, thread, text, more...)
	}
	if phase == chat.Failed && p.Takes() && WorthRetrying(r.Reason) {
		retry = core.ResendLine(ms, p.Address)
		text += fmt.Sprintf(" %s%s tries it again.", core.PromptMark, core.ResendLine(ms, handle))
	}
	s := chat.State{Phase: phase, Reason: why, Later: phase == chat.Failed && mayPassLater(r.Reason)}
	for _, m := range ms[:len(ms)-1] {
		c, r, there, err := tochat.OriginalOf(w, m)
		if err == nil && there && w.Env.Network(r.Network).Limits().EachState {
			err = tochat.ShowState(w, r, c, s)
		}
		if err != nil {
			return err
		}
	}
	if retry != "" {
		more = append(more, tochat.WithChoices(chat.Choice{Label: "Retry", Command: retry}))
	}
	return tochat.NoticeAt(w, ms[len(ms)-1], text, s, more...)
}

// Arrived notes that a mail of ours has come to somebody, or was read.
func Arrived(w *core.Work, mailID, thread int64, r store.Recipient) error {
	ms, err := w.MessagesOfMail(mailID)
	if err != nil {
		return err
	}
	before := map[int64]string{}
	for _, m := range ms {
		rs, err := w.MessageRecipients(m.ID)
		if err != nil {
			return err
		}
		before[m.ID], _ = Progress(rs)
		w.Trace(core.Trace{Thread: thread, Message: m.ID, Kind: r.State, Text: "somebody's mailbox told that the mail was " + r.State})
	}
	if err := w.SetRecipient(r); err != nil {
		return err
	}
	return showProgress(w, ms, before)
}
