package tomail

import (
	"fmt"
	"slices"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// Plan holds everything that decides which emails the held messages of a conversation become.
type Plan struct {
	Thread store.Thread
	Epoch  store.Epoch
	From   Sender
	People []store.Participant
	Rooms  []store.Room
	Held   []store.Message
	Root   citation        // the email that started the conversation; zero: a room did
	Quotes map[int64]quote // by replying message
	Files  map[int64][]store.File
	// LeftOut holds, by message, participants who must not see it quoted or reacted to.
	LeftOut map[int64]store.IDs
	// Reactions since the last email, and their messages.
	Reactions []store.Reaction
	Reacted   map[int64]store.Message
	Lines     []store.Line         // room changes since the last email
	Polls     map[int64]store.Poll // by message; open polls only
	Names     bool                 // more than one person posts from the rooms
	// Correction: the messages were emailed before and have changed.
	Correction bool
	Was        map[int64]string // by message: the earlier text, in a correction
	// Digest: the waiting messages of one participant.
	Digest bool
	Only   store.IDs // recipients; nil: everybody
	// By message: who has it in this or an earlier form, and whom it mentions.
	Have, Mentioned map[int64]store.IDs
	Now             time.Time
	Links           files.Links    // to files that do not fit
	MailBytes       int64          // size limit
	Mint            mail.Mint      // for List-Id
	Zone            *time.Location // for readers without their own
	DigestTime      time.Duration  // when daily digests are sent, as time after midnight
}

// Sender is the mailbox that sends the emails of a plan.
type Sender struct {
	Box       int64        // database id
	Address   mail.Address // as in core.Mailbox, like the next two
	Domain    string
	PlusWorks bool
	SelfCopy  bool // its own address receives each email, because its provider keeps no copy
}

// SenderOf returns a mailbox as the sender of emails.
func SenderOf(box *core.Box) Sender {
	return Sender{Box: box.ID, Address: box.Address, Domain: box.Domain, PlusWorks: box.PlusWorks, SelfCopy: !box.KeepsSent && box.Keeper != nil}
}

// quote is a message that another one replies to.
type quote struct {
	Name, Text string
	Mails      []citation // emails that contain it; none: it was never emailed
	Root       []citation // emails that contain the first message of the chain of replies; none: there is no chain
	Of         store.Message
}

// Planned is one email of a plan.
type Planned struct {
	Messages []store.Message
	To       []store.Participant // recipients
	Shown    []store.Participant // addresses in To
	First    bool                // their first email
	Late     bool                // messages that waited long, with authors and times
	Again    bool                // it failed before
	Bare     bool                // without attachments, because it was too large
	Asked    string              // who sent earlier messages to a newcomer; empty: it is not such an email
	// Reactions are lines about reactions and room changes below the messages.
	Reactions []string
}

// lateAfter is the wait after which messages are sent as one email with their times.
const lateAfter = time.Hour

// planMail decides which emails are sent: each unbroken run of one author becomes one email for
// each group of readers, in the order of the conversation.
func planMail(p Plan) []Planned {
	var mails []Planned
	var told store.IDs // invited by an earlier email
	for _, run := range runs(p) {
		for _, g := range groups(p, run) {
			g.First = g.First && !told.Has(g.To[0].ID)
			if g.First {
				for _, who := range g.To {
					told = append(told, who.ID)
				}
			}
			g.Late = p.Digest || (len(run) > 0 && p.Now.Sub(run[0].At) > lateAfter)
			mails = append(mails, g)
		}
	}
	tellReactions(p, mails)
	return mails
}

// runs splits the held messages into unbroken runs of one author. If the first has waited long,
// all are one run.
func runs(p Plan) [][]store.Message {
	if len(p.Held) == 0 {
		return nil
	}
	if p.Digest {
		return slices.Collect(slices.Chunk(p.Held, digestMost))
	}
	if p.Now.Sub(p.Held[0].At) > lateAfter {
		return [][]store.Message{p.Held}
	}
	var all [][]store.Message
	for i, m := range p.Held {
		if i == 0 || Speaker(m) != Speaker(p.Held[i-1]) {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], m)
	}
	return all
}

func Speaker(m store.Message) string {
	if m.Account != "" {
		return fmt.Sprintf("%s/%d as %s", m.Origin, m.Author, m.Name)
	}
	name := ""
	if m.Origin == store.FromMail {
		name = m.Name // a mailing list is one participant with many authors
	}
	return fmt.Sprintf("%s/%d/%d/%s", m.Origin, m.Author, m.Participant, name)
}

// groups collects the people who receive the same messages of a run. Newcomers are separate; in
// hidden conversations everybody is.
func groups(p Plan, run []store.Message) []Planned {
	var all []Planned
	var keys []string
	for _, who := range p.People {
		var gets []store.Message
		key := fmt.Sprint(who.State == store.Invited, ":")
		for _, m := range run {
			if p.turnOf(who, m) != now {
				continue
			}
			gets = append(gets, m)
			key += fmt.Sprint(m.ID, ",")
		}
		if len(gets) == 0 {
			continue
		}
		if p.Thread.Mode == store.ModeHidden || core.IsUTF8(who.Address) {
			key += fmt.Sprint("alone ", who.ID)
		}
		i := slices.Index(keys, key)
		if i < 0 {
			i = len(all)
			keys = append(keys, key)
			all = append(all, Planned{Messages: gets, First: who.State == store.Invited})
		}
		all[i].To = append(all[i].To, who)
	}
	for i := range all {
		all[i].Shown = Shown(p, all[i])
	}
	return all
}

// Shown returns the people in To: in an open conversation all participants except the author,
// so that everybody can reply to all. Paused participants are left out because a reply to all
// would reach them. An address that needs SMTPUTF8 is shown to its owner only, because other
// servers may refuse it.
func Shown(p Plan, g Planned) []store.Participant {
	if p.Thread.Mode == store.ModeHidden {
		return g.To
	}
	var all []store.Participant
	writer := g.Messages[0].Participant
	for _, m := range g.Messages {
		if m.Participant != writer {
			writer = 0 // several authors
		}
	}
	for _, who := range p.People {
		if who.Takes() && who.Mode != store.Paused && who.ID != writer && (!core.IsUTF8(who.Address) || (len(g.To) == 1 && g.To[0].ID == who.ID)) {
			all = append(all, who)
		}
	}
	return all
}

// digestDue returns when a digest is sent that waits since now. at is the time of daily digests
// after midnight.
func digestDue(mode string, now time.Time, at time.Duration) time.Time {
	switch mode {
	case store.Quarter:
		return now.Add(15 * time.Minute)
	case store.Hourly:
		return now.Add(time.Hour)
	case store.Daily:
		y, m, d := now.Date()
		hour, minute := int(at.Hours()), int(at.Minutes())%60
		if due := time.Date(y, m, d, hour, minute, 0, 0, now.Location()); due.After(now) {
			return due
		}
		return time.Date(y, m, d+1, hour, minute, 0, 0, now.Location())
	}
	return now
}

// zoneOf returns the time zone of these people if they share one, else the default.
func (p Plan) zoneOf(to []store.Participant) *time.Location {
	name := ""
	for i, who := range to {
		if i > 0 && who.Zone != name {
			return p.Zone
		}
		name = who.Zone
	}
	return core.ZoneOr(name, p.Zone)
}

// DigestDue returns when the next digest of a participant is sent.
func DigestDue(w *core.Work, p store.Participant) time.Time {
	return digestDue(p.Mode, w.Now.In(w.Env.ZoneNamed(p.Zone)), w.Env.DigestTime)
}
