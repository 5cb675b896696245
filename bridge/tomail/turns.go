package tomail

import (
	"errors"
	"slices"
	"strings"

	"hashsend/bridge/admit"
	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
	"hashsend/bridge/store"
)

// turn says when a participant receives a message.
type turn int

const (
	never turn = iota
	later      // with the next digest
	now        // with this plan
)

// turnOf decides when a participant receives a message of a plan.
func (p Plan) turnOf(who store.Participant, m store.Message) turn {
	has := p.Correction && p.Have[m.ID].Has(who.ID) // history and resend send messages to people who did not receive them at first
	switch {
	case !who.Takes(), who.Muted.After(p.Now), m.Participant == who.ID:
		return never
	case !has && (m.Skip.Has(who.ID) || m.At.Before(who.Joined)):
		return never
	case p.Only != nil && !p.Only.Has(who.ID):
		return never
	case p.Digest:
		return now
	case p.Correction && p.Have[m.ID] != nil && !p.Have[m.ID].Has(who.ID):
		return never // this participant only sees the new text
	case !p.Correction && p.Have[m.ID].Has(who.ID), who.Mode == store.Paused:
		return never
	}
	// The first email explains what this is and how to leave, so it is never delayed.
	addressed := who.State == store.Invited || p.Mentioned[m.ID].Has(who.ID)
	switch {
	case who.InDigests() && !addressed:
		return later
	case who.Mode == store.Mentions && !addressed && !p.Correction && p.Quotes[m.ID].Of.Participant != who.ID:
		return never
	}
	return now
}

// planTurns reads what turnOf needs. Who has a message matters only if a participant has a
// special mode.
func planTurns(w *core.Work, p *Plan, mentions bool) error {
	special := false
	for _, who := range p.People {
		special = special || (who.Takes() && who.Mode != store.Burst)
	}
	for _, m := range p.Held {
		var err error
		if mentions {
			if p.Mentioned[m.ID], err = w.MentionedIn(m.ID); err != nil {
				return err
			}
		}
		if !special {
			continue
		}
		if p.Have[m.ID], err = w.MailedTo(m.ID); err != nil {
			return err
		}
	}
	return nil
}

// called rewrites the mentions in a message for its readers: participants are called by name
// alone, and see their own name in bold.
func (p Plan) called(w *mail.Words, to []store.Participant, m store.Message) {
	for _, who := range p.People {
		if !p.Mentioned[m.ID].Has(who.ID) {
			continue
		}
		w.Text = strings.ReplaceAll(w.Text, who.Name+core.ByEmail, who.Name)
		w.HTML = strings.ReplaceAll(w.HTML, core.EscapeMarkup.Replace(who.Name+core.ByEmail), core.EscapeMarkup.Replace(who.Name))
		if !slices.ContainsFunc(to, func(r store.Participant) bool { return r.ID == who.ID }) {
			continue
		}
		plain := w.HTML
		if plain == "" {
			plain = markup.FromText(w.Text)
		}
		if bold := markup.Strong(plain, who.Name); bold != plain {
			w.HTML = bold
		}
	}
}

// AtOnce emails a message to participants without a hold, once its files are fetched.
func AtOnce(w *core.Work, m store.Message) error {
	people, err := w.Participants(m.Thread)
	if err != nil {
		return err
	}
	var only store.IDs
	for _, who := range people {
		if who.Takes() && who.Mode == store.Instant {
			only = append(only, who.ID)
		}
	}
	if only == nil {
		return nil
	}
	if ready, err := complete(w, []store.Message{m}, true); err != nil || len(ready) == 0 {
		return err
	}
	p, err := PlanFor(w, m.Thread, []store.Message{m})
	if err != nil {
		return err
	}
	p.Only = only
	return Make(w, p)
}

// DialectOf returns which reactions the mail program of an email's author supports; empty:
// unknown.
func DialectOf(m *mail.Message) string {
	for _, p := range m.Parts {
		if p.Type == "text/vnd.google.email-reaction+json" {
			return store.DialectGmail
		}
		if classify.IsReaction(p) {
			return store.DialectMail
		}
	}
	if strings.HasSuffix(strings.ToLower(m.ID), "@mail.gmail.com") {
		return store.DialectGmail
	}
	return ""
}

// LearnDialect stores which reactions the mail program of a participant supports. It ignores an
// empty value.
func LearnDialect(w *core.Work, _ admit.Proof, th store.Thread, address, knows string) error {
	if knows == "" {
		return nil
	}
	p, err := w.Participant(th.ID, mail.CanonicalAddress(address))
	if errors.Is(err, store.ErrNone) || (err == nil && p.Dialect == knows) {
		return nil
	}
	if err != nil {
		return err
	}
	p.Dialect = knows
	return w.SetParticipant(p)
}
