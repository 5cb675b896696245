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

// AddLine notes a change of a room that is linked as a whole, if anybody by email is
// to hear from it. It begins no hold: a mail for it alone is worth nobody's time.
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

// roomLines is what these people are to be told of the rooms.
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

// mayKnow reports whether a line tells these people of nothing that they may not read.
func (p Plan) mayKnow(readers []store.Participant, l store.Line) bool {
	poll := l.Poll()
	return poll == 0 || p.mayRead(readers, p.Reacted[poll])
}

// linesTold notes who has been told of the rooms by these mails. What all know who
// take part is forgotten.
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

// pollHint tells people by email how they vote.
func pollHint(p chat.Poll) string {
	if p.Most > 1 {
		return fmt.Sprintf("Reply with up to %d numbers to vote, such as 1, 2.", p.Most)
	}
	return "Reply with a number to vote."
}

// OpenPoll returns a poll that can be voted in; the zero Poll: it is none, or it is over.
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

// planPoll reads what the mail that asks a poll must say of it.
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

// PlanReactions reads what people by email are to be told of.
func PlanReactions(w *core.Work, p *Plan) (err error) {
	if p.Lines, err = w.Lines(p.Thread.ID); err != nil {
		return err
	}
	if p.Reactions, err = w.UntoldReactions(p.Thread.ID); err != nil {
		return err
	}
	return reactedMessages(w, p)
}

// reactedMessages reads the messages that reactions, and lines of polls, are to.
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

// reactionTold notes that the people of a plan have been told of a reaction.
func reactionTold(w *core.Work, p Plan, r store.Reaction) error {
	if p.Only == nil {
		return w.SetReactionTold(r.ID)
	}
	r.Skip = append(r.Skip, p.Only...)
	return w.SetReactionSkip(r)
}

// tellReactions adds to the last mail of each reader what was reacted with, and what
// became of the rooms, since the mail before.
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

// reactionLines words the reactions that these people may know of: a line for each
// emoji on each message.
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

// isNews reports whether a reaction is news to one of these people.
func isNews(readers []store.Participant, r store.Reaction) bool {
	return slices.ContainsFunc(readers, func(who store.Participant) bool {
		return r.Participant != who.ID && !r.Skip.Has(who.ID)
	})
}
