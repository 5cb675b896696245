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

// Plan is everything that decides which mails the held messages of a thread become.
type Plan struct {
	Thread store.Thread
	Epoch  store.Epoch
	From   Sender
	People []store.Participant
	Rooms  []store.Room
	Held   []store.Message
	Root   citation        // the mail that began the conversation; none: the room began it
	Quotes map[int64]quote // by the message that answers
	Files  map[int64][]store.File
	// LeftOut are those who must not read a message that is quoted or reacted to.
	LeftOut map[int64]store.IDs
	// What was reacted with since the last mail, and the messages concerned.
	Reactions []store.Reaction
	Reacted   map[int64]store.Message
	Lines     []store.Line         // what has become of the rooms since the last mail
	Polls     map[int64]store.Poll // by the message that is one; open ones alone
	Names     bool                 // two people have spoken from the room
	// Correction: the messages were mailed before, and have changed.
	Correction bool
	Was        map[int64]string // by message: the text before, in a correction
	// Digest: what waited for one person.
	Digest bool
	Only   store.IDs // mails are made for these people; nil: for all
	// By message: who has it, or had it as it was, and who is addressed in it.
	Have, Mentioned map[int64]store.IDs
	Now             time.Time
	Links           files.Links    // to files that do not fit a mail
	MailBytes       int64          // how large a mail may become
	Mint            mail.Mint      // for the ids of lists
	Zone            *time.Location // of those who have none of their own
	DigestTime      time.Duration  // when daily digests leave, after midnight
}

// Sender is the mailbox that the emails of a plan leave from.
type Sender struct {
	Box       int64        // its id in the database
	Address   mail.Address // as in core.Mailbox, as the next two
	Domain    string
	PlusWorks bool
	SelfCopy  bool // its own address gets each email, because its provider keeps no copy
}

// SenderOf is a mailbox as the sender of emails.
func SenderOf(box *core.Box) Sender {
	return Sender{Box: box.ID, Address: box.Address, Domain: box.Domain, PlusWorks: box.PlusWorks, SelfCopy: !box.KeepsSent && box.Keeper != nil}
}

// quote is what is known of a message that another one answers.
type quote struct {
	Name, Text string
	Mails      []citation // in which it stands; none: it never was in a mail
	Root       []citation // in which stands what began the answers that lead to it; none: it began here
	Of         store.Message
}

// Planned is one mail of a plan.
type Planned struct {
	Messages []store.Message
	To       []store.Participant // who gets it
	Shown    []store.Participant // who stands in To
	First    bool                // the first mail to these people
	Late     bool                // what waited long, of several authors, with the times
	Again    bool                // it has failed before
	Bare     bool                // nothing is attached: it was too large
	Asked    string              // who had what was said before mailed to a newcomer; empty: it is no such mail
	// Reactions are lines, of changes of the rooms too, below the messages.
	Reactions []string
}

// lateAfter is when messages have waited so long that they leave as one mail
// with their times.
const lateAfter = time.Hour

// planMail decides which mails are made: each unbroken run of one author becomes
// one mail for each reader group, in the order of the conversation.
func planMail(p Plan) []Planned {
	var mails []Planned
	var told store.IDs // who has been invited by an earlier mail
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

// runs cuts the held messages into unbroken runs of one author. When the first
// has waited long, all are one run.
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
		name = m.Name // a list is one participant, and many people
	}
	return fmt.Sprintf("%s/%d/%d/%s", m.Origin, m.Author, m.Participant, name)
}

// groups gathers the people who get the same messages of a run, newcomers apart,
// in hidden threads everybody alone.
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

// Shown decides who stands in To: in an open thread all who take part, except
// the writer, so that everybody can answer to all. Who wants nothing for now is not
// shown: an answer to all would reach them. An address that some mail servers cannot
// carry is shown to its owner alone, so that it keeps no mail from the others.
func Shown(p Plan, g Planned) []store.Participant {
	if p.Thread.Mode == store.ModeHidden {
		return g.To
	}
	var all []store.Participant
	writer := g.Messages[0].Participant
	for _, m := range g.Messages {
		if m.Participant != writer {
			writer = 0 // there are several
		}
	}
	for _, who := range p.People {
		if who.Takes() && who.Mode != store.Paused && who.ID != writer && (!core.IsUTF8(who.Address) || (len(g.To) == 1 && g.To[0].ID == who.ID)) {
			all = append(all, who)
		}
	}
	return all
}

// digestDue decides when a digest is sent in which something waits since now. at is
// the time of day of daily ones, after midnight.
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

// zoneOf is the zone in which a mail to these people tells times: theirs, if they have
// the same one.
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

// DigestDue is when the next digest of a person leaves.
func DigestDue(w *core.Work, p store.Participant) time.Time {
	return digestDue(p.Mode, w.Now.In(w.Env.ZoneNamed(p.Zone)), w.Env.DigestTime)
}
