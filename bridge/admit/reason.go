package admit

import (
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// Code names why a mail is held. Codes are stored: their words never change.
type Code string

// The codes.
const (
	Unknown     Code = ""             // it was held before there were codes
	Forged      Code = "forged"       // the check of its origin failed
	NoAuthor    Code = "no-author"    // From names nobody, or several
	OtherThread Code = "other-thread" // its token and the ids that it cites name different conversations
	Several     Code = "several"      // the ids that it cites name different conversations
	NewSubject  Code = "new-subject"  // it has a token, cites nothing and bears another subject
	Stranger    Code = "stranger"     // its sender is no participant
	CitesNone   Code = "cites-none"   // nothing proves its sender, and it cites no mail of ours
	Unproven    Code = "unproven"     // nothing proves its sender, and the settings hold such mail
	Bulk        Code = "bulk"         // it went to many
	List        Code = "list"         // it begins a conversation, and came by a mailing list
	PrivateCopy Code = "private-copy" // it came by Bcc
	Owner       Code = "owner"        // it bears the owner's address, and nothing proves it
	MayNotOpen  Code = "may-not-open" // it begins a conversation, and its sender may not
	OpenProof   Code = "open-proof"   // it begins a conversation, and nothing proves its sender
	NoPlace     Code = "no-place"     // it begins a conversation, and no room is set for those
)

// sentences says each reason to a person.
var sentences = map[Code]string{
	Unknown:     "it was held by an earlier version",
	Forged:      "it may be forged",
	NoAuthor:    "it has no sender, or several",
	OtherThread: "it is addressed to one conversation and replies to another",
	Several:     "it replies to emails of different conversations",
	NewSubject:  "it isn't a reply and has a different subject",
	Stranger:    "its sender isn't in this conversation",
	CitesNone:   "its sender couldn't be verified, and it isn't a reply to this conversation",
	Unproven:    "its sender couldn't be verified",
	Bulk:        "it is bulk email and not a reply",
	List:        "it starts a conversation and came from a mailing list",
	PrivateCopy: "it is a blind copy (Bcc), and its other recipients don't know about this conversation",
	Owner:       "it has the owner's address, but the sender couldn't be verified",
	MayNotOpen:  "it starts a conversation, and its sender isn't allowed to",
	OpenProof:   "it starts a conversation, and its sender couldn't be verified",
	NoPlace:     "it starts a conversation, and no room is configured for new conversations",
}

// Reason is why a mail is held, with the verdict about its origin: two things that are
// wrong with a mail never hide each other.
type Reason struct {
	Code   Code
	Trust  string // store.TrustProven and its like; empty: unknown
	Detail string // what the check of the origin said, in plain words; may be empty
	Opens  bool   // the mail begins a conversation
}

// holdFor is the reason for holding a mail of this verdict. A mail that failed the check
// of its origin is held as forged, whatever else is wrong with it.
func holdFor(code Code, v mail.Verdict) Reason {
	r := Reason{Code: code, Trust: trustOf(v)}
	if v.Trust == mail.Failed {
		r.Code, r.Detail = Forged, v.Reason
	}
	return r
}

// trustOf is how a verdict is stored.
func trustOf(v mail.Verdict) string {
	switch v.Trust {
	case mail.Proven:
		return store.TrustProven
	case mail.Unproven:
		return store.TrustUnproven
	}
	return store.TrustFailed
}

// WhyHeld is the reason why a mail was held. Its String is that of the code alone:
// the whole sentence is h.Reason.
func WhyHeld(h store.HeldMail) Reason {
	return Reason{Code: Code(h.Code), Trust: h.Trust}
}

// String is the reason for people: a clause without a full stop.
func (r Reason) String() string {
	s := sentences[r.Code]
	if r.Opens && r.Code == Forged {
		s = "it starts a conversation and may be forged"
	}
	if r.Detail != "" {
		s += ": " + r.Detail
	}
	return s
}

// MayBeForged reports whether nothing must be concluded from the mail about its sender,
// not even when somebody approves it: it failed the check of its origin, or what the
// check said is not known.
func (r Reason) MayBeForged() bool {
	_, known := sentences[r.Code]
	return r.Code == Forged || r.Code == Unknown || !known || (r.Trust != store.TrustProven && r.Trust != store.TrustUnproven)
}

// SettlesSender reports whether approving the mail says that mail of its sender is
// genuine although nothing proves it. That is so only where the missing proof is what
// was asked about: approving a proven mail says nothing about later mail without proof,
// and approving a private copy nothing about who wrote it.
func (r Reason) SettlesSender() bool {
	if r.MayBeForged() || r.Trust != store.TrustUnproven {
		return false
	}
	switch r.Code {
	case Stranger, CitesNone, Unproven, MayNotOpen, OpenProof:
		return true
	}
	return false
}
