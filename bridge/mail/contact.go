package mail

import (
	"io"
	"mime/quotedprintable"
	"strings"
)

// Contact is what a vCard says of a person (RFC 6350, and the versions before it).
type Contact struct {
	Name, Org     string   // one line each
	Phones, Mails []string // at most four of each
}

// ReadContact reads the first contact of a vCard. more: how many others follow.
// false: there is none with a name or a way to reach it.
func ReadContact(card string) (c Contact, more int, ok bool) {
	card = strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "", "=\r\n", "", "=\n", "").Replace(card[:min(len(card), maxCalendar)])
	given := ""
	for line := range strings.Lines(card) {
		name, p, ok := readProperty(strings.TrimRight(line, "\r\n"))
		if !ok {
			continue
		}
		if i := strings.LastIndexByte(name, '.'); i >= 0 { // of a group: item1.TEL
			name = name[i+1:]
		}
		if name == "BEGIN" {
			more++
		}
		if more > 1 {
			continue
		}
		value := p.plain()
		switch name {
		case "FN":
			c.Name = CleanName(value)
		case "N":
			f := strings.Split(p.value, ";")
			if len(f) > 1 {
				f[0] = f[1] + " " + f[0]
			}
			p.value = f[0]
			given = CleanName(p.plain())
		case "ORG":
			c.Org = strings.Trim(strings.ReplaceAll(value, ";", ", "), ", ")
		case "TEL":
			c.Phones = addFew(c.Phones, strings.TrimPrefix(value, "tel:"))
		case "EMAIL":
			c.Mails = addFew(c.Mails, withoutMailto(value))
		}
	}
	if c.Name == "" {
		c.Name = given
	}
	return c, max(more-1, 0), c.Name != "" || len(c.Phones)+len(c.Mails) > 0
}

// plain is a value as one line.
func (p property) plain() string {
	const longest = 200
	v := p.value
	_, quoted := p.params["QUOTED-PRINTABLE"] // version 2.1
	if quoted || strings.EqualFold(p.params["ENCODING"], "QUOTED-PRINTABLE") {
		if b, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(v))); err == nil {
			v = repairUTF8(b)
		}
	}
	r := []rune(oneLine(unescape(v)))
	return string(r[:min(len(r), longest)])
}

func addFew(to []string, s string) []string {
	const most = 4
	if s == "" || len(to) >= most {
		return to
	}
	return append(to, s)
}
