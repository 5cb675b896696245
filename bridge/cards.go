package bridge

import (
	"fmt"
	"regexp"
	"strings"

	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
)

// contactCards words the contacts that a mail brings along. The sender's own, which
// some programs add to every mail, stays a file.
func contactCards(m *mail.Message) string {
	const most = 3
	var cards []string
	for _, p := range m.ShownParts() {
		if p.Type != "text/vcard" && p.Type != "text/x-vcard" && p.Type != "text/directory" || len(cards) == most {
			continue
		}
		c, more, ok := mail.ReadContact(p.Content)
		own := false
		for _, a := range c.Mails {
			own = own || m.IsFrom(a)
		}
		if !ok || own {
			continue
		}
		cards = append(cards, contactText(c, more))
	}
	return strings.Join(cards, "\n")
}

func contactText(c mail.Contact, more int) string {
	who := c.Name
	switch {
	case who == "":
		who = c.Org
	case c.Org != "":
		who += ", " + c.Org
	}
	text := strings.TrimSpace("👤 " + who)
	if len(c.Phones) > 0 {
		text += "\nPhone: " + strings.Join(c.Phones, ", ")
	}
	if len(c.Mails) > 0 {
		text += "\nEmail: " + strings.Join(c.Mails, ", ")
	}
	if more > 0 {
		text += fmt.Sprintf("\nand %d more in the file", more)
	}
	return text
}

// forwardLine names a mail that is passed on: "Ann forwarded: Boat, from Bob, 6 January 2025".
func forwardLine(who, subject, from, date string) string {
	if subject == "" {
		subject = "a mail"
	}
	line := "↪ " + who + " forwarded: " + subject
	if from != "" {
		line += ", from " + from
	}
	if date != "" {
		line += ", " + date
	}
	return line
}

// forwards are the mails that are attached to one.
func forwards(m *mail.Message) (all []mail.Part) {
	for _, p := range m.Attachments() {
		if p.Nested != nil && p.Type != "text/rfc822-headers" {
			all = append(all, p)
		}
	}
	return all
}

// addForwards adds the text of the mails that are attached below the words, each
// under a line that names it.
func (w *wording) addForwards(m *mail.Message) {
	const most, longest = 5, 32 << 10
	for n, p := range forwards(m) {
		if n == most {
			break
		}
		date := ""
		if !p.Nested.Date.IsZero() {
			date = p.Nested.Date.Format("2 January 2006, 15:04 MST")
		}
		from := ""
		if len(p.Nested.From) > 0 {
			from = p.Nested.Author()
		}
		line := markup.Neutral(forwardLine(m.AuthorName(), mail.CleanName(p.Nested.Subject), from, date))
		text, html := shownWords(shorten(strings.TrimSpace(p.Nested.PlainText()), longest), "")
		if len(p.Nested.HTML) <= longest {
			_, html = shownWords(text, p.Nested.HTML)
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

// What mail programs write above a mail that they pass on, in the languages whose
// words for it cannot be mistaken.
var (
	forwardFrom = regexp.MustCompile(`(?mi)^[>* \t]*(?:from|von|de|da|van|från|fra)[*]?\s?:[* ]*(\S[^\n<]*)`)
	forwardDate = regexp.MustCompile(`(?mi)^[>* \t]*(?:date|sent|datum|gesendet|envoyé|enviado|data|dato)[*]?\s?:[* ]*(\S[^\n]*)`)
)

// forwardedInline names the mail that stands in the text of one that passes it on.
func forwardedInline(m *mail.Message, text, tag string) string {
	find := func(r *regexp.Regexp) string {
		const looked = 4 << 10
		if f := r.FindStringSubmatch(text[:min(len(text), looked)]); f != nil {
			return oneLine(strings.Trim(f[1], `"* `), 80)
		}
		return ""
	}
	from := find(forwardFrom)
	if a, err := mail.ParseAddress(from); err == nil && a.Name == "" {
		from = a.Address
	} else {
		from = mail.CleanName(from)
	}
	return forwardLine(m.AuthorName(), mail.TitleOf(m.Subject, tag), from, find(forwardDate))
}
