// Package cards says in a few lines what a mail brings along besides its words:
// contacts, events, and mails that are passed on. What comes from the mail stands in
// the cards as it was written: whoever shows them makes it harmless first.
package cards

import (
	"fmt"
	"regexp"
	"strings"

	"hashsend/bridge/mail"
)

// Contacts words the contacts that a mail brings along; empty: there are none. The
// sender's own, which some programs add to every mail, stays a file.
func Contacts(m *mail.Message) string {
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
		cards = append(cards, contact(c, more))
	}
	return strings.Join(cards, "\n")
}

func contact(c mail.Contact, more int) string {
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

// Forwards are the mails that are attached to one.
func Forwards(m *mail.Message) (all []*mail.Message) {
	for _, p := range m.Attachments() {
		if p.Nested != nil && p.Type != "text/rfc822-headers" {
			all = append(all, p.Nested)
		}
	}
	return all
}

// Forward is the line above a mail that is attached to m.
func Forward(m, passed *mail.Message) string {
	from, date := "", ""
	if len(passed.From) > 0 {
		from = passed.Author()
	}
	if !passed.Date.IsZero() {
		date = passed.Date.Format("2 January 2006, 15:04 MST")
	}
	return forwardLine(m.AuthorName(), mail.CleanName(passed.Subject), from, date)
}

// What mail programs write above a mail that they pass on, in the languages whose
// words for it cannot be mistaken.
var (
	forwardFrom = regexp.MustCompile(`(?mi)^[>* \t]*(?:from|von|de|da|van|från|fra)[*]?\s?:[* ]*(\S[^\n<]*)`)
	forwardDate = regexp.MustCompile(`(?mi)^[>* \t]*(?:date|sent|datum|gesendet|envoyé|enviado|data|dato)[*]?\s?:[* ]*(\S[^\n]*)`)
)

// ForwardInText is the line for a mail that stands in the text of m, which passes it
// on. tag is the word of the subject that marks a mail as chat.
func ForwardInText(m *mail.Message, text, tag string) string {
	find := func(r *regexp.Regexp) string {
		const looked, longest = 4 << 10, 80
		f := r.FindStringSubmatch(text[:min(len(text), looked)])
		if f == nil {
			return ""
		}
		found := words(strings.Trim(f[1], `"* `))
		if r := []rune(found); len(r) > longest {
			found = strings.TrimSpace(string(r[:longest-1])) + "…"
		}
		return found
	}
	from := find(forwardFrom)
	if a, err := mail.ParseAddress(from); err == nil && a.Name == "" {
		from = a.Address
	} else {
		from = mail.CleanName(from)
	}
	return forwardLine(m.AuthorName(), mail.TitleOf(m.Subject, tag), from, find(forwardDate))
}

// words puts one space between the words of a text.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }
