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

// listOver is how many people with mail of their own make a list: then mail programs are
// told so, and how to leave it. With fewer it would look like a newsletter.
const listOver = 20

// isList reports whether so many people get mail of their own that it is a list.
func (p Plan) isList() bool {
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

// Draft makes the mail's content. Message-ID and trace are left to the caller.
func Draft(p Plan, g Planned) mail.Draft {
	zone := p.zoneOf(g.To)
	d := mail.Draft{
		From: mail.Address{Name: p.From.Address.Name, Address: p.From.Address.Address}, Subject: p.Epoch.Subject,
		Anchor: p.Epoch.Anchor, Started: p.Epoch.Started, Date: p.Now.In(zone), Names: p.Names || g.Late, Times: g.Late,
	}
	if len(g.Messages) > 0 && !g.Late {
		d.From.Name, d.Sender = core.FromName(g.Messages[0].Name, p.From.Address.Name), g.Messages[0].Account
	}
	quiet := true
	for _, who := range g.Shown {
		d.To = append(d.To, mail.Address{Name: who.Name, Address: who.Address})
	}
	for _, who := range g.To {
		quiet = quiet && (who.Mailed.IsZero() || p.Now.Sub(who.Mailed) > quietDay+mailedWithin)
	}
	if !quiet {
		d.Suppress = "OOF, AutoReply"
	}
	token := p.Thread.Token
	if p.Thread.Mode == store.ModeHidden && len(g.Shown) == 1 {
		token = g.Shown[0].Token
	}
	if p.From.PlusWorks {
		d.ReplyTo = &mail.Address{Name: p.Thread.Title, Address: core.PlusAddress(p.From.Address.Address, token)}
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
		room = files.InMail(&said, p.Files[m.ID], p.From.Domain, link, room)
		d.Words = append(d.Words, said)
		if ids := cite(p.Quotes[m.ID].Mails, g.To); len(ids) > 0 && !p.Digest {
			d.InReplyTo = ids[len(ids)-1]
			d.References = slices.Concat(d.References[:min(len(d.References), 1)], cite(p.Quotes[m.ID].Root, g.To), ids)
		}
	}
	d.Reactions = g.Reactions
	if p.Digest {
		d.From.Name, d.Precedence = core.FromName(p.Thread.Title, p.From.Address.Name), "bulk"
	}
	program := len(g.Messages) > 0 && !slices.ContainsFunc(g.Messages, func(m store.Message) bool { return chat.Kind(m.Kind) != chat.Notice })
	if p.Correction || p.Digest || program {
		d.AutoSubmitted = "auto-generated" // nobody is to be told again that a person is away
	}
	d.Footer = Footer(p, g, token)
	if g.Asked != "" {
		d.Intro = fmt.Sprintf("Below is what was said here before you took part. %s asked to send it to you.", mail.CleanName(g.Asked))
	}
	if g.First {
		d.About = invitation(p, g)
		if p.From.PlusWorks {
			d.Unsubscribe = leaveLink(p, token)
		}
	} else if p.isList() && p.From.PlusWorks {
		d.Unsubscribe = leaveLink(p, token)
	}
	if p.isList() {
		d.ListID = p.Mint.Address("list", p.Thread.Token) + "." + p.From.Domain
	}
	return d
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
		w.Quote = "a message from before this room was linked"
	} else if q.Text != "" && p.mayRead(g.To, q.Of) {
		w.Quote = core.OneLine(q.Name+": "+q.Text, 140)
	}
	p.called(&w, g.To, m)
	return w
}

// mayRead reports whether everybody has been given a message: a quote must not
// tell a newcomer what was said before, nor anybody what they were left out of.
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

// Footer says who reads an answer, and how to leave.
func Footer(p Plan, g Planned, token string) []mail.FooterPart {
	parts := append(accounts(g), mail.FooterPart{Text: readers(p, g)}, mail.FooterPart{Text: "answer this mail to reply"})
	if p.Digest && len(g.To) > 0 && g.To[0].InDigests() {
		parts = append(parts, mail.FooterPart{Text: "you get " + core.ModeText(g.To[0].Mode, p.DigestTime) + "; answer /digest burst to get everything soon"})
	}
	if p.From.PlusWorks {
		return append(parts, mail.FooterPart{Text: "leave", URL: leaveLink(p, token)})
	}
	return append(parts, mail.FooterPart{Text: "answer /leave to leave"})
}

// accounts says who has written under another name (A30): nobody is to be taken for
// somebody else.
func accounts(g Planned) (parts []mail.FooterPart) {
	for _, m := range g.Messages {
		text := fmt.Sprintf("“%s” is %s in the room", mail.CleanName(m.Name), mail.CleanName(m.Account))
		if m.Account != "" && !slices.ContainsFunc(parts, func(p mail.FooterPart) bool { return p.Text == text }) {
			parts = append(parts, mail.FooterPart{Text: text})
		}
	}
	return parts
}

func readers(p Plan, g Planned) string {
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
func invitation(p Plan, g Planned) string {
	author := mail.CleanName(g.Messages[0].Name)
	if g.Asked != "" {
		author = mail.CleanName(g.Asked)
	}
	from := "a chat room"
	if p.Thread.Title != "" {
		from = "the chat room “" + p.Thread.Title + "”"
	}
	leave := "To leave, answer with /leave."
	if p.From.PlusWorks {
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
func company(p Plan, g Planned) string {
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
