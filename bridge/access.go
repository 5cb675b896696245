package bridge

import (
	"slices"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// DefaultAccess lets everybody in a linked room speak and nobody command.
func DefaultAccess() Access {
	return Access{Allow: map[string]Level{"*": Speak}}
}

// level returns what a person may do, in a room where the network gives this rank.
func (a Access) level(who chat.Author, rank chat.Rank) Level {
	level, named := a.Allow[string(who.ID)]
	if !named {
		if level, named = a.Allow[who.Server]; !named {
			level = a.Allow["*"]
		}
	}
	if level < Speak {
		return Nothing
	}
	if who.Guest {
		return Speak
	}
	if rank >= chat.Moderator {
		level = max(level, a.Moderators)
	}
	if rank >= chat.Admin {
		level = max(level, a.Admins)
	}
	return level
}

// mayOpen reports whether an address may open a conversation by mail.
func (a Access) mayOpen(address string) bool {
	return listed(a.Mail, address)
}

// listed reports whether an address or its domain stands in a list.
func listed(list []string, address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	return slices.ContainsFunc(list, func(m string) bool {
		return mail.SameAddress(m, address) || strings.EqualFold(strings.TrimPrefix(m, "@"), domain)
	})
}

// SameDomain in Access.Newcomers is everybody of a domain that somebody who takes
// part has, unless it is one that anybody can have an address of.
const SameDomain = "same-domain"

// letsIn reports whether somebody whom a mail brings along takes part without a
// question in a conversation of these people.
func (a Access) letsIn(address string, people []store.Participant) bool {
	if listed(a.Newcomers, address) {
		return true
	}
	return slices.Contains(a.Newcomers, SameDomain) && !mail.IsPublicProvider(address) && domainTakesPart(address, people)
}

// domainTakesPart reports whether somebody of the domain of an address takes part.
func domainTakesPart(address string, people []store.Participant) bool {
	_, domain, _ := strings.Cut(address, "@")
	return slices.ContainsFunc(people, func(p store.Participant) bool {
		_, d, _ := strings.Cut(p.Address, "@")
		return p.Takes() && strings.EqualFold(d, domain)
	})
}

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
