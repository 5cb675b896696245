package core

import (
	"strings"

	"hashsend/bridge/store"
)

// The marks of a message that came by email. Rooms show them; they are not part of the message.
const (
	RemarkUnproven = "⚠ not verified: nothing proves who sent this email"
	RemarkJunk     = "it was in the spam folder"
)

// AddRemarks adds lines of the bridge below a text.
func AddRemarks(text, html, lines string) (string, string) {
	if lines == "" {
		return text, html
	}
	for line := range strings.SplitSeq(lines, "\n") {
		if html != "" {
			html += "<br><em>" + line + "</em>"
		}
		text += "\n— " + line
	}
	return text, html
}

// WithRemarks returns the text of a message with its marks.
func WithRemarks(m store.Message) string {
	text, _ := AddRemarks(m.Text, "", m.Marks)
	return text
}

// MailedRemark returns the mark that a message keeps in emails, or "". The bridge's own emails
// are verified and must not make an unverified author look verified.
func MailedRemark(m store.Message) string {
	if strings.Contains(m.Marks, RemarkUnproven) {
		return RemarkUnproven
	}
	return ""
}
