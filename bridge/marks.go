package bridge

import (
	"strings"

	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// remarks are the lines that a message made of a mail has under it in rooms.
func (d decision) remarks() string {
	var lines []string
	if d.mark {
		lines = append(lines, core.RemarkUnproven)
	}
	if d.junk {
		lines = append(lines, core.RemarkJunk)
	}
	if d.notice != "" {
		lines = append(lines, d.notice)
	}
	return strings.Join(lines, "\n")
}

// asShown is a message as a room shows it: with its marks, and with the names of
// those who were left out of it. What is mailed or quoted later does not repeat them.
func asShown(w *core.Work, m store.Message) (store.Message, error) {
	if m.Origin == store.FromChat {
		return m, nil
	}
	m.Text, m.HTML = core.AddRemarks(m.Text, m.HTML, m.Marks)
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
	m.Text, m.HTML = core.AddRemarks(m.Text, m.HTML, "not sent to: "+core.ListNames(names))
	return m, nil
}
