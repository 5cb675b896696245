package frommail

import (
	"fmt"
	"strings"

	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// newSubject returns the subject of a mail the first time it appears in a conversation;
// empty: the conversation knows it. Our own mail keeps its subject, because most mail
// programs would start a new conversation. The card of a forward names its subject.
func newSubject(w *core.Work, th store.Thread, l Mail, threads []int64) (string, error) {
	title := mail.TitleOf(l.Msg.Subject, w.Env.Tag)
	if title == "" || l.Class.Kind == classify.Reaction || l.Class.Kind == classify.Forward {
		return "", nil
	}
	for _, id := range append([]int64{th.ID}, threads...) { // a mail to several threads has the subject of one
		known, err := w.Subjects(id)
		if err != nil {
			return "", err
		}
		for _, s := range known {
			if core.SameWords(strings.ToLower(title), strings.ToLower(mail.TitleOf(s, w.Env.Tag))) {
				return "", nil
			}
		}
	}
	seen, err := w.Seen(w.Now, "subject", fmt.Sprint(th.ID), strings.ToLower(title))
	if err != nil || seen {
		return "", err
	}
	return title, nil
}
