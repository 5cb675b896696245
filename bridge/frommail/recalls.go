package frommail

import (
	"fmt"

	"hashsend/bridge/core"
	"hashsend/bridge/markup"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// tellRecall says in the rooms that somebody would like a mail back. What is posted
// stays: the one who reads it has read it.
func tellRecall(w *core.Work, box *core.Box, th store.Thread, l Mail, d Decision, subject string) error {
	m := store.Message{Thread: th.ID}
	if _, err := SpeakerOf(w, box, th, l, &m); err != nil {
		return err
	}
	text := fmt.Sprintf("%s would like to take back the mail “%s”. What was posted stays; whoever may can delete it here.", m.Name, markup.Neutral(core.OneLine(subject, 200)))
	text, _ = core.AddRemarks(text, "", d.Remarks())
	if err := tochat.NoticeThread(w, th.ID, text); err != nil {
		return err
	}
	return RecordMail(w, th, l, nil)
}
