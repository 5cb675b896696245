package bridge

import (
	"errors"
	"fmt"
	"slices"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// renamed follows a room's name. Subjects stay as they are: mail programs would
// begin another conversation.
func renamed(w *core.Work, network string, e chat.Renamed) error {
	r, err := w.Room(network, string(e.Place.Room), "")
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	fresh := r.Name != e.Name
	r.Name = e.Name
	if err := w.PutRoom(&r); err != nil {
		return err
	}
	// Slack tells it twice, and by whom once.
	if !fresh && e.By.Name == "" {
		return nil
	}
	return AddLine(w, r, e.Head, store.LineName, nameLine(mail.CleanName(e.By.Name), core.OneLine(e.Name, 100)), fresh)
}

// topicSet has the next mail tell of a room's new topic.
func topicSet(w *core.Work, network string, e chat.TopicSet) error {
	r, err := w.Room(network, string(e.Place.Room), "")
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	r.Topic = e.Topic
	if err := w.PutRoom(&r); err != nil {
		return err
	}
	return AddLine(w, r, e.Head, store.LineTopic, topicLine(mail.CleanName(e.By.Name), core.OneLine(e.Topic, 300)), true)
}

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

func nameLine(who, name string) string {
	switch {
	case name == "" && who == "":
		return "The room has no name any more"
	case name == "":
		return who + " took the name of the room away"
	case who == "":
		return fmt.Sprintf("The room is now called “%s”", name)
	}
	return fmt.Sprintf("%s renamed the room to “%s”", who, name)
}

func topicLine(who, topic string) string {
	if who == "" {
		who = "Somebody"
	}
	if topic == "" {
		return who + " took the topic of the room away"
	}
	return fmt.Sprintf("%s set the topic: %s", who, topic)
}

// roomLines is what these people are to be told of the rooms.
func roomLines(p plan, readers []store.Participant) (lines []string) {
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
func (p plan) mayKnow(readers []store.Participant, l store.Line) bool {
	poll := l.Poll()
	return poll == 0 || p.mayRead(readers, p.Reacted[poll])
}

// linesTold notes who has been told of the rooms by these mails. What all know who
// take part is forgotten.
func linesTold(w *core.Work, p plan, mails []plannedMail) error {
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
