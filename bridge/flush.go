package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// flusher makes mails of what threads hold when their holds end.
type flusher struct {
	env *core.Env
	due chan struct{} // of capacity 1: something may be due
}

func newFlusher(e *core.Env) *flusher {
	f := &flusher{env: e, due: make(chan struct{}, 1)}
	e.WakeFlush = f.wake
	return f
}

func (f *flusher) wake() {
	select {
	case f.due <- struct{}{}:
	default:
	}
}

// run makes mails of held messages when their hold ends. On the way out it
// flushes what is still held, so that a stop delays nothing.
func (f *flusher) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-f.due:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			_, err := f.flushDue(last, f.env.Now().Add(f.env.Hold.Max+time.Second))
			return err
		}
		next, err := f.flushDue(ctx, f.env.Now())
		if err != nil && ctx.Err() == nil {
			f.env.Log.Error("make mails of held messages", "error", err)
			next = f.env.Now().Add(time.Second)
		}
		if !next.IsZero() {
			timer.Reset(max(0, next.Sub(f.env.Now())))
		}
	}
}

// flushDue flushes every thread whose hold has ended at a moment and returns
// when the next one ends; zero: nothing is held.
func (f *flusher) flushDue(ctx context.Context, at time.Time) (next time.Time, err error) {
	const batch = 100
	done := map[int64]bool{} // one that stays held must not be tried for ever
	for {
		var due []int64
		err := f.env.Store.Read(ctx, func(tx *store.Tx) (err error) {
			if due, err = tx.DueThreads(at, batch+len(done)); err == nil {
				next, err = tx.NextHold()
			}
			return err
		})
		due = slices.DeleteFunc(due, func(id int64) bool { return done[id] })
		if err != nil || len(due) == 0 {
			return next, err
		}
		// Together, so that they share commits.
		errs := make([]error, len(due))
		var all sync.WaitGroup
		for i, id := range due {
			done[id] = true
			all.Go(func() {
				if err := f.env.Write(ctx, "flush", func(w *core.Work) error { return flushThread(w, id) }); err != nil {
					errs[i] = fmt.Errorf("thread %d: %w", id, err)
				}
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return next, err
		}
	}
}

// whileStuck is how long held messages wait when the mails before them cannot
// be delivered: what gathers then leaves as one mail.
const whileStuck = 20 * time.Second

// unstuck has what gathered behind a mail leave when that is delivered at last.
func unstuck(w *core.Work, d store.Delivery, j mailJob) error {
	if d.Attempt == 0 {
		return nil
	}
	m, err := w.Mail(j.Mail)
	if err != nil {
		return err
	}
	th, err := w.Thread(m.Thread)
	if err != nil || th.HoldFirst.IsZero() || !th.HoldUntil.After(th.HoldFirst.Add(w.Env.Hold.Max)) {
		return err
	}
	w.FlushDue = true
	return w.SetHold(th.ID, th.HoldFirst, w.Now)
}

// flushThread makes mails of what a thread holds.
func flushThread(w *core.Work, id int64) error {
	held, err := w.HeldMessages(id)
	if err != nil {
		return err
	}
	if len(held) == 0 {
		return w.SetHold(id, time.Time{}, time.Time{})
	}
	if stuck, err := w.Stuck(outbox.MailLane(id), jobMail); err != nil {
		return err
	} else if stuck {
		return w.SetHold(id, held[0].At, w.Now.Add(whileStuck))
	}
	if until, err := stretched(w, id, held); err != nil {
		return err
	} else if until.After(w.Now) {
		return w.SetHold(id, held[0].At, until)
	}
	ready, err := complete(w, held)
	if err != nil {
		return err
	}
	if len(ready) == 0 {
		return w.SetHold(id, held[0].At, untilFiles(w.Env, w.Now))
	}
	p, err := planFor(w, id, ready)
	if err != nil {
		return err
	}
	if err := Make(w, p); err != nil {
		return err
	}
	if err := letWait(w, p); err != nil {
		return err
	}
	for _, m := range ready {
		m.State = store.Mailed
		if err := w.SetMessage(m); err != nil {
			return err
		}
	}
	if len(ready) < len(held) {
		return w.SetHold(id, held[len(ready)].At, untilFiles(w.Env, w.Now))
	}
	return w.SetHold(id, time.Time{}, time.Time{})
}

// stretched is until when messages are held because their mailbox may soon send no
// more: then many become one mail. What is awaited is not held.
func stretched(w *core.Work, id int64, held []store.Message) (until time.Time, err error) {
	th, err := w.Thread(id)
	if err != nil {
		return until, err
	}
	box := w.Env.Boxes[th.Mailbox]
	if box == nil {
		return until, nil // said elsewhere
	}
	d := box.Pace.Stretch(w.Now)
	if d == 0 || !th.HoldUntil.After(endedByHand(th.HoldFirst)) {
		return until, nil
	}
	if urgent, err := urgent(w, th); err != nil || urgent {
		return until, err
	}
	return held[0].At.Add(d), nil
}

// untilFiles is how long a hold lasts while files are fetched; it ends when they are
// there, or given up.
func untilFiles(e *core.Env, now time.Time) time.Time { return now.Add(e.Hold.Max + time.Hour) }

// complete returns the first of the held messages whose files, and the roots of whose
// chat threads, are all settled; the order is kept, so those behind one that waits
// wait, too.
func complete(w *core.Work, held []store.Message) ([]store.Message, error) {
	for i, m := range held {
		wanted, err := w.FilesOf(m.ID)
		if err != nil {
			return nil, err
		}
		if files.AnyWanted(wanted) {
			return held[:i], nil
		}
		if m.ReplyTo == 0 {
			continue
		}
		if of, err := w.Message(m.ReplyTo); err != nil {
			return nil, err
		} else if of.State == store.Awaited {
			return held[:i], nil
		}
	}
	return held, nil
}

// Make makes and enqueues the mails of a plan.
func Make(w *core.Work, p plan) error {
	mails := planMail(p)
	for _, planned := range mails {
		err := makeMail(w, p, planned)
		var cannot *composeError
		if errors.As(err, &cannot) {
			// What cannot be written as a mail must not hold up what comes after it.
			err = tochat.NoticeAt(w, planned.Messages[0], "⚠️ This message could not be made into a mail: "+core.PlainReason(cannot.Error())+".", chat.State{Phase: chat.Failed, Reason: cannot.Error()})
		}
		if err != nil {
			return err
		}
	}
	if err := linesTold(w, p, mails); err != nil {
		return err
	}
	for _, r := range p.Reactions {
		if err := reactionTold(w, p, r); err != nil {
			return err
		}
	}
	return nil
}

// planFor reads what planMail needs.
func planFor(w *core.Work, id int64, held []store.Message) (plan, error) {
	p := plan{
		Held: held, Now: w.Now, Quotes: map[int64]quote{}, Files: map[int64][]store.File{}, Was: map[int64]string{},
		Have: map[int64]store.IDs{}, Mentioned: map[int64]store.IDs{}, LeftOut: map[int64]store.IDs{},
	}
	var err error
	if p.Thread, err = w.Thread(id); err != nil {
		return p, err
	}
	if p.Epoch, err = w.Epoch(id); err != nil {
		return p, err
	}
	if p.People, err = w.Participants(id); err != nil {
		return p, err
	}
	if p.Rooms, err = w.RoomsOf(id); err != nil {
		return p, err
	}
	p.Box = w.Env.Boxes[p.Thread.Mailbox]
	if p.Box == nil {
		return p, fmt.Errorf("the mailbox of “%s” is no longer in the configuration: put it back, or unlink the room", p.Thread.Title)
	}
	p.Links, p.MailBytes, p.Mint, p.Zone, p.DigestTime = files.LinksOf(w.Env), p.Box.LargestMail(), w.Env.Mint, w.Env.Zone, w.Env.DigestTime
	if p.Root, err = rootOf(w, id); err != nil {
		return p, err
	}
	last, err := w.LastMessages(id, 50)
	if err != nil {
		return p, err
	}
	p.Names = severalSpeak(last)
	if len(held) > 0 {
		if err := planReactions(w, &p); err != nil {
			return p, err
		}
	}
	for _, m := range held {
		if p.Files[m.ID], err = w.FilesOf(m.ID); err != nil {
			return p, err
		}
		if err := planPoll(w, &p, m.ID); err != nil {
			return p, err
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
	return p, planTurns(w, &p)
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

// makeMail fixes the Message-ID and the bytes of a planned mail and enqueues it.
func makeMail(w *core.Work, p plan, pm plannedMail) error {
	uniq := mail.NewUniq()
	d := draft(p, pm)
	d.ID = w.Env.Mint.MessageID(p.Epoch.Name, uniq, p.Box.Domain)
	d.Trace = w.Env.Mint.Trace(uniq)
	d.Bridge = w.Env.Instance + "; hop=1"
	finished, err := mail.Compose(d)
	if err != nil {
		return &composeError{err}
	}
	var ids []int64
	for _, m := range pm.Messages {
		ids = append(ids, m.ID)
	}
	record := store.Mail{Thread: p.Thread.ID, Epoch: p.Epoch.ID, Uniq: uniq, MessageID: d.ID, Out: true, At: w.Now}
	if err := w.AddMail(&record, ids...); err != nil {
		return err
	}
	job := mailJob{
		Mail: record.ID, MessageID: d.ID, Trace: d.Trace, Box: p.Box.ID, From: p.Box.Address.Address,
		Files: finished.Files, Again: pm.Again, People: true,
	}
	for _, to := range pm.To {
		job.To = append(job.To, to.Address)
		if err := w.SetRecipient(store.Recipient{Mail: record.ID, Participant: to.ID, State: store.Queued}); err != nil {
			return err
		}
		to.Mailed = w.Now
		if to.State == store.Invited {
			to.State, to.Changed = store.Active, w.Now
		}
		if err := w.SetParticipant(to); err != nil {
			return err
		}
	}
	if !p.Box.KeepsSent && p.Box.Keeper != nil {
		job.To, job.SelfCopy = append(job.To, p.Box.Address.Address), true
	}
	if len(pm.Messages) > 0 {
		w.Trace(core.Trace{Thread: p.Thread.ID, Message: pm.Messages[len(pm.Messages)-1].ID, Mail: d.ID, Kind: "composed", Text: "a mail is ready for " + core.Quantity(len(pm.To), "person", "people")})
	}
	return outbox.Enqueue(w, jobMail, outbox.MailLane(p.Thread.ID), w.Key("s", record.ID), job, finished.Raw, time.Time{})
}

// composeError says that a mail could not be written.
type composeError struct{ err error }

func (e *composeError) Error() string { return e.err.Error() }
func (e *composeError) Unwrap() error { return e.err }

// note makes a mail of the bridge's own words to one person: answers to
// commands by mail, confirmations, warnings. It is no part of the conversation.
// An empty subject is that of the thread.
func note(w *core.Work, th store.Thread, to store.Participant, subject, text, inReplyTo string) error {
	p, err := planFor(w, th.ID, nil)
	if err != nil {
		return err
	}
	uniq := mail.NewUniq()
	d := draft(p, plannedMail{Shown: []store.Participant{to}})
	d.ID = w.Env.Mint.MessageID(p.Epoch.Name, uniq, p.Box.Domain)
	d.Trace = w.Env.Mint.Trace(uniq)
	d.Bridge = w.Env.Instance + "; hop=1"
	d.From.Name = "hashsend"
	if subject != "" { // it stands by itself
		d.Subject, d.ReplyTo, d.Anchor, d.Started = subject, nil, w.Env.Mint.Anchor(uniq, p.Box.Domain), w.Now
	}
	d.AutoSubmitted, d.Suppress = "auto-replied", "All"
	d.InReplyTo = inReplyTo
	if inReplyTo != "" {
		d.References = []string{inReplyTo}
	}
	d.Words = []mail.Words{{At: w.Now, Text: text}}
	d.Footer = nil
	finished, err := mail.Compose(d)
	if err != nil {
		return fmt.Errorf("compose mail: %w", err)
	}
	record := store.Mail{Thread: th.ID, Epoch: p.Epoch.ID, Uniq: uniq, MessageID: d.ID, Out: true, At: w.Now}
	if err := w.AddMail(&record); err != nil {
		return err
	}
	job := mailJob{Mail: record.ID, MessageID: d.ID, Trace: d.Trace, Box: p.Box.ID, From: p.Box.Address.Address, To: []string{to.Address}}
	return outbox.Enqueue(w, jobMail, outbox.MailLane(th.ID), w.Key("s", record.ID), job, finished.Raw, time.Time{})
}
