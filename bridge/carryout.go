package bridge

import (
	"errors"
	"fmt"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// echo learns from our own mail that has come back: the Message-ID that the
// provider gave it, and that a copy for Sent has arrived.
func echo(w *core.Work, box *core.Box, l Mail) error {
	m, err := w.MailByUniq(l.echo)
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	if l.in.Place == mail.Sent && l.msg.ID != "" && l.msg.ID != m.MessageID {
		if err := w.AddMailID(m.ID, store.IDFinal, l.msg.ID); err != nil {
			return err
		}
	}
	if l.in.Place == mail.Inbox {
		lane, key := outbox.KeepLane(box.ID), w.Key("k", m.ID)
		if _, err := w.Wake(key, w.Now); err != nil {
			return err
		}
		w.Lanes[lane] = true
	}
	return nil
}

// suspendAfter is how many hard bounces in a row end the mail to a person.
const suspendAfter = 3

// report notes what a report says about a mail of ours, and tells the rooms what
// a person there should know.
func report(w *core.Work, l Mail, d decision) error {
	rs, err := w.Recipients(d.route.Parent)
	if err != nil {
		return err
	}
	for _, said := range l.class.Report.Recipients {
		for _, r := range rs {
			same := mail.SameAddress(said.Address, r.Address) || mail.SameAddress(said.Final, r.Address)
			if !same && (said.Address != "" || len(rs) > 1) {
				continue
			}
			if err := reportOne(w, l, d, r, said); err != nil {
				return err
			}
		}
	}
	if len(l.class.Report.Recipients) == 0 && len(rs) == 1 {
		return reportOne(w, l, d, rs[0], classify.Recipient{Address: rs[0].Address, Reason: l.class.Text})
	}
	return nil
}

func reportOne(w *core.Work, l Mail, d decision, r store.Recipient, said classify.Recipient) error {
	was := r.State
	r.State = reported(l.class)
	if !follows(r.State, was) {
		return nil
	}
	r.Reason = strings.TrimSpace(said.Reason)
	if r.Reason == "" {
		r.Reason = said.Status
	}
	if r.State == store.Delivered || r.State == store.Read {
		r.Reason = ""
		return arrived(w, d.route.Parent, d.route.Threads[0], r)
	}
	if err := w.SetRecipient(r); err != nil {
		return err
	}
	if r.State == store.Failed {
		rest, err := withoutFiles(w, d.route.Parent, []store.Recipient{r}, map[int64]string{r.Participant: said.Status})
		if err != nil || len(rest) == 0 {
			return err
		}
	}
	return Failed(w, d.route.Parent, d.route.Threads[0], r)
}

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

// writesAgain mails to somebody again to whom it did not arrive, and who has proven
// to be there by writing.
func writesAgain(w *core.Work, p *store.Participant) error {
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
	if phase == chat.Failed && p.Takes() && worthRetrying(r.Reason) {
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

// arrived notes that a mail of ours has come to somebody, or was read.
func arrived(w *core.Work, mailID, thread int64, r store.Recipient) error {
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
		before[m.ID], _ = progress(rs)
		w.Trace(core.Trace{Thread: thread, Message: m.ID, Kind: r.State, Text: "somebody's mailbox told that the mail was " + r.State})
	}
	if err := w.SetRecipient(r); err != nil {
		return err
	}
	return showProgress(w, ms, before)
}

// automatic tells the rooms of an automatic answer, once for a person and day.
func automatic(w *core.Work, l Mail, d decision) error {
	for _, th := range d.route.Threads {
		day := w.Now.Format("2006-01-02")
		if seen, err := w.Seen(w.Now, "automatic", fmt.Sprint(th), mail.CanonicalAddress(l.from.Address), l.class.Kind.String(), day); err != nil {
			return err
		} else if seen {
			continue
		}
		who := l.from.Name
		if p, err := w.Participant(th, mail.CanonicalAddress(l.from.Address)); err == nil {
			who = p.Name
		} else if !errors.Is(err, store.ErrNone) {
			return err
		}
		if who == "" {
			who = "A mail program"
		}
		text := d.notice
		if text == "" || l.class.Kind == classify.AutoReply {
			text = classify.AutomaticNotice(mail.CleanName(who), core.OneLine(l.msg.Subject, 200), markup.Neutral(l.class.Said))
		}
		if err := tochat.NoticeThread(w, th, text); err != nil {
			return err
		}
	}
	return nil
}
