package frommail

import (
	"errors"
	"slices"
	"strings"

	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// Action is what is done with a mail.
type Action int

const (
	ActNone    Action = iota // it is not ours
	ActEcho                  // our own mail has come back
	ActReport                // note what became of a mail of ours
	ActNotice                // tell the rooms about it, without words of a person
	ActCommand               // a command by mail
	ActPost
	ActHold
	ActOpen // it begins a conversation
	ActDrop
)

// Decision is what becomes of a mail.
type Decision struct {
	Do       Action
	Route    route
	Words    Extract
	Emoji    string // of an answer that is one emoji and nothing else
	notice   string
	Mark     bool // say that nothing proves the sender
	junk     bool // say that the provider took it for junk
	reason   string
	title    string
	subject  string // stands above the words; empty: see newSubject
	file     string // where a held mail was kept
	own      bool   // a held mail bears the owner's address: its copy in Sent may prove it
	repeated bool
	known    map[string]string // addresses of the mail that stand for others (see aliases)
}

// decide finds out what becomes of a mail. It only reads.
func (box *Inbox) decide(tx *store.Tx, l Mail, f Approval) (d Decision, err error) {
	if l.echo != "" {
		d.Do = ActEcho
		return d, nil
	}
	if d.Route, err = findRoute(box.Env, tx, box.Box, &l.Msg, l.in.Envelope); err != nil {
		return d, err
	}
	if d.known, err = aliases(tx, l, d.Route.Threads, f.Approved); err != nil {
		return d, err
	}
	l = l.renamed(d.known)
	if d.Route.Leave && len(d.Route.Threads) > 0 {
		d.Do = ActCommand // leaving works whatever sort of mail asks for it
		return d, nil
	}
	if l.Class.Report != nil {
		known, err := box.concerns(tx, l.Class.Report)
		if err != nil {
			return d, err
		}
		if known.ID != 0 {
			d.Do, d.Route.Parent, d.Route.Threads = ActReport, known.ID, []int64{known.Thread}
			return d, nil
		}
		if len(d.Route.Threads) == 0 {
			return d, nil
		}
	}
	switch l.Class.Kind {
	case classify.Loop:
		d.Do = ActDrop
		return d, nil
	case classify.AutoReply, classify.Challenge, classify.Complaint, classify.Bounce, classify.Delayed, classify.Delivered, classify.ReadReceipt:
		if len(d.Route.Threads) > 0 {
			d.Do, d.notice = ActNotice, l.Class.Text
		}
		return d, nil
	}
	tagged := mail.HasTag(l.Msg.Subject, box.Env.Tag)
	switch {
	case len(d.Route.Threads) == 0 && !tagged:
		return d, nil
	case l.in.Header.Get(mail.HeaderBridge) != "" && strings.HasPrefix(l.in.Header.Get(mail.HeaderBridge), box.Env.Instance+";"):
		d.Do = ActDrop // what we sent has come back by another way
		return d, nil
	case l.Class.Command != "" && len(d.Route.Threads) > 0:
		d.Do = ActCommand
		return d, nil
	}
	if err := box.judge(tx, l, f, &d); err != nil {
		return d, err
	}
	if owner := l.own && l.Verdict.Trust == mail.Proven; !f.Approved && !owner {
		d.toMany(l.Class.Kind)
	}
	if d.Do == ActHold && l.own && l.Verdict.Trust == mail.Unproven && box.Keeper != nil && l.Msg.ID != "" {
		if _, err := tx.MailByID(l.Msg.ID); err == nil {
			d.Do = ActDrop // it was taken in from Sent
		} else if !errors.Is(err, store.ErrNone) {
			return d, err
		}
		d.own, d.reason = true, "it bears the owner's address, and nothing proves that the owner wrote it"
	}
	d.junk = l.in.Place == mail.Junk
	if d.Do == ActPost || d.Do == ActOpen {
		err = box.extract(tx, l, &d)
	}
	return d, err
}

// toMany keeps mail to many out of the rooms, as long as nobody asks for it: bulk
// mail that answers nothing, even if it was sent to an address of a conversation, and
// mail of a mailing list that belongs to no conversation.
func (d *Decision) toMany(kind classify.Kind) {
	ours := len(d.Route.Threads) > 0
	switch {
	case d.Do == ActDrop:
	case kind == classify.Bulk && ours:
		d.Do, d.reason = ActHold, "it was sent to many and answers nothing"
	case kind == classify.Bulk:
		d.Do = ActDrop
	case kind == classify.List && !ours:
		d.Do, d.reason = ActHold, "it begins a conversation, and came by way of a mailing list"
	}
}

// judge decides whether a mail of a person is posted, held or dropped.
func (box *Inbox) judge(tx *store.Tx, l Mail, f Approval, d *Decision) error {
	trust, err := tx.Sender(mail.CanonicalAddress(l.Author.Address))
	if err != nil {
		return err
	}
	s := standing{Verdict: l.Verdict, Sender: trust, Cites: d.Route.Cites, Conflict: d.Route.Conflict, HoldAll: box.Env.Unproven}
	if l.Author.Address == "" {
		s.Conflict = "it names no sender, or several"
	}
	owner := l.own && l.Verdict.Trust == mail.Proven
	if len(d.Route.Threads) == 0 {
		d.title = mail.TitleOf(l.Msg.Subject, box.Env.Tag)
		switch {
		case trust == store.SenderBlocked:
			d.Do = ActDrop
		case !f.Approved && !owner && isPrivateCopy(box.Env, box.Box, l):
			d.Do, d.reason = ActHold, privateCopyReason
		case f.Approved, owner, l.Verdict.Trust == mail.Proven && box.Env.Access.MayOpen(l.Author.Address) && box.Opens.Network != "":
			d.Do = ActOpen
		default:
			d.Do, d.reason = ActHold, openReason(l, box)
		}
		return nil
	}
	if f.Approved || owner {
		d.Do = ActPost
		return nil
	}
	for _, id := range d.Route.Threads {
		p, err := tx.Participant(id, mail.CanonicalAddress(l.Author.Address))
		if err != nil && !errors.Is(err, store.ErrNone) {
			return err
		}
		s.State = p.State
		a, reason := admit(s)
		switch a {
		case admitHold:
			d.Do, d.reason = ActHold, reason
			return nil
		case admitDrop:
			d.Do = ActDrop
			return nil
		case admitMarked:
			d.Mark = true
		}
		if p.State == store.Gone {
			d.notice = "left on " + p.Changed.Format("2 January")
		}
	}
	if d.Route.Token == "" && isPrivateCopy(box.Env, box.Box, l) {
		d.Do, d.reason = ActHold, privateCopyReason
		return nil
	}
	d.Do = ActPost
	return nil
}

// privateCopyReason is why a mail is held whose other readers do not know that it is
// read here (C32).
const privateCopyReason = "it is a private copy (Bcc), and those whom it names do not know that it is read here"

// isPrivateCopy reports whether a mail has reached the mailbox although it does not
// name it: the address stood in Bcc. What came by way of a list is none.
func isPrivateCopy(e *core.Env, box *core.Box, l Mail) bool {
	if l.own || l.in.Place == mail.Sent || l.Msg.Header.Get("List-Id") != "" {
		return false
	}
	for _, list := range [][]mail.Address{l.Msg.To, l.Msg.Cc} {
		for _, a := range list {
			if e.IsOurs(a.Address) {
				return false
			}
		}
	}
	return slices.ContainsFunc(append(slices.Clone(l.Msg.DeliveredTo), l.in.Envelope.To...), box.IsOwn)
}

// openReason says why a mail that begins a conversation is asked about.
func openReason(l Mail, box *Inbox) string {
	switch {
	case l.Verdict.Trust == mail.Failed:
		return "it begins a conversation, and it may be forged: " + l.Verdict.Reason
	case !box.Env.Access.MayOpen(l.Author.Address):
		return "it begins a conversation, and its sender is not among those who may"
	case l.Verdict.Trust != mail.Proven:
		return "it begins a conversation, and nothing proves its sender"
	}
	return "it begins a conversation, and no room is set for those"
}

// concerns finds the mail of ours that a report is about; the zero Mail: none.
func (box *Inbox) concerns(tx *store.Tx, r *classify.Report) (store.Mail, error) {
	var uniqs []string
	if u, ok := box.Env.Mint.ParseTrace(r.Trace); ok {
		uniqs = append(uniqs, u)
	}
	if r.EnvelopeID != "" {
		uniqs = append(uniqs, r.EnvelopeID)
	}
	if _, u, ok := box.Env.Mint.Parse(r.OriginalID); ok {
		uniqs = append(uniqs, u)
	}
	for _, u := range uniqs {
		if m, err := tx.MailByUniq(u); err == nil || !errors.Is(err, store.ErrNone) {
			return m, err
		}
	}
	if r.OriginalID == "" {
		return store.Mail{}, nil
	}
	m, err := tx.MailByID(r.OriginalID)
	if errors.Is(err, store.ErrNone) {
		err = nil
	}
	return m, err
}
