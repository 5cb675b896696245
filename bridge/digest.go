package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"hashsend/bridge/store"
)

// jobDigest is the kind of delivery that mails what waits for a person.
const jobDigest = "mail.digest"

// digestJob is the data of a delivery that makes the digest of a person.
type digestJob struct {
	Participant int64 `json:"participant"`
}

func digestLane(participant int64) string { return fmt.Sprintf("digest/%d", participant) }

// digestMost is how many messages stand in one digest: what is more gets another.
const digestMost = 100

// letWait keeps what those people are to get later who want digests.
func (w *work) letWait(p plan) error {
	if !slices.ContainsFunc(p.People, store.Participant.InDigests) {
		return nil
	}
	mails := planMail(p)
	for _, who := range p.People {
		if !who.InDigests() {
			continue
		}
		waits := false
		for _, m := range p.Held {
			if p.turnOf(who, m) != later {
				continue
			}
			waits = true
			if err := w.AddWaiting(store.Waiting{Participant: who.ID, Message: m.ID, Was: p.Was[m.ID]}); err != nil {
				return err
			}
		}
		got := slices.ContainsFunc(mails, func(g plannedMail) bool {
			return slices.ContainsFunc(g.To, func(to store.Participant) bool { return to.ID == who.ID })
		})
		for _, r := range p.Reactions {
			if got || !who.Takes() || !isNews([]store.Participant{who}, r) {
				continue
			}
			if err := w.AddWaitingReaction(who.ID, r.ID); err != nil {
				return err
			}
		}
		if waits {
			if err := w.digestLater(who, w.now.Add(delay(w.digestDue(who).Sub(w.now)))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *work) digestLater(who store.Participant, due time.Time) error {
	return w.enqueue(jobDigest, digestLane(who.ID), w.key("w", who.ID), digestJob{who.ID}, nil, due)
}

// deliverDigest makes a mail of what waits for a person.
func (e *Env) deliverDigest(ctx context.Context, d store.Delivery) error {
	var j digestJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	return e.write(ctx, "digest", func(w *work) error {
		if err := w.Done(d.ID); err != nil {
			return err
		}
		who, err := w.ParticipantByID(j.Participant)
		if err != nil {
			return err
		}
		th, err := w.Thread(who.Thread)
		if err != nil {
			return err
		}
		switch {
		case !who.Takes() || who.Mode == store.Paused:
			return w.dropDigest(who)
		case who.Muted.After(w.now):
			return w.digestLater(who, who.Muted)
		case th.Paused:
			return w.digestLater(who, w.now.Add(15*time.Minute))
		}
		return w.digest(who)
	})
}

// dropDigest forgets what waits for a person.
func (w *work) dropDigest(who store.Participant) error {
	if err := w.ForgetWaiting(who.ID); err != nil {
		return err
	}
	return w.ForgetWaitingReactions(who.ID)
}

// digest mails what waits for a person, as it is now: what was deleted, or reached
// the person in another way, is left out. Reactions alone are no reason for a mail.
func (w *work) digest(who store.Participant) error {
	held, changed, err := w.stillWaiting(who)
	if err != nil || len(held) == 0 {
		return err
	}
	p, err := w.planFor(who.Thread, held)
	if err != nil {
		return err
	}
	for _, m := range changed {
		p.Files[m] = nil // this person has them
	}
	p.Digest, p.Only = true, store.IDs{who.ID}
	if p.Reactions, err = w.ReactionsFor(who.Thread, who.ID); err != nil {
		return err
	}
	if err := w.reactedMessages(&p); err != nil {
		return err
	}
	if err := w.makeMails(p); err != nil {
		return err
	}
	return w.ForgetWaitingReactions(who.ID)
}

// stillWaiting takes the messages that wait for a person, and says which of them are
// corrections of what the person has.
func (w *work) stillWaiting(who store.Participant) (held []store.Message, changed store.IDs, err error) {
	waits, err := w.WaitingFor(who.ID)
	if err != nil {
		return nil, nil, err
	}
	for _, x := range waits {
		m, err := w.Message(x.Message)
		if err != nil {
			return nil, nil, err
		}
		if x.Was != "" {
			is := false
			if m, is = w.corrected(m, x.Was); !is {
				continue
			}
			changed = append(changed, m.ID)
		} else if has, err := w.MailedTo(m.ID); err != nil {
			return nil, nil, err
		} else if m.State != store.Mailed || has.Has(who.ID) {
			continue
		}
		held = append(held, m)
	}
	return held, changed, w.ForgetWaiting(who.ID)
}

// setMode changes when mail goes to a person. What waits leaves at once where there
// is to be no digest any more; where nothing is wanted at all it is dropped.
func (w *work) setMode(who store.Participant, mode string) error {
	who.Mode = mode
	if err := w.SetParticipant(who); err != nil {
		return err
	}
	if mode == store.Paused {
		return w.dropDigest(who)
	}
	w.lanes[digestLane(who.ID)] = true
	_, err := w.Wake(w.key("w", who.ID), w.digestDue(who))
	return err
}
