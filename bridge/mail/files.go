package mail

import (
	"slices"
	"strings"

	"hashsend/bridge/markup"
)

// Hidden reports whether a part is no file to a person: a signature, or something
// that only programs read.
func (p Part) Hidden() bool {
	switch p.Type {
	case "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-keys",
		"message/delivery-status", "message/disposition-notification", "text/rfc822-headers", "text/x-amp-html", "text/watch-html", "text/vnd.google.email-reaction+json":
		return true
	}
	switch strings.ToLower(p.Name) {
	case "signature.asc", "smime.p7s":
		return true
	}
	return strings.EqualFold(p.Header.Get("Content-Disposition"), "reaction")
}

// UsualName is how a file without a name is called; what ends it follows from its type.
func (p Part) UsualName() string {
	if IsCalendar(p) {
		return "invite.ics"
	}
	return "file"
}

// Files lists the files of a mail and of the mails in it.
func (m *Message) Files() (parts []Part) {
	for _, p := range m.ShownParts() {
		if p.Nested != nil {
			parts = append(parts, p.Nested.Files()...)
			continue
		}
		parts = append(parts, p)
	}
	return parts
}

// ShownParts lists the parts that are files to a person. A mail that is attached is
// one of them.
func (m *Message) ShownParts() (parts []Part) {
	emoji := m.emoji()
	for _, p := range m.Attachments() {
		if !p.Hidden() && (p.ContentID == "" || !emoji[p.ContentID]) {
			parts = append(parts, p)
		}
	}
	return oneCalendar(parts)
}

// emoji has the Content-IDs of the pictures that stand for an emoji in the text.
func (m *Message) emoji() map[string]bool {
	if m.HTML == "" || !slices.ContainsFunc(m.Parts, func(p Part) bool { return p.ContentID != "" && strings.HasPrefix(p.Type, "image/") }) {
		return nil
	}
	all := map[string]bool{}
	for _, p := range markup.Emoji(m.HTML) {
		all[p.ContentID] = true
	}
	return all
}

// oneCalendar names the calendar of an invitation, and leaves out that it is there
// twice: most programs send it as an alternative of the text and as a file.
func oneCalendar(parts []Part) (out []Part) {
	named, sizes := false, map[int64]bool{}
	for _, p := range parts {
		named = named || IsCalendar(p) && p.Name != ""
	}
	for _, p := range parts {
		if IsCalendar(p) {
			if p.Name == "" && named || sizes[p.Size] {
				continue
			}
			sizes[p.Size] = true
			if p.Name == "" {
				p.Name = p.UsualName()
			}
		}
		out = append(out, p)
	}
	return out
}
