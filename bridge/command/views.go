package command

import (
	"context"
	"fmt"
	"slices"

	"hashsend/bridge/core"
	"hashsend/bridge/store"
	"hashsend/bridge/tomail"
)

// Overview returns the data of the console: the newest threads with their last messages,
// the queue, emails held for review, and the state of the connections.
func Overview(ctx context.Context, e *core.Env) (core.Overview, error) {
	o := core.Overview{Started: e.Started, Connections: e.HealthList(), Counters: map[string]int64{}}
	err := e.Store.Read(ctx, func(tx *store.Tx) error {
		threads, err := tx.Threads(50)
		if err != nil {
			return err
		}
		for _, th := range threads {
			v, err := threadView(tx, th)
			if err != nil {
				return err
			}
			o.Threads = append(o.Threads, v)
		}
		waiting, err := tx.Waiting(200)
		if err != nil {
			return err
		}
		for _, d := range waiting {
			o.Queue = append(o.Queue, core.QueueView{Kind: d.Kind, Lane: d.Lane, Attempt: d.Attempt, Due: d.Due, Error: d.Error})
		}
		held, err := tx.HeldMails(200)
		if err != nil {
			return err
		}
		for _, h := range held {
			from := h.Sender
			if h.Name != "" {
				from = h.Name + " <" + h.Sender + ">"
			}
			o.Held = append(o.Held, core.HeldView{ID: h.ID, At: h.At, From: from, Subject: h.Subject, Reason: h.Reason})
		}
		return tx.Counts(o.Counters)
	})
	return o, err
}

func threadView(tx *store.Tx, th store.Thread) (core.ThreadView, error) {
	v := core.ThreadView{ID: th.ID, Title: th.Title, Mode: th.Mode, Paused: th.Paused}
	rooms, err := tx.RoomsOf(th.ID)
	if err != nil {
		return v, err
	}
	for _, r := range rooms {
		name := r.Name
		if name == "" {
			name = r.Place
		}
		v.Rooms = append(v.Rooms, r.Network+": "+name)
	}
	people, err := tx.Participants(th.ID)
	if err != nil {
		return v, err
	}
	for _, p := range people {
		line := fmt.Sprintf("%s <%s>", p.Name, p.Address)
		if !p.Takes() {
			line += " (" + p.State + ")"
		}
		v.People = append(v.People, line)
	}
	ms, err := tx.LastMessages(th.ID, 30)
	if err != nil {
		return v, err
	}
	slices.Reverse(ms)
	for _, m := range ms {
		mv, err := messageView(tx, m)
		if err != nil {
			return v, err
		}
		v.Messages = append(v.Messages, mv)
	}
	return v, nil
}

// messageView sums up the state of a message: that of its worst recipient or copy.
func messageView(tx *store.Tx, m store.Message) (core.MessageView, error) {
	v := core.MessageView{ID: m.ID, At: m.At, Author: m.Name, Text: core.WithRemarks(m), From: "chat", State: m.State}
	if m.Origin != store.FromChat {
		v.From = "mail"
	}
	if m.State != store.Mailed {
		return v, nil
	}
	rs, err := tx.MessageRecipients(m.ID)
	if err != nil {
		return v, err
	}
	if len(rs) > 0 {
		v.State, v.Reason = tomail.Progress(rs)
	}
	if v.From == "chat" || len(rs) > 0 {
		return v, nil
	}
	v.State = "posted"
	copies, err := tx.Copies(m.ID)
	for _, c := range copies {
		if c.Posted == "" {
			v.State = "queued"
		}
	}
	return v, err
}
