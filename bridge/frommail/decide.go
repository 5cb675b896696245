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

// Action is the handling of a mail.
type Action int

const (
	ActNone    Action = iota // it is not for the bridge
	ActEcho                  // a copy of our own mail
	ActReport                // record the delivery of our mail
	ActNotice                // tell the rooms about it: nobody wrote it
	ActCommand               // a command by mail
	ActPost
	ActHold
	ActOpen // start a conversation
	ActDrop
)

// Decision is what happens to a mail, and why.
type Decision struct {
	Do       Action
	Route    route
	Words    Extract
	Emoji    string // of a reply that is only one emoji
	notice   string
	Mark     bool // show that the sender is not verified
	junk     bool // show that it was in the spam folder
	reason   string
	title    string
	subject  string // shown above the text; empty: see newSubject
	file     string // the stored mail, if it is held
	own      bool   // held mail from the owner's address: its copy in Sent may verify it
	repeated bool
	known    map[string]string // other addresses of participants (see aliases)
}

// decide decides the handling of a mail. It only reads.
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
		d.Do = ActCommand // any kind of mail can leave
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
		d.Do = ActDrop // our own mail came back by another way
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
			d.Do = ActDrop // it was posted from Sent
		} else if !errors.Is(err, store.ErrNone) {
			return d, err
		}
		d.own, d.reason = true, "it has the owner's address, but the sender couldn't be verified"
	}
	d.junk = l.in.Place == mail.Junk
	if d.Do == ActPost || d.Do == ActOpen {
		err = box.extract(tx, l, &d)
	}
	return d, err
}

// toMany keeps unrequested bulk email out of the rooms: bulk mail that is no reply, even
// to an address of a conversation, and mail of a mailing list without a conversation.
func (d *Decision) toMany(kind classify.Kind) {
	ours := len(d.Route.Threads) > 0
	switch {
	case d.Do == ActDrop:
	case kind == classify.Bulk && ours:
		d.Do, d.reason = ActHold, "it is bulk email and not a reply"
	case kind == classify.Bulk:
		d.Do = ActDrop
	case kind == classify.List && !ours:
		d.Do, d.reason = ActHold, "it starts a conversation and came from a mailing list"
	}
}

// judge decides whether a mail of a person is posted, held for review or dropped.
func (box *Inbox) judge(tx *store.Tx, l Mail, f Approval, d *Decision) error {
	trust, err := tx.Sender(mail.CanonicalAddress(l.Author.Address))
	if err != nil {
		return err
	}
	s := standing{Verdict: l.Verdict, Sender: trust, Cites: d.Route.Cites, Conflict: d.Route.Conflict, HoldAll: box.Env.Unproven}
	if l.Author.Address == "" {
		s.Conflict = "it has no sender, or several"
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
			d.notice = "left this conversation on " + core.Day(p.Changed, box.Env.Now(), box.Env.Zone)
		}
	}
	if d.Route.Token == "" && isPrivateCopy(box.Env, box.Box, l) {
		d.Do, d.reason = ActHold, privateCopyReason
		return nil
	}
	d.Do = ActPost
	return nil
}

// privateCopyReason is the reason to hold a mail whose other recipients don't know about
// this conversation (C32).
const privateCopyReason = "it is a blind copy (Bcc), and its other recipients don't know about this conversation"

// isPrivateCopy reports whether a mail came by Bcc: its To and Cc don't name the mailbox.
// Mail of a mailing list is none.
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

// openReason returns the reason to hold a mail that starts a conversation.
func openReason(l Mail, box *Inbox) string {
	switch {
	case l.Verdict.Trust == mail.Failed:
		return "it starts a conversation and may be forged: " + l.Verdict.Reason
	case !box.Env.Access.MayOpen(l.Author.Address):
		return "it starts a conversation, and its sender isn't allowed to"
	case l.Verdict.Trust != mail.Proven:
		return "it starts a conversation, and its sender couldn't be verified"
	}
	return "it starts a conversation, and no room is configured for new conversations"
}

// concerns finds our mail that a report is about, or the zero Mail.
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
