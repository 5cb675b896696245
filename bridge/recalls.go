package bridge

import (
	"fmt"
	"regexp"

	"hashsend/bridge/markup"
	"hashsend/bridge/store"
)

// recalls are the sentences with which Exchange asks other systems to take a mail
// back; the subject of that mail is in them.
var recalls = []*regexp.Regexp{
	regexp.MustCompile(`^.{1,100} would like to recall the message,? ["“](.{0,300})["”]\.?$`),
	regexp.MustCompile(`^.{1,100} möchte die Nachricht ["„“](.{0,300})["“”] zurückrufen\.?$`),
	regexp.MustCompile(`^.{1,100} souhaite rappeler le message,? ["«“] ?(.{0,300}?) ?["»”]\.?$`),
	regexp.MustCompile(`^.{1,100} desea recuperar el mensaje,? ["«“](.{0,300})["»”]\.?$`),
}

// recalled returns the subject of the mail that a mail of these words asks to take
// back (C50). false: it asks for nothing of that kind, or says more.
func recalled(text string) (subject string, is bool) {
	for _, r := range recalls {
		if f := r.FindStringSubmatch(text); f != nil {
			return f[1], true
		}
	}
	return "", false
}

// tellRecall says in the rooms that somebody would like a mail back. What is posted
// stays: the one who reads it has read it.
func (w *work) tellRecall(box *mailbox, th store.Thread, l letter, d decision, subject string) error {
	m := store.Message{Thread: th.ID}
	if _, err := w.speakerOf(box, th, l, &m); err != nil {
		return err
	}
	text := fmt.Sprintf("%s would like to take back the mail “%s”. What was posted stays; whoever may can delete it here.", m.Name, markup.Neutral(oneLine(subject, 200)))
	text, _ = marked(text, "", d.marks())
	if err := w.noticeTo(th.ID, text); err != nil {
		return err
	}
	return w.recordMail(th, l, nil)
}
