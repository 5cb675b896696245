package bridge

import (
	"fmt"

	"hashsend/bridge/markup"
	"hashsend/bridge/store"
)

// tellRecall says in the rooms that somebody would like a mail back. What is posted
// stays: the one who reads it has read it.
func (w *work) tellRecall(box *Box, th store.Thread, l Mail, d decision, subject string) error {
	m := store.Message{Thread: th.ID}
	if _, err := w.speakerOf(box, th, l, &m); err != nil {
		return err
	}
	text := fmt.Sprintf("%s would like to take back the mail “%s”. What was posted stays; whoever may can delete it here.", m.Name, markup.Neutral(oneLine(subject, 200)))
	text, _ = addRemarks(text, "", d.remarks())
	if err := w.noticeThread(th.ID, text); err != nil {
		return err
	}
	return w.recordMail(th, l, nil)
}
