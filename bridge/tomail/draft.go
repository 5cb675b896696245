package tomail

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

// listOver is the number of recipients with individual emails above which an email has list
// headers. With fewer it would look like a newsletter.
const listOver = 20

// isList reports whether the emails of a conversation have list headers.
func (p Plan) isList() bool {
	n := 0
	for _, who := range p.People {
		if who.Takes() {
			n++
		}
	}
	return p.Thread.Mode == store.ModeHidden && n > listOver
}

// quietDay is how long a recipient must have had no email before vacation replies are allowed
// again.
const quietDay = 24 * time.Hour

// Draft makes the content of an email, without Message-ID and trace.
func Draft(p Plan, g Planned) mail.Draft {
	zone := p.zoneOf(g.To)
	d := mail.Draft{
		From: mail.Address{Name: p.From.Address.Name, Address: p.From.Address.Address}, Subject: p.Epoch.Subject,
		Anchor: p.Epoch.Anchor, Started: p.Epoch.Started, Date: p.Now.In(zone), Names: p.Names || g.Late, Times: g.Late,
		Reactions: g.Reactions,
	}
	for _, who := range g.Shown {
		d.To = append(d.To, mail.Address{Name: who.Name, Address: who.Address})
	}
	switch {
	case p.Digest:
		d.From.Name, d.Precedence = core.FromName(p.Thread.Title, p.From.Address.Name), "bulk"
	case len(g.Messages) > 0 && !g.Late:
		d.From.Name, d.Sender = core.FromName(g.Messages[0].Name, p.From.Address.Name), g.Messages[0].Account
	}
	token := p.Thread.Token
	if p.Thread.Mode == store.ModeHidden && len(g.Shown) == 1 {
		token = g.Shown[0].Token
	}
	if p.From.PlusWorks {
		d.ReplyTo = &mail.Address{Name: p.Thread.Title, Address: core.PlusAddress(p.From.Address.Address, token)}
	}
	draftWords(&d, p, g, zone)
	draftManners(&d, p, g)
	d.Footer = Footer(p, g, token)
	if g.Asked != "" {
		d.Intro = fmt.Sprintf("Earlier messages from this conversation, sent to you by %s.", mail.CleanName(g.Asked))
	}
	if g.First {
		d.About = invitation(p, g)
	}
	if (g.First || p.isList()) && p.From.PlusWorks {
		d.Unsubscribe = leaveLink(p, token)
	}
	return d
}

// draftWords adds the messages with their files, and the Message-IDs that they reply to.
func draftWords(d *mail.Draft, p Plan, g Planned, zone *time.Location) {
	if p.Root.readers(g.To) > 0 {
		d.InReplyTo, d.References = p.Root.Final, []string{p.Root.Final}
	}
	room := p.MailBytes
	if g.Bare {
		room = 0
	}
	var reader int64 // reader of the links; 0: several
	if len(g.To) == 1 {
		reader = g.To[0].ID
	}
	link := func(f store.File) string { return p.Links.Link(f, reader) }
	for i, m := range g.Messages {
		m.At = m.At.In(zone)
		said := words(p, g, m, i)
		room = files.InMail(&said, p.Files[m.ID], p.From.Domain, link, room)
		d.Words = append(d.Words, said)
		if ids := cite(p.Quotes[m.ID].Mails, g.To); len(ids) > 0 && !p.Digest {
			d.InReplyTo = ids[len(ids)-1]
			d.References = slices.Concat(d.References[:min(len(d.References), 1)], cite(p.Quotes[m.ID].Root, g.To), ids)
		}
	}
}

// draftManners adds the header fields that tell programs what the email is, and whether to
// answer it.
func draftManners(d *mail.Draft, p Plan, g Planned) {
	if slices.ContainsFunc(g.To, func(who store.Participant) bool {
		return !who.Mailed.IsZero() && p.Now.Sub(who.Mailed) <= quietDay+mailedWithin
	}) {
		d.Suppress = "OOF, AutoReply"
	}
	program := len(g.Messages) > 0 && !slices.ContainsFunc(g.Messages, func(m store.Message) bool { return chat.Kind(m.Kind) != chat.Notice })
	if p.Correction || p.Digest || program {
		d.AutoSubmitted = "auto-generated" // no vacation replies to it
	}
	if p.isList() {
		d.ListID = p.Mint.Address("list", p.Thread.Token) + "." + p.From.Domain
	}
}

func words(p Plan, g Planned, m store.Message, i int) mail.Words {
	w := mail.Words{Author: m.Name, At: m.At, Text: m.Text, HTML: m.HTML, Emote: chat.Kind(m.Kind) == chat.Emote, Grey: chat.Kind(m.Kind) == chat.Notice, Index: i}
	w.Text, w.HTML = core.AddRemarks(w.Text, w.HTML, core.MailedRemark(m))
	if m.Files != "" && len(p.Files[m.ID]) == 0 {
		w.Files = strings.Split(m.Files, "\n")
	}
	if poll, asks := p.Polls[m.ID]; asks && !p.Correction {
		w.Text += "\n\n" + pollHint(poll.Poll)
	}
	if q := p.Quotes[m.ID]; q.Of.State == store.Earlier && q.Name != "" {
		w.Quote = "a message posted before this room was linked"
	} else if q.Text != "" && p.mayRead(g.To, q.Of) {
		w.Quote = core.OneLine(q.Name+": "+q.Text, 140)
	}
	p.called(&w, g.To, m)
	return w
}

// mayRead reports whether a message may be quoted to these people. A quote must not show
// messages from before they joined or that they were left out of.
func (p Plan) mayRead(people []store.Participant, m store.Message) bool {
	for _, who := range people {
		if m.At.Before(who.Joined) || p.LeftOut[m.ID].Has(who.ID) || m.State == store.Inside || m.State == store.Deleted {
			return false
		}
	}
	return true
}

func leaveLink(p Plan, token string) string {
	return "mailto:" + core.PlusAddress(p.From.Address.Address, "leave."+token) + "?subject=leave"
}

// Footer says who receives a reply, and how to leave.
func Footer(p Plan, g Planned, token string) []mail.FooterPart {
	parts := append(accounts(g), mail.FooterPart{Text: "Replies go to " + readers(p, g)})
	if p.Digest && len(g.To) > 0 && g.To[0].InDigests() {
		parts = append(parts, mail.FooterPart{Text: "You get " + core.ModeText(g.To[0].Mode, p.DigestTime) + ". Reply /digest burst to get messages sooner"})
	}
	if p.From.PlusWorks {
		return append(parts, mail.FooterPart{Text: leaveText, URL: leaveLink(p, token)})
	}
	return append(parts, mail.FooterPart{Text: leaveText + ": reply /leave"})
}

// leaveText ends the footer of every email. Package reply knows our footers by it.
const leaveText = "Leave this conversation"

// accounts names the accounts that posted under other names, so that nobody is mistaken for
// somebody else.
func accounts(g Planned) (parts []mail.FooterPart) {
	for _, m := range g.Messages {
		text := fmt.Sprintf("“%s” was posted by %s", mail.CleanName(m.Name), mail.CleanName(m.Account))
		if m.Account != "" && !slices.ContainsFunc(parts, func(p mail.FooterPart) bool { return p.Text == text }) {
			parts = append(parts, mail.FooterPart{Text: text})
		}
	}
	return parts
}

// readers lists who receives a reply: the room, then the email participants, by name where
// participants see each other and the only reader is known.
func readers(p Plan, g Planned) string {
	where := place(p)
	var others []string
	unseen := 0
	for _, who := range p.People {
		if !who.Takes() {
			continue
		}
		if len(g.Shown) != 1 || g.Shown[0].ID != who.ID {
			others = append(others, mail.CleanName(who.Name))
		}
		if core.IsUTF8(who.Address) && !slices.ContainsFunc(g.Shown, func(s store.Participant) bool { return s.ID == who.ID }) {
			unseen++
		}
	}
	hidden := p.Thread.Mode == store.ModeHidden
	switch {
	case !hidden && len(g.Shown) > 1 && unseen > 0:
		return where + ", everyone on this email and " + core.Quantity(unseen, "other person", "others") + " by email"
	case !hidden && len(g.Shown) > 1:
		return where + " and everyone on this email"
	case len(others) == 0:
		return where
	case hidden:
		return where + " and to " + core.Quantity(len(others), "other person", "others") + " by email"
	}
	return where + " and to " + core.ListNames(others)
}

// place names the rooms of a conversation, with the number of their members if known.
func place(p Plan) string {
	where := "the chat room"
	if p.Thread.Title != "" {
		where = "“" + p.Thread.Title + "”"
	}
	if n := inRooms(p.Rooms); n > 0 {
		where = "the " + core.Quantity(n, "person", "people") + " in " + where
	}
	return where
}

// inRooms returns the number of members of the rooms of a conversation; 0: unknown.
func inRooms(rooms []store.Room) (n int) {
	for _, r := range rooms {
		if r.Members == 0 || r.Chat != "" {
			return 0
		}
		n += int(r.Members)
	}
	return n
}

// invitation is the text below the first email to a person: who writes, from where, where a
// reply appears, who reads it, and how to leave.
func invitation(p Plan, g Planned) string {
	author := mail.CleanName(g.Messages[0].Name)
	if g.Asked != "" {
		author = mail.CleanName(g.Asked)
	}
	from := "a chat room"
	if p.Thread.Title != "" {
		from = "the chat room “" + p.Thread.Title + "”"
	}
	leave := "To leave, reply /leave."
	if p.From.PlusWorks {
		leave = "To leave, reply /leave or use the link below."
	}
	text := fmt.Sprintf("%s sent you this from %s. Reply to this email and your reply appears there%s. %s", author, from, audience(p, g), leave)
	for _, r := range p.Rooms {
		if topic := strings.TrimSpace(r.Topic); topic != "" {
			return text + "\n\nRoom topic: " + markup.Truncate(topic, longestTopic)
		}
	}
	return text
}

// longestTopic is how many characters of a room's topic an invitation includes.
const longestTopic = 4000

// audience says who reads a reply to an invitation: the people in the room, and the other
// email participants, by name where they see each other's addresses, else how many.
func audience(p Plan, g Planned) string {
	var names []string
	for _, who := range p.People {
		if who.Takes() && !(len(g.To) == 1 && g.To[0].ID == who.ID) {
			names = append(names, who.Name)
		}
	}
	for i := range names[:min(len(names), core.NamesShown)] {
		names[i] = mail.CleanName(names[i])
	}
	room := ""
	if n := inRooms(p.Rooms); n > 0 {
		room = " for " + core.Quantity(n, "person", "people")
	}
	switch {
	case len(names) == 0:
		return room
	case p.Thread.Mode == store.ModeHidden:
		return room + ", and goes to " + core.Quantity(len(names), "other person", "other people") + " by email"
	}
	if len(g.To) > 1 {
		return room + ", and goes to everyone on this email"
	}
	return room + ", and goes to " + core.ListNames(names) + " by email"
}
