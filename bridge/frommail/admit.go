package frommail

import (
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// admission is the decision about a mail in a thread.
type admission int

const (
	admitHold admission = iota // hold it for review
	admitPost
	admitMarked // post it with a mark: the sender is not verified
	admitDrop
)

// standing is the basis of an admission.
type standing struct {
	Verdict  mail.Verdict
	Sender   string // the standing decision about the address (store.Sender…)
	State    string // state of the participant; empty: no participant
	Cites    bool   // the mail cites our mail or has a token of the thread
	Conflict string // a contradiction in the mail; empty: none
	HoldAll  bool   // a setting holds all unverified mail
}

// takesNoPart is the reason to hold a mail from an unknown address.
const takesNoPart = "its sender isn't in this conversation"

// admit decides about a mail of a person in a thread. reason explains a hold.
func admit(s standing) (a admission, reason string) {
	switch {
	case s.Sender == store.SenderBlocked:
		return admitDrop, ""
	case s.Verdict.Trust == mail.Failed:
		return admitHold, "it may be forged: " + s.Verdict.Reason
	case s.Conflict != "":
		return admitHold, s.Conflict
	case s.State == "" || s.State == store.Removed:
		return admitHold, takesNoPart
	case s.Verdict.Trust == mail.Proven, s.Sender == store.SenderApproved:
		return admitPost, ""
	case !s.Cites:
		return admitHold, "its sender couldn't be verified, and it isn't a reply to this conversation"
	case s.HoldAll:
		return admitHold, "its sender couldn't be verified"
	}
	return admitMarked, ""
}
