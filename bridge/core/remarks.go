package core

import (
	"strings"

	"hashsend/bridge/store"
)

// The marks of a message that came by mail: how it is shown in rooms, and no part
// of what was said.
const (
	RemarkUnproven = "⚠ not verified: nothing proves who sent this email"
	RemarkJunk     = "it was in the spam folder"
)

// AddRemarks puts lines of the bridge behind a text.
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

// WithRemarks is the text of a message with its marks.
func WithRemarks(m store.Message) string {
	text, _ := AddRemarks(m.Text, "", m.Marks)
	return text
}

// MailedRemark is the mark that a message keeps in mails: the mail of the bridge is
// proven to be its own, and must not lend that to a writer who is not. Empty: none.
func MailedRemark(m store.Message) string {
	if strings.Contains(m.Marks, RemarkUnproven) {
		return RemarkUnproven
	}
	return ""
}
