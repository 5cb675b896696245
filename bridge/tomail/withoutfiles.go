package tomail

import (
	"fmt"
	"slices"

	"hashsend/bridge/chat"
	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// WithoutFiles sends an email again without attachments, with links if there are any, to
// recipients for whom it was too large. It returns the others: refused for another reason, or
// without files to remove.
func WithoutFiles(w *core.Work, mailID int64, refused []store.Recipient, status map[int64]string) (rest []store.Recipient, err error) {
	ms, err := w.MessagesOfMail(mailID)
	if err != nil || len(ms) == 0 {
		return refused, err
	}
	files := false
	for _, m := range ms {
		all, err := w.FilesOf(m.ID)
		if err != nil {
			return nil, err
		}
		files = files || slices.ContainsFunc(all, func(f store.File) bool { return f.State == store.FileHere })
	}
	var again []store.Participant
	for _, r := range refused {
		who, err := w.ParticipantByID(r.Participant)
		if err != nil {
			return nil, err
		}
		if files && who.Takes() && classify.TooLarge(status[r.Participant], r.Reason) {
			had, err := w.Seen(w.Now, "smaller", fmt.Sprint(ms[0].ID), fmt.Sprint(who.ID))
			if err != nil {
				return nil, err
			}
			if !had {
				again = append(again, who)
				continue
			}
		}
		rest = append(rest, r)
	}
	if len(again) == 0 {
		return rest, nil
	}
	return rest, mailSmaller(w, mailID, ms, again)
}

// mailSmaller composes the emails of WithoutFiles.
func mailSmaller(w *core.Work, mailID int64, ms []store.Message, again []store.Participant) error {
	p, err := PlanFor(w, ms[0].Thread, ms)
	if err != nil {
		return err
	}
	g := Planned{Messages: ms, Bare: true, Late: slices.ContainsFunc(ms, func(m store.Message) bool { return Speaker(m) != Speaker(ms[0]) })}
	each := [][]store.Participant{again}
	if p.Thread.Mode == store.ModeHidden {
		each = slices.Collect(slices.Chunk(again, 1))
	}
	var names []string
	for _, g.To = range each {
		if g.First, err = isFirstMail(w, mailID, g.To[0].ID); err != nil {
			return err
		}
		for _, who := range g.To {
			names = append(names, mail.CleanName(who.Name))
			if err := w.DropRecipient(mailID, who.ID); err != nil {
				return err
			}
		}
		g.Shown = Shown(p, g)
		if err := MakeMail(w, p, g); err != nil {
			return err
		}
	}
	how := "without attachments (the files are in the room)"
	if w.Env.Files.URL != "" {
		how = "with links to the files"
	}
	text := fmt.Sprintf("📎 This email was too large for %s. It is being sent again %s.", core.ListNames(names), how)
	return tochat.NoticeAt(w, ms[len(ms)-1], text, chat.State{Phase: chat.Accepted, Reason: "sent again " + how})
}

// isFirstMail reports whether an email was the first to a participant.
func isFirstMail(w *core.Work, mailID, participant int64) (bool, error) {
	first, err := w.FirstMailTo(participant)
	return err == nil && first >= mailID, err
}
