package tomail

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
)

// jobDigest is the kind of delivery that emails the digest of a participant.
const jobDigest = "mail.digest"

// digestJob is its data.
type digestJob struct {
	Participant int64 `json:"participant"`
}

// digestMost is how many messages one digest holds. The rest goes into the next one.
const digestMost = 100

// letWait stores the messages of a plan for participants who get digests.
func letWait(w *core.Work, p Plan) error {
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
		got := slices.ContainsFunc(mails, func(g Planned) bool {
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
			if err := digestLater(w, who, w.Now.Add(core.Delay(DigestDue(w, who).Sub(w.Now)))); err != nil {
				return err
			}
		}
	}
	return nil
}

func digestLater(w *core.Work, who store.Participant, due time.Time) error {
	return outbox.Enqueue(w, jobDigest, outbox.DigestLane(who.ID), w.Key("w", who.ID), digestJob{who.ID}, nil, due)
}

// deliverDigest composes the digest of a participant.
func deliverDigest(ctx context.Context, e *core.Env, d store.Delivery) error {
	var j digestJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	return e.Write(ctx, "digest", func(w *core.Work) error {
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
			return w.DropDigest(who)
		case who.Muted.After(w.Now):
			return digestLater(w, who, who.Muted)
		case th.Paused:
			return digestLater(w, who, w.Now.Add(15*time.Minute))
		}
		return digest(w, who)
	})
}

// digest emails the waiting messages of a participant as they are now, without deleted ones and
// those received in another way. It sends no email for reactions alone.
func digest(w *core.Work, who store.Participant) error {
	held, changed, err := stillWaiting(w, who)
	if err != nil || len(held) == 0 {
		return err
	}
	p, err := PlanFor(w, who.Thread, held)
	if err != nil {
		return err
	}
	for _, m := range changed {
		p.Files[m] = nil // the participant has them
	}
	p.Digest, p.Only = true, store.IDs{who.ID}
	if p.Reactions, err = w.ReactionsFor(who.Thread, who.ID); err != nil {
		return err
	}
	if err := reactedMessages(w, &p); err != nil {
		return err
	}
	if err := Make(w, p); err != nil {
		return err
	}
	return w.ForgetWaitingReactions(who.ID)
}

// stillWaiting takes the waiting messages of a participant, and returns which of them are
// corrections.
func stillWaiting(w *core.Work, who store.Participant) (held []store.Message, changed store.IDs, err error) {
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
			if m, is = corrected(w, m, x.Was); !is {
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

// SetMode changes when a participant gets emails. Waiting messages are sent at once if the new
// mode has no digests, and dropped if it is Paused.
func SetMode(w *core.Work, who store.Participant, mode string) error {
	who.Mode = mode
	if err := w.SetParticipant(who); err != nil {
		return err
	}
	if mode == store.Paused {
		return w.DropDigest(who)
	}
	w.Lanes[outbox.DigestLane(who.ID)] = true
	_, err := w.Wake(w.Key("w", who.ID), DigestDue(w, who))
	return err
}
