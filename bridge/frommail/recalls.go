package frommail

import (
	"fmt"

	"hashsend/bridge/admit"
	"hashsend/bridge/core"
	"hashsend/bridge/markup"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// tellRecall tells the rooms that the author recalled an email. Its messages stay posted.
func tellRecall(w *core.Work, box *core.Box, a admit.Voice, th store.Thread, l Mail, d Decision, subject string) error {
	m := store.Message{Thread: th.ID}
	if _, err := SpeakerOf(w, box, a, th, l, &m); err != nil {
		return err
	}
	text := fmt.Sprintf("%s recalled the email “%s”. Its messages stay in the room unless a moderator deletes them.", m.Name, markup.Neutral(core.OneLine(subject, 200)))
	text, _ = core.AddRemarks(text, "", d.Remarks())
	if err := tochat.NoticeThread(w, th.ID, text); err != nil {
		return err
	}
	return RecordMail(w, a, th, l, nil)
}
