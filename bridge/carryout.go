package bridge

import (
	"errors"
	"fmt"
	"strings"

	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
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
	r.State = tomail.Reported(l.class)
	if !tomail.Follows(r.State, was) {
		return nil
	}
	r.Reason = strings.TrimSpace(said.Reason)
	if r.Reason == "" {
		r.Reason = said.Status
	}
	if r.State == store.Delivered || r.State == store.Read {
		r.Reason = ""
		return tomail.Arrived(w, d.route.Parent, d.route.Threads[0], r)
	}
	if err := w.SetRecipient(r); err != nil {
		return err
	}
	if r.State == store.Failed {
		rest, err := tomail.WithoutFiles(w, d.route.Parent, []store.Recipient{r}, map[int64]string{r.Participant: said.Status})
		if err != nil || len(rest) == 0 {
			return err
		}
	}
	return tomail.Failed(w, d.route.Parent, d.route.Threads[0], r)
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
