package bridge

import (
	"strings"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// The marks of a message that came by mail: how it is shown in rooms, and no part
// of what was said.
const (
	remarkUnproven = "⚠ not verified: nothing proves who sent this mail"
	remarkJunk     = "it lay in the junk folder"
)

// remarks are the lines that a message made of a mail has under it in rooms.
func (d decision) remarks() string {
	var lines []string
	if d.mark {
		lines = append(lines, remarkUnproven)
	}
	if d.junk {
		lines = append(lines, remarkJunk)
	}
	if d.notice != "" {
		lines = append(lines, d.notice)
	}
	return strings.Join(lines, "\n")
}

// addRemarks puts lines of the bridge behind a text.
func addRemarks(text, html, lines string) (string, string) {
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

// withRemarks is the text of a message with its marks.
func withRemarks(m store.Message) string {
	text, _ := addRemarks(m.Text, "", m.Marks)
	return text
}

// asShown is a message as a room shows it: with its marks, and with the names of
// those who were left out of it. What is mailed or quoted later does not repeat them.
func (w *work) asShown(m store.Message) (store.Message, error) {
	if m.Origin == store.FromChat {
		return m, nil
	}
	m.Text, m.HTML = addRemarks(m.Text, m.HTML, m.Marks)
	out, err := w.LeftOut(m.ID)
	if err != nil || len(out) == 0 {
		return m, err
	}
	var names []string
	for _, id := range out {
		p, err := w.ParticipantByID(id)
		if err != nil {
			return m, err
		}
		names = append(names, mail.CleanName(p.Name))
	}
	m.Text, m.HTML = addRemarks(m.Text, m.HTML, "not sent to: "+listNames(names))
	return m, nil
}

// mailedRemark is the mark that a message keeps in mails: the mail of the bridge is
// proven to be its own, and must not lend that to a writer who is not. Empty: none.
func mailedRemark(m store.Message) string {
	if strings.Contains(m.Marks, remarkUnproven) {
		return remarkUnproven
	}
	return ""
}
