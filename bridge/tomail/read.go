package tomail

import (
	"fmt"

	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/store"
)

// PlanFor reads everything that decides about the emails of some messages of a conversation.
func PlanFor(w *core.Work, id int64, held []store.Message) (Plan, error) {
	last, err := w.LastMessages(id, 50)
	if err != nil {
		return Plan{}, err
	}
	around := store.Everywhere
	around.Several = severalSpeak(last)
	return planFor(w, id, held, around)
}

// planFor is PlanFor for a conversation whose Around is known.
func planFor(w *core.Work, id int64, held []store.Message, around store.Around) (Plan, error) {
	p := Plan{
		Held: held, Now: w.Now, Quotes: map[int64]quote{}, Files: map[int64][]store.File{}, Was: map[int64]string{},
		Have: map[int64]store.IDs{}, Mentioned: map[int64]store.IDs{}, LeftOut: map[int64]store.IDs{},
	}
	c, err := w.Conversation(id)
	if err != nil {
		return p, err
	}
	if c.Box == nil {
		return p, fmt.Errorf("the mailbox of “%s” is no longer in the configuration: add it again or unlink the room", c.Title)
	}
	p.Thread, p.Epoch, p.People, p.Rooms, p.From = c.Thread, c.Epoch, c.People, c.Rooms, SenderOf(c.Box)
	p.Links, p.MailBytes, p.Mint, p.Zone, p.DigestTime = files.LinksOf(w.Env), c.Box.LargestMail(), w.Env.Mint, w.Env.Zone, w.Env.DigestTime
	if around.BegunByMail {
		if p.Root, err = rootOf(w, id); err != nil {
			return p, err
		}
	}
	p.Names = around.Several
	if len(held) > 0 && (around.Lines || around.Reactions) {
		if err := PlanReactions(w, &p); err != nil {
			return p, err
		}
	}
	for _, m := range held {
		if around.Files {
			if p.Files[m.ID], err = w.FilesOf(m.ID); err != nil {
				return p, err
			}
		}
		if around.Polls {
			if err := planPoll(w, &p, m.ID); err != nil {
				return p, err
			}
		}
		if m.ReplyTo == 0 {
			continue
		}
		of, err := w.Message(m.ReplyTo)
		if err != nil {
			return p, err
		}
		if p.Quotes[m.ID], err = quoteOf(w, of); err != nil {
			return p, err
		}
		if p.Quotes[m.ID], err = withRoot(w, p.Quotes[m.ID]); err != nil {
			return p, err
		}
		if p.LeftOut[of.ID], err = w.LeftOut(of.ID); err != nil {
			return p, err
		}
	}
	return p, planTurns(w, &p, around.Mentions)
}

func severalSpeak(ms []store.Message) bool {
	who := ""
	for _, m := range ms {
		if m.Origin == store.FromMail {
			continue
		}
		if who != "" && m.Name != who {
			return true
		}
		who = m.Name
	}
	return false
}
