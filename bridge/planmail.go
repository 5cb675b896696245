package bridge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
	"hashsend/bridge/store"
)

// plan is everything that decides which mails the held messages of a thread become.
type plan struct {
	Thread store.Thread
	Epoch  store.Epoch
	Box    *core.Box
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

// quote is what is known of a message that another one answers.
type quote struct {
	Name, Text string
	Mails      []citation // in which it stands; none: it never was in a mail
	Root       []citation // in which stands what began the answers that lead to it; none: it began here
	Of         store.Message
}

// plannedMail is one mail of a plan.
type plannedMail struct {
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
func planMail(p plan) []plannedMail {
	var mails []plannedMail
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
func runs(p plan) [][]store.Message {
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
		if i == 0 || speaker(m) != speaker(p.Held[i-1]) {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], m)
	}
	return all
}

func speaker(m store.Message) string {
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
func groups(p plan, run []store.Message) []plannedMail {
	var all []plannedMail
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
			all = append(all, plannedMail{Messages: gets, First: who.State == store.Invited})
		}
		all[i].To = append(all[i].To, who)
	}
	for i := range all {
		all[i].Shown = shown(p, all[i])
	}
	return all
}

// shown decides who stands in To: in an open thread all who take part, except
// the writer, so that everybody can answer to all. Who wants nothing for now is not
// shown: an answer to all would reach them. An address that some mail servers cannot
// carry is shown to its owner alone, so that it keeps no mail from the others.
func shown(p plan, g plannedMail) []store.Participant {
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

// listOver is how many people with mail of their own make a list: then mail programs are
// told so, and how to leave it. With fewer it would look like a newsletter.
const listOver = 20

// isList reports whether so many people get mail of their own that it is a list.
func (p plan) isList() bool {
	n := 0
	for _, who := range p.People {
		if who.Takes() {
			n++
		}
	}
	return p.Thread.Mode == store.ModeHidden && n > listOver
}

// quietDay is the silence after which vacation answers are allowed again.
const quietDay = 24 * time.Hour

// draft makes the mail's content. Message-ID and trace are left to the caller.
func draft(p plan, g plannedMail) mail.Draft {
	zone := p.zoneOf(g.To)
	d := mail.Draft{
		From: mail.Address{Name: p.Box.Address.Name, Address: p.Box.Address.Address}, Subject: p.Epoch.Subject,
		Anchor: p.Epoch.Anchor, Started: p.Epoch.Started, Date: p.Now.In(zone), Names: p.Names || g.Late, Times: g.Late,
	}
	if len(g.Messages) > 0 && !g.Late {
		d.From.Name, d.Sender = core.FromName(g.Messages[0].Name, p.Box.Address.Name), g.Messages[0].Account
	}
	quiet := true
	for _, who := range g.Shown {
		d.To = append(d.To, mail.Address{Name: who.Name, Address: who.Address})
	}
	for _, who := range g.To {
		quiet = quiet && (who.Mailed.IsZero() || p.Now.Sub(who.Mailed) > quietDay)
	}
	if !quiet {
		d.Suppress = "OOF, AutoReply"
	}
	token := p.Thread.Token
	if p.Thread.Mode == store.ModeHidden && len(g.Shown) == 1 {
		token = g.Shown[0].Token
	}
	if p.Box.PlusWorks {
		d.ReplyTo = &mail.Address{Name: p.Thread.Title, Address: core.PlusAddress(p.Box.Address.Address, token)}
	}
	if p.Root.readers(g.To) > 0 {
		d.InReplyTo, d.References = p.Root.Final, []string{p.Root.Final}
	}
	room := p.MailBytes
	if g.Bare {
		room = 0
	}
	var reader int64 // of the links; 0: there are several
	if len(g.To) == 1 {
		reader = g.To[0].ID
	}
	link := func(f store.File) string { return p.Links.Link(f, reader) }
	for i, m := range g.Messages {
		m.At = m.At.In(zone)
		said := words(p, g, m, i)
		room = files.InMail(&said, p.Files[m.ID], p.Box.Domain, link, room)
		d.Words = append(d.Words, said)
		if ids := cite(p.Quotes[m.ID].Mails, g.To); len(ids) > 0 && !p.Digest {
			d.InReplyTo = ids[len(ids)-1]
			d.References = slices.Concat(d.References[:min(len(d.References), 1)], cite(p.Quotes[m.ID].Root, g.To), ids)
		}
	}
	d.Reactions = g.Reactions
	if p.Digest {
		d.From.Name, d.Precedence = core.FromName(p.Thread.Title, p.Box.Address.Name), "bulk"
	}
	program := len(g.Messages) > 0 && !slices.ContainsFunc(g.Messages, func(m store.Message) bool { return chat.Kind(m.Kind) != chat.Notice })
	if p.Correction || p.Digest || program {
		d.AutoSubmitted = "auto-generated" // nobody is to be told again that a person is away
	}
	d.Footer = footer(p, g, token)
	if g.Asked != "" {
		d.Intro = fmt.Sprintf("Below is what was said here before you took part. %s asked to send it to you.", mail.CleanName(g.Asked))
	}
	if g.First {
		d.About = invitation(p, g)
		if p.Box.PlusWorks {
			d.Unsubscribe = leaveLink(p, token)
		}
	} else if p.isList() && p.Box.PlusWorks {
		d.Unsubscribe = leaveLink(p, token)
	}
	if p.isList() {
		d.ListID = p.Mint.Address("list", p.Thread.Token) + "." + p.Box.Domain
	}
	return d
}

func words(p plan, g plannedMail, m store.Message, i int) mail.Words {
	w := mail.Words{Author: m.Name, At: m.At, Text: m.Text, HTML: m.HTML, Emote: chat.Kind(m.Kind) == chat.Emote, Grey: chat.Kind(m.Kind) == chat.Notice, Index: i}
	w.Text, w.HTML = core.AddRemarks(w.Text, w.HTML, core.MailedRemark(m))
	if m.Files != "" && len(p.Files[m.ID]) == 0 {
		w.Files = strings.Split(m.Files, "\n")
	}
	if poll, asks := p.Polls[m.ID]; asks && !p.Correction {
		w.Text += "\n\n" + pollHint(poll.Poll)
	}
	if q := p.Quotes[m.ID]; q.Of.State == store.Earlier && q.Name != "" {
		w.Quote = "a message from before this room was linked"
	} else if q.Text != "" && p.mayRead(g.To, q.Of) {
		w.Quote = core.OneLine(q.Name+": "+q.Text, 140)
	}
	p.called(&w, g.To, m)
	return w
}

// mayRead reports whether everybody has been given a message: a quote must not
// tell a newcomer what was said before, nor anybody what they were left out of.
func (p plan) mayRead(people []store.Participant, m store.Message) bool {
	for _, who := range people {
		if m.At.Before(who.Joined) || p.LeftOut[m.ID].Has(who.ID) || m.State == store.Inside || m.State == store.Deleted {
			return false
		}
	}
	return true
}

func leaveLink(p plan, token string) string {
	return "mailto:" + core.PlusAddress(p.Box.Address.Address, "leave."+token) + "?subject=leave"
}

// footer says who reads an answer, and how to leave.
func footer(p plan, g plannedMail, token string) []mail.FooterPart {
	parts := append(accounts(g), mail.FooterPart{Text: readers(p, g)}, mail.FooterPart{Text: "answer this mail to reply"})
	if p.Digest && len(g.To) > 0 && g.To[0].InDigests() {
		parts = append(parts, mail.FooterPart{Text: "you get " + core.ModeText(g.To[0].Mode, p.DigestTime) + "; answer /digest burst to get everything soon"})
	}
	if p.Box.PlusWorks {
		return append(parts, mail.FooterPart{Text: "leave", URL: leaveLink(p, token)})
	}
	return append(parts, mail.FooterPart{Text: "answer /leave to leave"})
}

// accounts says who has written under another name (A30): nobody is to be taken for
// somebody else.
func accounts(g plannedMail) (parts []mail.FooterPart) {
	for _, m := range g.Messages {
		text := fmt.Sprintf("“%s” is %s in the room", mail.CleanName(m.Name), mail.CleanName(m.Account))
		if m.Account != "" && !slices.ContainsFunc(parts, func(p mail.FooterPart) bool { return p.Text == text }) {
			parts = append(parts, mail.FooterPart{Text: text})
		}
	}
	return parts
}

func readers(p plan, g plannedMail) string {
	where := "the chat room"
	if p.Thread.Title != "" {
		where = "“" + p.Thread.Title + "”"
	}
	if n := inRooms(p.Rooms); n > 0 {
		where += " (" + core.Quantity(n, "person", "people") + ")"
	}
	others, unseen := 0, 0
	for _, who := range p.People {
		if who.Takes() && !(len(g.Shown) == 1 && g.Shown[0].ID == who.ID) {
			others++
		}
		if who.Takes() && core.IsUTF8(who.Address) && !slices.ContainsFunc(g.Shown, func(s store.Participant) bool { return s.ID == who.ID }) {
			unseen++
		}
	}
	switch {
	case p.Thread.Mode != store.ModeHidden && len(g.Shown) > 1 && unseen > 0:
		return "read in " + where + ", by all who get this mail and by " + core.Quantity(unseen, "other", "others") + " by email"
	case p.Thread.Mode != store.ModeHidden && len(g.Shown) > 1:
		return "read in " + where + " and by all who get this mail"
	case others > 0:
		return "read in " + where + " and by " + core.Quantity(others, "other", "others") + " by email"
	}
	return "read in " + where
}

// inRooms is how many people are in the rooms of a thread (A34); 0: not known.
func inRooms(rooms []store.Room) (n int) {
	for _, r := range rooms {
		if r.Members == 0 || r.Chat != "" {
			return 0
		}
		n += int(r.Members)
	}
	return n
}

// invitation is what the first mail to a person says: who writes, from where, who
// else takes part, and how to leave.
func invitation(p plan, g plannedMail) string {
	author := mail.CleanName(g.Messages[0].Name)
	if g.Asked != "" {
		author = mail.CleanName(g.Asked)
	}
	from := "a chat room"
	if p.Thread.Title != "" {
		from = "the chat room “" + p.Thread.Title + "”"
	}
	leave := "To leave, answer with /leave."
	if p.Box.PlusWorks {
		leave = "To leave, answer with /leave or use the link below."
	}
	text := fmt.Sprintf("%s writes to you from %s. %sAnswer this mail, and your answer appears there. %s", author, from, company(p, g), leave)
	for _, r := range p.Rooms {
		if topic := strings.TrimSpace(r.Topic); topic != "" {
			return text + "\n\nIts topic: " + markup.Truncate(topic, longestTopic)
		}
	}
	return text
}

// longestTopic is how many characters of a room's topic an invitation tells.
const longestTopic = 4000

// company says who else takes part by email: by name where the addresses are
// seen, else how many.
func company(p plan, g plannedMail) string {
	var names []string
	for _, who := range p.People {
		if who.Takes() && !(len(g.To) == 1 && g.To[0].ID == who.ID) {
			names = append(names, who.Name)
		}
	}
	for i := range names[:min(len(names), core.NamesShown)] {
		names[i] = mail.CleanName(names[i])
	}
	switch {
	case len(names) == 0:
		return ""
	case p.Thread.Mode == store.ModeHidden:
		return core.Quantity(len(names), "other person takes", "other people take") + " part by email. "
	case len(names) == 1:
		return names[0] + " takes part by email too. "
	}
	return "By email take part: " + core.ListNames(names) + ". "
}
