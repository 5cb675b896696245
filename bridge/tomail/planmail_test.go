package tomail

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// T17: whatever is said, answered, reacted to and left out, no mail holds a text
// from before one of its readers joined, nor one that a reader was left out of.
func TestMailsTellNoHistory(t *testing.T) {
	var mails, quotes, reactions int
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 17))
		p, all := randomPlan(r)
		for _, g := range planMail(p) {
			d := Draft(p, g)
			d.ID = fmt.Sprintf("m%d@example.org", mails)
			finished, err := mail.Compose(d)
			if err != nil {
				t.Fatal(err)
			}
			m, err := mail.Parse(bytes.NewReader(finished.Raw), mail.DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			mails++
			reactions += len(d.Reactions)
			for _, w := range d.Words {
				if w.Quote != "" {
					quotes++
				}
			}
			for _, said := range all {
				if !strings.Contains(m.Text+m.HTML, said.Text) {
					continue
				}
				for _, who := range g.To {
					if said.At.Before(who.Joined) || p.LeftOut[said.ID].Has(who.ID) || said.State == store.Inside || said.State == store.Deleted {
						t.Fatalf("seed %d: %s must not read %q (%s), which stands in:\n%s", seed, who.Name, said.Text, said.State, m.Text)
					}
				}
			}
		}
	}
	if mails < 1000 || quotes < 100 || reactions < 100 {
		t.Errorf("that proves little: %d mails, %d quotes, %d reactions", mails, quotes, reactions)
	}
}

// randomPlan makes a conversation in which people come at any time, of which the
// last messages are held.
func randomPlan(r *rand.Rand) (Plan, []store.Message) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	minute := func() time.Time { return start.Add(time.Duration(r.IntN(30)) * time.Minute) }
	p := Plan{
		Thread: store.Thread{ID: 1, Title: "Lunch", Mode: []string{store.ModeOpen, store.ModeHidden}[r.IntN(2)], Token: "t"},
		Epoch:  store.Epoch{Subject: "#Send Lunch", Anchor: "anchor@example.org", Started: start},
		From:   Sender{Address: mail.Address{Name: "Acme", Address: "team@example.org"}, Domain: "example.org", PlusWorks: true},
		Quotes: map[int64]quote{}, LeftOut: map[int64]store.IDs{}, Reacted: map[int64]store.Message{},
		Now: start.Add(time.Duration(31+r.IntN(90)) * time.Minute), Digest: r.IntN(4) == 0,
	}
	for i := range int64(1 + r.IntN(5)) {
		p.People = append(p.People, store.Participant{
			ID: i + 1, Name: fmt.Sprint("P", i+1), Address: fmt.Sprintf("p%d@example.com", i+1), Token: fmt.Sprint("t", i),
			State: []string{store.Invited, store.Active, store.Active, store.Gone}[r.IntN(4)], Joined: minute(),
			Mode: []string{store.Burst, store.Burst, store.Daily, store.Mentions}[r.IntN(4)],
		})
	}
	var all []store.Message
	at := start
	held := r.IntN(12)
	for i := range int64(1 + r.IntN(14)) {
		at = at.Add(time.Duration(r.IntN(4)) * time.Minute)
		m := store.Message{ID: i + 1, Thread: 1, Origin: store.FromChat, Author: 1 + r.Int64N(2), Name: "Alice", Text: fmt.Sprintf("said-%d-end", i+1), State: store.Mailed, At: at}
		if i%3 == 0 {
			m.HTML = "<b>" + m.Text + "</b>"
		}
		if r.IntN(3) == 0 {
			m.Origin, m.Author, m.Participant = store.FromMail, 0, 1+r.Int64N(int64(len(p.People)))
			for _, who := range p.People {
				if who.ID != m.Participant && r.IntN(3) == 0 {
					p.LeftOut[m.ID] = append(p.LeftOut[m.ID], who.ID)
					m.Skip = append(m.Skip, who.ID)
				}
			}
		}
		switch {
		case int(i) >= held:
			m.State = store.Held
		case r.IntN(6) == 0:
			m.State = []string{store.Inside, store.Deleted}[r.IntN(2)]
		}
		if len(all) > 0 && r.IntN(2) == 0 {
			of := all[r.IntN(len(all))]
			m.ReplyTo = of.ID
			p.Quotes[m.ID] = quote{Name: of.Name, Text: of.Text, Of: of, Mails: []citation{{Final: fmt.Sprintf("q%d@example.org", of.ID), Readers: store.IDs{1, 2}}}}
		}
		if r.IntN(3) == 0 {
			p.Reactions = append(p.Reactions, store.Reaction{ID: m.ID, Message: m.ID, Name: "Bob", Emoji: "👍"})
			p.Reacted[m.ID] = m
		}
		all = append(all, m)
		if m.State == store.Held {
			p.Held = append(p.Held, m)
		}
	}
	return p, all
}
