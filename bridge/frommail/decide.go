package frommail

import (
	"slices"
	"strings"
	"time"

	"hashsend/bridge/admit"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// Decision is what happens to a mail, and why.
type Decision struct {
	Admission admit.Admission
	Route     route
	Words     Extract
	Emoji     string // of a reply that is only one emoji
	notice    string
	mark      bool // show that the sender is not verified
	junk      bool // show that it was in the spam folder
	title     string
	subject   string // shown above the text; empty: see newSubject
	file      string // the stored mail, if it is held
	repeated  bool
	known     map[string]string // other addresses of participants (see aliases)
}

// Settings are what the configuration says about incoming mail.
type Settings struct {
	Tag      string
	Unproven bool // hold mail of participants that nothing proves
	Access   core.Access
	Instance string           // names this installation
	Own      core.Addresses   // of the mailbox
	Ours     []core.Addresses // of all mailboxes
	Opens    bool             // a place is set for conversations that begin by mail
	Sent     bool             // the Sent folder is read too
	Zone     *time.Location   // of the dates in notices
}

// settings are those of the mailbox.
func (box *Inbox) settings() Settings { return settingsOf(box.Env, box.Box) }

func settingsOf(e *core.Env, box *core.Box) Settings {
	s := Settings{
		Tag: e.Tag, Zone: e.Zone, Unproven: e.Unproven, Access: e.Access, Instance: e.Instance,
		Own: box.Addresses(), Opens: box.Opens.Network != "", Sent: box.Keeper != nil,
	}
	for _, b := range e.Boxes {
		s.Ours = append(s.Ours, b.Addresses())
	}
	return s
}

// decide decides what a mail may do, from these values alone. Its text is extracted later.
func decide(l Mail, f Approval, k Facts, s Settings) Decision {
	d := Decision{Route: k.Route, known: k.Aliases, junk: l.in.Place == mail.Junk}
	e := evidenceOf(l.renamed(d.known), f, k, s)
	d.Admission = admit.Judge(e)
	switch a := d.Admission.(type) {
	case admit.Report:
		d.Route.Parent, d.Route.Threads = k.About.ID, []int64{k.About.Thread}
	case admit.Line:
		d.notice = l.Class.Text
	case admit.Voice:
		d.mark = a.Marked()
		if !f.Approved && !l.own {
			d.notice = sinceGone(k, s.Zone)
		}
	}
	if len(d.Route.Threads) == 0 {
		d.title = mail.TitleOf(l.Msg.Subject, s.Tag)
	}
	return d
}

// sinceGone says when the author of a mail left one of its threads; empty: never.
func sinceGone(k Facts, zone *time.Location) (notice string) {
	for _, p := range k.People {
		if p.State == store.Gone {
			notice = "left this conversation on " + core.Day(p.Changed, k.Now, zone)
		}
	}
	return notice
}

// evidenceOf is what decides about a mail.
func evidenceOf(l Mail, f Approval, k Facts, s Settings) admit.Evidence {
	e := admit.Evidence{
		Kind: l.Class.Kind, Verdict: l.Verdict, HasID: l.Msg.ID != "",
		Named: l.Author.Address != "", Owner: l.own, Sender: k.Sender, MayOpen: s.Access.MayOpen(l.Author.Address), Approved: f.Approved, Adds: f.Approved && f.Add,
		Copy: l.echo != "", InSent: l.in.Place == mail.Sent, ToUs: toUs(s, l), PrivateCopy: isPrivateCopy(s, l),
		Returned: strings.HasPrefix(l.in.Header.Get(mail.HeaderBridge), s.Instance+";"),
		Cites:    k.Route.Cites, Token: k.Route.Token != "", Conflict: k.Route.Conflict, Leaves: k.Route.Leave,
		Tagged: mail.HasTag(l.Msg.Subject, s.Tag), Command: l.Class.Command != "", Reports: l.Class.Report != nil, About: k.About.ID != 0, Known: k.Copy,
		HoldUnproven: s.Unproven, HasPlace: s.Opens, ReadsSent: s.Sent,
	}
	for i, p := range k.People {
		e.Threads = append(e.Threads, admit.Standing{Thread: k.Route.Threads[i], State: p.State, Names: p.Named})
	}
	return e
}

// isPrivateCopy reports whether a mail has reached the mailbox although it does not
// name it: the address stood in Bcc. What came by way of a list is none.
func isPrivateCopy(s Settings, l Mail) bool {
	if l.own || l.in.Place == mail.Sent || l.Msg.Header.Get("List-Id") != "" || toUs(s, l) {
		return false
	}
	return slices.ContainsFunc(slices.Concat(l.Msg.DeliveredTo, l.in.Envelope.To), s.Own.Have)
}

// toUs reports whether a mail names an address of ours among those it is to.
func toUs(s Settings, l Mail) bool {
	return slices.ContainsFunc(slices.Concat(l.Msg.To, l.Msg.Cc), func(a mail.Address) bool {
		return slices.ContainsFunc(s.Ours, func(ours core.Addresses) bool { return ours.Lead(a.Address) })
	})
}
