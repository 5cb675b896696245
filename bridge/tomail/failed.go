package tomail

import (
	"fmt"

	"hashsend/bridge/admit"
	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// suspendAfter is the number of hard bounces in a row after which emails to a participant stop.
const suspendAfter = 3

// countBounce counts a hard bounce. Too many in a row stop the emails to the participant; mode
// is then the mode of the conversation, for adding them again.
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

// WritesAgain resumes emails to a bounced participant who has written.
func WritesAgain(w *core.Work, _ admit.Proof, p *store.Participant) error {
	p.State, p.Changed, p.Bounces = store.Active, w.Now, 0
	if err := w.SetParticipant(*p); err != nil {
		return err
	}
	if err := tochat.NoticeThread(w, p.Thread, fmt.Sprintf("%s wrote again, so emails to them have resumed.", p.Name)); err != nil {
		return err
	}
	return tochat.Announce(w, p.Thread)
}

// Failed reports where a message came from that it failed or is delayed for a recipient, and
// what to do.
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
	text := fmt.Sprintf("⚠️ %s didn't receive this message: %s. Add another address with %sadd ADDRESS, or remove this one with %sremove %s.", p.Name, why, core.PromptMark, core.PromptMark, handle)
	phase, retry := chat.Failed, ""
	var more []tochat.Option
	if r.State == store.Delayed {
		text, phase = fmt.Sprintf("⏳ Email to %s is delayed: %s. The mail server will keep trying.", p.Name, why), chat.Delayed
	} else {
		mode, err := countBounce(w, &p)
		if err != nil {
			return err
		}
		if mode != "" {
			text = fmt.Sprintf("⚠️ %s didn't receive this message, the third in a row: %s. Emails to %s have stopped until they write. Try again with %sadd %s %s, or add another address with %sadd ADDRESS.", p.Name, why, p.Name, core.PromptMark, handle, mode, core.PromptMark)
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
		text += fmt.Sprintf(" Send it again with %s%s.", core.PromptMark, core.ResendLine(ms, handle))
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

// Arrived records that an email was delivered or read.
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
		w.Trace(core.Trace{Thread: thread, Message: m.ID, Kind: r.State, Text: "a recipient's mailbox reported the email as " + r.State})
	}
	if err := w.SetRecipient(r); err != nil {
		return err
	}
	return showProgress(w, ms, before)
}
