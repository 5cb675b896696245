package bridge

import (
	"strings"

	"hashsend/bridge/mail"
)

// hiddenPart knows parts that are no files to a person.
func hiddenPart(p mail.Part) (why string, hidden bool) {
	switch p.Type {
	case "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-keys":
		return "a signature", true
	case "message/delivery-status", "message/disposition-notification", "text/rfc822-headers", "text/vnd.google.email-reaction+json":
		return "for programs", true
	}
	switch strings.ToLower(p.Name) {
	case "signature.asc", "smime.p7s":
		return "a signature", true
	}
	return "", strings.EqualFold(p.Header.Get("Content-Disposition"), "reaction")
}

// logoUnder is up to how many bytes a picture in the text is taken as a logo, and
// logoTimes in how many mails before.
const (
	logoUnder = 10 << 10
	logoTimes = 2
)

// isLogo decides whether a picture belongs to the signature of a mail: it stands in
// its HTML, and is small or was in earlier mails of the same sender. One that is all the
// mail says is what the person wanted to show, if it is new.
func isLogo(p mail.Part, kind string, m *mail.Message, words string, times int) bool {
	if p.ContentID == "" || !strings.HasPrefix(kind, "image/") || !strings.Contains(m.HTML, "cid:"+p.ContentID) {
		return false
	}
	if words == "" && times == 0 && len(fileParts(m)) == 1 {
		return false
	}
	return p.Size < logoUnder || times >= logoTimes
}

// fileParts lists the files of a mail and of the mails in it.
func fileParts(m *mail.Message) (parts []mail.Part) {
	for _, p := range shownParts(m) {
		if p.Nested != nil {
			parts = append(parts, fileParts(p.Nested)...)
			continue
		}
		parts = append(parts, p)
	}
	return parts
}

// shownParts lists the parts that are files to a person.
func shownParts(m *mail.Message) (parts []mail.Part) {
	for _, p := range m.Attachments() {
		if _, hidden := hiddenPart(p); !hidden {
			parts = append(parts, p)
		}
	}
	return oneCalendar(parts)
}

// unnamed is how a file without a name is called; what ends it follows from its type.
func unnamed(p mail.Part) string {
	if mail.IsCalendar(p) {
		return "invite.ics"
	}
	return "file"
}
