package frommail

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/cards"
	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
	"hashsend/bridge/reply"
	"hashsend/bridge/store"
)

// Extract is the text of a person in a mail, without quotes and signatures.
type Extract struct {
	Text  string
	HTML  string // sanitised; empty where there is no formatting
	Files string // names of its files, a line each
	Parts []part // the text by message, if it replies to several; else nil
	Sure  int    // per cent
	Cuts  []store.Cut
	// Forward: the text contains a forwarded mail.
	Forward bool
	// OnlyQuote: the mail has only quotes.
	OnlyQuote bool

	habit string // how its author ends emails, with this one
}

// part is the reply to one message.
type part struct {
	Text, HTML string
	Of         int64 // id of the message
}

// maxCut limits the bytes that are stored of each piece left out.
const maxCut = 64 << 10

// extract extracts the text of a mail. Known messages help to recognise quotes; times are
// shown in the zone.
// Many branches: one for each kind of mail whose text is not in its body.
func (d *Decision) extract(l Mail, known quotable, tag string, zone *time.Location) {
	d.Words = written(l.Msg, known)
	w := &d.Words
	switch {
	case l.Class.Kind == classify.Unreadable && l.Class.Text != "":
		*w = Extract{Text: l.Class.Text, Sure: 100}
		return
	case l.Class.Kind == classify.Reaction && l.Class.Emoji != "":
		w.Text, w.HTML, w.Parts = classify.ReactedWith(l.Class.Emoji), "", nil
	case l.Class.Kind == classify.Reaction && l.Class.Whole:
		w.Text, w.HTML, w.Files, w.Parts = l.Class.Text, "", "", nil
	case l.Class.Emoji != "" && d.Route.Parent == 0: // no message to react to
		w.Text, w.HTML, w.Parts = strings.TrimSpace(w.Text+"\n"+l.Class.Emoji), "", nil
	default:
		w.inPlaceOfGoogle(&l.Msg, l.Class)
	}
	card := cardsOf(&l.Msg, l.Class, *w, tag, zone)
	if l.Class.Kind != classify.Reaction {
		w.addForwards(&l.Msg)
	}
	if card != "" {
		w.above(card)
	}
	if l.Class.Kind == classify.Message && l.Class.Emoji == "" && w.Files == "" {
		d.Emoji = classify.OneEmoji(w.Text)
	}
	if w.Text == "" && w.Files == "" {
		w.Text = "(empty reply)"
		if l.Class.Text != "" {
			w.Text = l.Class.Text
		}
	}
}

// cardsOf returns the lines above the text of a mail: contacts, events, and the author of a
// forwarded mail.
func cardsOf(m *mail.Message, c classify.Class, w Extract, tag string, zone *time.Location) string {
	all := []string{cards.Contacts(m)}
	switch {
	case c.Kind == classify.Reaction:
	case c.Invitation != nil:
		all = append(all, cards.Invitation(m, *c.Invitation, zone))
	case w.Forward && len(cards.Forwards(m)) == 0: // attached ones are named below
		all = append(all, cards.Events(m, zone), cards.ForwardInText(m, w.Text, tag))
	default:
		all = append(all, cards.Events(m, zone))
	}
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), "\n\n")
}

// inPlaceOfGoogle drops the text that Google adds to an invitation. The card has the same
// content, and the text of the organizer is in the calendar.
func (w *Extract) inPlaceOfGoogle(m *mail.Message, c classify.Class) {
	if c.Invitation == nil || !cards.ByGoogle(m) || w.Text == "" {
		return
	}
	w.Cuts = append(w.Cuts, store.Cut{Kind: "repetition", Rule: "Google says what the calendar says", Text: core.Shorten(w.Text, maxCut)})
	w.Text, w.HTML, w.Parts = markup.Neutral(cards.WithoutGoogle(m, *c.Invitation)), "", nil
}

// above adds the lines of a card above the text, or replaces a text that says the same.
func (w *Extract) above(card string) {
	card = markup.Neutral(card)
	if w.Text == card {
		w.Text = ""
	}
	if w.HTML != "" && w.Text != "" {
		w.HTML = markup.FromText(card) + "<br>" + w.HTML
	} else {
		w.HTML = ""
	}
	w.Text, w.Parts = strings.TrimSpace(card+"\n\n"+w.Text), nil
}

// addForwards adds the texts of attached mails below the text, each with a line that names
// it.
func (w *Extract) addForwards(m *mail.Message) {
	const most, longest = 5, 32 << 10
	for n, passed := range cards.Forwards(m) {
		if n == most {
			break
		}
		line := markup.Neutral(cards.Forward(m, passed))
		text, html := shownWords(core.Shorten(strings.TrimSpace(passed.PlainText()), longest), "")
		if len(passed.HTML) <= longest {
			_, html = shownWords(text, passed.HTML)
		}
		if w.HTML != "" || html != "" {
			if w.HTML == "" && w.Text != "" {
				w.HTML = markup.FromText(w.Text)
			}
			if html == "" {
				html = markup.FromText(text)
			}
			w.HTML += markup.FromText(line) + "<br>" + html
		}
		w.Text, w.Parts = strings.TrimSpace(w.Text+"\n\n"+line+"\n"+text), nil
	}
}

// knownTo lists the messages that a mail may quote: first those of the mail that it replies
// to, then the newest of its conversations.
func knownTo(tx *store.Tx, r route) (known []store.Message, err error) {
	add := func(ms []store.Message) {
		for _, m := range ms {
			if m.Text = strings.TrimSpace(m.Text); m.Text != "" && !slices.ContainsFunc(known, func(k store.Message) bool { return k.Text == m.Text }) {
				known = append(known, m)
			}
		}
	}
	if r.Parent != 0 {
		ms, err := tx.MessagesOfMail(r.Parent)
		if err != nil {
			return nil, err
		}
		add(ms)
	}
	for _, id := range r.Threads {
		ms, err := tx.LastMessages(id, 30)
		if err != nil {
			return nil, err
		}
		add(ms)
	}
	return known, nil
}

// quotable is what an email may quote, and what is known of how its author writes.
type quotable struct {
	said  []reply.Said
	of    []int64 // ids of the messages, in the same order
	habit string
}

func quotableIn(tx *store.Tx, l Mail, k Facts) (q quotable, err error) {
	q.habit = k.Habit
	known, err := knownTo(tx, k.Route)
	for _, m := range known {
		q.said, q.of = append(q.said, asMailed(m, k.wrote(l, m))), append(q.of, m.ID)
	}
	return q, err
}

// written extracts the text of a mail that may quote known messages.
func written(m mail.Message, known quotable) Extract {
	in := reply.Mail{Subject: m.Subject, From: sender(&m).Name, Answers: len(cited(&m)) > 0, OnlyReferences: len(m.InReplyTo) == 0 && len(m.References) > 0, Text: withoutArmour(m.Text), HTML: m.HTML}
	in.Said, in.Habit = known.said, known.habit
	r := reply.Extract(in)
	w := Extract{Files: filesOf(&m), Sure: int(r.Confidence*100 + 0.5), Forward: r.Forward, OnlyQuote: r.OnlyQuote, habit: reply.Learn(known.habit, r)}
	w.Text, w.HTML = shownWords(withoutPictures(&m, r.Text), r.HTML)
	for _, a := range r.Answered {
		p := part{Of: known.of[a.Known]}
		p.Text, p.HTML = shownWords(withoutPictures(&m, a.Text), a.HTML)
		w.Parts = append(w.Parts, p)
	}
	for _, c := range r.Cut {
		w.Cuts = append(w.Cuts, store.Cut{Kind: c.Kind, Rule: c.Rule, Text: core.Shorten(c.Text, maxCut)})
	}
	return w
}

// asMailed returns a message as it may be quoted. In mails its first line can stand after
// the name of its author, and after the time.
func asMailed(m store.Message, mine bool) reply.Said {
	first, _, _ := strings.Cut(m.Text, "\n")
	named := mail.CleanName(m.Name) + ": " + first
	text, _ := core.AddRemarks(m.Text, "", core.MailedRemark(m))
	return reply.Said{Text: text, First: []string{named, "[" + mail.TimeOf(m.At) + "] " + named}, Mine: mine}
}

// shownWords sanitises the text of a mail for a room.
func shownWords(text, html string) (string, string) {
	if html != "" {
		html = markup.Sanitise(html)
	}
	if strings.TrimSpace(text) == "" {
		text = markup.ToText(html)
	}
	text = markup.Neutral(strings.TrimSpace(text))
	if html != "" {
		html = markup.Neutral(html)
	}
	return text, html
}

// withoutArmour removes the lines of PGP around a signed text (RFC 9580, 7).
func withoutArmour(text string) string {
	const begin, sign, end = "-----BEGIN PGP SIGNED MESSAGE-----\n", "\n-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----"
	before, rest, ok := strings.Cut(text, begin)
	if !ok || strings.TrimSpace(before) != "" {
		return text
	}
	_, rest, headers := strings.Cut(rest, "\n\n")
	words, behind, signed := strings.Cut(rest, sign)
	_, behind, ended := strings.Cut(behind, end)
	if !headers || !signed || !ended {
		return text
	}
	words = strings.ReplaceAll("\n"+words, "\n- ", "\n")
	return words[1:] + behind
}

func filesOf(m *mail.Message) string {
	var names []string
	for _, p := range m.Files() {
		names = append(names, core.FileLine(p.Name, p.Size))
	}
	if len(names) > 20 {
		names = append(names[:20], fmt.Sprintf("and %d more", len(names)-20))
	}
	return strings.Join(names, "\n")
}
