package tomail

import (
	"errors"
	"fmt"
	"slices"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// AddLine stores a change of a linked room for the next email to participants. It starts no
// hold: a change alone is not worth an email.
func AddLine(w *core.Work, r store.Room, h chat.Head, kind, text string, fresh bool) error {
	if r.Thread == 0 || r.Silent() || (h.Late && core.BeforeLink(r, h.At)) || (h.By.ID != "" && w.Env.Access.Level(h.By, chat.Member) < core.Speak) {
		return nil
	}
	th, err := w.Thread(r.Thread)
	if err != nil || th.Paused {
		return err
	}
	return w.SetLine(r.ID, kind, text, fresh)
}

// roomLines returns the changes of rooms that are new to these readers.
func roomLines(p Plan, readers []store.Participant) (lines []string) {
	for _, l := range p.Lines {
		if !p.mayKnow(readers, l) {
			continue
		}
		if slices.ContainsFunc(readers, func(who store.Participant) bool { return !l.Skip.Has(who.ID) }) {
			lines = append(lines, l.Text)
		}
	}
	return lines
}

// mayKnow reports whether these readers may see a line.
func (p Plan) mayKnow(readers []store.Participant, l store.Line) bool {
	poll := l.Poll()
	return poll == 0 || p.mayRead(readers, p.Reacted[poll])
}

// linesTold stores who was told of the changes of rooms, and drops changes that everybody
// knows.
func linesTold(w *core.Work, p Plan, mails []Planned) error {
	for _, l := range p.Lines {
		for _, g := range mails {
			if !p.mayKnow(g.To, l) {
				continue
			}
			for _, who := range g.To {
				if !l.Skip.Has(who.ID) {
					l.Skip = append(l.Skip, who.ID)
				}
			}
		}
		note := w.DropLine
		if slices.ContainsFunc(p.People, func(who store.Participant) bool { return who.Takes() && !l.Skip.Has(who.ID) }) {
			note = w.SetLineSkip
		}
		if err := note(l); err != nil {
			return err
		}
	}
	return nil
}

// pollHint says how to vote by email.
func pollHint(p chat.Poll) string {
	if p.Most > 1 {
		return fmt.Sprintf("Reply with up to %d numbers to vote, such as 1, 2.", p.Most)
	}
	return "Reply with a number to vote."
}

// OpenPoll returns a poll that accepts votes, or the zero Poll.
func OpenPoll(w *core.Work, message int64) (store.Poll, store.Message, error) {
	p, err := w.Poll(message)
	if errors.Is(err, store.ErrNone) {
		return store.Poll{}, store.Message{}, nil
	}
	if err != nil {
		return p, store.Message{}, err
	}
	m, err := w.Message(message)
	if err != nil || !p.Ended.IsZero() || m.State == store.Deleted {
		return store.Poll{}, m, err
	}
	return p, m, nil
}

// planPoll reads the poll of a message for its email.
func planPoll(w *core.Work, p *Plan, message int64) error {
	poll, _, err := OpenPoll(w, message)
	if err != nil || poll.Message == 0 {
		return err
	}
	if p.Polls == nil {
		p.Polls = map[int64]store.Poll{}
	}
	p.Polls[message] = poll
	return nil
}

// PlanReactions reads the reactions and room changes for the next email.
func PlanReactions(w *core.Work, p *Plan) (err error) {
	if p.Lines, err = w.Lines(p.Thread.ID); err != nil {
		return err
	}
	if p.Reactions, err = w.UntoldReactions(p.Thread.ID); err != nil {
		return err
	}
	return reactedMessages(w, p)
}

// reactedMessages reads the messages of the reactions and polls in a plan.
func reactedMessages(w *core.Work, p *Plan) (err error) {
	p.Reacted = map[int64]store.Message{}
	var of []int64
	for _, r := range p.Reactions {
		of = append(of, r.Message)
	}
	for _, l := range p.Lines {
		if poll := l.Poll(); poll != 0 {
			of = append(of, poll)
		}
	}
	for _, id := range of {
		if p.Reacted[id], err = w.Message(id); err != nil {
			return err
		}
		if p.LeftOut[id], err = w.LeftOut(id); err != nil {
			return err
		}
	}
	return nil
}

// reactionTold stores that the readers of a plan were told of a reaction.
func reactionTold(w *core.Work, p Plan, r store.Reaction) error {
	if p.Only == nil {
		return w.SetReactionTold(r.ID)
	}
	r.Skip = append(r.Skip, p.Only...)
	return w.SetReactionSkip(r)
}

// tellReactions adds reactions and room changes to the last email of each reader.
func tellReactions(p Plan, mails []Planned) {
	told := map[int64]bool{}
	for i := len(mails) - 1; i >= 0; i-- {
		g := &mails[i]
		first := true
		for _, who := range g.To {
			first = first && !told[who.ID]
			told[who.ID] = true
		}
		if first {
			g.Reactions = append(roomLines(p, g.To), reactionLines(p, g.To)...)
		}
	}
}

// reactionLines returns a line for each emoji on each message, of the reactions that these
// readers may see.
func reactionLines(p Plan, readers []store.Participant) (lines []string) {
	type line struct {
		message int64
		emoji   string
	}
	var order []line
	names := map[line][]string{}
	for _, r := range p.Reactions {
		if !isNews(readers, r) || !p.mayRead(readers, p.Reacted[r.Message]) {
			continue
		}
		at := line{r.Message, r.Emoji}
		if names[at] == nil {
			order = append(order, at)
		}
		names[at] = append(names[at], mail.CleanName(r.Name))
	}
	for _, at := range order {
		m := p.Reacted[at.message]
		what := core.OneLine(m.Text, 60)
		if what == "" {
			what = core.OneLine(m.Files, 60)
		}
		lines = append(lines, fmt.Sprintf("%s %s: “%s”", at.emoji, core.ListNames(names[at]), what))
	}
	return lines
}

// isNews reports whether a reaction is new to one of these readers.
func isNews(readers []store.Participant, r store.Reaction) bool {
	return slices.ContainsFunc(readers, func(who store.Participant) bool {
		return r.Participant != who.ID && !r.Skip.Has(who.ID)
	})
}
