package core

import (
	"slices"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// DefaultAccess allows everybody in a linked room to post, and nobody to use commands.
func DefaultAccess() Access {
	return Access{Allow: map[string]Level{"*": Speak}}
}

// Level returns the level of a person in a room where the network gives this rank.
func (a Access) Level(who chat.Author, rank chat.Rank) Level {
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

// MayOpen reports whether an address may start a conversation by email.
func (a Access) MayOpen(address string) bool {
	return listed(a.Mail, address)
}

// listed reports whether a list contains an address or its domain.
func listed(list []string, address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	return slices.ContainsFunc(list, func(m string) bool {
		return mail.SameAddress(m, address) || strings.EqualFold(strings.TrimPrefix(m, "@"), domain)
	})
}

// SameDomain in Access.Newcomers allows every address whose domain another participant has,
// except public email providers.
const SameDomain = "same-domain"

// LetsIn reports whether an address that an email adds becomes a participant of a conversation
// of these people without a question.
func (a Access) LetsIn(address string, people []store.Participant) bool {
	if listed(a.Newcomers, address) {
		return true
	}
	return slices.Contains(a.Newcomers, SameDomain) && !mail.IsPublicProvider(address) && DomainTakesPart(address, people)
}

// DomainTakesPart reports whether a participant has an address in the same domain.
func DomainTakesPart(address string, people []store.Participant) bool {
	_, domain, _ := strings.Cut(address, "@")
	return slices.ContainsFunc(people, func(p store.Participant) bool {
		_, d, _ := strings.Cut(p.Address, "@")
		return p.Takes() && strings.EqualFold(d, domain)
	})
}
