package core

import (
	"strings"
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// DropDigest empties the next digest of a participant.
func (w *Work) DropDigest(who store.Participant) error {
	if err := w.ForgetWaiting(who.ID); err != nil {
		return err
	}
	return w.ForgetWaitingReactions(who.ID)
}

// EndMail stops emails to a participant. Emails that no mail server has accepted yet go to the
// other recipients only.
func (w *Work) EndMail(p store.Participant, state string) error {
	p.State, p.Changed = state, w.Now
	if err := w.SetParticipant(p); err != nil {
		return err
	}
	if err := w.DropQueued(p.ID); err != nil {
		return err
	}
	return w.DropDigest(p)
}

// MaxNewcomers is how many people one email can add to a conversation.
const MaxNewcomers = 20

// IsPerson reports whether an address may belong to a person, judging by its local part.
func IsPerson(address string) bool {
	local, domain, ok := strings.Cut(strings.ToLower(address), "@")
	if !ok || domain == "" {
		return false
	}
	base, _, _ := strings.Cut(local, "+")
	switch strings.NewReplacer("-", "", "_", "", ".", "").Replace(base) {
	case "noreply", "donotreply", "nepasrepondre", "nichtantworten", "mailerdaemon", "postmaster", "bounce", "bounces",
		"listserv", "majordomo", "mailman", "undisclosedrecipients", "notifications", "notification":
		return false
	}
	for _, end := range []string{"-request", "-bounces", "-bounce", "-owner", "-subscribe", "-unsubscribe", "-noreply", "-no-reply"} {
		if strings.HasSuffix(base, end) {
			return false
		}
	}
	for _, begin := range []string{"owner-", "noreply-", "no-reply-", "bounce-", "bounces-", "prvs="} {
		if strings.HasPrefix(base, begin) {
			return false
		}
	}
	return true
}

// IsOurs reports whether an address belongs to the bridge, with or without a token.
func (e *Env) IsOurs(address string) bool {
	for _, box := range e.Boxes {
		if box.Addresses().Lead(address) {
			return true
		}
	}
	return false
}

func PersonOrThem(n int) string {
	if n == 1 {
		return "this person"
	}
	return "them"
}

// NewParticipant makes the record of a new participant. It does not store it.
func (e *Env) NewParticipant(th store.Thread, a mail.Address, now time.Time) store.Participant {
	name := mail.CleanName(a.Name)
	if name == "" {
		name, _, _ = strings.Cut(a.Address, "@")
	}
	canon := mail.CanonicalAddress(a.Address)
	return store.Participant{
		Thread: th.ID, Address: a.Address, Canon: canon, Name: name, Ghost: e.Mint.Address("ghost", canon),
		Token: mail.NewToken(), State: store.Invited, Joined: now, Changed: now,
	}
}
