package frommail

import (
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// admission is what is decided about a mail that has found its thread.
type admission int

const (
	admitHold admission = iota // a person decides
	admitPost
	admitMarked // post it, and say that nothing proves the sender
	admitDrop
)

// standing is everything that decides about admission.
type standing struct {
	Verdict  mail.Verdict
	Sender   string // the standing decision about the address (store.Sender…)
	State    string // state of the participant; empty: takes no part in the thread
	Cites    bool   // the mail cites a mail of ours or a token of the thread
	Conflict string // what in the mail contradicts itself; empty: nothing
	HoldAll  bool   // the owner wants unproven mail held
}

// takesNoPart is why a mail of a stranger, or from another address of somebody, is held.
const takesNoPart = "its sender takes no part in this conversation"

// admit decides about a mail of a person in a thread. reason says why a mail is held.
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
		return admitHold, "nothing proves its sender, and it answers no mail of this conversation"
	case s.HoldAll:
		return admitHold, "nothing proves its sender"
	}
	return admitMarked, ""
}
