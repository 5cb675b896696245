package reactions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tomail"
)

// How long reactions from rooms are collected before they are sent.
const (
	reactAfter  = time.Minute     // after the last one
	reactAtMost = 5 * time.Minute // after the first
)

// The limits within which Gmail shows reactions.
const (
	reactReaders = 20 // recipients of one
	reactMost    = 20 // of one person to one message
)

// jobReactMail is the kind of delivery that sends reactions to people whose email programs
// show them.
const jobReactMail = "mail.react"

// reactJob is the data of reactions to be sent.
type reactJob struct {
	Thread int64      `json:"thread"`
	Taken  *takenBack `json:"taken,omitempty"` // nil: new reactions
}

// isOneEmoji reports whether a reaction is exactly one emoji. In rooms it can be any text.
func isOneEmoji(s string) bool { return s != "" && classify.OneEmoji(s) == s }

// reactLater enqueues a reaction from a room if the email program of a participant shows
// reactions.
func reactLater(w *core.Work, thread int64, in store.Reaction) error {
	if !isOneEmoji(in.Emoji) {
		return nil
	}
	people, err := w.Participants(thread)
	if err != nil || !slices.ContainsFunc(people, func(who store.Participant) bool { return who.Dialect != "" }) {
		return err
	}
	return mailReactionsLater(w, thread)
}

func mailReactionsLater(w *core.Work, thread int64) error {
	key, due := w.Key("rm", thread), w.Now.Add(core.Delay(reactAfter))
	if err := outbox.Enqueue(w, jobReactMail, fmt.Sprintf("react/%d", thread), key, reactJob{Thread: thread}, nil, due); err != nil {
		return err
	}
	return w.Postpone(key, due, core.Delay(reactAtMost))
}

// deliverReactions makes the mails for the reactions of a thread.
func deliverReactions(ctx context.Context, e *core.Env, d store.Delivery) error {
	var j reactJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	return e.Write(ctx, "react", func(w *core.Work) error {
		if err := w.Done(d.ID); err != nil {
			return err
		}
		th, err := w.Thread(j.Thread)
		if err != nil || th.Ended {
			return err
		}
		switch {
		case j.Taken != nil && !th.Paused:
			return mailTakenBack(w, j.Thread, *j.Taken)
		case j.Taken != nil:
			return outbox.Enqueue(w, jobReactMail, d.Lane, d.Key, j, nil, w.Now.Add(15*time.Minute))
		case th.Paused:
			return mailReactionsLater(w, j.Thread)
		}
		return mailReactions(w, j.Thread)
	})
}

// mailReactions sends the reactions from rooms that were in no mail yet.
func mailReactions(w *core.Work, thread int64) error {
	p, err := tomail.PlanFor(w, thread, nil)
	if err != nil {
		return err
	}
	if err := tomail.PlanReactions(w, &p); err != nil {
		return err
	}
	has := map[int64][]store.Recipient{}
	for _, m := range p.Reacted {
		if has[m.ID], err = hasByMail(w, m); err != nil {
			return err
		}
	}
	for _, r := range p.Reactions {
		for _, rm := range planReaction(p, r, has[r.Message]) {
			sent, err := mailReaction(w, p, rm)
			if err != nil {
				return err
			}
			if !sent {
				continue
			}
			for _, who := range rm.To {
				r.Skip = append(r.Skip, who.ID)
			}
			if err := w.SetReactionSkip(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// hasByMail returns the people who have a message by mail, with the mail: its recipients
// and its author.
func hasByMail(w *core.Work, m store.Message) ([]store.Recipient, error) {
	all, err := w.MessageRecipients(m.ID)
	if err != nil || m.Participant == 0 {
		return all, err
	}
	in, err := w.MailOfMessage(m.ID)
	if errors.Is(err, store.ErrNone) || (err == nil && in.Out) {
		return all, nil
	}
	return append(all, store.Recipient{Mail: in.ID, Participant: m.Participant, State: store.Delivered}), err
}

// reactionMail is one mail of a reaction.
type reactionMail struct {
	Reaction store.Reaction
	Of       store.Message
	Mail     int64 // the mail that it reacts to
	Dialect  string
	To       []store.Participant
}

// planReaction decides which mails a reaction needs: one for each dialect of email programs
// and each mail that contains the message; in hidden threads one for each person. Everybody
// else reads of it in the next mail.
func planReaction(p tomail.Plan, r store.Reaction, has []store.Recipient) (all []reactionMail) {
	if r.Room == 0 || !isOneEmoji(r.Emoji) {
		return nil
	}
	return groupReaction(p, r, has, func(who store.Participant) bool {
		// People with digests get no mail for an emoji.
		often := who.Mode == "" || who.Mode == store.Burst || who.Mode == store.Instant
		return who.Dialect != "" && often && !who.Muted.After(p.Now) && !r.Skip.Has(who.ID)
	})
}

// groupReaction groups the people who get the mail of a reaction.
func groupReaction(p tomail.Plan, r store.Reaction, has []store.Recipient, wants func(store.Participant) bool) (all []reactionMail) {
	m := p.Reacted[r.Message]
	if m.State != store.Mailed {
		return nil
	}
	for _, who := range p.People {
		if who.State != store.Active || !wants(who) {
			continue
		}
		at := slices.IndexFunc(has, func(h store.Recipient) bool {
			return h.Participant == who.ID && (h.State == store.Accepted || h.State == store.Delivered)
		})
		if at < 0 {
			continue
		}
		same := slices.IndexFunc(all, func(g reactionMail) bool {
			return p.Thread.Mode != store.ModeHidden && g.Mail == has[at].Mail && g.Dialect == who.Dialect
		})
		if same < 0 {
			same = len(all)
			all = append(all, reactionMail{Reaction: r, Of: m, Mail: has[at].Mail, Dialect: who.Dialect})
		}
		all[same].To = append(all[same].To, who)
	}
	return slices.DeleteFunc(all, func(g reactionMail) bool { return len(g.To) > reactReaders })
}

// mailReaction makes one mail of a reaction. It returns false if the person reacted to the
// message too often or the mail cannot be composed; the next mail then tells of it.
func mailReaction(w *core.Work, p tomail.Plan, rm reactionMail) (bool, error) {
	r := rm.Reaction
	if more, err := mayReact(w, r, rm.Mail, rm.Dialect, rm.To[0].ID); err != nil || !more {
		return false, err
	}
	shown := mail.Reaction{Emoji: r.Emoji, Text: reactionText(r, rm.Of)}
	if rm.Dialect == store.DialectMail {
		all, err := w.ReactionsTo(r.Message)
		if err != nil {
			return false, err
		}
		shown.Alone, shown.Emoji = true, emojiOf(all, rm.To[0].ID, r.ID)
	}
	return composeReaction(w, p, rm, shown)
}

func composeReaction(w *core.Work, p tomail.Plan, rm reactionMail, shown mail.Reaction) (bool, error) {
	r := rm.Reaction
	to, err := w.Mail(rm.Mail)
	if err != nil {
		return false, err
	}
	ids, err := w.MailIDs(to.ID)
	if err != nil {
		return false, err
	}
	uniq := mail.NewUniq()
	d := tomail.Draft(p, tomail.Planned{To: rm.To, Shown: rm.To})
	d.From.Name = core.FromName(r.Name, p.From.Address.Name)
	d.ID, d.Trace, d.Bridge = w.Env.Mint.MessageID(p.Epoch.Name, uniq, p.From.Domain), w.Env.Mint.Trace(uniq), w.Env.Instance+"; hop=1"
	d.InReplyTo, d.References, d.Suppress = to.MessageID, append(d.References, ids...), "All"
	finished, err := mail.ComposeReaction(d, shown)
	if err != nil {
		w.Env.Log.Warn("compose the mail of a reaction: the next mail tells of it", "error", err)
		return false, nil
	}
	record := store.Mail{Thread: p.Thread.ID, Epoch: p.Epoch.ID, Uniq: uniq, MessageID: d.ID, Out: true, At: w.Now}
	if err := w.AddMail(&record); err != nil {
		return false, err
	}
	job := tomail.MailJob{Mail: record.ID, MessageID: d.ID, Trace: d.Trace, Box: p.From.Box, From: p.From.Address.Address, People: true}
	for _, who := range rm.To {
		job.To = append(job.To, who.Address)
		if err := w.SetRecipient(store.Recipient{Mail: record.ID, Participant: who.ID, State: store.Queued}); err != nil {
			return false, err
		}
	}
	if p.From.SelfCopy {
		job.To, job.SelfCopy = append(job.To, p.From.Address.Address), true
	}
	w.Trace(core.Trace{Thread: p.Thread.ID, Message: rm.Of.ID, Mail: d.ID, Kind: "composed", Text: "a reaction is ready for " + core.Quantity(len(rm.To), "person", "people")})
	return true, outbox.Enqueue(w, tomail.JobMail, outbox.MailLane(p.Thread.ID), w.Key("s", record.ID), job, finished.Raw, time.Time{})
}

// mayReact counts the mails of a person's reactions to a message for the same readers, and
// reports whether one more is within the limit.
func mayReact(w *core.Work, r store.Reaction, mailID int64, dialect string, first int64) (bool, error) {
	for n := range reactMost {
		had, err := w.Seen(w.Now, "reacted", fmt.Sprint(r.Message, " ", mailID, " ", first, " ", n), dialect, r.Who)
		if err != nil || !had {
			return err == nil, err
		}
	}
	return false, nil
}

// reactionText words a reaction for email programs that don't show reactions.
func reactionText(r store.Reaction, m store.Message) string {
	what := core.OneLine(m.Text, 60)
	if what == "" {
		what = core.OneLine(m.Files, 60)
	}
	return fmt.Sprintf("%s reacted %s to “%s”", mail.CleanName(r.Name), r.Emoji, what)
}
