package frommail

import (
	"errors"
	"fmt"
	"strings"

	"hashsend/bridge/admit"
	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// Echo learns from a copy of our own mail: the Message-ID given by the provider, and the
// arrival of a copy for the Sent folder.
func Echo(w *core.Work, box *core.Box, _ admit.Copy, l Mail) error {
	m, err := w.MailByUniq(l.echo)
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	if l.in.Place == mail.Sent && l.Msg.ID != "" && l.Msg.ID != m.MessageID {
		if err := w.AddMailID(m.ID, store.IDFinal, l.Msg.ID); err != nil {
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

// Report records the delivery states in a report about our mail, and tells the rooms about
// failures and delays.
func Report(w *core.Work, a admit.Report, l Mail, d Decision) error {
	rs, err := w.Recipients(d.Route.Parent)
	if err != nil {
		return err
	}
	for _, said := range l.Class.Report.Recipients {
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
	if len(l.Class.Report.Recipients) == 0 && len(rs) == 1 {
		return reportOne(w, l, d, rs[0], classify.Recipient{Address: rs[0].Address, Reason: l.Class.Text})
	}
	return nil
}

func reportOne(w *core.Work, l Mail, d Decision, r store.Recipient, said classify.Recipient) error {
	was := r.State
	r.State = tomail.Reported(l.Class)
	if !tomail.Follows(r.State, was) {
		return nil
	}
	r.Reason = strings.TrimSpace(said.Reason)
	if r.Reason == "" {
		r.Reason = said.Status
	}
	if r.State == store.Delivered || r.State == store.Read {
		r.Reason = ""
		return tomail.Arrived(w, d.Route.Parent, d.Route.Threads[0], r)
	}
	if err := w.SetRecipient(r); err != nil {
		return err
	}
	if r.State == store.Failed {
		rest, err := tomail.WithoutFiles(w, d.Route.Parent, []store.Recipient{r}, map[int64]string{r.Participant: said.Status})
		if err != nil || len(rest) == 0 {
			return err
		}
	}
	return tomail.Failed(w, d.Route.Parent, d.Route.Threads[0], r)
}

// Automatic tells the rooms about an automatic reply, once per person and day. The text is
// shown only if the sender is a verified participant; all others are one line per
// conversation and day.
func Automatic(w *core.Work, a admit.Line, l Mail, d Decision) error {
	day := w.Now.Format("2006-01-02")
	for _, th := range d.Route.Threads {
		proof, proven := a.Proof(th)
		who, kind := mail.CanonicalAddress(l.Author.Address), l.Class.Kind.String()
		if !proven {
			who, kind = "", "unproven"
		}
		if seen, err := w.Seen(w.Now, "automatic", fmt.Sprint(th), who, kind, day); err != nil {
			return err
		} else if seen {
			continue
		}
		text := "An automatic email was received. Its sender couldn't be verified as a participant, so its text isn't shown. More of these today won't be announced."
		if proven {
			var err error
			if text, err = automaticText(w, proof, l, d); err != nil {
				return err
			}
		}
		if err := tochat.NoticeThread(w, th, text); err != nil {
			return err
		}
	}
	return nil
}

// automaticText is the notice about an automatic reply of a verified participant.
func automaticText(w *core.Work, a admit.Proof, l Mail, d Decision) (string, error) {
	if d.notice != "" && l.Class.Kind != classify.AutoReply {
		return d.notice, nil
	}
	who := l.Author.Name
	if p, err := w.Participant(a.Thread(), mail.CanonicalAddress(l.Author.Address)); err == nil {
		who = p.Name
	} else if !errors.Is(err, store.ErrNone) {
		return "", err
	}
	if who == "" {
		who = "An email program"
	}
	return classify.AutomaticNotice(mail.CleanName(who), core.OneLine(l.Msg.Subject, 200), markup.Neutral(l.Class.Said)), nil
}
